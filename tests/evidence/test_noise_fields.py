"""Which fields are explained, which are not, and what is kept."""

from __future__ import annotations

import json
from random import Random

import pytest

from bench.noise_world import Answer, Side, World, compared, reasked
from proxy.evidence.asked import EACH, KEPT
from proxy.evidence.fields import ENOUGH
from proxy.evidence.noise import MOST, Noise
from proxy.model.comparison import Comparison, Difference, Kind, NotCompared, Result, Risk
from proxy.model.noise import Reask

VALUE = Kind.VALUE


def asked(one: Answer, other: Answer, again: Answer, other_again: Answer) -> tuple[Comparison, Reask]:
    return reasked(compared, one, other, again, other_again)


def values(*four: str) -> tuple[Comparison, Reask]:
    """L1, E1, L2, E2 of one field."""
    return asked(*({"$.x": value} if value else {} for value in four))


def noisy(noise: Noise, times: int = 40) -> Noise:
    """A field of random ids: four answers, four values."""
    dice = Random(1)
    for _ in range(times):
        noise.learn(*values(*(f'"{dice.getrandbits(32):08x}"' for _ in range(4))))
    return noise


def read(noise: Noise, pair: tuple[Comparison, Reask]) -> frozenset[tuple[str, Kind]]:
    noise.learn(*pair)
    return noise.read(*pair, may_ask=True).explained


def test_what_legacy_does_not_say_twice_is_explained() -> None:
    assert read(Noise(), values('"a"', '"b"', '"c"', '"d"')) == {("$.x", VALUE)}


def test_what_legacy_says_twice_is_not() -> None:
    noise = Noise()
    pair = values('"a"', '"b"', '"a"', '"b"')
    assert read(noise, pair) == frozenset()
    assert noise.read(*pair, may_ask=True).learning == frozenset()  # both sides stand by it: that is no noise


def test_a_mistake_that_repeats_itself_is_not_hidden_by_random_ids() -> None:
    assert read(noisy(Noise()), values('"a0"', '"b0"', '"a0"', '"b0"')) == frozenset()


def test_a_lapse_of_the_extracted_side_alone_is_explained_only_where_legacy_has_them_too() -> None:
    lapse = values('"ok"', '"odd"', '"ok"', '"ok"')
    noise = Noise()
    for _ in range(40):
        noise.learn(*values('"ok"', '"ok"', '"ok"', '"ok"'))
    assert read(noise, lapse) == frozenset()
    for _ in range(3):
        noise.learn(*values('"odd"', '"ok"', '"ok"', '"ok"'))
    assert read(noise, lapse) == {("$.x", VALUE)}
    for _ in range(20):
        noise.learn(*lapse)
    assert read(noise, lapse) == frozenset()  # many more of them than on legacy


def test_swapped_answers_make_standing_by_them_plausible() -> None:
    noise = noisy(Noise())
    split, swapped = values("1", "2", "1", "2"), values("1", "2", "2", "1")
    noise.learn(*swapped)
    assert read(noise, split) == {("$.x", VALUE)}
    for _ in range(9):
        noise.learn(*split)
    assert read(noise, split) == frozenset()
    assert noise.regressions() == ()  # not sure yet, but no longer sure of noise


def test_a_split_that_the_extracted_side_gives_up_was_chance() -> None:
    noise, dice = Noise(), Random(2)
    for _ in range(60):  # ten values: now and then legacy happens to say the same twice
        noise.learn(*values(*(str(dice.randrange(10)) for _ in range(4))))
    record = noise.record("$.x", VALUE)
    assert record is not None
    assert record.odd > 0
    record.split, record.swapped = 3, 0
    pair = values("3", "4", "3", "4")
    noise.learn(*pair)
    assert noise.read(*pair, may_ask=True).explained == frozenset()  # not asked on
    standing = noise.standing(*pair)
    assert standing == {("$.x", VALUE): frozenset(("$.x",))}
    for answers, is_chance in (("37", True), ("57", True), ("34", False), ("54", False)):
        first, further = values("3", "4", *answers)
        given_up = noise.insist(standing, first, further)
        assert any(given_up.values()) == (answers == "34")
        assert (noise.read(*pair, may_ask=True, standing=given_up).explained == {("$.x", VALUE)}) == is_chance
    assert record.gives_up == 2


def test_what_no_further_question_confirmed_does_not_keep_a_field_unknown() -> None:
    noise = Noise()
    noisy(noise, 200)
    record, unasked = noise.record("$.x", VALUE), values("1", "2", "3", "4")[0]
    assert record is not None
    record.split = 4
    assert noise.read(unasked, None, may_ask=True).explained == frozenset()
    record.gives_up = 3
    assert noise.read(unasked, None, may_ask=True).explained == {("$.x", VALUE)}


def test_what_brings_a_field_up_is_no_evidence_of_it() -> None:
    noise = Noise()
    sampled = values("1", "1", "1", "2")  # nothing differed before the second answers
    noise.learn(*sampled)
    assert noise.fields()[0].extracted_only == 0
    noise.learn(*sampled)
    assert noise.fields()[0].extracted_only == 1


def test_a_failure_of_the_extracted_side_is_never_explained() -> None:
    found = Difference("outcome:reset", Kind.ERROR, Risk.HIGH, "status 200", "reset", "outcome")
    field = frozenset({("outcome:reset", Kind.ERROR)})
    failed = Comparison(Result.MISMATCH, None, "s", Risk.HIGH, (200, 0), (found,), 1, field)
    noise = Noise()
    for _ in range(50):
        noise.learn(failed, Reask(failed, failed, failed, failed, failed))
    reading = noise.read(failed, None, may_ask=True)
    assert (reading.explained, reading.learning) == (frozenset(), frozenset())


def test_members_that_come_and_go_are_one_question_in_both_directions() -> None:
    noise = Noise()
    for _ in range(3):
        noise.learn(*values("", "1", "1", "1"))  # legacy lacks it once
    assert read(noise, values("1", "", "1", "1")) == {("$.x", Kind.MISSING)}
    noise.learn(*values("", "1", "1", ""))
    assert read(noise, values("", "1", "1", "1")) == {("$.x", Kind.EXTRA)}


def test_legacys_503_explains_a_503_and_no_500() -> None:
    noise = Noise()
    well: Answer = {"$.x": "1"}
    for _ in range(3):
        noise.learn(*asked(well, well, {"status": "503"}, well))
    assert read(noise, asked(well, {"status": "503"}, well, well)) == {("status", Kind.STATUS)}
    assert read(noise, asked(well, {"status": "500"}, well, well)) == frozenset()


BUSY: dict[str, Answer] = {"well": {"$.x": "1"}, "429": {"status": "429"}, "503": {"status": "503"}}
STATUS = ("status", Kind.STATUS)


def first_answers(noise: Noise, legacy: str, extracted: str, times: int) -> None:
    """As pairs come: legacy's own failures are not compared."""
    pair = compared(BUSY[legacy], BUSY[extracted])
    if legacy == "503":
        pair = pair._replace(result=Result.NOT_COMPARED, reason=NotCompared.LEGACY_FAILED, fields=frozenset())
    for _ in range(times):
        noise.glance(pair)


def test_a_side_that_is_busy_as_often_as_legacy_is_explained_and_more_often_is_flagged() -> None:
    for status in ("429", "503"):
        noise = Noise()
        failing, _ = asked(BUSY["well"], BUSY[status], BUSY["well"], BUSY["well"])
        assert noise.read(failing, None, may_ask=False).explained == frozenset()
        for _ in range(20):
            first_answers(noise, status, "well", 1)
            first_answers(noise, "well", status, 1)
        assert noise.read(failing, None, may_ask=True).explained == {STATUS}
        assert noise.regressions() == ()
        first_answers(noise, "well", status, 90)
        assert noise.read(failing, None, may_ask=True).explained == frozenset()
        (found,) = noise.regressions()
        assert (found.path, found.test, noise.flags) == ("status", "fails", 1)


def test_a_side_that_is_busy_less_often_than_legacy_is_not_to_blame() -> None:
    noise = Noise()
    first_answers(noise, "503", "well", 300)
    assert noise.regressions() == ()


def limited(*four: str) -> tuple[Comparison, Reask]:
    """L1, E1, L2, E2 of one field, all under 429."""
    return asked(*({"status": "429"} | ({"$.wait": value} if value else {}) for value in four))


def learning(noise: Noise, pair: tuple[Comparison, Reask]) -> bool:
    """Whether such a pair is undecided when it cannot be asked about; if not, it is a mismatch."""
    reading = noise.read(pair[0], None, may_ask=True)
    assert not reading.explained
    return bool(reading.learning)


def test_answers_of_one_status_teach_nothing_of_those_of_another() -> None:
    noise, lost = noisy(Noise(), ENOUGH), limited("30", "", "30", "")
    assert not learning(noise, asked({"$.y": "1"}, {}, {"$.y": "1"}, {}))
    assert learning(noise, lost)
    for _ in range(ENOUGH - 1):
        noise.learn(*limited("30", "30", "30", "30"))
    assert learning(noise, lost)
    noise.learn(*limited("30", "30", "30", "30"))
    assert not learning(noise, lost)
    assert not learning(Noise.restored(json.loads(json.dumps(noise.plain()))), lost)
    assert not learning(noise.new_build(), lost)


def test_a_refusal_teaches_of_refusals_only_what_is_refused_twice() -> None:
    noise, busy, well = Noise(), {"status": "429", "$.wait": "30"}, {"$.x": "1"}
    for _ in range(2 * ENOUGH):
        noise.learn(*asked(busy, well, well, well))
        noise.learn(*asked(well, well, busy, well))
    assert learning(noise, limited("30", "", "30", ""))
    assert noise.record("$.wait", VALUE) is noise.record("$.x", VALUE) is None


def test_seconds_to_wait_that_legacy_counts_down_are_explained() -> None:
    noise, field = Noise(), ("$.wait", VALUE)
    for left in range(60, 20, -2):
        assert read(noise, limited(f"{left}", f"{left - 1}", f"{left - 2}", f"{left - 2}")) == {field}
    assert read(noise, limited("60", "60000", "59", "59000")) == frozenset()


def test_a_side_that_stands_by_another_refusal_is_wrong_from_the_first() -> None:
    noise, lost = Noise(), limited("30", "30000", "30", "30000")
    noise.learn(*lost)
    reading = noise.read(*lost, may_ask=True)
    assert (reading.explained, reading.learning) == (frozenset(), frozenset())


def test_a_failure_that_legacy_never_had_is_no_noise_though_it_has_others() -> None:
    noise = Noise()
    first_answers(noise, "429", "well", 50)
    failing = compared(BUSY["well"], BUSY["503"])
    assert noise.read(failing, None, may_ask=True).explained == frozenset()


def test_where_legacys_second_answer_has_no_such_element_nothing_is_said_of_it() -> None:
    noise = noisy(Noise())
    none: Answer = {}
    gone = asked({"$.x": '"0a0a0a0a"'}, {"$.x": '"0b0b0b0b"'}, none, none)
    assert read(noise, gone) == {("$.x", VALUE)}  # as one that could not be asked about
    assert read(noise, values('"0a0a0a0a"', '"0b0b0b0b"', '"0a0a0a0a"', '"0b0b0b0b"')) == frozenset()
    for _ in range(3):
        noise.learn(*asked({}, {"$.x": "1"}, {"$.x": "1"}, {"$.x": "1"}))
    assert read(noise, asked({"$.x": "1"}, {}, {"$.x": "2"}, {})) == frozenset()  # absence is none of these


def test_a_token_that_a_ready_made_rule_passes_over_must_still_be_new_each_time() -> None:
    noise, dice = Noise(), Random(1)

    def glance(token: str) -> frozenset[tuple[str, Kind]]:
        ours = f'"{dice.getrandbits(64):016x}"'
        one = Difference("$.form.@csrf", VALUE, Risk.MEDIUM, ours, token, "$.form.@csrf", "html csrf token")
        return noise.glance(Comparison(Result.IGNORED, None, "", None, (200, 200), (one,), 1))

    for number in range(250):
        token = '"0f1e2d3c0f1e2d3c"' if number in (90, 240) else f'"{dice.getrandbits(64):016x}"'
        assert glance(token) == ({("$.form.@csrf", VALUE)} if number == 240 else frozenset())
    for _ in range(40):
        glance('"0f1e2d3c0f1e2d3c"')
    (found,) = noise.regressions()
    assert (found.path, found.test) == ("$.form.@csrf", "repeats")
    by_rule = Difference("$.form.@csrf", VALUE, Risk.MEDIUM, '"a"', '"b"', "$.form.@csrf", "ignore $.form")
    other = Noise()
    for _ in range(200):
        other.glance(Comparison(Result.IGNORED, None, "", None, (200, 200), (by_rule,), 1))
    assert other.fields() == ()  # what a person ignores is ignored


def test_noise_elsewhere_in_a_list_explains_nothing_here() -> None:
    noise = Noise()
    base = {f"$.data[{at}].x": '"a"' for at in range(4)}
    wrong, changed = base | {"$.data[2].x": '"b"'}, base | {"$.data[0].x": '"c"'}
    assert read(noise, asked(base, wrong, changed, wrong)) == frozenset()
    assert read(noise, asked(base, changed | {"$.data[0].x": '"d"'}, changed, base)) == {("$.data[*].x", VALUE)}


def test_who_cannot_be_asked_is_told_by_what_was_learned() -> None:
    first, _ = values('"0a0a0a0a"', '"0b0b0b0b"', '"c"', '"d"')
    field = frozenset({("$.x", VALUE)})
    assert Noise().read(first, None, may_ask=True).learning == field
    nothing = Noise().read(first, None, may_ask=False)
    assert (nothing.explained, nothing.learning) == (frozenset(), frozenset())
    some = noisy(Noise(), 10)
    assert some.read(first, None, may_ask=True).learning == field
    assert noisy(Noise()).read(first, None, may_ask=False).explained == field


def test_what_is_known_never_to_vary_is_not_put_off() -> None:
    noise = Noise()
    for _ in range(40):
        noise.learn(*values("1", "1", "1", "1"))
    first, _ = values("1", "2", "1", "2")
    reading = noise.read(first, None, may_ask=True)
    assert (reading.explained, reading.learning) == (frozenset(), frozenset())


def test_weights_are_given_before_the_second_answers_are_looked_at() -> None:
    noise = Noise()
    noise.learn(*asked({"$.z": "1", "$.a": "1"}, {"$.z": "2", "$.a": "1"}, {"$.z": "1", "$.a": "3"}, {"$.a": "1"}))
    first, later = noise.record("$.z", VALUE), noise.record("$.a", VALUE)
    assert first is not None
    assert later is not None
    assert (first.ordinal, later.ordinal) == (1, 2)


def test_noise_survives_the_store() -> None:
    noise = noisy(Noise())
    again = Noise.restored(json.loads(json.dumps(noise.plain())))
    assert again.fields() == noise.fields()
    assert read(again, values('"0a0a0a0a"', '"0b0b0b0b"', '"0c0c0c0c"', '"0d0d0d0d"')) == {("$.x", VALUE)}
    assert Noise.restored({}).fields() == ()
    with pytest.raises(ValueError, match="cannot be read"):
        Noise.restored({**noise.plain(), "fields": [["$.x"]]})


def test_a_new_build_keeps_what_is_known_of_legacy_only() -> None:
    noise = noisy(Noise())
    for _ in range(30):
        noise.learn(*values("1", "2", "1", "2"))
        noise.learn(*asked({"$.y": "1"}, {"$.y": "2"}, {"$.y": "1"}, {"$.y": "2"}))
    assert {one.path for one in noise.regressions()} == {"$.x", "$.y"}
    build = noise.new_build()
    assert build.regressions() == ()
    (kept,) = build.fields()
    assert (kept.path, kept.varied, kept.extracted_only, kept.extracted_varied) == ("$.x", 40, 0, 0)


def test_memory_is_bounded_and_what_says_most_is_kept() -> None:
    noise = noisy(Noise())
    for at in range(MOST + 500):
        noise.learn(*asked({f"$.n{at}": "1"}, {f"$.n{at}": "2"}, {f"$.n{at}": "1"}, {f"$.n{at}": "1"}))
    fields = noise.fields()
    assert len(fields) <= MOST
    assert "$.x" in {one.path for one in fields}


def test_a_flood_of_places_is_judged_as_one_field() -> None:
    noise = Noise()
    places = range(KEPT + 100)
    full = asked(*({f"$.data[{at}].x": f'"{side}{at}"' for at in places} for side in "abcd"))
    cut = [each._replace(differences=each.differences[:EACH]) for each in (full[0], *full[1])]
    assert read(noise, (cut[0], Reask(*cut[1:]))) == {("$.data[*].x", VALUE)}


def flat(value: str) -> Side:
    return lambda number, at, dice: {"$.x": value}


def test_a_world_without_noise_asks_little_and_explains_nothing() -> None:
    world = World(flat("1"), flat("1"), seed=1)
    assert {world.request().result for _ in range(300)} == {Result.MATCH}
    assert world.reasks < 20
    assert world.noise.fields() == ()
