"""Counts which comparison rules are needed, so that `check` can name those that never were.

Each rule by its label: how many comparisons had a difference that it excused. Beside them, under the rule set's digest,
how many comparisons were made while rules were counted: only many comparisons without a use say that a rule is idle.
"""

from __future__ import annotations

from proxy.model.comparison import Comparison, Result
from proxy.store import RULE_SET, RuleUse

WRITTEN_EVERY = 3.0  # seconds


class RuleUses:
    """Mutable. What was counted since it was last taken."""

    def __init__(self) -> None:
        self._counts: dict[tuple[str, str], int] = {}
        self._due = 0.0

    def note(self, route: str, digest: str, result: Result, found: Comparison | None) -> None:
        """One comparison by the rule set `digest`; `found` is None for a pair that was equal byte for byte."""
        if result is Result.NOT_COMPARED:
            return
        self._add(route, RULE_SET + digest)
        if found is not None:
            for label in {one.ignored_by for one in found.differences if one.ignored_by}:
                self._add(route, label)

    def take_rows(self, now: float, *, final: bool = False) -> list[RuleUse]:
        """What is to be added to the store, every few seconds. `now`: seconds since 1970."""
        if not self._counts or (now < self._due and not final):
            return []
        self._due = now + WRITTEN_EVERY
        counts, self._counts = self._counts, {}
        return [RuleUse(route, rule, count, now) for (route, rule), count in counts.items()]

    def _add(self, route: str, rule: str) -> None:
        self._counts[route, rule] = self._counts.get((route, rule), 0) + 1
