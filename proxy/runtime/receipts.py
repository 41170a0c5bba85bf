"""What workers told and the store does not hold yet.

A control that is killed loses what it had taken and not written: comparisons under way, and those of the last moment.
So a worker keeps each frame with evidence until control says that all of it is stored, and tells it again to the
control that comes next. Each comparison in a frame has a serial number; with every batch of evidence the store is told,
in the same transaction, how far control has heard each worker and which serials before that are still open. So a
comparison that is told again is counted if it was lost, and only then. (Consumers of Kafka store their offsets with
their results for the same reason.)
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from proxy.model.evidence import Origin
from proxy.model.records import Heard

SHIFT = 20  # bits of a serial that number the comparisons of one frame
MOST = 50_000  # open serials of one worker; beyond them the oldest count as stored


@dataclass(slots=True)
class _Told:
    """`open` are serials that this control has in hand, `lost` those that the one before it had."""

    frame: int = 0
    open: set[int] = field(default_factory=set)
    lost: set[int] = field(default_factory=set)
    changed: bool = False


class Receipts:
    """Workers are named by a token that no other process has."""

    def __init__(self) -> None:
        self._told: dict[str, _Told] = {}

    def restore(self, heard: Iterable[Heard]) -> None:
        """What the store says of the workers that an earlier control heard."""
        for row in heard:
            self._told[row.token] = _Told(row.frame, lost=set(row.open))

    def take(self, token: str, frame: int, count: int) -> Iterator[Origin | None]:
        """For each comparison of a frame its origin, None for one that has been taken before. A worker that knows no
        frame numbers (0) is taken at its word."""
        first = frame << SHIFT
        if not frame:
            return iter([("", 0)] * count)
        told = self._told.setdefault(token, _Told())
        serials = range(first, first + count)
        told.changed = True
        if frame > told.frame:
            told.frame = frame
            told.open.update(serials)
            return zip([token] * count, serials, strict=True)
        found = told.lost.intersection(serials)
        told.lost -= found
        told.open |= found
        return iter([(token, serial) if serial in found else None for serial in serials])

    def is_new(self, token: str, frame: int) -> bool:
        """True for a frame that was never taken. Ask before `take`."""
        return not frame or token not in self._told or frame > self._told[token].frame

    def stored(self, origins: Iterable[Origin | None]) -> None:
        """These are in what is written to the store next."""
        for origin in origins:
            if origin is not None and (told := self._told.get(origin[0])) is not None:
                told.open.discard(origin[1])
                told.changed = True

    def rows(self) -> list[Heard]:
        """What the store is to know, of the workers of which it changed since the last call."""
        rows = []
        for token, told in self._told.items():
            if told.changed:
                told.changed = False
                left = sorted(told.open | told.lost)
                rows.append(Heard(token, told.frame, tuple(left[-MOST:])))
        return rows


def still_open(row: Heard) -> frozenset[int]:
    """The frames up to the row's that are not wholly in the store."""
    return frozenset(serial >> SHIFT for serial in row.open)
