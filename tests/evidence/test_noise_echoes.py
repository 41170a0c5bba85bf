"""Pieces of values that legacy says twice in one answer, and values that it never does: what it keeps is learned, what
the extracted side breaks is found, and chance makes neither."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable
from random import Random

import pytest

from bench.noise_world import Answer, reasked
from bench.noise_world import compared as flat
from proxy.comparison import compare, compile_rules
from proxy.evidence.asked import Asked, Seen
from proxy.evidence.bond import ONLY_WITH, ONLY_WITH_OTHER, SURE, Rule
from proxy.evidence.echoes import MOST, Echoes
from proxy.evidence.in_words import words_of_rule
from proxy.evidence.related import OTHER, SAME
from proxy.evidence.spoken import LONG, PIECES, Wanted, pieces_of, spoken_of
from proxy.evidence.together import FIRM, Together
from proxy.model.comparison import Comparison
from proxy.model.observation import Observation
from proxy.model.spec import Compare
from tests.comparison.made import NO_RULES, observed
from tests.evidence.sides import Route, Says, own

TEXT = ((b"content-type", b"application/edifact; charset=utf-8"),)


def hexes(dice: Random) -> str:
    return f"{dice.getrandbits(64):016x}"


def pixels(dice: Random, request: int) -> Answer:
    number = dice.randrange(10**8, 10**9)
    return {
        "$.seen": f'"https://seen.example/i?ad={own(request, "ad", 99)}&cb={number}"',
        "$.start": f'"https://seen.example/s?cb={number}&e=1"',
    }


def two_numbers(answer: Answer) -> Answer:
    return answer | {"$.start": '"https://seen.example/s?cb=123456789&e=1"'}


def rows(dice: Random, request: int) -> Answer:
    found: Answer = {}
    for place in range(3):
        key = hexes(dice)
        found |= {f"$.rows[{place}].of": f'"a-{key}-b"', f"$.rows[{place}].href": f'"/things/{key}/edit"'}
    return found


def other_row(answer: Answer) -> Answer:
    return answer | {"$.rows[1].href": '"/things/00000000deadbeef/edit"'}


def base64(dice: Random) -> str:
    return b64encode(dice.randbytes(16)).decode()


def policy(dice: Random, request: int) -> Answer:
    nonce = base64(dice)
    return {
        "header:content-security-policy": f"script-src 'nonce-{nonce}' 'strict-dynamic'",
        "$.nonce": f'"{nonce}"',
    }


def cached_page(answer: Answer) -> Answer:
    return answer | {"$.nonce": f'"{base64(Random(answer["$.nonce"]))}"'}


def message(dice: Random, request: int) -> Answer:
    return {"$.id": f'"urn:uuid:{hexes(dice)}"', "$.of": f'"urn:uuid:{hexes(dice)}"', "$.n": str(dice.randrange(9))}


def to_itself(answer: Answer) -> Answer:
    return answer | {"$.of": answer["$.id"]}


@pytest.mark.parametrize(
    ("says", "wrong", "paths"),
    [
        (pixels, two_numbers, {"$.seen", "$.start"}),
        (rows, other_row, {"$.rows[*].of", "$.rows[*].href"}),
        (policy, cached_page, {"header:content-security-policy", "$.nonce"}),
        (message, to_itself, {"$.id", "$.of"}),
    ],
)
def test_a_mistake_between_pieces_is_found(says: Says, wrong: Callable[[Answer], Answer], paths: set[str]) -> None:
    route = Route(says)
    assert not any(route.pair() for _ in range(300)), "nothing is wrong so far"
    off = [route.pair(wrong) if number % 2 else route.pair() for number in range(200)]
    assert not any(off[:6]), "a few are no proof"
    assert not any(off[::2]), "the right ones are explained all the same"
    found = [one for one in off[1::2] if one]
    assert len(found) > 40
    assert set().union(*found) == paths


@pytest.mark.parametrize("says", [pixels, rows, policy, message])
def test_a_right_side_is_never_off(says: Says) -> None:
    route = Route(says, seed=7)
    assert not any(route.pair(ask=number % 3 == 0) for number in range(600))


def test_a_nonce_that_a_rule_passes_over_is_a_piece() -> None:
    page = b'<html><head><script nonce="%s"></script></head></html>'
    headers = ((b"content-type", b"text/html"), (b"content-security-policy", b"script-src 'nonce-%s'"))
    rules = compile_rules(Compare(headers=("content-security-policy",)))

    def answer(nonce: bytes) -> Observation:
        said = tuple((name, value.replace(b"%s", nonce)) for name, value in headers)
        return observed(page % nonce, headers=said)

    found = pieces_of(Seen(compare(answer(b"AbCd+123=="), answer(b"EfGh/456=="), rules)))
    values = {(places[""].one, places[""].two) for places in found.values()}
    assert ("AbCd+123", "EfGh/456") in values
    assert len({path.partition("\n")[0] for path in found}) == 2


def interchange(dice: Random, request: int, wrong: bool = False) -> str:
    key = 10**13 + 3 * request + dice.randrange(3)  # so the reference of before may be that of the other answer
    return f"UNB+{dice.randrange(2400):04d}+{key:014d}'\nUNH+{request:06d}'\nUNZ+1+{key - wrong:014d}'\n"


def compared(one: str, other: str) -> Comparison:
    return compare(observed(one.encode(), headers=TEXT), observed(other.encode(), headers=TEXT), NO_RULES)


def test_the_last_line_of_a_text_that_has_another_reference_than_the_first_is_found() -> None:
    together, dice = Together(), Random(3)

    def pair(request: int, wrong: bool) -> frozenset[str]:
        one, other = interchange(dice, request), interchange(dice, request, wrong)
        first = Seen(compared(one, other))
        together.see(first)
        again = interchange(dice, request), interchange(dice, request, wrong)
        together.learn(Asked(*reasked(compared, one, other, *again)))
        return together.off(first)

    assert not any(pair(number, False) for number in range(200))
    off = [pair(number, number % 2 == 1) for number in range(60)]
    assert all(off[31::2])
    assert set().union(*off) == {"body"}
    assert not any(off[::2])


def seen(one: Answer, other: Answer) -> Seen:
    return Seen(flat(one, other))


def test_pieces_are_those_in_which_both_answers_differ_of_values_with_as_many() -> None:
    one, other = {"$.a": '"x=123456&y=abc"', "$.b": '"one two"'}, {"$.a": '"x=654321&y=abd"', "$.b": '"one"'}
    found = pieces_of(seen(one, other))
    assert [(name.partition("\n")[0], places[""][:2]) for name, places in found.items()] == [
        ("$.a", ("123456", "654321"))
    ], f"shorter ones than {LONG} say little"
    (name,) = found
    assert spoken_of(seen(one, other), Wanted([name]))[name] == found[name]
    many = {"$.a": " ".join(["1234567"] * (PIECES + 1))}, {"$.a": " ".join(["7654321"] * (PIECES + 1))}
    assert not pieces_of(seen(*many))


def test_what_was_not_equal_once_is_not_looked_at_again() -> None:
    echoes, dice = Echoes(), Random(1)

    def learn(is_equal: bool) -> list[Rule]:
        one, two = pixels(dice, 1), pixels(dice, 1)
        two = two if is_equal else two_numbers(two)
        return [rule for rule, _ in echoes.learn(seen(one, two))]

    assert not any(learn(True) for _ in range(SURE - 1))
    assert not learn(False)
    assert not any(learn(True) for _ in range(2 * SURE))
    assert not echoes.is_alive, "and nothing is left to look for"


def test_what_is_equal_is_known_after_so_many_answers() -> None:
    echoes, dice = Echoes(), Random(1)
    known = [echoes.learn(seen(pixels(dice, 1), pixels(dice, 1))) for _ in range(SURE)]
    assert not any(known[:-1])
    rules = [rule for rule, _ in known[-1]]
    assert [rule.name for rule in rules] == [SAME, ONLY_WITH, ONLY_WITH_OTHER]
    assert {words_of_rule(rule) for rule in rules} == {"with legacy a piece of $.seen is the same as one of $.start"}


def test_where_legacy_says_two_values_the_same_too_there_is_no_rule() -> None:
    def at_times(dice: Random, request: int) -> Answer:
        answer = message(dice, request)
        return to_itself(answer) if dice.random() < 0.1 else answer

    route = Route(at_times)
    assert not any(route.pair() for _ in range(FIRM * 6))
    assert not any(rule.name == OTHER for rule in route.together._bonds.rules)


def test_only_what_the_extracted_side_alone_says_the_same_is_looked_at() -> None:
    echoes = Echoes()
    both = {"$.a": '"legacy-1"', "$.b": '"legacy-1"'}, {"$.a": '"here-1"', "$.b": '"here-1"'}
    assert not echoes.doubled(seen(*both), lambda path: True)
    alone = both[0] | {"$.b": '"legacy-2"'}, both[1]
    assert not echoes.doubled(seen(*alone), lambda path: path == "$.a"), "the other one has few values"
    ((rule, _),) = echoes.doubled(seen(*alone), lambda path: True)
    assert rule == Rule(("$.a", "$.b"), OTHER)
    assert not echoes.doubled(seen(*alone), lambda path: True), "and that once"


def test_what_is_the_same_now_and_then_by_chance_is_no_mistake() -> None:
    def near(dice: Random, request: int) -> Answer:
        numbers = [str(100_000 + dice.randrange(60)) for _ in range(4)]
        return {f"$.n{at}": number for at, number in enumerate(numbers)}

    route = Route(near, seed=5)
    off = sum(bool(route.pair(ask=number % 3 == 0)) for number in range(1200))
    assert route.together._bonds._echoes._others, "it did come up"
    assert not off


def test_what_is_kept_is_bounded() -> None:
    echoes, dice = Echoes(), Random(1)
    for number in range(150):
        one, two = ({f"$.f{at}": f'"{hexes(dice)} {number}"' for at in range(60)} for _ in "ab")
        for answer in (one, two):
            answer |= {f"$.f{at}": answer["$.f0"][:-1] + f' {at}"' for at in range(40)}
        echoes.learn(seen(one, two))
        echoes.doubled(seen(one, dict.fromkeys(two, '"the same here"')), lambda path: True)
    assert len(echoes._held) + len(echoes._known) <= 2 * MOST
    assert len(echoes._others) <= MOST
