"""What is counted from lines that are written per request: the proxy's access log, and the services' own logs.

A client cannot tell which side answered it, and is not meant to. That each user stays on one side in a canary is
therefore seen in the access log, and checked against the service's own log, which knows nothing of routes and stages:
what the proxy says was answered by the service must be there, and nothing else.

How many exchanges should have been compared is counted here as well, from the exchanges themselves and not from the
shadow's counters: those whose stage sends a copy, answered whole; a client's request id says when it asked. A copy that
was lost anywhere is then missing from the comparisons.
"""

from __future__ import annotations

import contextlib
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from time import time
from typing import Any

COPYING = ("stage shadow", "stage canary", "stage live")
SAFE = ("GET", "HEAD")
ROUTE = "charge-read"


@dataclass(slots=True)
class Cohort:
    """One canary, between two stage changes of ROUTE."""

    extracted: defaultdict[str, set[str]] = field(default_factory=lambda: defaultdict(set))  # request ids by user
    legacy: defaultdict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    stood_in: set[str] = field(default_factory=set)  # answered by legacy because the service failed
    at_service: set[str] = field(default_factory=set)  # by the service's own log, shadow copies left out

    @property
    def users(self) -> set[str]:
        return {*self.extracted, *self.legacy}

    def seen(self, user: str) -> int:
        """Answers to a user."""
        return sum(len(side[user]) for side in (self.extracted, self.legacy) if user in side)

    @property
    def on_both_sides(self) -> set[str]:
        return {*self.extracted} & {*self.legacy}

    @property
    def answers(self) -> int:
        """By the service, as the access log says."""
        return sum(map(len, self.extracted.values()))

    @property
    def confirmed(self) -> int:
        """Those of `answers` that the service's own log has too: all of them, as it logs before it answers."""
        return len(set().union(*self.extracted.values()) & self.at_service)

    @property
    def unconfirmed(self) -> int:
        return self.answers - self.confirmed

    @property
    def contradicted(self) -> int:
        """Answers by legacy, without a failure of the service, that the service's own log has as its own."""
        return len(set().union(*self.legacy.values()) & self.at_service)


@dataclass(slots=True)
class Witness:
    """`eligible` counts by route and second of sending. `killed` holds the seconds around the killing of a process of
    the proxy, whose last evidence is lost with it: they are left out on both sides, and shown."""

    eligible: Counter[tuple[str, int]] = field(default_factory=Counter)
    killed: set[int] = field(default_factory=set)
    failed_over: Counter[str] = field(default_factory=Counter)
    by_halt: int = 0
    cohort: Cohort | None = None  # set while ROUTE is in canary

    @contextlib.contextmanager
    def killing(self) -> Iterator[None]:
        """Around the killing of a process: from a second before, as no younger evidence is promised to be kept."""
        first = int(time()) - 1
        yield
        self.killed.update(range(first, int(time()) + 1))

    def hear(self, process: str, line: dict[str, Any]) -> None:
        """One line: `exchange` from the proxy, `request` from a service."""
        if line["event"] == "exchange":
            self._exchange(line)
        elif process == "charges" and self.cohort is not None and not line["shadow"]:
            self.cohort.at_service.add(line["request_id"])

    def _exchange(self, line: dict[str, Any]) -> None:
        route, why = line["route"], line["why"]
        user, second = _asked(line["request_id"])
        if line["fell_back"]:
            self.failed_over[line["fell_back"]] += 1
            if line["fell_back"].startswith("upstream_"):  # counted as a comparison: legacy did not fail
                self.eligible[route, second] += 1
        elif line["outcome"] == "ok" and line["method"] in SAFE and why.startswith(COPYING) and "by halt" not in why:
            self.eligible[route, second] += 1
        if route != ROUTE:
            return
        if "by halt" in why:
            self.by_halt += 1
        if self.cohort is not None and user and why.startswith("stage canary") and line["outcome"] == "ok":
            if line["fell_back"]:
                self.cohort.stood_in.add(line["request_id"])
            else:
                (self.cohort.extracted if line["side"] == "extracted" else self.cohort.legacy)[user].add(
                    line["request_id"]
                )


def _asked(request_id: str) -> tuple[str, int]:
    """The user and the second that a client's request id names; nobody and now for a visitor's, who opened the URL."""
    parts = request_id.split("-")
    if parts[0] == "demo" and len(parts) == 4 and parts[2].isdigit():
        return parts[1], int(parts[2])
    return "", int(time())
