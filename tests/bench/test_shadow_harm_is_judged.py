"""What clients see of a misbehaving service is judged against what chance does, by medians."""

from __future__ import annotations

from dataclasses import replace

from bench.harm import Around, judged, table_rows
from bench.open_loop import Latency
from bench.undisturbed import TRIES, itself, undisturbed


def seen(p50: float, p99: float, failed: int = 0) -> Latency:
    return Latency(1000, 1000 - failed, failed, 0, 10, p50, p99, p99)


def around(
    before: float, on: float, after: float, *, fault: str = "hang", rate: float = 500, failed: int = 0
) -> Around:
    return Around(fault, rate, seen(1, before), seen(1, on, failed), seen(1, after), 1.5, 10, 2, 3)


def test_a_run_is_compared_with_its_neighbours_so_that_a_drift_is_not_taken_for_harm() -> None:
    (harm,) = judged([around(1, 2, 3), around(3, 4, 5), around(5, 6, 7)])
    assert (harm.excess, harm.spread, harm.unseen) == ((0, 0), (0, 2), True)


def test_more_than_two_runs_without_copies_differ_by_is_seen() -> None:
    (harm,) = judged([around(1, 4, 2), around(2, 4, 1), around(1, 4, 2)])
    assert (harm.excess[1], harm.spread[1]) == (2.5, 1)
    assert not harm.unseen
    assert table_rows([harm])[1][-1] == "SEE IT"


def test_one_disturbed_run_neither_excuses_nor_condemns() -> None:
    assert not judged([around(1, 3, 2), around(2, 3, 1), around(1, 3, 90)])[0].unseen
    assert judged([around(1, 1.5, 2), around(2, 90, 1), around(1, 1.5, 2)])[0].unseen


def test_a_request_that_failed_is_seen_however_fast_the_others_were() -> None:
    (harm,) = judged([around(1, 1, 2), around(1, 1, 2, failed=1)])
    assert (harm.failed, harm.unseen) == (1, False)


def test_the_yardstick_of_a_rate_is_of_all_its_runs_and_of_no_other_rate() -> None:
    slow, other, fast = judged(
        [around(1, 1, 3), around(3, 3, 7, fault="reset"), around(1, 1, 1, rate=1000), around(1, 1, 1, rate=1000)]
    )
    assert slow.spread[1] == other.spread[1] == 3
    assert (fast.spread[1], fast.rate) == (0, 1000)
    assert (other.compared, other.dropped, other.not_compared) == (10, 2, 3)


def test_a_run_that_the_host_disturbed_is_made_again_whatever_it_showed() -> None:
    stolen = [90, 40, 5, 0]
    made: list[Latency] = []

    def make() -> Latency:
        made.append(replace(seen(1, 7 - len(made)), stolen_ms=stolen[len(made)]))
        return made[-1]

    assert undisturbed(make, itself, seconds=4).stolen_ms == 40
    assert len(made) == 2


def test_of_runs_that_were_all_disturbed_the_least_disturbed_counts() -> None:
    stolen = iter([90, 60, 80, 70, 0])
    assert undisturbed(lambda: replace(seen(1, 1), stolen_ms=next(stolen)), itself, seconds=4).stolen_ms == 60
    assert next(stolen) == 0  # TRIES were made, no more
    assert TRIES == 4
