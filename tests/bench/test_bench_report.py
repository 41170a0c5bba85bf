"""From runs to figures: medians, ratios, what an invalid run does to them, and the shape of the JSON."""

from __future__ import annotations

import json
import math

from bench.compared import Compared
from bench.half_rate import HalfRate
from bench.memory import Growth
from bench.open_loop import Latency
from bench.report import Hanging, Sample, document, hanging_table, rows, throughput_table


def sample(peer: str, rate: float, cpu: float = 50.0, **more: object) -> Sample:
    values = {"peer": peer, "case": "plain", "size": "145", "requests": 1000, "rate": rate, "cpu_us": cpu, **more}
    return Sample(**values)  # type: ignore[arg-type] # values of several types by name


def latency(p99: float, waiting: int = 0) -> Latency:
    return Latency(1000, 1000 - waiting, 0, waiting, 10, 1.0, p99, p99)


def test_a_ratio_is_one_of_medians_so_that_one_odd_run_does_not_move_it() -> None:
    runs = [sample("nginx", rate) for rate in (100, 10, 110)] + [sample("ours", rate, 100) for rate in (60, 50, 900)]
    nginx, ours = rows(runs)
    assert (nginx.rate, nginx.ratio, nginx.low, nginx.high) == (100, 1.0, 10, 110)
    assert (ours.rate, ours.ratio, ours.cpu_ratio) == (60, 0.6, 2.0)


def test_cases_are_kept_apart_and_without_nginx_there_is_no_ratio() -> None:
    runs = [sample("nginx", 100), sample("ours", 50, case="equal"), sample("ours", 20)]
    assert [(row.case, row.peer, row.ratio) for row in rows(runs)] == [
        ("plain", "nginx", 1.0),
        ("plain", "ours", 0.2),
        ("equal", "ours", None),
    ]


def test_an_invalid_run_takes_the_ratio_of_its_row_and_is_printed_as_invalid() -> None:
    bad = Compared(1000, {"match": 500, "not_compared": 20}, {"queue_full": 480})
    runs = [
        sample("nginx", 100),
        sample("ours", 90),
        sample("ours", 95, compared=bad, invalid="only 50.0% compared"),
        sample("ours", 40, paced=True),
    ]
    nginx, ours, paced = rows(runs)
    assert ours.ratio is None
    assert ours.compared_share == 0.5
    assert paced.ratio == 0.4
    text = throughput_table([nginx, ours, paced])
    assert "INVALID plain 145 ours: only 50.0% compared (dropped: queue_full 480)" in text
    assert "ours (paced)" in text


def test_no_ratio_is_made_from_an_invalid_yardstick() -> None:
    runs = [sample("nginx", 100, invalid="3 of 9 requests failed"), sample("ours", 90)]
    assert [row.ratio for row in rows(runs)] == [None, None]


def test_a_hanging_service_is_unseen_only_within_the_spread_of_the_same_run_twice() -> None:
    off = (latency(4.0), latency(6.0))
    assert Hanging("ours", 1000, off, (latency(6.9),)).unseen
    assert not Hanging("ours", 1000, off, (latency(7.1),)).unseen
    disturbed = (*off, latency(4.0), latency(90.0), latency(4.5), latency(5.5))
    assert not Hanging("ours", 1000, disturbed, (latency(20.0),)).unseen  # one bad run does not excuse everything
    assert not Hanging("ours", 1000, off, (latency(5.0, waiting=1),)).unseen
    assert "SEEN by clients" in hanging_table([Hanging("ours", 1000, off, (latency(8.1),))])


def test_the_json_holds_versions_every_run_and_no_value_that_json_has_not() -> None:
    made = document(
        about={"at": "2026-01-01T00:00:00+00:00", "versions": {"nginx": "1.22"}, "left_out": [{"peer": "envoy"}]},
        samples=[sample("nginx", 100), sample("ours", 50, compared=Compared(10, {"match": 10}, {}))],
        growths=[("ours", Growth("upload", 1024, 1.0, 40.0, 0.5))],
        hanging=[Hanging("ours", 1000, (latency(4.0), latency(6.0)), (latency(5.0),))],
        lookup={"ratio": 1.1},
    )
    again = json.loads(json.dumps(made, allow_nan=False))
    parts = {"throughput", "runs", "memory", "open_loop", "shadow_harm", "lookup"}
    assert set(again) == {"at", "versions", "left_out", *parts}
    assert [(row["peer"], row["ratio"], row["ratio_to"]) for row in again["throughput"]] == [
        ("nginx", 1.0, "nginx"),
        ("ours", 0.5, "nginx"),
    ]
    assert again["runs"][1]["compared"] == {"eligible": 10, "results": {"match": 10}, "dropped": {}}
    assert again["open_loop"][0]["unseen"] is True
    assert math.isclose(again["open_loop"][0]["spread_ms"], 2.0)


def test_p99_at_half_rate_is_one_of_medians_and_two_runs_of_a_round_say_what_chance_does() -> None:
    runs = {
        "nginx": tuple(map(latency, (2.0, 2.5, 2.0, 90.0))),
        "strangler": tuple(map(latency, (3.0, 3.0, 3.0, 5.0))),
    }
    found = HalfRate(4000, 2000, runs)
    assert found.ratio == round(3.0 / 2.25, 3)
    assert found.apart_ms("nginx") == (0.5 + 88.0) / 2
    assert found.apart_ms("strangler") == 1.0
    assert "p99 to nginx: 1.333" in found.text()
    lost = HalfRate(4000, 2000, {**runs, "strangler": (latency(3.0, waiting=1), latency(3.0))})
    assert lost.ratio is None
    assert "INVALID" in lost.text()
