"""What can be counted of how legacy's values are drawn, and which values of the extracted side chance hardly brings."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from random import Random

import pytest

from bench.noise_world import Answer, World, compared, reasked
from proxy.evidence.asked import Asked
from proxy.evidence.fields import Record
from proxy.evidence.shape import Hull
from proxy.evidence.traits import DEGREES, ENOUGH, MANY, WORDS, Degree, Traits
from proxy.model.comparison import Kind, Result

Maker = Callable[[Random], str]
POWERS = DEGREES.index("a multiple of a power of two")
CLEAR = "BCDFGHJKMPQRTVWXY346789"
URL_SAFE = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
NOTES = ("bank connection reset", "card has expired", "no answer from bank")


def _hex(dice: Random, length: int) -> str:
    return f"{dice.getrandbits(4 * length):0{length}x}"


MAKERS: dict[str, Maker] = {
    "trace": lambda dice: f'"00-{_hex(dice, 32)}-{_hex(dice, 16)}-01"',
    "code": lambda dice: f'"{"".join(dice.choices(CLEAR, k=4))}-{"".join(dice.choices(CLEAR, k=3))}"',
    "token": lambda dice: f'"{"".join(dice.choices(URL_SAFE, k=40))}"',
    "number": lambda dice: str(dice.getrandbits(61) | 1 << 60),
    "nanoseconds": lambda dice: f'"2026-11-21T10:{dice.randrange(10, 60)}:07.{dice.randrange(10**9):09}Z"',
    "note": lambda dice: json.dumps(f"{dice.choice(NOTES)} {dice.randrange(10**6)}"),
    "tens": lambda dice: f"{10 * dice.randrange(100, 400)}",
    "nickels": lambda dice: f"{dice.randrange(100, 4000) / 20:g}",
    "quarters": lambda dice: f'"2026-11-21T{dice.randrange(24):02}:{dice.choice(("00", "15", "30", "45"))}:00Z"',
    "name": lambda dice: json.dumps("".join(dice.choices("eeeeetttaaooiinnsshrdlcumwfgypbvk", k=dice.randrange(3, 9)))),
}
RIGHT = {name: maker(Random(5)) for name, maker in MAKERS.items()}


def learned(maker: Maker, values: int = 1000) -> Traits:
    traits, dice = Traits(), Random(3)
    for _ in range(values):
        traits.see(maker(dice))
    return traits


@pytest.mark.parametrize("name", MAKERS)
def test_of_what_is_drawn_alike_hardly_any_is_off(name: str) -> None:
    maker, dice = MAKERS[name], Random(11)
    for values in (ENOUGH, 1000):
        traits = learned(maker, values)
        off = [value for value in (maker(dice) for _ in range(1000)) if traits.off(maker(dice), value, False)]
        assert len(off) <= 1, off


@pytest.mark.parametrize(
    ("name", "wrong", "why"),
    [
        ("trace", lambda text: text[:37] + 16 * "0" + text[53:], "one character in a row"),
        ("trace", lambda text: text[:4] + 4 * "0badc0de" + text[36:], ""),
        ("trace", lambda text: text[:4] + 16 * "1e" + text[36:], "characters that come again"),
        ("code", lambda text: '"O0SI-1LZ"', "letters"),
        ("token", lambda text: '"' + 4 * "0918273645" + '"', ""),
        ("token", lambda text: '"' + 2 * "qwertyuiopasdfghjklz" + '"', "repeating itself"),
        ("trace", lambda text: re.sub("[a-f]", "7", text), "digits"),
        ("number", lambda text: str(int(text) // 10**12 * 10**12), "one character in a row"),
        ("number", lambda text: str(int(text) >> 30 << 30), "power of two"),
        ("nanoseconds", lambda text: text[:21] + '000000000Z"', "one character in a row"),
        ("note", lambda text: '"bank order 17"', "a word"),
        ("tens", lambda text: "1234", "no multiple of 10"),
        ("nickels", lambda text: "12.34", "no multiple of 0.05"),
        ("nickels", lambda text: "12.351", "no multiple of 0.05"),
        ("quarters", lambda text: '"2026-11-21T10:07:00Z"', "no multiple of 900"),
    ],
)
def test_what_chance_hardly_brings_is_off(name: str, wrong: Callable[[str], str], why: str) -> None:
    traits, right = learned(MAKERS[name]), RIGHT[name]
    assert traits.off(right, right, False) == ""
    off = traits.off(right, wrong(right), False)
    assert off
    assert why in off
    assert learned(MAKERS[name], ENOUGH - 1).off(right, wrong(right), False) == ""
    assert traits.off(wrong(right), wrong(right), False) == ""  # what legacy says right now is never off


def test_a_letter_that_is_as_rare_as_one_that_was_seen_once_may_come() -> None:
    traits = learned(MAKERS["code"])
    traits.see('"QQQQ-ÄQQ"')
    assert traits.off(RIGHT["code"], '"O0SI-1LZ"', False) == ""


def test_letters_of_any_script_are_read() -> None:
    traits = learned(lambda dice: f'"{dice.choice(("Müllerstraße", "Ελληνικά"))}"')
    assert traits.off('"Ελληνικά"', '"Ελλάδα"', False) == "a word that legacy never has here"
    for odd in ("😀😀😀😀😀😀😀", "\\udcff\\udcff", "ÄÖÜÄÖÜÄÖÜ"):
        assert not traits.is_striking('"Ελληνικά"', f'"{odd}"')


def test_digits_beside_a_letter_tick() -> None:
    traits = learned(lambda dice: f'"2026-10-31T23:59:{dice.randrange(10, 60)}+01:00"')
    assert traits.off('"2026-10-31T23:59:59+01:00"', '"2026-11-01T00:00:00+01:00"', False) == ""
    assert traits.off('"2026-10-31T23:59:59+01:00"', '"2026-11-01Q00:00:00+01:00"', False)


def test_there_is_no_closed_vocabulary_of_too_many_words() -> None:
    traits = learned(lambda dice: f'"{"".join(dice.choices("abcdefghkl", k=3))}"')
    assert traits.words is None
    mixed = learned(lambda dice: f'"{dice.choice(("abc", "def", "ab1"))}"')
    assert mixed.words is None  # where "abc" is one of 16 ** 3, "bcd" is no news
    few = learned(lambda dice: f'"{dice.choice("abcdefghkl") * 3}"')
    assert few.words is not None
    assert len(few.words) == 10 < WORDS


def test_a_tail_is_taken_to_fall_on_as_it_falls() -> None:
    degree = Degree({2: 9000, 3: 900, 4: 90, 5: 10})
    assert degree.chance(4, 10_000) == pytest.approx(0.01)
    assert degree.chance(6, 10_000) == pytest.approx(1e-4, rel=0.2)
    assert degree.chance(9, 10_000) == pytest.approx(1e-7, rel=0.5)
    assert Degree({7: 1000}).chance(9, 1000) == pytest.approx(0.25)  # nothing is known of how it falls


def test_a_number_that_went_through_a_double_shows_as_text_and_beside_one_that_is_a_multiple_of_four() -> None:
    traits = learned(lambda dice: f'"{dice.getrandbits(63)}"', 4000)
    once, again = (f'"{float(Random(seed).getrandbits(63)):.0f}"' for seed in (1, 4))
    usual, rounder = (f'"{(Random(3).getrandbits(62) | 1) << shift}"' for shift in (2, 7))
    assert POWERS in traits.in_one_corner((usual, usual), (once, again))
    assert not traits.in_one_corner((rounder, usual), (once, again))  # perhaps the request's own


def test_a_corner_twice_is_too_much_of_a_chance_and_once_is_not() -> None:
    traits = learned(MAKERS["number"], 4000)
    right, rounded = RIGHT["number"], tuple(str(int(MAKERS["number"](Random(at))) >> 9 << 9) for at in (1, 2))
    assert traits.off(right, rounded[0], False) == ""
    assert traits.is_striking(right, rounded[0])
    assert not traits.is_striking(rounded[0], rounded[0])
    assert POWERS in traits.in_one_corner((right, right), (rounded[0], rounded[1]))
    assert not traits.in_one_corner((right, right), (rounded[0], right))
    assert not traits.in_one_corner((right, rounded[1]), (rounded[0], rounded[1]))
    assert not learned(MAKERS["number"], MANY - 1).in_one_corner((right, right), (rounded[0], rounded[1]))


def test_two_answers_drawn_alike_are_hardly_ever_in_one_corner() -> None:
    for name in ("trace", "token", "number", "nanoseconds"):
        maker, dice = MAKERS[name], Random(12)
        traits = learned(maker, 2000)
        pairs = [((maker(dice), maker(dice)), (maker(dice), maker(dice))) for _ in range(1500)]
        assert sum(bool(traits.in_one_corner(*pair)) for pair in pairs) <= 1


def test_after_a_restart_it_is_known_still_and_no_word_was_stored() -> None:
    traits = learned(MAKERS["note"])
    plain = json.dumps(traits.plain())
    assert "bank" not in plain
    again = Traits.restored(json.loads(plain))
    assert again.plain() == traits.plain()
    trace = Traits.restored(json.loads(json.dumps(learned(MAKERS["trace"]).plain())))
    assert trace.off(RIGHT["trace"], RIGHT["trace"][:37] + 16 * "0" + '-01"', False)
    assert again.off(RIGHT["note"], '"bank order 17"', False) == ""


def test_what_was_stored_before_any_of_this_opens() -> None:
    hull = Hull()
    for _ in range(40):
        hull.see('"a-1"', Kind.VALUE)
        hull.see_pair('"a-1"', '"a-2"')
    old = json.loads(json.dumps(hull.plain()))[:-2]
    old[-2] = [part[:2] for part in old[-2]]
    again = Hull.restored(old)
    assert (again.count, again.traits.count, again.stood) == (40, 0, 0)
    assert again.parts[0].framed == 40
    again.see_pair('"a-1"', '"a-2"')
    assert again.off('"a-1"', '"b-1"', Kind.VALUE)


def reported(world: World) -> set[int]:
    for _ in range(500):
        world.request()
    return {at for at in range(500, 800) if world.request().result is Result.MISMATCH}


def test_the_extracted_side_may_not_stand_by_what_legacy_says_anew_each_time() -> None:
    def new(number: int, at: float, dice: Random) -> Answer:
        return {"$.id": f'"req_{_hex(dice, 8)}"'}

    def guessed(number: int, at: float, dice: Random) -> Answer:
        return {"$.id": f'"req_{_hex(Random(number), 8)}"'} if number in (550, 750) else new(number, at, dice)

    assert reported(World(new, guessed, seed=1)) == {550, 750}
    assert reported(World(new, new, seed=1)) == set()


def test_a_clock_that_stands_still_is_off_where_legacys_never_says_the_same() -> None:
    def clock(number: int, at: float, dice: Random) -> Answer:
        second = int(at)
        fraction = dice.randrange(10**9)
        return {"$.clock": f'"2026-11-21T10:{second // 60 % 60:02}:{second % 60:02}.{fraction:09}Z"'}

    def sometimes(number: int, at: float, dice: Random) -> Answer:
        stuck = f'"2026-11-21T10:{int(at) // 60 % 60:02}:00.018207123Z"'
        return {"$.clock": stuck} if number in (630, 740) else clock(number, at, dice)

    world = World(clock, sometimes, seed=2)
    assert reported(world) == {630, 740}
    pair = compared({"$.clock": '"2026-11-21T10:01:19.123456789Z"'}, {"$.clock": '"2026-11-21T10:01:00.018207123Z"'})
    world.noise.glance(pair)
    assert world.noise.read(pair, None, may_ask=True).explained == frozenset()  # it is known without asking again


FIELD = ("$.count", Kind.VALUE)


def odd_once(again: str, extracted_again: str) -> Asked:
    """A request of which the extracted side's first answer is rounded, asked again."""
    said = {"odd": "123400000", "usual": "123456789"}
    answers = ({"$.count": said[name]} for name in ("usual", "odd", again, extracted_again))
    return Asked(*reasked(compared, *answers))


def with_numbers() -> Record:
    record, dice = Record(1, 0), Random(3)
    for _ in range(MANY):
        record.hull.traits.see(str(dice.randrange(10**8, 10**9)))
    return record


def test_an_odd_answer_of_the_extracted_side_that_comes_again_is_chance_where_it_comes_to_legacy_too() -> None:
    returned, met = odd_once("usual", "odd"), odd_once("odd", "usual")
    record = with_numbers()
    assert not record.is_off_again(FIELD, met)
    for asked, is_off in ((returned, True), (met, False), *[(returned, False)] * 3):
        record.learn(FIELD, asked, tested=True)
        assert record.is_off_again(FIELD, returned) == is_off
    again = Record.restored(json.loads(json.dumps(record.plain())))
    zeros = DEGREES.index("zeros at the end")
    later = again.for_new_build(1)
    counts = [(one.corners.returns[zeros], one.corners.meets[zeros]) for one in (again, later)]
    assert counts == [(4, 1), (0, 1)]
    for _ in range(10):
        record.learn(FIELD, returned, tested=True)
    assert record.is_off_again(FIELD, returned)  # more often than by chance


def test_where_requests_have_odd_answers_of_their_own_one_pair_of_a_fields_life_is_taken_for_a_mistake() -> None:
    returned, met, dice = odd_once("usual", "odd"), odd_once("odd", "usual"), Random(8)
    mistaken = 0
    for _ in range(60):
        record = with_numbers()
        for _ in range(40):
            asked = dice.choice((returned, met))
            record.learn(FIELD, asked, tested=True)
            mistaken += asked is returned and record.is_off_again(FIELD, asked)
    assert mistaken <= 1.5 * 60  # of 20 times that it came again by chance, each
