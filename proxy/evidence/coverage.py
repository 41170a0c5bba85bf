"""What the counted requests of a route have covered: methods, status classes, values of the path.

Four hundred clean comparisons of one customer's one charge say little about the route. So the distinct requests are
also counted by what kind of request they were, and `uncovered` names the kinds that clients' traffic holds and no
comparison has shown. Values of a path are kept as digests: how many there were is of interest, not which.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from hashlib import blake2b

from proxy.model.evidence import Asked
from proxy.model.records import Covered

VALUES = 1_000  # distinct values remembered of one variable; beyond them it is "1,000 or more"
WORTH = 0.01  # share of a route's answers from which on a kind of request has to be covered
ANSWER = "answer"
PATH = "path"  # stands for the name of a variable where the route names none


class Coverage:
    """Mutable; one for each evidence key."""

    def __init__(self) -> None:
        self._counts: dict[tuple[str, str], int] = {}
        self._values: dict[str, int] = {}
        self._changed: dict[tuple[str, str], None] = {}

    @classmethod
    def restored(cls, rows: Iterable[Covered]) -> Coverage:
        coverage = cls()
        for kind, value, requests in rows:
            coverage._add(kind, value, requests)
        coverage._changed.clear()
        return coverage

    def add(self, asked: Asked, templates: Iterable[str]) -> None:
        """Counts a request that was counted for the first time. `templates` are those of the route's matches."""
        if not asked.method:
            return
        method = asked.method.decode("latin-1")
        self._add(ANSWER, f"{method} {asked.status // 100}xx")
        path = asked.target.partition(b"?")[0].decode("latin-1")
        for name, text in _variables(path, templates):
            value = blake2b(text.encode("latin-1"), digest_size=6).hexdigest()
            if (name, value) in self._counts or self._values.get(name, 0) < VALUES:
                self._add(name, value)

    def take_changed(self) -> list[Covered]:
        """Rows with their counts so far that changed since the last call."""
        changed, self._changed = self._changed, {}
        return [Covered(kind, value, self._counts[kind, value]) for kind, value in changed]

    @property
    def answers(self) -> dict[str, int]:
        """Distinct requests by method and status class: `{"GET 2xx": 812}`."""
        found = {value: count for (kind, value), count in self._counts.items() if kind == ANSWER}
        return dict(sorted(found.items(), key=lambda item: -item[1]))

    @property
    def values(self) -> dict[str, int]:
        """Distinct values by variable, VALUES at most."""
        return dict(self._values)

    def _add(self, kind: str, value: str, count: int = 1) -> None:
        place = kind, value
        if place not in self._counts and kind != ANSWER:
            self._values[kind] = self._values.get(kind, 0) + 1
        self._counts[place] = self._counts.get(place, 0) + count
        self._changed[place] = None


def uncovered(answers: Mapping[str, int], traffic: Mapping[str, float], methods: frozenset[str]) -> tuple[str, ...]:
    """What clients do, what no comparison has shown, and could: in words. `traffic` counts the answers to clients like
    `answers` counts comparisons; `methods` are those that are copied. A 5xx says nothing that could be compared."""
    whole = sum(traffic.values())
    missing: list[str] = []
    for kind, count in sorted(traffic.items(), key=lambda item: -item[1]):
        method, _, status = kind.partition(" ")
        if method in methods and status != "5xx" and kind not in answers and count >= WORTH * whole:
            missing.append(
                f"a comparison of a {method} with status {status} ({100 * count / whole:.2g} % of the traffic)"
            )
    return tuple(missing)


def uncopied(traffic: Mapping[str, float], methods: frozenset[str]) -> float:
    """The share of the traffic that is never copied, for its method. Preflights ask for nothing of the route's."""
    known = methods | {"OPTIONS", "TRACE"}
    whole = sum(traffic.values())
    missed = sum(count for kind, count in traffic.items() if kind.partition(" ")[0] not in known)
    return missed / whole if whole else 0.0


def _variables(path: str, templates: Iterable[str]) -> list[tuple[str, str]]:
    """The variables of the first template that fits and their texts; the whole path where none does."""
    segments = path.split("/")
    for template in templates:
        parts = template.split("/")
        if len(parts) == len(segments):
            found = [(part, text) for part, text in zip(parts, segments, strict=True) if part[:1] == "{"]
            if all(part == text for part, text in zip(parts, segments, strict=True) if part[:1] != "{"):
                return found
    return [(PATH, path)]
