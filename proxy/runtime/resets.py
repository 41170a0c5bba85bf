"""Says when evidence begins anew, and why: whoever waits for a verdict must not wonder where the comparisons went."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import structlog

from proxy.model.evidence import EvidenceKey, Totals
from proxy.model.records import AuditRow

log = structlog.get_logger("strangler.evidence")


class Resets:
    """Remembers under which rules and epoch each route was counted last. A new build is told of where it is seen."""

    def __init__(self, clock: Callable[[], float], audit: Callable[[AuditRow], None]) -> None:
        self._clock = clock
        self._audit = audit
        self._counted: dict[str, EvidenceKey] = {}

    def restore(self, totals: Mapping[EvidenceKey, Totals]) -> None:
        """What the last run counted: rules may have been edited meanwhile."""
        for key, _ in sorted(totals.items(), key=lambda item: item[1].last):
            self._counted[key.route] = key

    def follow(self, key: EvidenceKey, totals: Callable[[EvidenceKey], Totals]) -> None:
        """`key` is what a route is counted under from now on; `totals` what was counted under one."""
        before = self._counted.get(key.route)
        self._counted[key.route] = key
        if before is None or (before.rules, before.epoch) == (key.rules, key.epoch):
            return
        figures = totals(before._replace(build=key.build))  # the build that was seen since
        if not (figures.n or figures.shared):
            return
        counted = f"{figures.n:,} comparisons" if figures.n else f"{figures.shared:,} pairs of clients' exchanges"
        what = f"{_why(before, key)}: evidence begins anew; {counted} stay with what was before"
        self._audit(AuditRow(self._clock(), "strangler", "reset", key.route, what, ""))
        log.info("evidence_reset", route=key.route, what=what)


def _why(before: EvidenceKey, key: EvidenceKey) -> str:
    if before.rules.partition("+")[0] != key.rules.partition("+")[0]:
        return "other comparison rules"
    if before.epoch != key.epoch:
        return f"epoch {key.epoch}, another stage, share or backend"
    return "other accepted differences, or another bound on slowness"
