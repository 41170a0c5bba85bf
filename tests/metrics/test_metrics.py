"""Counting in workers, folding in control, and the text that Prometheus reads."""

from __future__ import annotations

import marshal
import random
import re
from collections.abc import Iterable, Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.metrics_core import Metric as Family
from prometheus_client.parser import text_string_to_metric_families
from prometheus_client.registry import Collector

from proxy.metrics import CATALOGUE, Accumulator, Changes, MetricType, SideFigures, Totals
from proxy.metrics.buckets import COUNT, TOP, conventional, index, middle, quantile
from proxy.metrics.exposition import Gauge, render

Samples = dict[tuple[str, tuple[tuple[str, str], ...]], float]


def text_of(totals: Totals, gauges: Iterable[Gauge] = ()) -> str:
    return b"".join(render(totals, gauges)).decode()


def scrape(totals: Totals, *gauges: tuple[str, tuple[str, ...], float]) -> Samples:
    samples: Samples = {}
    for family in text_string_to_metric_families(text_of(totals, gauges)):
        for sample in family.samples:
            key = (sample.name, tuple(sorted(sample.labels.items())))
            assert key not in samples, f"{key} is there twice"
            samples[key] = sample.value
    return samples


def labels(**values: str) -> tuple[tuple[str, str], ...]:
    return tuple(sorted(values.items()))


@given(st.integers(0, TOP))
def test_every_duration_falls_into_a_bucket_whose_middle_is_close(microseconds: int) -> None:
    bucket = index(microseconds)
    assert 0 <= bucket < COUNT
    assert abs(middle(bucket) * 1e6 - microseconds) <= max(0.5, microseconds / 32 + 0.5)


def test_buckets_are_in_order_and_none_is_skipped() -> None:
    edges = [index(value) for value in range(5000)]
    assert sorted(set(edges)) == list(range(edges[-1] + 1))
    assert edges == sorted(edges)
    assert index(TOP) == COUNT - 1


def test_quantiles_are_within_a_few_percent_of_the_exact_ones() -> None:
    dice = random.Random(7)
    durations = sorted(dice.lognormvariate(-5, 1) for _ in range(5000))
    accumulator = Accumulator()
    for seconds in durations:
        accumulator.observe("a", "legacy", "answer", seconds)
    counts = accumulator.seconds["a", "legacy", "answer"]
    for q in (0.0, 0.5, 0.9, 0.99, 1.0):
        exact = durations[max(0, round(q * 5000) - 1)]
        assert quantile(counts, q) == pytest.approx(exact, rel=0.04)
    assert quantile({}, 0.5) is None


def test_odd_durations_are_counted_at_the_ends() -> None:
    accumulator = Accumulator()
    for seconds in (-1.0, 0.0, 1e-9, 1e9):
        accumulator.observe("a", "legacy", "answer", seconds)
    counts = accumulator.seconds["a", "legacy", "answer"]
    assert counts[1] == 3
    assert counts[COUNT - 1] == 1


def test_conventional_bounds_are_cumulative_and_end_with_everything() -> None:
    accumulator = Accumulator()
    for seconds in (0.0004, 0.002, 0.02, 0.02, 120.0):
        accumulator.observe("a", "legacy", "answer", seconds)
    rows = dict(conventional(accumulator.seconds["a", "legacy", "answer"]))
    assert rows["0.001"] == 1
    assert rows["0.0025"] == 2
    assert rows["0.01"] == 2
    assert rows["0.025"] == 4
    assert rows["60.0"] == 4
    assert rows["+Inf"] == 5


def over_the_link(changes: Changes) -> Changes:
    return Changes(*marshal.loads(marshal.dumps(tuple(changes))))


def test_only_what_changed_is_sent_and_the_fold_is_the_same() -> None:
    accumulator, totals = Accumulator(), Totals()
    for _ in range(3):
        accumulator.request("a", "legacy", "ok", 200)
        accumulator.observe("a", "legacy", "answer", 0.01)
        accumulator.request("b", "legacy", "ok", 200)
        accumulator.add("strangler_comparisons_total", ("a", "match"))
        totals.apply("worker-1", over_the_link(accumulator.changes()))
    assert totals.requests() == accumulator.requests
    assert totals.seconds() == accumulator.seconds
    assert totals.counters() == accumulator.counters
    assert accumulator.changes() == Changes({}, {}, {})
    accumulator.request("b", "legacy", "ok", 200)
    assert accumulator.changes() == Changes({("b", "legacy", "ok", 200): 4}, {}, {})


def test_a_control_that_starts_late_is_told_everything() -> None:
    accumulator = Accumulator()
    accumulator.request("a", "legacy", "ok", 200)
    accumulator.observe("a", "legacy", "answer", 0.01)
    accumulator.changes()
    accumulator.resend()
    totals = Totals()
    totals.apply("worker-1", accumulator.changes())
    assert totals.requests() == accumulator.requests
    assert totals.seconds() == accumulator.seconds


def test_no_counter_falls_when_a_worker_is_gone_and_another_takes_over() -> None:
    totals = Totals()
    for process in ("worker-1", "worker-2"):
        accumulator = Accumulator()
        accumulator.request("a", "legacy", "ok", 200)
        accumulator.observe("a", "legacy", "answer", 0.01)
        accumulator.add("strangler_fallbacks_total", ("a", "upstream_closed"))
        totals.apply(process, accumulator.changes())
        totals.gone(process)
    totals.gone("never-seen")
    assert totals.requests() == {("a", "legacy", "ok", 200): 2}
    assert totals.counters() == {("strangler_fallbacks_total", ("a", "upstream_closed")): 2}
    figures = totals.figures()["a", "legacy", "answer"]
    assert figures[:2] == (2, 0)
    assert figures.p99 == pytest.approx(0.01, rel=0.04)


def test_figures_count_a_5xx_and_a_failed_outcome_as_errors() -> None:
    accumulator, totals = Accumulator(), Totals()
    for outcome, code in (("ok", 200), ("ok", 404), ("ok", 503), ("tunnelled", 101), ("upstream_closed", 502)):
        accumulator.request("a", "extracted", outcome, code)
    accumulator.request("a", "extracted", "client_gone", 200)  # an event stream that its client ended
    accumulator.observe("a", "extracted", "shadow", 0.5)
    totals.apply("worker-1", accumulator.changes())
    figures = totals.figures()
    assert figures["a", "extracted", "answer"] == SideFigures(6, 2)
    assert figures["a", "extracted", "shadow"].requests == 1
    assert totals.quantile("a", "extracted", "shadow", 0.99) == pytest.approx(0.5, rel=0.04)
    assert totals.quantile("a", "legacy", "answer", 0.99) is None


def filled() -> tuple[Totals, list[tuple[str, tuple[str, ...], float]]]:
    """One series of every metric."""
    accumulator, totals = Accumulator(), Totals()
    gauges = []
    for metric in CATALOGUE.values():
        values = tuple(f"{label}-value" for label in metric.labels)
        if metric.name == "strangler_requests_total":
            accumulator.request("a", "legacy", "ok", 200)
        elif metric.type is MetricType.HISTOGRAM:
            accumulator.observe("a", "legacy", "answer", 0.02)
        elif metric.type is MetricType.COUNTER:
            accumulator.add(metric.name, values, 2)
        else:
            gauges.append((metric.name, values, 3.0))
    totals.apply("worker-1", accumulator.changes())
    return totals, gauges


def test_every_metric_of_the_catalogue_is_in_the_text_with_its_labels() -> None:
    totals, gauges = filled()
    samples = scrape(totals, *gauges)
    by_name: Mapping[str, set[str]] = {name: {label for label, _ in pairs} for name, pairs in samples}
    for metric in CATALOGUE.values():
        name = f"{metric.name}_bucket" if metric.type is MetricType.HISTOGRAM else metric.name
        assert by_name[name] - {"le"} == set(metric.labels)


def test_the_text_holds_the_counted_values() -> None:
    totals, gauges = filled()
    samples = scrape(totals, *gauges)
    assert samples["strangler_requests_total", labels(route="a", side="legacy", outcome="ok", code="200")] == 1
    side = {"route": "a", "side": "legacy", "role": "answer"}
    assert samples["strangler_request_seconds_bucket", labels(**side, le="0.01")] == 0
    assert samples["strangler_request_seconds_bucket", labels(**side, le="0.025")] == 1
    assert samples["strangler_request_seconds_bucket", labels(**side, le="+Inf")] == 1
    assert samples["strangler_request_seconds_count", labels(**side)] == 1
    assert samples["strangler_request_seconds_sum", labels(**side)] == pytest.approx(0.02)
    assert samples["strangler_halted", ()] == 3


def test_the_text_is_that_of_the_official_library() -> None:
    totals, gauges = filled()
    accumulator = Accumulator()
    accumulator.request('odd "\\\n', "extracted", "upstream_closed", 502)
    accumulator.observe("b", "extracted", "shadow", 3.75)
    accumulator.add("strangler_fallbacks_total", ("b", "upstream_closed"), 1e17)
    totals.apply("worker-2", accumulator.changes())
    registry = CollectorRegistry()
    text = text_of(totals, gauges)

    class Again(Collector):
        def collect(self) -> Iterable[Family]:
            return text_string_to_metric_families(text)

    registry.register(Again())
    assert [in_order(line) for line in text.splitlines()] == generate_latest(registry).decode().splitlines()


def in_order(line: str) -> str:
    """A sample with its labels in the order of their names, as the library has them."""
    name, brace, rest = line.partition("{")
    labelled, _, value = rest.rpartition("} ")
    pairs = re.findall(r'\w+="(?:[^"\\]|\\.)*"', labelled)
    return f"{name}{{{','.join(sorted(pairs))}}} {value}" if brace else line


def test_many_series_come_in_small_pieces() -> None:
    accumulator, totals = Accumulator(), Totals()
    for number in range(200):
        accumulator.observe(f"r{number}", "legacy", "answer", 0.01)
        accumulator.request(f"r{number}", "legacy", "ok", 200)
    totals.apply("worker-1", accumulator.changes())
    gauges = [("strangler_route_canary_percent", (f"r{number}",), 5.0) for number in range(200)]
    pieces = list(render(totals, gauges))
    assert max(piece.count(b"\n") for piece in pieces) < 500
    assert b"".join(pieces).count(b"strangler_route_canary_percent{") == 200


def test_an_idle_proxy_already_shows_the_counters_without_labels() -> None:
    assert scrape(Totals())["strangler_store_lost_total", ()] == 0


def test_a_counter_that_control_keeps_elsewhere_is_shown_as_a_counter() -> None:
    text = text_of(Totals(), [("strangler_store_lost_total", (), 7.0)])
    assert "# TYPE strangler_store_lost_total counter" in text
    assert "\nstrangler_store_lost_total 7.0\n" in text
    assert text.count("\nstrangler_store_lost_total ") == 1


def test_label_values_are_escaped() -> None:
    accumulator, totals = Accumulator(), Totals()
    accumulator.request('a"\\\n', "legacy", "ok", 200)
    totals.apply("worker-1", accumulator.changes())
    assert (
        scrape(totals)["strangler_requests_total", labels(route='a"\\\n', side="legacy", outcome="ok", code="200")] == 1
    )


def test_names_and_labels_outside_the_catalogue_are_refused() -> None:
    accumulator = Accumulator()
    with pytest.raises(KeyError):
        accumulator.add("strangler_typo_total")
    with pytest.raises(ValueError, match="labels"):
        accumulator.add("strangler_comparisons_total", ("a",))
    with pytest.raises(ValueError, match="counter"):
        accumulator.add("strangler_halted")
    with pytest.raises(KeyError):
        text_of(Totals(), [("strangler_typo", (), 1.0)])
    with pytest.raises(ValueError, match="labels"):
        text_of(Totals(), [("strangler_halted", ("a",), 1.0)])
