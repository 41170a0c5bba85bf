"""What two answers of legacy to one request have in common, though they differ."""

from __future__ import annotations

from collections.abc import Callable
from random import Random

import pytest

from proxy.evidence.shape import Hull
from proxy.model.comparison import Kind

Maker = Callable[[Random, int], str]
LETTERS = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_"


def drawn(dice: Random, length: int) -> str:
    return "".join(dice.choices(LETTERS, k=length))


def signed(dice: Random, request: int) -> str:
    return (
        f'"https://files.example/{request}/a{request}.pdf?expires={dice.randrange(10**9)}&sig={dice.getrandbits(64):x}"'
    )


def token(dice: Random, request: int) -> str:
    return f'"eyJhbGci.{drawn(dice, 20)}.{drawn(dice, 12)}"'


def sentence(dice: Random, request: int) -> str:
    return f'"for Customer{request % 7} at {dice.randrange(10, 24)}:{dice.randrange(10, 60)} today"'


def learned(maker: Maker, requests: int = 60) -> Hull:
    hull, dice = Hull(), Random(3)
    for request in range(requests):
        one, two = maker(dice, request), maker(dice, request)
        for value in (one, two):
            hull.see(value, Kind.VALUE)
        hull.see_pair(one, two)
    return hull


@pytest.mark.parametrize("maker", [signed, token, sentence])
def test_the_same_with_other_chance_is_never_off(maker: Maker) -> None:
    hull, dice = learned(maker), Random(4)
    for request in range(200):
        assert hull.off(maker(dice, request), maker(dice, request), Kind.VALUE) == ""


@pytest.mark.parametrize(
    ("maker", "wrong"),
    [
        (signed, lambda text: text.partition("?")[0] + '"'),
        (signed, lambda text: text.replace("/a5.pdf", "/a6.pdf")),
        (signed, lambda text: text.replace("expires=", "Expires=")),
        (signed, lambda text: text.replace(".pdf", ".png")),
        (token, lambda text: text[: text.rindex(".") + 1] + '"'),
        (token, lambda text: text.replace("eyJhbGci", "eyJub25l")),
        (sentence, lambda text: text.replace("Customer5", "Customer6")),
    ],
)
def test_another_part_is_off(maker: Maker, wrong: Callable[[str], str]) -> None:
    right = maker(Random(5), 5)
    assert learned(maker).off(right, right, Kind.VALUE) == ""
    assert learned(maker).off(right, wrong(right), Kind.VALUE)


def test_few_pairs_say_nothing() -> None:
    right = sentence(Random(5), 5)
    assert learned(sentence, 9).off(right, right.replace("Customer5", "Customer6"), Kind.VALUE) == ""


def test_one_contradiction_of_legacy_is_enough_to_say_nothing_more() -> None:
    hull = learned(sentence)
    hull.see_pair('"for Customer1 at 10:10 today"', '"for Customer2 at 10:11 today"')
    right = sentence(Random(5), 5)
    assert hull.off(right, right.replace("Customer5", "Customer6"), Kind.VALUE) == ""


def printed(seconds: int, till: int) -> str:
    day, second = 21 + seconds // 86_400, seconds % 86_400
    clock = f"{second // 3600:02}:{second // 60 % 60:02}:{second % 60:02}"
    return f'"Printed {day:02}.11.2026 {clock}, till {till}, no. 1,{seconds % 1000:03}"'


def of_a_till(start: int = 50_000) -> Hull:
    hull, dice = Hull(), Random(3)
    for at in range(start, start + 400, 7):
        hull.see_pair(printed(at, dice.randrange(1, 7)), printed(at + 1, dice.randrange(1, 7)))
    return hull


@pytest.mark.parametrize(
    ("now", "wrong", "apart"),
    [
        (50_500, printed(50_500 - 12 * 3600, 3), 43200),
        (50_500, printed(50_500 + 3600, 3), 3600),
        (50_500, printed(50_500, 90), 88),
        (50_500, printed(50_500, 3).replace("2026", "1970"), 56),
        (50_500, printed(50_500, 3).replace("21.11", "21.07"), 4),
    ],
)
def test_a_number_within_a_text_is_no_further_off_than_legacys_own(now: int, wrong: str, apart: float) -> None:
    hull = of_a_till()
    assert f"{apart} apart" in hull.off(printed(now, 2), wrong, Kind.BODY)
    again = Hull.restored(hull.plain())
    assert f"{apart} apart" in again.off(printed(now, 2), wrong, Kind.BODY)


def test_what_ticks_and_begins_again_is_not_off() -> None:
    hull = of_a_till()
    for now in (50_500, 50_999, 53_999, 86_399):  # a second, a thousand, an hour and a day end
        assert hull.off(printed(now, 1), printed(now + 1, 6), Kind.BODY) == ""
        assert hull.off(printed(now + 1, 6), printed(now, 1), Kind.BODY) == ""


def test_a_place_that_was_no_number_once_has_no_distance() -> None:
    hull = of_a_till()
    hull.see_pair(
        '"Printed 21.11.2026 13:00:00, till 1, no. 1,100"', '"Printed 21.11.2026 13:00:00, till x, no. 1,100"'
    )
    assert hull.off(printed(50_500, 2), printed(50_500, 90), Kind.BODY) == ""


def test_what_comes_after_a_step_by_one_may_begin_again() -> None:
    hull = Hull()
    for at in range(1200, 1800, 10):
        hull.see_pair(f'"seen {at // 1000},{at % 1000:03} times"', f'"seen {at // 1000},{at % 1000 + 3:03} times"')
    assert hull.off('"seen 1,998 times"', '"seen 2,003 times"', Kind.VALUE) == ""
    assert "895 apart" in hull.off('"seen 1,998 times"', '"seen 1,103 times"', Kind.VALUE)


def state(dice: Random, request: int, basket: int = 0) -> str:
    own = Random(request).randrange(1, 8)
    return f'"session: {drawn(dice, 20)}, basket: {basket or own}, at: {dice.randrange(10**9)}"'


def test_a_number_that_is_the_requests_own_may_not_be_another_one_nor_0() -> None:
    hull, dice = learned(state, 400), Random(5)
    for request in range(100):
        legacy, own = state(dice, request), Random(request).randrange(1, 8)
        assert hull.off(legacy, state(dice, request), Kind.VALUE) == ""
        assert hull.off(legacy, state(dice, request, own + 1), Kind.VALUE)
        assert hull.off(legacy, state(dice, request).replace(f"basket: {own}", "basket: 0"), Kind.VALUE)


def test_a_number_that_climbs_slowly_and_begins_again_may_be_one_further() -> None:
    def slowly(dice: Random, request: int) -> str:
        return f'"session: {drawn(dice, 20)}, page: {request // 40 % 9 + 1}, at: {dice.randrange(10**9)}"'

    hull, dice = learned(slowly, 600), Random(5)
    for request in range(600, 900):
        assert hull.off(slowly(dice, request), slowly(dice, request + 1), Kind.VALUE) == ""
