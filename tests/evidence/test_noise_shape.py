"""What legacy's values have in common, and which values of the extracted side do not fit."""

from __future__ import annotations

import json
from collections.abc import Callable
from itertools import count, pairwise
from math import exp, sin
from random import Random
from uuid import UUID

import pytest

from proxy.evidence.form import form_of
from proxy.evidence.reach import Reach
from proxy.evidence.shape import Hull
from proxy.model.comparison import Kind

HEX = "0123456789abcdef"


def _hex(dice: Random, length: int) -> str:
    return "".join(dice.choice(HEX) for _ in range(length))


def _clock(seconds: float, offset: str = "Z") -> str:
    minutes, second = divmod(int(seconds), 60)
    hours, minute = divmod(minutes, 60)
    return json.dumps(f"2026-11-{21 + hours // 24:02}T{hours % 24:02}:{minute:02}:{second:02}{offset}")


def _decimal(dice: Random) -> str:
    return f"{dice.uniform(90, 110):.4f}"


MAKERS: dict[str, Callable[[Random], str]] = {
    "prefixed id": lambda dice: json.dumps("req_" + _hex(dice, 12)),
    "uuid": lambda dice: json.dumps(str(UUID(int=dice.getrandbits(128), version=4))),
    "decimal": _decimal,
    "digits": lambda dice: json.dumps(str(dice.randrange(10**7, 10**8))),
    "url": lambda dice: json.dumps(f"https://cdn.example/{_hex(dice, 8)}?sig={_hex(dice, 6)}"),
    "base64": lambda dice: json.dumps("".join(dice.choice("ABCDwxyz0189+/") for _ in range(24)) + "=="),
    "three nodes": lambda dice: json.dumps(f"node-{dice.randrange(3)}"),
    "coin": lambda dice: dice.choice(("true", "false")),
    "milliseconds": lambda dice: str(1_700_000_000_000 + dice.randrange(2000)),
}


def learned(maker: Callable[[Random], str], kind: Kind = Kind.VALUE, pairs: int = 60) -> Hull:
    hull, dice = Hull(), Random(3)
    for _ in range(pairs):
        one, two = maker(dice), maker(dice)
        hull.see(one, kind)
        hull.see(two, kind)
        hull.see_pair(one, two)
    return hull


@pytest.mark.parametrize("name", MAKERS)
def test_more_of_the_same_noise_fits(name: str) -> None:
    maker, dice = MAKERS[name], Random(11)
    hull = learned(maker)
    assert not [value for value in (maker(dice) for _ in range(300)) if hull.off(maker(dice), value, Kind.VALUE)]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("prefixed id", '"ch_00ff00ff00ff"'),
        ("prefixed id", '"req_00FF00FF00FF"'),
        ("prefixed id", '"req_00ff00ff00f"'),
        ("prefixed id", '"req_00ff00zz00ff"'),
        ("prefixed id", '""'),
        ("prefixed id", '"0f14d0ab-9605-4a62-a9e4-5ed26688389b"'),
        ("uuid", '"0f14d0ab-9605-1a62-a9e4-5ed26688389b"'),
        ("uuid", '"0F14D0AB-9605-4A62-A9E4-5ED26688389B"'),
        ("uuid", '"0f14d0ab96054a62a9e45ed26688389b"'),
        ("decimal", "100.12345"),
        ("decimal", "1001.2345"),
        ("decimal", "-100.1234"),
        ("digits", '"123456789"'),
        ("url", '"http://cdn.example/abcdef01?sig=abcdef"'),
        ("url", '"https://other.example/abcdef01?sig=abcdef"'),
        ("base64", '"ABCD"'),
        ("three nodes", '"node-9"'),
        ("milliseconds", "1700000000"),
        ("milliseconds", "1700003600000"),
    ],
)
def test_what_legacy_would_not_say_is_off(name: str, value: str) -> None:
    hull = learned(MAKERS[name])
    assert hull.off(MAKERS[name](Random(5)), value, Kind.VALUE)


@pytest.mark.parametrize(
    "value", [_clock(103_600), _clock(100_000, "+01:00"), '"2026-11-22"', "1700000000", _clock(100_060)]
)
def test_a_clock_that_is_off_is_off_after_a_few_ticks(value: str) -> None:
    hull = Hull()
    for tick in range(10):
        one, two = _clock(90_000 + 60 * tick), _clock(90_001 + 60 * tick)
        hull.see(one, Kind.VALUE)
        hull.see(two, Kind.VALUE)
        hull.see_pair(one, two)
    now = _clock(100_000)
    assert not hull.off(now, _clock(100_004), Kind.VALUE)
    assert hull.off(now, value, Kind.VALUE)


@pytest.mark.parametrize("value", ['"1234567890123456"', '"123456789012e456"', '"12345678901234e5"'])
def test_a_hex_id_that_looks_like_a_number_by_chance_is_a_hex_id(value: str) -> None:
    hull = learned(lambda dice: json.dumps(_hex(dice, 16)))
    assert hull.off('"00ff00ff00ff00ff"', value, Kind.VALUE) == ""
    assert hull.off('"00ff00ff00ff00ff"', value[:-2] + '"', Kind.VALUE)


def test_free_text_may_be_anything() -> None:
    words = ("lorem", "Ipsum", "dolor!", "sit;", "(amet)", "x", "ÄÖÜ", "42")

    def maker(dice: Random) -> str:
        chosen = (dice.choice(words) for _ in range(dice.randrange(1, 9)))
        return json.dumps(" ".join(chosen), ensure_ascii=False)

    hull = learned(maker)
    assert hull.off('"x"', '"Lorem ipsum dolor"', Kind.VALUE) == ""
    assert hull.off('"x"', '"' + 119 * "a" + "…", Kind.VALUE) == "long text where legacy has text or digits"


def test_what_legacy_says_right_now_is_never_off() -> None:
    hull = learned(MAKERS["prefixed id"])
    assert hull.off('"new_zz"', '"new_zy"', Kind.VALUE) == ""


def test_nothing_is_off_before_enough_is_known() -> None:
    hull = learned(MAKERS["prefixed id"], pairs=3)
    assert hull.off('"req_00ff00ff00ff"', '"ch_1"', Kind.VALUE) == ""


def test_texts_are_drawn_from_a_pool_that_is_known_when_each_was_seen_often() -> None:
    hull, dice, early = Hull(), Random(1), Hull()
    hosts = [f'"app-{number:02}.fra"' for number in range(40)]
    for number in range(400):
        for one in (hull, early) if number < 100 else (hull,):
            one.see(dice.choice(hosts), Kind.VALUE)
    assert hull.off(hosts[0], '"app-77.fra"', Kind.VALUE) == "none of the 40 values legacy has here"
    assert hull.off(hosts[0], hosts[3], Kind.VALUE) == ""
    assert early.off(hosts[0], '"app-77.fra"', Kind.VALUE) == ""
    tail = Hull()
    for number in range(400):
        tail.see(hosts[11] if number == 100 else dice.choice(hosts[:11]), Kind.VALUE)
    assert tail.off(hosts[0], hosts[12], Kind.VALUE) == ""  # of what was seen once there may be more


def _of_pairs(draw: Callable[[], int]) -> Hull:
    hull = Hull()
    for _ in range(300):
        both = str(draw()), str(draw())
        for one in both:
            hull.see(one, Kind.VALUE)
        hull.see_pair(*both)
    return hull


def test_numbers_that_are_drawn_evenly_are_known_when_each_was_seen_often() -> None:
    dice, ticks, rare = Random(1), count(), count()
    drawn = _of_pairs(lambda: dice.randrange(10))
    assert drawn.off("9", "10", Kind.VALUE) == "none of the 10 values legacy has here"
    assert drawn.off("9", "0", Kind.VALUE) == drawn.off("10", "11", Kind.VALUE) == ""
    others: list[tuple[Callable[[], int], str, str]] = [
        (lambda: 50 + round(dice.gauss(0, 4)), "50", "66"),  # there may be more in its tails
        (lambda: 25 + round(20 * sin(next(ticks) / 30)), "45", "46"),  # goes to and fro, and a little further
        (lambda: dice.randrange(10) if next(rare) % 400 else 30, "8", "29"),  # what is rare has others beside it
    ]
    for draw, ours, new in others:
        hull = _of_pairs(draw)
        assert hull.few is not None
        assert ours in hull.few
        assert new not in hull.few
        assert hull.off(ours, new, Kind.VALUE) == ""


def test_a_number_beyond_all_of_legacys_is_off_by_difference_and_by_factor() -> None:
    hull, dice = Hull(), Random(2)
    times = [round(dice.lognormvariate(3.2, 0.5), 3) for _ in range(600)]
    for one, other in pairwise(times):
        hull.see(str(one), Kind.VALUE)
        hull.see_pair(str(one), str(other))
    assert "beyond" in hull.off("20.5", "0.0", Kind.VALUE)
    assert "beyond" in hull.off("20.5", "0.9", Kind.VALUE)
    assert hull.off("20.5", str(round(min(times) * 0.9, 3)), Kind.VALUE) == ""
    assert hull.off("0.1", "0.0", Kind.VALUE) == ""  # here legacy's own answer is out of the usual


@pytest.mark.parametrize(
    "draw",
    [
        lambda dice: dice.random(),
        lambda dice: dice.expovariate(1),
        lambda dice: dice.paretovariate(1.5),
        lambda dice: dice.lognormvariate(3, 2),
        lambda dice: exp(min(700, dice.paretovariate(1))),
        lambda dice: exp(-min(700, dice.paretovariate(1))),
    ],
    ids=["evenly", "exponential", "power", "lognormal", "longer than any power", "down to nothing"],
)
def test_of_what_is_drawn_alike_about_one_number_of_a_fields_life_is_far(draw: Callable[[Random], float]) -> None:
    dice, far = Random(4), 0
    for _ in range(60):
        reach = Reach()
        for _ in range(3000):
            far += reach.is_far(draw(dice))
            reach.see(draw(dice))
    assert far <= 1.5 * 60, "more than two of each, without what is learned of steps"


def test_numbers_of_all_first_answers_count_once() -> None:
    hull = Hull()
    hull.see_first("7.25")
    assert hull.reach.count == 0, "until it is known that they are numbers"
    hull.see("5.5", Kind.VALUE)
    hull.see_first("90.5")
    hull.see("90.5", Kind.VALUE, is_new=False)
    assert (hull.reach.count, hull.reach.least, hull.reach.most) == (2, 5.5, 90.5)


def test_how_far_numbers_reach_survives_and_what_was_stored_before_opens() -> None:
    reach = Reach()
    for at in range(100):
        reach.see(50 + at % 10 + (30 if at == 80 else 0))
    reach.see(130.0)
    assert reach.steps[1] > 1
    again = Reach.restored(json.loads(json.dumps(reach.plain())), 7)
    assert (again.plain(), again.is_far(5.0)) == (reach.plain(), True)
    older = Reach.restored([50.0, 59.0], 200)
    assert (older.count, older.is_far(5.0), older.is_far(55.0), older.steps) == (200, True, False, [0.0, 0.0])
    assert Reach.restored([], 200).is_far(5.0) is False


def test_a_number_may_end_in_zeros_that_nobody_writes() -> None:
    hull = Hull()
    for at in range(100):
        hull.see(f"1795245528.{1_000_001 + 7 * at}", Kind.VALUE)
        hull.see_pair("1795245528.2637548", "1795245529.1234567")
    assert hull.off("1795245528.2637548", "1795245528.2642", Kind.VALUE) == ""
    assert hull.off("1795245528.2637548", "1795245528.26", Kind.VALUE) == "2 decimal places"
    assert hull.off("1795245528.2637548", "1795245528.26375481", Kind.VALUE) == "8 decimal places"


def test_a_status_that_legacy_never_gave_is_off_at_once() -> None:
    hull = Hull()
    for status in ("200", "503"):
        hull.see(status, Kind.STATUS)
    assert hull.off("200", "503", Kind.STATUS) == ""
    assert hull.off("200", "500", Kind.STATUS)


def test_an_absent_member_has_no_shape() -> None:
    hull = learned(MAKERS["prefixed id"], Kind.MISSING)
    assert hull.off('"req_00ff00ff00ff"', "", Kind.MISSING) == ""
    assert hull.off("", '"ch_1"', Kind.MISSING)


def test_an_object_that_legacy_seldom_has_is_known_by_its_members_and_their_types() -> None:
    hull = learned(lambda dice: "object {queries: integer, took: decimal}", Kind.MISSING)
    assert hull.off("", "object {queries: integer, took: decimal}", Kind.MISSING) == ""
    assert hull.off("", "object {queries: array, took: decimal}", Kind.MISSING)


def test_the_store_gets_no_piece_of_a_value_and_the_rest_survives() -> None:
    hull = learned(MAKERS["prefixed id"])
    plain = json.dumps(hull.plain())
    assert "req" not in plain
    again = Hull.restored(json.loads(plain))
    mine = '"req_00ff00ff00ff"'
    assert again.off(mine, '"req_00ff00ff00f"', Kind.VALUE)  # the length is known still
    assert again.off(mine, '"req700ff00ff00ff"', Kind.VALUE)  # so is how values are put together
    assert again.prefix is None  # the beginning is not
    dice = Random(8)
    for _ in range(200):
        again.see(MAKERS["prefixed id"](dice), Kind.VALUE)
    assert again.off(mine, '"ch_0000000000000"', Kind.VALUE)


@pytest.mark.parametrize(
    ("shown", "name"),
    [
        ("", "absent"),
        ("null", "null"),
        ("false", "boolean"),
        ("12", "number"),
        ('"12"', "digits"),
        ("5 elements", "count"),
        ('"2026-11-21"', "date"),
        ('"2026-11-21T10:00:00+01:00"', "time with 'T', offset +01:00"),
        ('"2026-11-21 10:00"', "time with ' ', no offset, no seconds"),
        ("Sat, 21 Nov 2026 10:00:00 GMT", "http date"),
        ('"https://u:p@api.example:8443/x"', "url https://api.example:8443"),
        ('"2026-99-99"', "text"),
        ('…"abc"', "long text"),
        ('"\\uZZZZ"', "long text"),
        ("1e999", "number"),
    ],
)
def test_forms(shown: str, name: str) -> None:
    assert form_of(shown).name == name


def test_an_offset_is_understood() -> None:
    assert form_of('"2026-11-21T10:00:00+01:00"').amount == form_of('"2026-11-21T09:00:00Z"').amount
