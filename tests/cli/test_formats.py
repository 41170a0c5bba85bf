"""Values as people read them."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from proxy.cli.formats import ago, clean, clock, count, counted, latency, percent, span


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (None, "-"),
        (float("nan"), "-"),
        (0.0, "0.0ms"),
        (0.0031, "3.1ms"),
        (0.012, "12ms"),
        (0.9999, "1.00s"),
        (250, "250s"),
    ],
)
def test_latency(seconds: float | None, text: str) -> None:
    assert latency(seconds) == text


@pytest.mark.parametrize(
    ("seconds", "text"), [(0, "0s"), (-5, "0s"), (250, "4m 10s"), (7500, "2h 5m"), (3600, "1h"), (86401, "1d")]
)
def test_span(seconds: float, text: str) -> None:
    assert span(seconds) == text


def test_counts() -> None:
    assert [count(number) for number in (None, 0, 1234, 1_200_000, 3e9)] == ["-", "0", "1,234", "1.2M", "3.0G"]
    assert [counted(1, "route"), counted(2, "route"), counted(2, "match")] == ["1 route", "2 routes", "2 matches"]
    assert [percent(5.0), percent(0.25), percent(None)] == ["5%", "0.25%", "-"]


def test_times_of_either_form() -> None:
    now = datetime(2026, 1, 1, 0, 1, tzinfo=UTC)
    assert ago("2026-01-01T00:00:00Z", now) == "1m ago"
    assert ago("2026-01-01T00:00:00", now) == "1m ago"
    assert ago(now.timestamp() - 5, now) == "5s ago"
    assert [ago(value, now) for value in (None, "", 0, "soon")] == ["-"] * 4
    assert clock(None) == "-"


def test_clean_keeps_text_and_spells_out_what_controls_a_terminal() -> None:
    assert clean("größe\t中\n") == "größe\t中\n"
    assert clean("half \ud800 of a pair") == "half \\ud800 of a pair"
    assert clean("\x1b[31m\x9b\r\u202e") == "\\x1b[31m\\x9b\\r\\u202e"
