"""What the monolith is really asked, learned from the traffic: methods and path templates.

A segment that looks like an identifier is folded to `{id}` at once: numbers, UUIDs, hexadecimal digests, prefixed ids
(`ch_9f2`), addresses, long random words. What looks like a word is folded when its parent has too many different
children. So no identifier and no secret in a path is kept, and memory is bounded whatever clients send: beyond the last
template everything is counted in one row.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable

from proxy.model.records import InventoryRow
from proxy.routing.paths import canonical, split_target

ID = "{id}"
OVERFLOW = "…"
MOST_TEMPLATES = 1000
MOST_SIBLINGS = 100
_MOST_SEGMENTS = 12
_LONGEST_WORD = 40

_ID_LIKE = re.compile(
    r"[+-]?\d[\d.,:_-]*"  # numbers, dates
    r"|[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}"  # UUID
    r"|(?=.*\d)[0-9a-fA-F]{6,}"  # hexadecimal
    r"|[A-Za-z]{1,12}_(?=[A-Za-z]*\d)[A-Za-z0-9]+"  # ch_9f2
    r"|[A-Za-z]{1,12}_(?=.*[a-z])(?=.*[A-Z])[A-Za-z0-9]{8,}"  # cus_NffrFeUfNV
    r"|[A-Za-z]{1,12}-(?=[A-Za-z]*\d)[A-Za-z0-9]{2,}"  # INV-2031
    r"|(?=.*\d)(?=.*[A-Za-z])[A-Za-z0-9_=-]{16,}"  # long random
    r"|.*[@%].*"  # addresses, escaped text
)

_Key = tuple[str, str, str]  # method, template, route


class _Tally:
    __slots__ = ("classes", "count", "first", "last", "seconds_max", "seconds_sum")

    def __init__(self, first: float) -> None:
        self.count = 0.0
        self.classes = [0.0] * 5
        self.seconds_sum = 0.0
        self.seconds_max = 0.0
        self.first = first
        self.last = first

    def merge(self, other: _Tally) -> None:
        self.count += other.count
        self.classes = [mine + more for mine, more in zip(self.classes, other.classes, strict=True)]
        self.seconds_sum += other.seconds_sum
        self.seconds_max = max(self.seconds_max, other.seconds_max)
        self.first = min(self.first, other.first)
        self.last = max(self.last, other.last)


class Inventory:
    """Counts by method, learned template and route."""

    def __init__(self) -> None:
        self._tallies: dict[_Key, _Tally] = {}
        self._children: dict[str, set[str]] = defaultdict(set)
        self._folded: set[str] = set()  # parents whose children are all `{id}`
        self._traffic: dict[str, dict[str, float]] | None = None  # by route; made when asked for after news

    def observe(
        self, method: bytes, target: bytes, route: str, status: int, seconds: float, weight: float, now: float
    ) -> None:
        """Count one exchange. `weight` is how many it stands for when sampled; `status` 0 counts in no class."""
        self._traffic = None
        tally = self._tally((method.decode("latin-1"), self._template(target), route), now)
        tally.count += weight
        if 100 <= status <= 599:
            tally.classes[status // 100 - 1] += weight
        tally.seconds_sum += seconds * weight
        tally.seconds_max = max(tally.seconds_max, seconds)
        tally.last = max(tally.last, now)

    def rows(self) -> list[InventoryRow]:
        """All rows, the most asked first."""
        rows = [
            InventoryRow(
                method,
                template,
                route,
                tally.count,
                (tally.classes[0], tally.classes[1], tally.classes[2], tally.classes[3], tally.classes[4]),
                tally.seconds_sum,
                tally.seconds_max,
                tally.first,
                tally.last,
            )
            for (method, template, route), tally in self._tallies.items()
        ]
        return sorted(rows, key=lambda row: (-row.count, row.template, row.method, row.route))

    def traffic(self, route: str) -> dict[str, float]:
        """Answers to clients of one route by method and status class: `{"GET 2xx": 812.0}`."""
        if self._traffic is None:
            self._traffic = {}
            for (method, _, name), tally in self._tallies.items():
                kinds = self._traffic.setdefault(name, {})
                for place, count in enumerate(tally.classes, 1):
                    if count:
                        kinds[f"{method} {place}xx"] = kinds.get(f"{method} {place}xx", 0.0) + count
        return self._traffic.get(route, {})

    def restore(self, rows: Iterable[InventoryRow]) -> None:
        """Add rows kept before."""
        self._traffic = None
        for row in rows:
            kept = _Tally(row.first)
            kept.count, kept.classes = row.count, list(row.status_classes)
            kept.seconds_sum, kept.seconds_max, kept.last = row.seconds_sum, row.seconds_max, row.last
            self._tally((row.method, row.template, row.route), row.first).merge(kept)

    def _tally(self, key: _Key, now: float) -> _Tally:
        tally = self._tallies.get(key)
        if tally is not None:
            return tally
        method, template, route = key
        if len(self._tallies) >= MOST_TEMPLATES and template != OVERFLOW:
            return self._tally(("*", OVERFLOW, ""), now)
        tally = self._tallies[key] = _Tally(now)
        if (wide := self._learn(template)) is None:
            return tally
        self._fold(wide)
        return self._tally((method, self._refolded(template), route), now)

    def _learn(self, template: str) -> str | None:
        """Note the segments of a new template; a parent that has become too wide, if there is one."""
        segments = template.split("/")
        for depth in range(2, len(segments)):  # the root is never folded: its children are the map itself
            parent, child = "/".join(segments[:depth]), segments[depth]
            if child != ID:
                self._children[parent].add(child)
                if len(self._children[parent]) > MOST_SIBLINGS:
                    return parent
        return None

    def _fold(self, parent: str) -> None:
        """Take the children of a parent for identifiers, now and from now on."""
        self._folded.add(parent)
        before = self._tallies
        self._tallies = {}
        self._children.clear()
        for (method, template, route), tally in before.items():
            folded = self._refolded(template)
            known = self._tallies.setdefault((method, folded, route), tally)
            if known is not tally:
                known.merge(tally)
            self._learn(folded)

    def _refolded(self, template: str) -> str:
        segments = template.split("/")
        parent = "/".join(segments[:2])
        for depth in range(2, len(segments)):
            if segments[depth] and parent in self._folded:
                segments[depth] = ID
            parent += "/" + segments[depth]
        return parent

    def _template(self, target: bytes) -> str:
        path = canonical(split_target(target)[1].partition(b"?")[0]).decode("latin-1")
        segments = path.split("/", _MOST_SEGMENTS)
        if len(segments) > _MOST_SEGMENTS:
            segments[_MOST_SEGMENTS] = OVERFLOW
        template = "/".join([ID if _is_id(segment) else segment for segment in segments])
        return self._refolded(template) if self._folded else template


def _is_id(segment: str) -> bool:
    if len(segment) > _LONGEST_WORD:
        return True
    return not segment.isalpha() and _ID_LIKE.fullmatch(segment) is not None
