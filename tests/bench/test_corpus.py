"""The corpus says the truth about its own pairs, and its runner counts by it."""

from __future__ import annotations

import json
from collections import Counter

import pytest

from bench.corpus.answers import Bases, real_answers
from bench.corpus.cases import DOCUMENT_BASES, HELD_OUT, NOISES, TUNING, WRONGS, Case, Part, cases
from bench.corpus.figures import Share, injected, pair_recall, recall, totals
from bench.corpus.kinds import Noise, Wrong
from bench.corpus.report import markdown
from bench.corpus.running import Figures, Run, Tally, _touches
from bench.corpus.world import SHARES, World, with_derived
from proxy import comparison
from proxy.model.comparison import Kind, Result
from proxy.model.observation import Observation
from proxy.model.spec import Compare

NOW = 1_793_490_990.0


@pytest.fixture(scope="module")
def bases() -> Bases:
    return with_derived(real_answers(each=12))


def seen(one: Observation) -> tuple[object, ...]:
    return one.status, one.headers, one.body.data


def test_names_are_unique() -> None:
    names = [kind.name for kind in NOISES] + [kind.name for kind in WRONGS]
    assert [name for name, count in Counter(names).items() if count > 1] == []


@pytest.mark.parametrize("part", [TUNING, HELD_OUT], ids=["tuning", "held_out"])
def test_either_part_has_more_kinds_than_asked_for_and_nothing_of_the_other(part: Part) -> None:
    assert len(part.noises) >= 14
    assert len(part.wrongs) >= 28
    assert sum(kind.inside is not None for kind in part.wrongs) >= 10
    assert {kind.inside for kind in part.wrongs if kind.inside} <= set(part.noises)
    chosen = cases([], 100, part)
    assert {noise for case in chosen for noise in case.noises} <= set(part.noises)
    assert {wrong for case in chosen for wrong in case.wrongs} == set(part.wrongs)


def test_a_kind_is_run_by_its_name_in_its_own_part_only() -> None:
    assert {case.share for case in cases(["extra_field"], 100, TUNING)} == set(SHARES)
    assert cases(["extra_field"], 100, HELD_OUT) == []


@pytest.mark.parametrize("noise", HELD_OUT.mixable, ids=lambda kind: kind.name)
def test_noise_of_the_background_leaves_every_field_of_an_answer_as_it_is(bases: Bases, noise: Noise) -> None:
    for base in {wrong.base for wrong in HELD_OUT.wrongs if wrong.base not in DOCUMENT_BASES}:
        plain, noisy = (World(bases[base], kinds, (), 0.0, "same").legacy(5, NOW) for kinds in ((), (noise,)))
        before, after = json.loads(plain.body.data), json.loads(noisy.body.data)
        assert before == {name: value for name, value in after.items() if name in before}
        assert len(after) == len(before) + 1


@pytest.mark.parametrize("noise", NOISES, ids=lambda kind: kind.name)
def test_noise_varies_between_askings_on_both_sides_and_is_never_labelled(bases: Bases, noise: Noise) -> None:
    world = World(bases[noise.base], (noise,), (), 0.0, "noise")
    asked = 40 if noise.share >= 0.05 else 8_000
    legacy = {seen(world.legacy(3, NOW + 13.0 * time)) for time in range(asked)}
    said = [world.extracted(3, NOW + 13.0 * time) for time in range(asked)]
    assert {one.right for one in said} == {None}
    if noise.name in ("as_it_is_simple", "as_it_is_project"):  # pypiserver says the same each time, and that is so too
        assert len(legacy) == 1
        return
    assert len(legacy) > 1
    assert len({seen(one.observed) for one in said}) > 1


@pytest.mark.parametrize("noise", [kind for kind in NOISES if 0.001 < kind.share < 1.0], ids=lambda kind: kind.name)
def test_noise_shows_as_often_as_it_says(bases: Bases, noise: Noise) -> None:
    world = World(bases[noise.base], (noise,), (), 0.0, "how often")
    asked = 5_000 if noise.share < 0.05 else 1_000
    usual = Counter(seen(world.legacy(3, NOW + 13.0 * time)) for time in range(asked)).most_common(1)[0][1]
    assert (1 - usual / asked) == pytest.approx(noise.share, rel=0.6)


@pytest.mark.parametrize("wrong", WRONGS, ids=lambda kind: kind.name)
def test_a_mistake_changes_the_answer_and_only_where_it_is_labelled(bases: Bases, wrong: Wrong) -> None:
    noises = (wrong.inside,) if wrong.inside else ()
    world = World(bases[wrong.base], noises, (wrong,), 1.0, "mistake")
    said = [world.extracted(number, NOW + number) for number in range(60)]
    labelled = [one for one in said if one.right is not None]
    assert labelled, "the mistake is made at least once in 60 answers"
    assert all(one.right is not None and seen(one.observed) != seen(one.right) for one in labelled)
    quiet = World(bases[wrong.base], noises, (wrong,), 0.0, "mistake")
    assert all(quiet.extracted(number, NOW).right is None for number in range(60))


def test_mistakes_are_made_for_the_share_of_requests_and_the_same_ones_when_asked_again(bases: Bases) -> None:
    (case,) = [case for case in cases(["extra_field"], 100, TUNING) if case.share == "all"]
    for share, rate in ((1.0, 1.0), (0.05, 0.05), (0.01, 0.01), (-1.0, 0.002)):
        world = World(bases["charge"], (), case.wrongs, share, "share")
        assert sum(world.meets(number) is not None for number in range(20_000)) / 20_000 == pytest.approx(rate, rel=0.4)
        met = [number for number in range(1000) if world.extracted(number, NOW).right]
        assert met == [number for number in range(1000) if world.extracted(number, NOW + 1).right]


def test_a_mistake_in_noise_is_labelled_at_its_own_field_only(bases: Bases) -> None:
    (case,) = [case for case in cases(["clock_an_hour_off"], 100, TUNING) if case.share == "all"]
    world = World(bases[case.base], case.noises, case.wrongs, 1.0, "label")
    said = world.extracted(5, NOW)
    assert said.right is not None
    rules = comparison.compile_rules(Compare())
    fields = comparison.compare(said.right, said.observed, rules).fields
    assert {path for path, _ in fields} == {"$.served_at"}, "the other noise was drawn once for both"
    assert len(case.noises) > 1


def test_answers_are_real_ones(bases: Bases) -> None:
    body = json.loads(World(bases["charge"], (), (), 0.0, "x").legacy(0, NOW).body.data)
    assert body["object"] == "charge"
    assert "request_id" not in body, "Tripe's own stamps are left out where a kind brings its own"
    assert b"sha256=" in bases["simple"][0][0].body
    assert bases["missing"][0][0].status == 404
    assert bases["pdf"][0][0].body.startswith(b"%PDF")
    assert bases["merchant"][0][0].body.count(b'name="csrf"') == 2


def run(bases: Bases, kind: str, share: str = "", requests: int = 300) -> Figures:
    (case,) = [case for case in cases([kind], requests, TUNING) if case.share == share]
    (figures,) = Run(case, bases).go()
    return figures


def test_a_mistake_in_a_steady_field_is_found_and_every_pair_is_counted_once(bases: Bases) -> None:
    one = run(bases, "number_as_text", "all")
    assert one.found == "reported"
    assert (one.wrong.pairs, one.wrong.named, one.clean.pairs) == (200, 200, 0)
    assert sum(one.wrong.results.values()) == 200
    assert one.first <= 60
    assert one.unseen == 0


def test_a_mistake_for_some_requests_leaves_the_others_clean(bases: Bases) -> None:
    one = run(bases, "number_as_text", "5 %")
    assert 5 <= one.wrong.pairs <= 30
    assert one.wrong.pairs + one.clean.pairs == 300
    assert one.found
    assert one.wrong.paths["$.amount"] == one.wrong.named


def test_without_noise_or_mistake_nothing_is_reported(bases: Bases) -> None:
    case = Case("quiet", "charge", (), (), "", 100, 200)
    (one,) = Run(case, bases).go()
    assert (one.clean.pairs, dict(one.clean.results)) == (200, {"match": 200})
    assert (one.found, one.flagged, one.early_false) == ("", (), 0)
    assert one.asked > 0, "a sample is asked again all the same"


def test_both_sides_are_asked_again_within_the_budget(bases: Bases) -> None:
    one = run(bases, "clock_iso")
    seconds = 600 / 50
    assert 20 <= one.asked <= 10 * seconds


def test_a_page_of_the_gateway_under_200_is_named_at_the_content_type_too(bases: Bases) -> None:
    assert [kind.name for kind in WRONGS if kind.shows] == ["gateway_page_under_200"]
    one = run(bases, "gateway_page_under_200", "all", 400)
    assert one.found == "reported"
    assert 0 < one.wrong.named == one.wrong.paths["header:content-type"] + one.wrong.paths["status"]


def test_several_mistakes_of_one_route_are_counted_apart(bases: Bases) -> None:
    wrongs = tuple(kind for kind in WRONGS if kind.base == "charge" and not kind.inside)[:3]
    rows = Run(Case("three", "charge", (), wrongs, "5 %", 100, 500), bases).go()
    assert [one.kind for one in rows] == [kind.name for kind in wrongs]
    assert all(10 <= one.wrong.pairs <= 40 and one.wrong.named >= one.wrong.pairs - 3 for one in rows)  # some teach
    assert sum(one.wrong.pairs for one in rows) + sum(one.clean.pairs for one in rows) == 500
    assert sum(one.clean.results["match"] for one in rows) == rows[0].clean.pairs > 0


@pytest.mark.parametrize("part", [TUNING, HELD_OUT], ids=["tuning", "held_out"])
def test_mistakes_share_routes_only_where_they_leave_each_other_alone(part: Part) -> None:
    chosen = cases([], 100, part)
    made = Counter((wrong.name, case.share) for case in chosen for wrong in case.wrongs)
    assert set(made.values()) == {1}
    assert set(made) == {(one.name, share) for one in part.wrongs for share in SHARES if share not in one.left_out}
    for case in chosen:
        if len(case.wrongs) > 1:
            assert case.share != "all"
            assert {wrong.base for wrong in case.wrongs} == {case.base}
            assert not any(wrong.inside or wrong.flaky for wrong in case.wrongs)
            assert len(case.wrongs) * SHARES[case.share] < 0.5


def test_a_run_can_be_repeated(bases: Bases) -> None:
    assert run(bases, "flag_20_percent") == run(bases, "flag_20_percent")


def figures(share: str, found: str, named: int, pairs: int, false: int = 0) -> Figures:
    wrong = Tally(pairs, Counter({Result.MISMATCH: named}), named)
    clean = Tally(1000, Counter({"mismatch": false, "match": 1000 - false}))
    return Figures("kind", share, True, False, wrong, clean, 0, 0, found, 1, 1, 5, ())


def test_recall_counts_mistakes_and_pairs_apart() -> None:
    rows = [figures("all", "reported", 90, 100), figures("all", "flagged", 0, 100), figures("1 %", "", 0, 10)]
    assert recall(rows) == {"all": Share(2, 2), "1 %": Share(0, 1), "all frequencies": Share(2, 3)}
    assert pair_recall(rows) == Share(90, 210)
    assert injected([figures("1 %", "", 0, 0)]) == [], "what was never made cannot be found"
    assert totals([*rows, figures("", "", 0, 0, false=3)])["noise-only pairs reported, noise in 5 % or more"] == Share(
        3, 1000
    )


def test_a_path_touches_what_it_is_holds_or_is_inside() -> None:
    truth = {("$.data[*].amount", Kind.VALUE)}
    assert _touches("$.data[*].amount", truth)
    assert _touches("$.data", truth)
    assert _touches("$.data[*].amount.value", truth)
    assert not _touches("$.data[*].amount_due", truth)
    assert not _touches("$", truth)
    assert not _touches("$.request_id", truth)


def test_the_tables_name_what_was_not_found(bases: Bases) -> None:
    text = markdown([run(bases, "extra_field", "all"), run(bases, "clock_iso")])
    assert "| extra_field | an internal field leaks |" in text
    assert "| clock_iso | ISO 8601 with milliseconds and Z | 300 |" in text
    assert "- mistakes found, all frequencies: 1 of 1 (100.0 %)" in text
