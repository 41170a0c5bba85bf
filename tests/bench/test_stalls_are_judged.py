"""A stall is what a run has beyond its neighbours; the table shows medians over the rounds."""

from __future__ import annotations

from bench.open_loop import Latency
from bench.stalls import Stall, lines, rows


def latency(longest: float, failed: int = 0) -> Latency:
    return Latency(100, 100 - failed, failed, 0, 4, 0.5, 1.0, longest)


def test_a_stall_is_measured_against_the_mean_of_its_neighbours() -> None:
    stall = Stall("reload", latency(4.0), latency(20.0), latency(8.0), 1.0)
    assert stall.beyond_ms == 14.0


def test_one_disturbed_round_does_not_decide() -> None:
    stalls = [Stall("reload", latency(4.0), latency(each), latency(5.0), 2.0) for each in (9.0, 10.0, 300.0)]
    stalls.append(Stall("scrape", latency(4.0), latency(6.0, failed=3), latency(4.0), 0.5))
    _, reload, scrape = rows(stalls)
    assert reload == ("reload", "4.5 ms", "10.0 ms", "+5.5 ms", "1.0 ms", "2.0 s", "0")
    assert scrape[-1] == "3"


def test_the_large_file_has_as_many_routes_as_it_says() -> None:
    assert len(set(lines(100, ", gate: {min_duration: 1m}"))) == 100
