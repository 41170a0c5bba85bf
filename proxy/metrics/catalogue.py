"""Every metric once: name, type, help, labels. The names are a face that dashboards and alerts rely on: add, never
rename.

Labels hold words from closed sets and names from routes.yaml only, never a raw path, a field path or an id: the number
of series is bounded by the configuration, whatever clients send.
"""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple


class MetricType(StrEnum):
    COUNTER = "counter"
    GAUGE = "gauge"
    HISTOGRAM = "histogram"


class Metric(NamedTuple):
    name: str
    type: MetricType
    help: str
    labels: tuple[str, ...] = ()


_C, _G, _H = MetricType.COUNTER, MetricType.GAUGE, MetricType.HISTOGRAM

REQUESTS = "strangler_requests_total"
REQUEST_SECONDS = "strangler_request_seconds"

_ALL = (
    Metric(
        REQUESTS,
        _C,
        "Client exchanges by who answered (legacy, extracted, proxy), outcome and the status the client got.",
        ("route", "side", "outcome", "code"),
    ),
    Metric(
        REQUEST_SECONDS,
        _H,
        "Seconds by side; role answer is what a client waited for, role shadow a copy that nobody waits for.",
        ("route", "side", "role"),
    ),
    Metric("strangler_comparisons_total", _C, "Comparisons by result.", ("route", "result")),
    Metric("strangler_not_compared_total", _C, "Comparisons that say nothing, by reason.", ("route", "reason")),
    Metric(
        "strangler_shadow_dropped_total", _C, "Copies that were given up before they were sent.", ("route", "reason")
    ),
    Metric(
        "strangler_reasks_total",
        _C,
        "Pairs asked again, or not: done, budget, stopped (legacy has trouble), failed, other_build.",
        ("route", "result"),
    ),
    Metric(
        "strangler_reasks_stopped", _G, "1 while nothing is asked again because legacy slows or said it has enough."
    ),
    Metric("strangler_fallbacks_total", _C, "Answers by legacy after the extracted side failed.", ("route", "reason")),
    Metric(
        "strangler_retries_total", _C, "Requests sent again to the same backend, by what failed.", ("route", "reason")
    ),
    Metric("strangler_retries_refused_total", _C, "Retries not made because the budget was used up.", ("backend",)),
    Metric("strangler_ejections_total", _C, "Times a url was left alone for failing in a row.", ("backend", "url")),
    Metric(
        "strangler_url_usable",
        _G,
        "1 while every worker uses the url; 0: unhealthy or ejected in any.",
        ("backend", "url"),
    ),
    Metric("strangler_shedding", _G, "1 while any worker refuses new requests for want of memory."),
    Metric("strangler_worker_memory_bytes", _G, "Resident memory of the largest worker."),
    Metric("strangler_breaker_open", _G, "1 while a backend's breaker is open in any worker.", ("backend",)),
    Metric("strangler_route_stage", _G, "1 for the stage a route is in, 0 for the others.", ("route", "stage")),
    Metric("strangler_route_canary_percent", _G, "Percent of clients the extracted side answers.", ("route",)),
    Metric("strangler_verdict", _G, "1 for the verdict a route has, 0 for the others.", ("route", "verdict")),
    Metric("strangler_halted", _G, "1 while halt holds all routes that allow it on legacy."),
    Metric("strangler_config_reload_success", _G, "1 when the last reading of routes.yaml was accepted."),
    Metric("strangler_certificates_ok", _G, "1 while every certificate could be read when its files last changed."),
    Metric("strangler_config_generation", _G, "Counts the snapshots that were put in force."),
    Metric("strangler_in_flight", _G, "Client exchanges under way."),
    Metric("strangler_client_connections", _G, "Open client connections."),
    Metric(
        "strangler_pool_connections", _G, "Upstream connections by state: idle, busy, waiting.", ("backend", "state")
    ),
    Metric("strangler_process_restarts_total", _C, "Processes that died and were started again.", ("process",)),
    Metric("strangler_store_ok", _G, "1 when the last write to the store succeeded."),
    Metric("strangler_store_lost_total", _C, "Rows given up because the store could not take them in time."),
    Metric("strangler_link_dropped_total", _C, "Rows that workers could not get to control in time."),
    Metric("strangler_build_info", _G, "Always 1; the version is in the label.", ("version",)),
)

CATALOGUE: dict[str, Metric] = {metric.name: metric for metric in _ALL}
