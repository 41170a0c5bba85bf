"""Sums over several fields: what legacy keeps is learned, what the extracted side breaks is found, and
chance makes none."""

from __future__ import annotations

from collections.abc import Callable
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.noise_world import Answer, World, compared
from proxy.evidence.asked import Seen
from proxy.evidence.bond import NEVER_WITH, ONLY_WITH_OTHER, SUM, Rule
from proxy.evidence.in_words import words_of_rule
from proxy.evidence.many import COLUMNS, LISTS, amount_of
from proxy.evidence.sums import PRIME, Kernel, in_whole_numbers
from proxy.model.comparison import Result
from tests.evidence.sides import Route, Says, own


def mix(dice: Random, request: int) -> Answer:
    wind, sun = dice.randint(40, 60), dice.randint(10, 30)
    return {"$.mix.wind": str(wind), "$.mix.sun": str(sun), "$.mix.gas": str(100 - wind - sun)}


def bill(dice: Random, request: int) -> Answer:
    """An amount, a fee, a discount and what is to be paid, in decimals, of which JSON drops zeros at the end."""
    cents = [dice.randrange(10_000), dice.randrange(500), dice.randrange(300)]
    paid = own(request, "bill", 9_000) + cents[0] + cents[1] - cents[2]
    amounts = dict(zip(("$.amount", "$.fee", "$.discount", "$.paid"), (*cents, paid), strict=True))
    return {path: repr(amount / 100) for path, amount in amounts.items()}


def weather(dice: Random, request: int) -> Answer:
    celsius = dice.randrange(-100, 300)
    return {"$.celsius": f"{celsius / 10:.1f}", "$.fahrenheit": f"{celsius * 0.18 + 32:.2f}"}


def lines(dice: Random, request: int) -> Answer:
    """A total beside its lines, some of which are as before."""
    amounts = [own(request, f"line {at}", 90) + dice.choice((0, 0, 5, 7, 12)) for at in range(4)]
    shown = {f"$.lines[{at}].amount": str(amount) for at, amount in enumerate(amounts)}
    return shown | {"$.total": str(sum(amounts))}


def stock(dice: Random, request: int) -> Answer:
    """A sum within each element."""
    found: Answer = {}
    for at in range(3):
        held, free = dice.randrange(20), dice.randrange(30)
        found |= {f"$.rooms[{at}].held": str(held), f"$.rooms[{at}].free": str(free)}
        found |= {f"$.rooms[{at}].all": str(held + free)}
    return found


def label(dice: Random, request: int) -> Answer:
    used, left = dice.randrange(40), dice.randrange(40)
    return {"$.label": f'"{used} used, {left} left"', "$.of": str(used + left)}


def trip(dice: Random, request: int) -> Answer:
    start, took = 1_793_491_050 + dice.randrange(-9_000, 9_000), dice.randrange(1, 9_000)
    return {"$.start": str(start), "$.end": str(start + took), "$.took_ms": str(1000 * took)}


def _more(path: str, by: int = 1) -> Callable[[Answer], Answer]:
    return lambda answer: answer | {path: str(int(answer[path]) + by)}


MISTAKES: dict[str, tuple[Says, Callable[[Answer], Answer]]] = {
    "parts of 101": (mix, _more("$.mix.gas")),
    "decimals": (bill, lambda answer: answer | {"$.paid": repr(round(float(answer["$.paid"]) + 0.01, 2))}),
    "two scales": (weather, lambda answer: answer | {"$.fahrenheit": f"{float(answer['$.celsius']) * 2 + 30:.2f}"}),
    "a total": (lines, _more("$.total", -1)),
    "each element": (stock, _more("$.rooms[1].all")),
    "words of a text": (label, _more("$.of")),
    "from, to and how long": (trip, lambda answer: answer | {"$.took_ms": answer["$.took_ms"][:-3]}),
}


@pytest.mark.parametrize("name", MISTAKES)
def test_a_sum_that_stays_is_learned_and_a_mistake_is_found(name: str) -> None:
    says, wrong = MISTAKES[name]
    route = Route(says)
    assert not any(route.pair() for _ in range(250)), "nothing is wrong so far"
    assert any(rule.name == SUM for rule in route.together._bonds.rules)
    off = [route.pair(wrong) for _ in range(40)]
    assert not off[0], "once is no proof"
    assert off[-1]
    assert not any(route.pair(ask=False) for _ in range(200)), "the right ones are explained all the same"


@pytest.mark.parametrize("name", MISTAKES)
def test_a_right_side_is_never_off(name: str) -> None:
    route = Route(MISTAKES[name][0], seed=7)
    assert not any(route.pair(ask=number % 3 == 0) for number in range(900))


def _sums(route: Route) -> set[Rule]:
    return {rule for rule in route.together._bonds.rules if rule.name == SUM}


def test_a_rule_says_which_fields_and_how_often_each_counts() -> None:
    route = Route(lambda dice, request: mix(dice, request) | weather(dice, request))
    for _ in range(120):
        route.pair()
    assert {(*rule.paths, *rule.weights) for rule in _sums(route)} == {
        ("$.mix.wind", "$.mix.sun", "$.mix.gas", 1, 1, 1),
        ("$.celsius", "$.fahrenheit", 9, -5),
    }


def _apart(dice: Random, request: int) -> Answer:
    """Counters, clocks, rounded parts of a whole, fields of two values, what is there now and then, lists."""
    _apart.now = now = getattr(_apart, "now", 0) + dice.randint(1, 3)  # type: ignore[attr-defined]  # a clock
    parts = [dice.random() for _ in range(3)]
    said: Answer = {f"$.part{at}": str(round(100 * part / sum(parts))) for at, part in enumerate(parts)}
    said |= {f"$.float{at}": repr(part / sum(parts)) for at, part in enumerate(parts)}
    said |= {f"$.flag{at}": str(dice.randrange(2) * (at + 1)) for at in range(4)}
    said |= {"$.served": str(now), "$.bytes": str(3 * now), "$.errors": str(now // 7), "$.at": str(1_793_491_050 + now)}
    said |= {f"$.rows[{at}].{name}": str(dice.randrange(4)) for at in range(3) for name in "abc"}
    said["$.rare"], said["$.rarer"] = str(int(dice.random() < 0.05)), str(int(dice.random() < 0.05))
    if dice.random() < 0.3:
        said["$.debug"] = str(dice.randrange(9))
    return said


def _nearly(dice: Random, request: int) -> Answer:
    """What is kept in all but one of 300 answers: a rule that is none."""
    answer = mix(dice, request) | bill(dice, request)
    if dice.random() < 1 / 300:
        answer = _more("$.mix.sun")(answer) | {"$.fee": "7.77"}
    return answer


def _bursts(dice: Random, request: int) -> Answer:
    """The same, where it is the requests of a late part that break it, half of the time."""
    answer = mix(dice, request)
    return _more("$.mix.sun")(answer) if request % 400 > 380 and dice.random() < 0.5 else answer


def _rounded(dice: Random, request: int) -> Answer:
    """Sums that are mostly right, since rounding mostly is."""
    net, tax = dice.randrange(20, 40) / 8, dice.randrange(2, 5) / 8
    return {"$.net": f"{net:.2f}", "$.tax": f"{tax:.2f}", "$.gross": f"{net + tax:.2f}"}


@pytest.mark.parametrize("says", [_apart, _nearly, _bursts, _rounded])
def test_chance_alone_is_hardly_ever_off(says: Says) -> None:
    route = Route(says, 3)
    assert sum(bool(route.pair(ask=number % 2 == 0)) for number in range(800)) == 0


def test_of_fields_that_are_drawn_apart_nothing_is_known_and_in_the_end_nothing_costs() -> None:
    route = Route(
        lambda dice, request: {path: shown for path, shown in _apart(dice, request).items() if path[2] in "pfr"}
    )
    for _ in range(260):
        route.pair()
        assert not _sums(route)
    sums = route.together._bonds._many._sums
    assert sums is not None
    assert not any(one.is_alive for one in sums.values())


def test_what_climbs_side_by_side_is_no_sum() -> None:
    route = Route(_apart)
    for _ in range(150):
        route.pair()
    assert route.together._bonds._many._sums is not None
    assert [len(one.terms) for one in route.together._bonds._many._sums[""]._kernel.known()] == [2, 2]
    assert not _sums(route)


def test_what_legacy_breaks_is_gone_for_good_and_another_may_take_its_place() -> None:
    """A fourth part that hardly ever is there."""

    def says(dice: Random, request: int) -> Answer:
        water = dice.randrange(5) if request > 150 else 0
        answer = mix(dice, request)
        return answer | {"$.mix.gas": str(int(answer["$.mix.gas"]) - water), "$.mix.water": str(water)}

    route = Route(says)
    for _ in range(150):
        route.pair()
    assert {rule.paths for rule in _sums(route)} == {("$.mix.wind", "$.mix.sun", "$.mix.gas")}
    for _ in range(20):
        route.pair()
    assert not _sums(route)
    for _ in range(100):
        route.pair()
    assert {rule.paths for rule in _sums(route)} == {("$.mix.wind", "$.mix.sun", "$.mix.gas", "$.mix.water")}


def test_where_it_is_not_known_how_far_a_field_moved_nothing_is_said() -> None:
    route = Route(lines)
    while not any(known.is_firm for known in route.together._bonds.rules.values()):
        route.pair()
    one = lines(route.dice, 1)
    other = lines(route.dice, 1) | {"$.total": "5"}
    lost = {path: shown for path, shown in other.items() if path != "$.lines[3].amount"}
    assert "$.total" in route.together.striking(Seen(compared(one, other)))
    assert not route.together.striking(Seen(compared(one, lost)))
    assert not route.together.striking(Seen(compared(one, other | {"$.lines[2].amount": "null"})))
    assert not route.together.striking(Seen(compared({"$.total": "9", "$.lines": "4 elements"}, {"$.total": "5"})))


def test_memory_is_bounded() -> None:
    route = Route(lambda dice, request: {f"$.rows{at % 9}[0].f{at}": str(dice.randrange(9)) for at in range(900)})
    for _ in range(8):
        route.pair()
    sums = route.together._bonds._many._sums
    assert sums is not None
    assert len(sums) == LISTS + 1
    assert max(len(one._columns) for one in sums.values()) == COLUMNS


def test_amounts_are_exact() -> None:
    assert amount_of("0.30000000000000004") == amount_of("0.3") == amount_of('"0.30"') == 300_000_000
    assert amount_of("1e-3") == 1_000_000
    assert amount_of('"1970-01-01T00:00:01.5Z"') == 1_500_000_000
    assert amount_of('"x"') is amount_of("null") is amount_of("9" * 60) is None


def test_vectors_are_what_no_row_has_broken() -> None:
    dice, kernel = Random(1), Kernel()
    for _ in range(5):
        kernel.add_column()
    for _ in range(5):
        one, two, free = dice.randrange(-99, 99), dice.randrange(-99, 99), dice.randrange(-99, 99)
        kernel.take({0: one, 1: two, 2: free, 3: 2 * one - 3 * two, 4: 7 * free})
    found = [in_whole_numbers(vector.terms) for vector in kernel.vectors]
    assert sorted(found, key=str) == [{0: 2, 1: -3, 3: -1}, {2: 7, 4: -1}]
    kernel.take({4: 1})
    assert [in_whole_numbers(vector.terms) for vector in kernel.vectors] == [{0: 2, 1: -3, 3: -1}]


@given(st.lists(st.lists(st.integers(-50, 50), min_size=4, max_size=4), max_size=6))
def test_of_any_rows_as_many_vectors_are_left_as_columns_are_free_and_each_holds_in_all(rows: list[list[int]]) -> None:
    kernel = Kernel(97)
    for _ in range(4):
        kernel.add_column()
    for row in rows:
        kernel.take({at: change for at, change in enumerate(row) if change})
    for vector in kernel.vectors:
        assert not any(sum(term * row[at] for at, term in vector.terms.items()) % 97 for row in rows)
    assert len(kernel.vectors) == 4 - _rank(rows, 97)


def _rank(rows: list[list[int]], prime: int) -> int:
    """By Gauss."""
    left, rank = [[change % prime for change in row] for row in rows], 0
    for column in range(4):
        pivot = next((row for row in left if row[column]), None)
        if pivot is None:
            continue
        left.remove(pivot)
        rank += 1
        times = [row[column] * pow(pivot[column], -1, prime) for row in left]
        left = [
            [(a - by * b) % prime for a, b in zip(row, pivot, strict=True)] for row, by in zip(left, times, strict=True)
        ]
    return rank


def test_a_fraction_that_is_none_is_no_rule() -> None:
    assert in_whole_numbers({0: 1, 1: pow(3, -1, PRIME) * 2 % PRIME}) == {0: 3, 1: 2}
    assert in_whole_numbers({0: 1, 1: 123_456_789_123}) is None
    assert in_whole_numbers({0: PRIME - 1, 1: 1}) == {0: 1, 1: -1}


def test_through_all_of_noise_a_per_cent_too_much_in_one_of_twenty_is_reported_and_nothing_else() -> None:
    def legacy(request: int, at: float, dice: Random) -> Answer:
        return mix(dice, request) | {"$.id": f'"{dice.getrandbits(64):x}"'}

    def extracted(request: int, at: float, dice: Random) -> Answer:
        answer = legacy(request, at, dice)
        return _more("$.mix.gas")(answer) if request % 20 == 0 else answer

    world = World(legacy, extracted, seed=5)
    said = [world.request() for _ in range(800)]
    wrong = [one.result is Result.MISMATCH for one in said[500::20]]
    right = [one.result is Result.MISMATCH for number, one in enumerate(said[500:]) if number % 20]
    assert all(wrong)
    assert not any(right)
    words = "with legacy the sum of $.mix.wind, $.mix.sun and $.mix.gas stays the same when it is asked again"
    assert world.noise.broken() == dict.fromkeys(("$.mix.wind", "$.mix.sun", "$.mix.gas"), words)


@pytest.mark.parametrize(
    ("rule", "words"),
    [
        (Rule(("$.bid", "$.ask"), "below"), "with legacy $.bid is below $.ask"),
        (
            Rule(("$.used", "$.left"), "in sum as before with"),
            "with legacy $.used is in sum as before with $.left, when it is asked again",
        ),
        (Rule(("$.a", "$.b"), ONLY_WITH_OTHER), "with legacy $.b differs between two answers only where $.a does"),
        (Rule(("$.a", "$.b"), NEVER_WITH, ("1", "secret")), "with legacy $.a and $.b never come together like this"),
        (
            Rule(("$.c", "$.f", "$.note\n2"), SUM, weights=(9, -5, 1_000)),
            "with legacy 9 x $.c - 5 x $.f + 1,000 x $.note stays the same when it is asked again",
        ),
    ],
)
def test_a_rule_can_be_read(rule: Rule, words: str) -> None:
    assert words_of_rule(rule) == words
