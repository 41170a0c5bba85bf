"""Noise by route, rule set and build: begun, carried over, written, restored."""

from __future__ import annotations

from proxy.evidence import Noise
from proxy.model.comparison import Comparison, Kind, Result, Risk
from proxy.model.evidence import EvidenceKey
from proxy.model.noise import Reask
from proxy.runtime.noise_book import BUILDS, WRITTEN_EVERY, NoiseBook
from proxy.store import NoiseRow

KEY = EvidenceKey("read", "r1", "b1", 1)
FIELD = ("$.now", Kind.VALUE)
DIFFERS = Comparison(Result.MISMATCH, None, "s", Risk.MEDIUM, (200, 200), (), 1, frozenset({FIELD}), frozenset())


def learn(noise: Noise, times: int = 3) -> None:
    for _ in range(times):
        noise.learn(DIFFERS, Reask(DIFFERS, DIFFERS, DIFFERS, DIFFERS, DIFFERS))


def varied(noise: Noise | None) -> int:
    assert noise is not None
    return sum(field.varied for field in noise.fields())


def test_a_new_build_knows_legacys_noise_and_another_rule_set_knows_none() -> None:
    book = NoiseBook()
    learn(book.of(KEY))
    assert varied(book.of(KEY)) == 3
    assert varied(book.of(KEY._replace(build="b2"))) == 3
    assert varied(book.of(KEY._replace(rules="r2"))) == 0
    assert book.of(KEY._replace(epoch=9)) is book.of(KEY)


def test_looking_begins_nothing() -> None:
    assert NoiseBook().find(KEY) is None


def test_the_builds_of_a_route_are_bounded_and_the_one_in_use_stays() -> None:
    book = NoiseBook()
    mine = book.of(KEY)
    for number in range(2 * BUILDS):
        book.of(KEY._replace(build=f"n{number}"))
        assert book.of(KEY) is mine
    assert book.find(KEY._replace(build="n0")) is None


def test_what_changed_is_written_every_few_seconds_and_at_the_end() -> None:
    book = NoiseBook()
    assert book.take_rows(100.0) == []
    learn(book.of(KEY))
    book.changed(KEY)
    (row,) = book.take_rows(100.0)
    assert row[:4] == ("read", "r1", "b1", 100.0)
    book.changed(KEY)
    assert book.take_rows(100.0 + WRITTEN_EVERY / 2) == []
    assert len(book.take_rows(100.0 + WRITTEN_EVERY)) == 1
    book.changed(KEY)
    assert len(book.take_rows(100.0 + WRITTEN_EVERY, final=True)) == 1
    assert len(book.whole(200.0)) == 1


def test_what_was_written_comes_back() -> None:
    book = NoiseBook()
    learn(book.of(KEY))
    book.changed(KEY)
    rows = book.take_rows(100.0)
    again = NoiseBook()
    again.restore([*rows, NoiseRow("list", "r1", "b1", 5.0, "no json"), NoiseRow("odd", "r1", "b1", 5.0, "[]")])
    assert varied(again.find(KEY)) == 3
    assert again.find(KEY._replace(route="list")) is None
