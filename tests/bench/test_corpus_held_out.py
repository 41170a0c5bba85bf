"""The held-out part of the corpus is what it says: real mistakes, noise as often as it says, and nothing impossible."""

from __future__ import annotations

import json
from collections import Counter
from math import comb, exp, factorial, lgamma, log

import pytest

from bench.corpus import later_noise, reported_noise, unseen_noise, unseen_noise_elsewhere
from bench.corpus.answers import Bases, real_answers
from bench.corpus.cases import BY_SIDE, FIRST, HELD_OUT, JUDGED, TUNING, UNSEEN, WRONGS, cases
from bench.corpus.figures import by_side, loud, noise_only, totals
from bench.corpus.fresh_noise import ARMS
from bench.corpus.fresh_noise_elsewhere import ANSWERS, ENTRANTS, WINDOW
from bench.corpus.kinds import Noise, Wrong
from bench.corpus.later_noise_elsewhere import MISS_SHARE
from bench.corpus.noise_fields import ABSENT, FLAG_5
from bench.corpus.report import markdown
from bench.corpus.reported_bases_lists import LIMIT
from bench.corpus.reported_noise_elsewhere import REPORTED_BY_SIDE
from bench.corpus.running import Figures, Tally
from bench.corpus.world import SHARES, TENANTS, World, with_derived
from proxy.model.observation import Observation

NOW = 1_793_490_990.0
LEARNING = 5000
ERROR = 1e-3  # of either kind, that is still to be told from noise
NEW_EACH_TIME = {"object_id_new_each_time", "offers_drawn_anew", "date_for_max_age"}  # wrong at each asking


@pytest.fixture(scope="module")
def bases() -> Bases:
    return with_derived(real_answers(each=12))


def seen(one: Observation) -> tuple[object, ...]:
    return one.status, one.headers, one.body.data


def test_no_kind_has_the_name_of_another() -> None:
    names = [kind.name for part in (HELD_OUT, TUNING) for kind in part.noises + part.wrongs]
    assert [name for name, count in Counter(names).items() if count > 1] == []


@pytest.mark.parametrize("wrong", HELD_OUT.wrongs, ids=lambda kind: kind.name)
def test_a_mistake_is_made_in_a_good_part_of_the_answers_and_always_seen(bases: Bases, wrong: Wrong) -> None:
    noises = (wrong.inside,) if wrong.inside else ()
    world = World(bases[wrong.base], noises, (wrong,), 1.0, "mistake")
    said = [world.extracted(number, NOW + number) for number in range(400)]
    made = [one for one in said if one.right is not None]
    assert len(made) >= 20, "in 5 % of the answers, so that a tenant's eighteen may show one"
    assert all(one.wrong is wrong and one.right is not None and seen(one.observed) != seen(one.right) for one in made)


@pytest.mark.parametrize("wrong", HELD_OUT.wrongs, ids=lambda kind: kind.name)
def test_a_mistake_is_the_same_one_when_asked_again_unless_it_flickers(bases: Bases, wrong: Wrong) -> None:
    if wrong.inside:
        return
    world = World(bases[wrong.base], (), (wrong,), 1.0, "again")
    for number in range(20):
        answers = {seen(world.extracted(number, NOW + 7.0 * time).observed) for time in range(12)}
        assert len(answers) == 1 or wrong.flaky or wrong.name in NEW_EACH_TIME


@pytest.mark.parametrize("noise", HELD_OUT.noises, ids=lambda kind: kind.name)
def test_noise_is_the_same_on_both_sides_unless_it_is_by_side(bases: Bases, noise: Noise) -> None:
    """Of what few values there are, each is given by both; of numbers, neither side's are all higher."""
    world = World(bases[noise.base], (noise,), (), 0.0, "sides")
    asked = 800
    legacy = Counter(seen(world.legacy(3, NOW + 13.0 * time)) for time in range(asked))
    extracted = Counter(seen(world.extracted(3, NOW + 13.0 * time).observed) for time in range(asked))
    if noise.name in BY_SIDE:
        assert not legacy.keys() & extracted.keys()
        return
    for value, count in legacy.items():
        if count > asked / 10:
            assert extracted[value] == pytest.approx(count, rel=0.5)


@pytest.mark.parametrize("noise", [kind for kind in HELD_OUT.noises if kind.share < 1], ids=lambda kind: kind.name)
def test_noise_that_is_not_always_there_shows_in_the_share_it_says(bases: Bases, noise: Noise) -> None:
    world = World(bases[noise.base], (noise,), (), 0.0, "share")
    asked = 3_000 if noise.share >= 0.05 else 12_000
    usual = Counter(seen(world.legacy(3, NOW + 13.0 * time)) for time in range(asked)).most_common(1)[0][1]
    assert 1 - usual / asked == pytest.approx(noise.share, rel=0.3)


def missed(requests: int, usual: float, wrong: float, room: float = 0.0) -> float:
    """How often the best test misses, at false alarms of ERROR, that so many more of the answers have a value that is
    usual in others. `room` is the share of those that could have it, where not all others could."""

    def chances(share: float) -> list[float]:
        rest = [lgamma(requests + 1) - lgamma(k + 1) - lgamma(requests - k + 1) for k in range(requests + 1)]
        return [exp(one + k * log(share) + (requests - k) * log(1 - share)) for k, one in enumerate(rest)]

    right, spoiled = chances(usual), chances(usual + wrong * (room or 1 - usual))
    count, alarm = requests + 1, 0.0
    while alarm + right[count - 1] <= ERROR:
        count -= 1
        alarm += right[count]
    return sum(spoiled[:count])


COUNTED = {
    "presence_of_nobody": (unseen_noise.PRESENT.count("offline") / len(unseen_noise.PRESENT))
    ** len(unseen_noise.USERS),
    "never_from_the_primary": unseen_noise.READ_FROM.share,
    "all_in_partition_zero": 1 / unseen_noise.PARTITIONS,
    "never_backs_off": unseen_noise.WAITS.count(1) / len(unseen_noise.WAITS),
    "always_the_first_mirror": 1 / len(unseen_noise_elsewhere.MIRRORS),
}
TWICE = {
    "pearls_never_found": 1 - later_noise.FIND_SHARES[-1] / 100,
    "always_the_first_arena": 1 / len(later_noise.ARENAS),
    "lowest_rung_only": later_noise.LADDER_SHARES[0] / 100,
    "interval_without_jitter": 1 / (later_noise.POLL[1] - later_noise.POLL[0] + 1),
    "offer_for_nobody": 1 - later_noise.UPSELL.share,
    "session_through_a_double": 11 / 2**11,
    "never_a_hit": MISS_SHARE,
    "same_number_each_time": 1 / reported_noise.NUMBERS,
    "flag_always_off": 0.8,
    "flag_always_on": FLAG_5.share,
    "optional_never_there": ABSENT.share,
    "arm_never_given": 1 - ARMS.count("green") / len(ARMS),
    "winners_of_one_half": comb(6, 5) / comb(len(ENTRANTS), 5),
    "snowflake_through_a_double": 1 / 2**8,
    "choices_sorted": 1 / factorial(len(ANSWERS)),
    "rate_limit_never_counted": 1 / WINDOW,
}
ASKED_AGAIN = 0.2  # of the requests, at most


def of_tenants(share: str) -> float:
    return SHARES[share] if SHARES[share] > 0 else 1 / TENANTS


@pytest.mark.parametrize("name", COUNTED)
def test_a_share_is_left_out_where_the_best_test_would_miss_it_and_only_there(name: str) -> None:
    (wrong,) = [kind for kind in UNSEEN.wrongs if kind.name == name]
    beyond = [
        share
        for share in SHARES
        if share != "all" and missed(LEARNING + JUDGED[share], COUNTED[name], of_tenants(share)) > ERROR
    ]
    assert wrong.left_out == tuple(beyond)


@pytest.mark.parametrize("name", TWICE)
def test_the_best_test_also_counts_what_is_the_same_when_asked_again(name: str) -> None:
    """Those with the value are asked again where legacy has another, if they are few enough."""
    (wrong,) = [kind for kind in WRONGS if kind.name == name]
    usual, beyond = TWICE[name], []
    for share in list(SHARES)[1:]:
        requests, part = LEARNING + JUDGED[share], of_tenants(share)
        tests = [missed(requests, usual, part)]
        if usual * (1 - usual) + part < ASKED_AGAIN:
            twice = usual * usual * (1 - usual)
            tests.append(missed(requests, twice, part, room=(1 - usual) * (1 - usual * usual)))
        if min(tests) > ERROR:
            beyond.append(share)
    assert wrong.left_out == tuple(beyond)


def test_left_out_are_shares_of_counted_kinds_and_of_what_flickers() -> None:
    kinds = [kind for kind in WRONGS if kind.inside or kind not in FIRST.wrongs]
    left = {kind.name for kind in kinds if kind.left_out}
    counted = {*COUNTED, *TWICE} - {
        "presence_of_nobody", "interval_without_jitter", "session_through_a_double", "same_number_each_time",
        "winners_of_one_half", "snowflake_through_a_double", "choices_sorted", "rate_limit_never_counted",
    }  # fmt: skip
    flickering = {kind.name for kind in kinds if kind.flaky}
    weighed = {"pictures_from_zero", "found_evenly", "reception_6_db_stronger", "round_trip_of_one_way", "score_biased"}
    assert left == counted | flickering | weighed | {"buckets_from_one", "one_more_remains"}


@pytest.mark.parametrize(("name", "values"), [("buckets_from_one", later_noise.BUCKETS), ("one_more_remains", LIMIT)])
def test_where_a_tenth_of_the_answers_betrays_it_a_tenant_has_too_few(name: str, values: int) -> None:
    (wrong,) = [kind for kind in WRONGS if kind.name == name]
    beyond = [share for share in SHARES if (1 - of_tenants(share) / values) ** (LEARNING + JUDGED[share]) > ERROR]
    assert wrong.left_out == tuple(beyond)


def test_the_mistakes_of_two_noises_are_where_only_both_fields_together_show_them(bases: Bases) -> None:
    for name, noise, field in (
        ("fields_of_another_variant", unseen_noise.EXPERIMENT, "call_to_action"),
        ("factor_not_applied", unseen_noise.SURGE, "ride"),
        ("area_of_another_cell", later_noise.CELL, "cell"),
        ("parts_of_101", later_noise.MIX, "mix"),
        ("free_of_the_minute_before", later_noise.POOL, "agents"),
        ("today_is_all", reported_noise.INSTALLS, "stats"),
    ):
        (wrong,) = [kind for kind in WRONGS if kind.name == name]
        world = World(bases[wrong.base], (noise,), (wrong,), 1.0, "both")
        right, spoiled = set[str](), set[str]()
        for time in range(300):
            body = json.loads(world.legacy(3, NOW + time).body.data)
            right.add(json.dumps(body[field]))
            said = world.extracted(3, NOW + time)
            if said.right:
                body = json.loads(said.observed.body.data)
                spoiled.add(json.dumps(body[field]))
        assert spoiled
        assert not right & spoiled


def figures(kind: str, false: int) -> Figures:
    clean = Tally(1000, Counter({"mismatch": false, "match": 1000 - false}))
    return Figures(kind, "", True, False, Tally(), clean, 0, 0, "", 0, 0, 5, ())


def test_noise_by_side_is_run_and_reported_apart() -> None:
    assert 1 <= len(REPORTED_BY_SIDE) <= 2
    for part in (HELD_OUT, TUNING):
        named = {noise.name for noise in part.noises} & BY_SIDE
        assert named
        assert {case.kind for case in cases([], 100, part)} >= named
        assert not BY_SIDE & {noise.name for noise in part.mixable}
    of_side, other = figures(min(BY_SIDE), 900), figures("placeholder_picture", 1)
    rows = [of_side, other]
    assert (by_side(rows), noise_only(rows), loud(rows)) == ([of_side], [other], [])
    said = totals(rows)
    assert str(said["noise-only pairs reported, noise in 5 % or more"]) == "1 of 1,000 (0.100 %)"
    assert str(said["pairs of noise by side reported"]) == "900 of 1,000 (90.0 %)"
    text = markdown(rows)
    assert text.index("| placeholder_picture |") < text.index("Noise by side alone") < text.index(f"| {min(BY_SIDE)} |")
