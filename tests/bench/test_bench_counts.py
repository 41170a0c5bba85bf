"""What the harness reads from others: /metrics, /proc, wrk; and the answers it makes."""

from __future__ import annotations

import json
import os

import pytest

from bench.answers import SAME_ID, SIZES, body
from bench.compared import Compared, parse_metrics
from bench.load import parse
from bench.lookup import routes_yaml, targets
from bench.machine import BenchError, cpu_seconds, parse_stat, rss_bytes, tree
from bench.throughput import fault
from bench.upstream import UNIQUE_ID

METRICS = """
# TYPE strangler_requests_total counter
strangler_requests_total{route="equal",side="legacy",outcome="ok",code="200"} 900
strangler_requests_total{route="equal",side="legacy",outcome="client_gone",code="0"} 100
strangler_requests_total{route="equal",side="extracted",outcome="ok",code="200"} 7
strangler_requests_total{route="plain",side="legacy",outcome="ok",code="200"} 5000
# TYPE strangler_comparisons_total counter
strangler_comparisons_total{route="equal",result="match"} 940
strangler_comparisons_total{route="equal",result="ignored"} 40
strangler_comparisons_total{route="equal",result="not_compared"} 9
# TYPE strangler_shadow_dropped_total counter
strangler_shadow_dropped_total{route="equal",reason="queue_full"} 11
# TYPE strangler_link_dropped_total counter
strangler_link_dropped_total 5
"""


def test_compared_is_counted_against_what_legacy_answered_on_that_route() -> None:
    seen = parse_metrics(METRICS, "equal")
    assert seen == Compared(1000, {"match": 940, "ignored": 40, "not_compared": 9}, {"queue_full": 11, "link": 5})
    assert seen.compared == 980
    assert seen.share == 0.98
    assert seen.settled


def test_requests_that_the_proxy_has_not_counted_yet_are_eligible_all_the_same() -> None:
    lagging = Compared(100, {"match": 100}, {})
    assert lagging.at_least(400).share == 0.25
    assert lagging.at_least(90) == lagging


def test_only_what_a_run_added_is_counted() -> None:
    before = Compared(100, {"match": 90}, {"queue_full": 10})
    after = Compared(300, {"match": 280, "ignored": 5}, {"queue_full": 10})
    assert after.since(before) == Compared(200, {"match": 190, "ignored": 5}, {})


def test_a_run_is_invalid_below_99_percent_or_with_failures() -> None:
    good = parse('{"requests":10,"seconds":2,"bytes":1,"errors":0,"not_200":0,"p50_ms":1,"p99_ms":2}')
    assert good.rate == 5
    assert fault(good, 1.0, None, None) == ""
    assert fault(good, 1.0, 0.995, Compared(1000, {"match": 990}, {})) == ""
    assert fault(good, 1.0, 0.995, Compared(1000, {"match": 989}, {})) == "only 98.9% compared"
    assert "of other runs" in fault(good, 1.0, 0.995, Compared(1000, {"match": 1011}, {}))
    assert fault(good, 1.0, 0.5, None) == "only 50.0% of the copies were sent"
    assert "put off" in fault(good, 2.4, None, None)
    bad = parse('noise\n{"requests":10,"seconds":2,"bytes":1,"errors":1,"not_200":2,"p50_ms":1,"p99_ms":2}\n')
    assert fault(bad, 1.0, None, None) == "3 of 10 requests failed"


def test_wrk_without_figures_is_one_clear_error() -> None:
    with pytest.raises(BenchError, match="no figures"):
        parse("unable to connect")


def test_a_process_name_with_brackets_and_spaces_does_not_shift_the_fields() -> None:
    stat = parse_stat("7 (a) b (c)) S 3 7 7 0 -1 4194560 1 2 3 4 10 20 30 40 20 0 1 0 99 1 2")
    assert (stat.parent, stat.ticks) == (3, 100)


def test_cost_of_a_tree_holds_the_process_itself() -> None:
    assert os.getpid() in tree(os.getpid())
    assert rss_bytes(os.getpid()) > 1_000_000
    assert cpu_seconds(os.getpid()) > 0


@pytest.mark.parametrize("size", SIZES.values())
def test_upstream_bodies_are_json_of_the_exact_size_and_differ_in_one_field(size: int) -> None:
    same = body(size, SAME_ID)
    assert len(same) == size
    unique = json.loads(body(size, UNIQUE_ID))
    assert {**unique, "request_id": SAME_ID} == json.loads(same)


def test_lookup_asks_all_over_the_table_and_sometimes_for_nothing() -> None:
    assert routes_yaml(4).count("- {name: r") == 4
    asked = targets(10_000)
    assert sum(target.startswith(b"/v2/none") for target in asked) == 100
    assert len({target.split(b"/")[2] for target in asked}) > 900
