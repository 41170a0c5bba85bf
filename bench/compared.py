"""How many eligible requests were really compared, by the proxy's own /metrics.

A shadow figure without this is worth nothing: a proxy that drops its copies under load looks fast. Eligible are the
answers the legacy side gave on a route whose shadow is 100 %; compared are match, ignored and mismatch.
"""

from __future__ import annotations

import time
import urllib.request
from typing import NamedTuple

from prometheus_client.parser import text_string_to_metric_families

from bench.machine import BenchError

ENOUGH = 0.99


class Compared(NamedTuple):
    """Counts of one route: what was eligible and what became of it, by reason or result."""

    eligible: int
    results: dict[str, int]
    dropped: dict[str, int]

    @property
    def compared(self) -> int:
        return sum(count for result, count in self.results.items() if result != "not_compared")

    @property
    def settled(self) -> bool:
        return sum(self.results.values()) + sum(self.dropped.values()) >= self.eligible

    @property
    def share(self) -> float:
        return self.compared / self.eligible if self.eligible else 0.0

    def at_least(self, requests: int) -> Compared:
        """With no fewer eligible than the load saw answered: lagging in counting must not look better."""
        return self._replace(eligible=max(self.eligible, requests))

    def since(self, before: Compared) -> Compared:
        return Compared(
            self.eligible - before.eligible, minus(self.results, before.results), minus(self.dropped, before.dropped)
        )


def minus(after: dict[str, int], before: dict[str, int]) -> dict[str, int]:
    return {name: count - before.get(name, 0) for name, count in after.items() if count > before.get(name, 0)}


def parse_metrics(text: str, route: str) -> Compared:
    eligible = 0
    results: dict[str, int] = {}
    dropped: dict[str, int] = {}
    for family in text_string_to_metric_families(text):
        for name, labels, value, *_ in family.samples:
            if name == "strangler_link_dropped_total":
                dropped["link"] = dropped.get("link", 0) + int(value)  # it knows no route; one is measured at a time
            if labels.get("route") != route:
                continue
            if name == "strangler_requests_total" and labels.get("side") == "legacy":
                eligible += int(value)
            elif name == "strangler_comparisons_total":
                results[labels["result"]] = results.get(labels["result"], 0) + int(value)
            elif name == "strangler_shadow_dropped_total":
                dropped[labels["reason"]] = dropped.get(labels["reason"], 0) + int(value)
    return Compared(eligible, results, dropped)


def scrape(admin: int, route: str) -> Compared:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{admin}/metrics", timeout=10) as answer:
            text: str = answer.read().decode()
    except OSError as error:
        raise BenchError(f"without /metrics of the proxy nothing can be said of its copies: {error}") from None
    return parse_metrics(text, route)


def scrape_settled(admin: int, route: str, before: Compared, at_least: int, patience: float = 8.0) -> Compared:
    """What was added since `before`, once `at_least` requests and all their copies are accounted for, or patience
    ends.
    """
    deadline = time.monotonic() + patience
    while True:
        added = scrape(admin, route).since(before)
        if (added.settled and added.eligible >= at_least) or time.monotonic() > deadline:
            return added.at_least(at_least)
        time.sleep(0.2)
