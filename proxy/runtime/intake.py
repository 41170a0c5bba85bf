"""What control tells a worker, taken in order. A table is put together in slices, with the worker's clients served in
between; what halts or moves routes takes effect at once, also while a table is on its way. A table that cannot be put
together, by a defect, is logged, and the whole of it asked for: what crosses else is only what changed."""

from __future__ import annotations

import asyncio
import gc
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import structlog

from proxy import routing
from proxy.model.spec import Route
from proxy.runtime.link import Kind, unpack_compiled
from proxy.runtime.shipping import moved, read_entries
from proxy.runtime.slices import REST, in_slices

LARGE = 16  # parts of a table

log = structlog.get_logger("strangler.worker")


@contextmanager
def calm_while(*, large: bool) -> Iterator[None]:
    """While a large table is made the garbage collector does not look: it would find nothing, and hold the worker up
    for longer than all slices. What was made is then taken out of its sight, as what was there at the start was."""
    if large:
        gc.disable()
    try:
        yield
    finally:
        if large:
            gc.freeze()
            gc.enable()


def _freed(routes: list[Route]) -> routing.Steps[None]:
    """Lets go of the routes of before, a few at a time; who still serves by them holds them himself."""
    while routes:
        del routes[-10:]
        yield


class Intake:
    """`adopt` puts a snapshot in force, `cut` ends answers by the side that these routes have left, `answer` sends a
    mark back, `ask_anew` asks control for everything. Made inside a running loop."""

    def __init__(
        self,
        *,
        adopt: Callable[[routing.Snapshot], None],
        cut: Callable[[frozenset[str]], None],
        answer: Callable[[bytes], None],
        ask_anew: Callable[[], None],
    ) -> None:
        self._adopt = adopt
        self._cut = cut
        self._answer = answer
        self._ask_anew = ask_anew
        self.told: routing.Snapshot | None = None  # what control said, as far as it was taken
        self._parts: list[bytes] = []
        self._line: deque[tuple[Kind, bytes, list[bytes]]] = deque()
        self._working: asyncio.Task[None] | None = None
        self._freeing: asyncio.Task[None] | None = None

    def begin_anew(self) -> None:
        """Control is another one and says everything again: what is not whole never will be."""
        self._parts = []

    def received(self, kind: Kind, payload: bytes) -> None:
        """One frame. A small one takes effect before this returns, unless a table is on its way before it; other
        states take effect even then."""
        if kind is Kind.PART:
            self._parts.append(payload)
            return
        parts, self._parts = self._parts, []
        if self._working is None and kind is not Kind.SNAPSHOT:
            self._take(kind, payload)
            return
        self._line.append((kind, payload, parts))
        if self._working is None:
            self._working = asyncio.ensure_future(self._work())
        elif kind is Kind.STATES:
            self._put_in_force()

    async def _work(self) -> None:
        try:
            while self._line:
                kind, payload, parts = self._line.popleft()
                if kind is not Kind.SNAPSHOT:
                    self._take(kind, payload)
                    continue
                try:
                    await self._take_table(payload, parts)
                except Exception:  # clients go on to be served by the table before
                    log.exception("table_not_taken", whole=self.told is None)
                    self._line.clear()  # it speaks of a table that is not here
                    if self.told is not None:  # else it was the whole: asking again would bring the same
                        self.told = None
                        self._ask_anew()
        finally:
            self._working = None

    async def _take_table(self, payload: bytes, parts: list[bytes]) -> None:
        frame, states = unpack_compiled(payload)
        before = list(self.told.spec.routes) if self.told is not None else []
        with calm_while(large=len(parts) > LARGE):
            steps = routing.assembled(frame, read_entries(parts), states, self.told)
            self.told = await in_slices(steps, lambda: 0.0 if self._line else REST)  # somebody may wait for it
        self._put_in_force()
        self._freeing = asyncio.ensure_future(in_slices(_freed(before)))

    def _take(self, kind: Kind, payload: bytes) -> None:
        if kind is Kind.MARK:
            self._answer(payload)
        elif kind is Kind.CUT:
            self._cut(unpack_compiled(payload))
        elif kind is Kind.STATES and self.told is not None:
            self.told = moved(self.told, payload)
            self._put_in_force()

    def _put_in_force(self) -> None:
        """What was taken so far, in the states that were told since: no route goes back while a table is awaited."""
        snapshot = self.told
        if snapshot is not None:
            for kind, payload, _ in self._line:
                if kind is Kind.STATES:
                    snapshot = moved(snapshot, payload)
            self._adopt(snapshot)
