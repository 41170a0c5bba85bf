"""Check digits and checksums: that they go with the number is learned, where they do not is found, and chance makes
none."""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from zlib import crc32

import pytest

from bench.noise_world import Answer, compared
from proxy.evidence.asked import Seen
from proxy.evidence.bond import CHECK, TRIED, Rule
from tests.evidence.sides import Route, Says


def luhn(digits: str) -> str:
    doubled = [int(one) * (2 - at % 2) for at, one in enumerate(reversed(digits))]
    return str(-sum(one // 10 + one % 10 for one in doubled) % 10)


def card(dice: Random, request: int) -> Answer:
    digits = "4000" + "".join(dice.choices("0123456789", k=11))
    return {"$.card": f'"{digits}{luhn(digits)}"'}


def article(dice: Random, request: int) -> Answer:
    """EAN-13 as a number, and its check digit said once more apart."""
    digits = "40" + "".join(dice.choices("0123456789", k=10))
    check = -sum(int(one) * (1 + at % 2 * 2) for at, one in enumerate(digits)) % 10
    return {"$.article": digits, "$.check": str(check)}


def iban(dice: Random, request: int) -> Answer:
    account = "".join(dice.choices("0123456789", k=8))
    check = 98 - int(f"3704{account}131400") % 97
    return {"$.iban": f'"DE{check:02d}3704{account}"'}


def counted(dice: Random, request: int) -> Answer:
    """Numbers that are counted up, with a digit modulo 11 after a dash."""
    counted.now = now = getattr(counted, "now", 310_000) + dice.randint(1, 40)  # type: ignore[attr-defined]  # a counter
    check = sum(int(one) * (at + 2) for at, one in enumerate(reversed(str(now)))) % 11
    return {"$.order": f'"{now}-{check:02d}"'}


def frame(dice: Random, request: int) -> Answer:
    frame.now = number = getattr(frame, "now", 310_000) + dice.randint(1, 3)  # type: ignore[attr-defined]  # a counter
    value = f"{dice.gauss(20.5, 0.4):.2f}"
    return {"$.value": value, "$.n": str(number), "$.crc": f'"{crc32(f"{value};{number}".encode()):08x}"'}


def _other_scale(answer: Answer) -> Answer:
    text = f"{float(answer['$.value']) / 10:.2f};{answer['$.n']}"
    return answer | {"$.crc": f'"{crc32(text.encode()):08x}"'}


def _next(path: str, at: int) -> Callable[[Answer], Answer]:
    def wrong(answer: Answer) -> Answer:
        shown = answer[path]
        return answer | {path: shown[:at] + str((int(shown[at]) + 1) % 10) + shown[at:][1:]}

    return wrong


MISTAKES: dict[str, tuple[Says, Callable[[Answer], Answer]]] = {
    "luhn": (card, _next("$.card", 16)),
    "ean in another field": (article, _next("$.check", 0)),
    "iban": (iban, _next("$.iban", 4)),
    "modulo 11": (counted, _next("$.order", 9)),
    "crc": (frame, _other_scale),
}


def _checks(route: Route) -> list[Rule]:
    return [rule for rule in route.together._bonds.rules if rule.name == CHECK]


@pytest.mark.parametrize("name", MISTAKES)
def test_a_check_digit_is_learned_and_a_mistake_is_found(name: str) -> None:
    says, wrong = MISTAKES[name]
    route = Route(says)
    assert not any(route.pair() for _ in range(750)), "nothing is wrong so far"
    assert _checks(route)
    off = [route.pair(wrong) for _ in range(40)]
    assert not off[0], "once is no proof"
    assert sum(map(bool, off[-15:])) >= 12
    assert not any(route.pair(ask=False) for _ in range(200)), "the right ones are explained all the same"


@pytest.mark.parametrize("name", MISTAKES)
def test_a_right_side_is_never_off(name: str) -> None:
    route = Route(MISTAKES[name][0], seed=7)
    assert not any(route.pair(ask=number % 2 == 0) for number in range(1000))


@pytest.mark.parametrize("seed", range(3))
def test_a_checksum_speaks_after_some_three_hundred_questions_though_bits_come_up_late(seed: int) -> None:
    route = Route(frame, seed)
    assert not any(route.pair() for _ in range(200))
    assert len(_checks(route)) > 4, "each sum of bits sees but half of all mistakes"
    assert not any(route.pair() for _ in range(120))
    off = [route.pair(_other_scale) for _ in range(40)]
    assert sum(map(bool, off[-15:])) >= 12


def _apart(dice: Random, request: int) -> Answer:
    """Numbers of a steady length: drawn, counted side by side, by the clock, on steps, of few values."""
    _apart.now = now = getattr(_apart, "now", 0) + dice.randint(1, 3)  # type: ignore[attr-defined]  # a clock
    return {
        "$.code": f'"{dice.randrange(10**6):06d}"',
        "$.short": f'"{dice.getrandbits(32):08x}"',
        "$.price": str(5 * dice.randrange(200, 1999)),
        "$.slot": f'"{dice.randrange(8, 18):02d}:{dice.choice(("00", "15", "30", "45"))}"',
        "$.first": str(310_000 + now),
        "$.second": str(714_567 + now),
        "$.stamp": f'"2026112116{now // 60 % 60:02d}{now % 60:02d}"',
        "$.bit": str(dice.randrange(2)),
        "$.lot": f'"L{dice.randrange(100, 999)}{dice.choice("ABC")}"',
    }


def _nearly(dice: Random, request: int) -> Answer:
    """A check digit that is missing in one answer of 300."""
    answer = card(dice, request)
    return answer if dice.random() > 1 / 300 else _next("$.card", 16)(answer)


@pytest.mark.parametrize("says", [_apart, _nearly])
def test_chance_alone_is_hardly_ever_off(says: Says) -> None:
    route = Route(says, 3)
    assert sum(bool(route.pair(ask=number % 2 == 0)) for number in range(1000)) == 0


def test_what_is_counted_side_by_side_has_no_check_digit() -> None:
    route = Route(_apart)
    for _ in range(400):
        route.pair()
    assert not _checks(route)


def test_in_the_end_nothing_is_looked_at_any_more() -> None:
    route = Route(lambda dice, request: {"$.code": f'"{dice.randrange(10**8):08d}"'})
    for _ in range(150):
        route.pair()
    assert not route.together._bonds._many._checks.is_alive
    route = Route(_apart)
    for _ in range(TRIED):
        route.pair()
    assert not route.together._bonds._many.is_alive


def test_where_it_is_not_known_what_the_characters_are_nothing_is_said() -> None:
    route = Route(card)
    while not any(known.is_firm for known in route.together._bonds.rules.values()):
        route.pair()
    one, other = card(route.dice, 1), card(route.dice, 1)
    wrong = _next("$.card", 16)(other)["$.card"]
    seen = [
        Seen(compared(one, {"$.card": shown}))
        for shown in (wrong, wrong[:-1] + '0"', '"5' + wrong[2:], wrong[:9] + "x" + wrong[10:])
    ]
    striking = [bool(route.together.striking(each)) for each in seen]
    assert striking == [True, False, False, False], "too long, and a position and a letter that never varied"
