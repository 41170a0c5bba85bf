"""What two fields of one answer say together: what legacy keeps is learned, what the extracted side breaks is found,
and chance alone makes neither."""

from __future__ import annotations

import json
from collections.abc import Callable
from random import Random

import pytest

from bench.noise_world import Answer, World, compared
from proxy.evidence.asked import Seen
from proxy.evidence.bond import DECIDES, SURE
from proxy.evidence.together import AT_ONCE, BONDS, MOST, RULES
from proxy.model.comparison import Result
from tests.evidence.sides import Route, Says, own


def book(dice: Random, request: int) -> Answer:
    bid = 9000 + own(request, "bid", 400) + round(dice.gauss(0, 6))
    return {"$.bid": f'"{bid / 100:.2f}"', "$.ask": f'"{(bid + dice.randint(1, 4)) / 100:.2f}"'}


def ride(dice: Random, request: int) -> Answer:
    factor = dice.choice((1.0, 1.25, 1.5, 2.0))
    return {"$.factor": f"{factor:g}", "$.price": str(int((800 + own(request, "ride", 900)) * factor))}


def points(dice: Random, request: int) -> Answer:
    used = dice.randrange(200)
    return {"$.used": str(used), "$.left": str(1000 - used)}


def shifted(dice: Random, request: int) -> Answer:
    first = dice.randrange(10**6)
    return {"$.first": str(first), "$.last": str(first + 20 + own(request, "page", 9))}


def area(dice: Random, request: int) -> Answer:
    width = dice.choice((2, 3, 4, 6, 12))
    return {"$.width": str(width), "$.height": str(120 * (1 + own(request, "area", 9)) // width)}


def link(dice: Random, request: int) -> Answer:
    name = f"{dice.getrandbits(64):016x}"
    return {"$.id": f'"{name}"', "$.link": f'"/things/{name}/edit"'}


def twice(dice: Random, request: int) -> Answer:
    name = f'"{dice.getrandbits(64):016x}"'
    return {"$.id": name, "$.request.id": name}


def variant(dice: Random, request: int) -> Answer:
    kind = dice.choices(("text", "picture", "none"), (5, 3, 2))[0]
    more = {"text": {"$.copy": '"Order now"'}, "picture": {"$.src": '"/cta.webp"', "$.width": "640"}, "none": {}}[kind]
    return {"$.variant": f'"{kind}"', **more}


def ago(dice: Random, request: int) -> Answer:
    seconds = min(59, 1 + int(dice.expovariate(0.25)))
    return {"$.synced": f'"{seconds} second{"" if seconds == 1 else "s"} ago"'}


def rows(dice: Random, request: int) -> Answer:
    found: Answer = {}
    for place in range(4):
        least = dice.randrange(100)
        found |= {f"$.rows[{place}].least": str(least), f"$.rows[{place}].most": str(least + dice.randrange(1, 50))}
    return found


def basket(dice: Random, request: int) -> Answer:
    number = max(0, dice.randrange(-3, 6))
    return {"$.items": str(number), "$.state": '"open"' if number else '"empty"'}


AREAS = {"20417": "1201", "20418": "1201", "20977": "1202", "21003": "1205", "21004": "1205"}


def cell(dice: Random, request: int) -> Answer:
    name = dice.choice(list(AREAS))
    return {"$.cell": name, "$.area": AREAS[name]}


def _next_area(answer: Answer) -> Answer:
    return answer | {"$.area": {"1201": "1202", "1202": "1205", "1205": "1201"}[answer["$.area"]]}


def _swapped(one: str, two: str) -> Callable[[Answer], Answer]:
    return lambda answer: answer | {one: answer[two], two: answer[one]}


def _plural(answer: Answer) -> Answer:
    return {"$.synced": answer["$.synced"].replace("1 second ago", "1 seconds ago")}


def _no_factor(answer: Answer) -> Answer:
    return answer | {"$.price": str(int(int(answer["$.price"]) / float(answer["$.factor"])))}


def _other_fields(answer: Answer) -> Answer:
    kind = answer["$.variant"]
    if kind == '"none"':
        return answer
    more = {"$.src": '"/cta.webp"', "$.width": "640"} if kind == '"text"' else {"$.copy": '"Order now"'}
    return {"$.variant": kind, **more}


MISTAKES: dict[str, tuple[Says, Callable[[Answer], Answer]]] = {
    "order": (book, _swapped("$.bid", "$.ask")),
    "order in a list": (rows, _swapped("$.rows[2].least", "$.rows[2].most")),
    "ratio": (ride, _no_factor),
    "sum": (points, lambda answer: answer | {"$.left": "1000"}),
    "difference": (shifted, lambda answer: answer | {"$.last": answer["$.first"]}),
    "product": (area, lambda answer: answer | {"$.height": str(2 * int(answer["$.height"]))}),
    "contains": (link, lambda answer: answer | {"$.link": '"/things/0123456789abcdef/edit"'}),
    "the same": (twice, lambda answer: answer | {"$.id": f'"{answer["$.id"][1:-1][::-1]}"'}),
    "which members": (variant, _other_fields),
    "words of a text": (ago, _plural),
    "one decides the other": (cell, _next_area),
    "none and a state": (basket, lambda answer: answer | {"$.state": '"open"'}),
}


@pytest.mark.parametrize("name", MISTAKES)
def test_what_two_fields_keep_is_learned_and_a_mistake_is_found(name: str) -> None:
    says, wrong = MISTAKES[name]
    route = Route(says)
    assert not any(route.pair() for _ in range(600)), "nothing is wrong so far"
    off = [route.pair(wrong) for _ in range(90)]
    assert not off[0], "once is no proof"
    found = next((number for number, one in enumerate(off) if one), 90)
    assert found < 90
    fields = {path.partition("[")[0] for path in off[found]}
    touched = {path.partition("[")[0] for path in says(Random(1), 1) | {"$.copy": "", "$.src": "", "$.width": ""}}
    assert fields <= touched
    assert not any(route.pair(ask=False) for _ in range(200)), "the right ones are explained all the same"


@pytest.mark.parametrize("name", MISTAKES)
def test_a_right_side_is_never_off(name: str) -> None:
    route = Route(MISTAKES[name][0], seed=7)
    assert not any(route.pair(ask=number % 3 == 0) for number in range(900))


def test_what_decides_another_is_known_before_each_mixture_is_and_also_where_one_alone_differs() -> None:
    route = Route(cell)
    for _ in range(200):
        route.pair()
    assert DECIDES in {rule.name for rule in route.together._bonds.rules}
    assert any(route.pair(_next_area, on=4) for _ in range(8))
    alone = Seen(compared({"$.cell": "20417", "$.area": "1201"}, {"$.cell": "21003", "$.area": "1201"}))
    assert route.together.off(alone) == {"$.cell", "$.area"}
    right = Seen(compared({"$.cell": "20417", "$.area": "1201"}, {"$.cell": "20418", "$.area": "1201"}))
    assert not route.together.off(right)
    route.together.see(Seen(compared({"$.cell": "20417", "$.area": "1205"}, {"$.cell": "21003", "$.area": "1201"})))
    assert not route.together.off(alone), "legacy broke it"


def test_asking_on_finds_it_after_fewer_wrong_answers() -> None:
    wrong = MISTAKES["order"][1]

    def needed(on: int) -> int:
        route = Route(book)
        for _ in range(300):
            route.pair()
        return next(number for number in range(1, 60) if route.pair(wrong, on=on))

    assert needed(4) < needed(0)


def test_where_legacy_breaks_it_the_rule_is_gone_for_good_and_so_are_the_points() -> None:
    route, wrong = Route(book), MISTAKES["order"][1]
    for _ in range(300):
        route.pair()
    for _ in range(20):
        route.pair(wrong)
    assert route.pair(wrong)
    one = book(route.dice, 1)
    route.together.see(Seen(compared(wrong(one), one)))
    for rule in list(route.together._bonds.rules):
        assert rule.name == "at most", "which was broken, too, where both were not the same"
    assert not any(route.pair(wrong) for _ in range(20))
    assert not any(route.pair() for _ in range(300))
    assert not any(route.pair(wrong) for _ in range(20))


def test_a_new_build_knows_the_rules_and_has_broken_none() -> None:
    route, wrong = Route(book), MISTAKES["order"][1]
    for _ in range(300):
        route.pair()
    while not route.pair(wrong):
        pass
    route.together = route.together.for_new_build()
    assert not route.pair(wrong)
    assert any(route.pair(wrong) for _ in range(10))


def _trends(dice: Random, request: int) -> Answer:
    """Clocks and counters that climb side by side, whoever asks."""
    _trends.now = now = getattr(_trends, "now", 0) + dice.randint(1, 3)  # type: ignore[attr-defined]  # a clock
    return {
        "$.count": str(5000 + now // 2),
        "$.other": str(5003 + (now + dice.randrange(3)) // 2),
        "$.at": str(1793491050 + now // 20),
        "$.until": str(1793491053 + now // 21),
    }


def test_what_climbs_side_by_side_is_no_rule_in_numbers() -> None:
    route = Route(_trends)
    for _ in range(600):
        route.pair()
    names = {rule.name for rule in route.together._bonds.rules}
    assert not names & {"below", "at most", "above", "at least"}
    assert not names & {"in sum as before with", "in ratio as before to", "in product as before with"}


def _apart(dice: Random, request: int) -> Answer:
    """Two of everything, drawn apart, of 30 requests that come again; some say what others never do."""
    again = request % 30
    said = {
        "$.a": str(own(again, "a", 100) + dice.randrange(60)),
        "$.b": str(own(again, "b", 100) + dice.randrange(60)),
        "$.flag": dice.choice(("true", "false")),
        "$.state": dice.choices(('"new"', '"paid"', '"late"'), (70, 25, 5))[0],
        "$.took": f"{dice.lognormvariate(3, 0.5):.1f}",
        "$.total": f"{dice.lognormvariate(6, 0.5):.1f}",
        "$.note": f'"{dice.randint(1, 4)} of {dice.randint(2, 5)} {dice.choice(("left", "sold"))}"',
    }
    if again % 3 == 0 and dice.random() < 0.5:
        said["$.debug"] = str(dice.randrange(9))
    return said


def _nearly(dice: Random, request: int) -> Answer:
    """What is kept in all but one of 300 answers: a rule that is none."""
    is_odd = dice.random() < 1 / 300
    answer = book(dice, request) | basket(dice, request) | twice(dice, request)
    if is_odd:
        answer = _swapped("$.bid", "$.ask")(answer) | {"$.state": '"open"', "$.id": '"other"'}
    return answer


def _bursts(dice: Random, request: int) -> Answer:
    """The same, where it is the requests of a late part that break it, half of the time."""
    answer = book(dice, request)
    return _swapped("$.bid", "$.ask")(answer) if request % 400 > 380 and dice.random() < 0.5 else answer


@pytest.mark.parametrize("says", [_apart, _trends, _nearly, _bursts])
def test_chance_alone_is_hardly_ever_off(says: Says) -> None:
    route = Route(says, 3)
    assert sum(bool(route.pair(ask=number % 3 == 0)) for number in range(1200)) == 0


def test_memory_is_bounded() -> None:
    route = Route(lambda dice, request: {f"$.field{at}": str(dice.randrange(9)) for at in range(60)})
    for _ in range(80):
        route.pair()
    bonds = route.together._bonds
    assert len(bonds._fields) == MOST
    assert bonds._bonds <= BONDS
    assert len(bonds._next()) <= AT_ONCE
    assert len(bonds.rules) <= RULES


def test_two_fields_that_have_nothing_to_do_with_each_other_cost_nothing_in_the_end() -> None:
    route = Route(lambda dice, request: {"$.a": f'"{dice.getrandbits(64):x}"', "$.b": f'"{dice.getrandbits(64):x}"'})
    for _ in range(500):
        route.pair()
    assert not route.together._bonds._alive
    assert not route.together._bonds.rules


def test_of_fields_that_are_drawn_apart_nothing_is_ever_known() -> None:
    route = Route(_apart)
    for _ in range(200):
        route.pair()
        assert not route.together._bonds.rules


def test_of_a_rule_exchanging_says_how_likely_chance_is() -> None:
    route = Route(book)
    exchanged = 0
    while not route.together._bonds.rules:
        route.pair()
        exchanged += 1
    assert SURE <= exchanged < 10 * SURE


def test_through_all_of_noise_a_bid_above_its_ask_in_one_of_twenty_is_reported_and_nothing_else() -> None:
    def legacy(request: int, at: float, dice: Random) -> Answer:
        return book(dice, request) | {"$.id": json.dumps(f"{dice.getrandbits(64):x}")}

    def extracted(request: int, at: float, dice: Random) -> Answer:
        answer = legacy(request, at, dice)
        return _swapped("$.bid", "$.ask")(answer) if request % 20 == 0 else answer

    world = World(legacy, extracted, seed=5)
    said = [world.request() for _ in range(800)]
    wrong = [one.result is Result.MISMATCH for one in said[500::20]]
    right = [one.result is Result.MISMATCH for number, one in enumerate(said[500:]) if number % 20]
    assert sum(wrong) >= len(wrong) - 2, "but for prices that happen to be as they were"
    assert not any(right)
