"""The workers as control has them: who is connected, what each was sent, and how far each has come."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Callable, Collection
from typing import Any

import structlog

from proxy import routing
from proxy.model.records import Heard
from proxy.runtime.link import Kind, Link, pack_compiled, unpack
from proxy.runtime.receipts import still_open
from proxy.runtime.shipping import Frame, Packed
from proxy.runtime.views import WorkerView

CONFIRMED = 1.0  # seconds that a worker may take to say that a change is in force

log = structlog.get_logger("strangler.control")


class Workers:
    """`hear` gets each frame of a worker, `hear_again` those that it may have told before, `gone` the name of its
    process when it has left, `halted` is called when one was halted by a signal that control has not heard."""

    def __init__(
        self,
        expected: int,
        *,
        hear: Callable[[WorkerView, dict[str, Any]], None],
        hear_again: Callable[[WorkerView, dict[str, Any]], None],
        gone: Callable[[str], None],
        halted: Callable[[], None],
    ) -> None:
        self._expected = expected
        self._hear = hear
        self._hear_again = hear_again
        self._gone = gone
        self._halted = halted
        self._connected: dict[Link, WorkerView] = {}
        self._packed: Packed | None = None
        self._snapshot: routing.Snapshot | None = None
        self._mark = 0  # the last one sent
        self._marked = asyncio.Event()

    def link(self) -> Link:
        """The link of one worker that connects."""
        return Link(self._received, self._lost)

    def views(self) -> list[WorkerView]:
        return list(self._connected.values())

    def send_table(self, packed: Packed, snapshot: routing.Snapshot) -> list[Frame]:
        """Tells all of a new table, and whoever comes later. Returns the whole of it as frames."""
        self._packed = packed
        frames: dict[int, list[Frame]] = {}  # by what a worker has: mostly all have the same
        for link, worker in self._connected.items():
            had = id(worker.has)
            if had not in frames:
                frames[had] = packed.frames(snapshot, worker.has)
            _send(link, frames[had])
            worker.has = snapshot
        self._snapshot = snapshot
        return packed.frames(snapshot, None)

    def send_states(self, snapshot: routing.Snapshot) -> Frame:
        """Tells all of other states of the same table. Returns the frame."""
        known = self._snapshot.states if self._snapshot is not None else {}
        frame = Kind.STATES, pack_compiled((routing.changed_states(snapshot.states, known), snapshot.halted))
        for link, worker in self._connected.items():
            link.send(*frame)
            worker.has = snapshot
        self._snapshot = snapshot
        return frame

    def cut(self, routes: Collection[str]) -> None:
        for link in self._connected:
            link.send(Kind.CUT, pack_compiled(frozenset(routes)))

    def acknowledge(self, heard: list[Heard]) -> None:
        """Tells the workers what of theirs the store holds now."""
        rows = {row.token: row for row in heard}
        for link, worker in self._connected.items():
            if (row := rows.get(worker.token)) is not None:
                link.send(Kind.STORED, pack_compiled((row.frame, still_open(row))))

    async def told(self) -> int:
        """Waits until what was sent is in force in every worker. How many have not said so within `CONFIRMED`."""
        self._mark += 1
        mark = self._mark
        for link in self._connected:
            link.send(Kind.MARK, pack_compiled(mark))

        def late() -> int:
            missing = max(self._expected - len(self._connected), 0)
            return missing + sum(worker.mark < mark for worker in self._connected.values())

        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(CONFIRMED):
                while late():
                    self._marked.clear()
                    await self._marked.wait()
        return late()

    def close(self) -> None:
        for link in list(self._connected):
            link.close()

    def _received(self, link: Link, kind: Kind, payload: bytes) -> None:
        message = unpack(payload)
        if kind is Kind.HELLO:
            self._greet(link, *message)
            return
        worker = self._connected.get(link)
        if worker is None:
            return
        if kind is Kind.MARK:
            worker.mark = message
            self._marked.set()
        elif kind is Kind.AGAIN:
            self._hear_again(worker, message)
        else:
            self._hear(worker, message)

    def _greet(self, link: Link, index: int, pid: int, restarts: int, halted: bool, token: str = "") -> None:
        self._connected[link] = worker = WorkerView(index, pid, restarts, time.monotonic(), token=token)
        log.info("worker_connected", index=index, pid=pid, restarts=restarts)
        if halted and self._snapshot is not None and not self._snapshot.halted:
            self._halted()
        if self._packed is not None and self._snapshot is not None:
            _send(link, self._packed.frames(self._snapshot, None))
            worker.has = self._snapshot
        link.send(Kind.MARK, pack_compiled(self._mark))

    def _lost(self, link: Link) -> None:
        worker = self._connected.pop(link, None)
        self._marked.set()
        if worker is not None:
            self._gone(worker.process)
            log.warning("worker_gone", index=worker.index, pid=worker.pid)


def _send(link: Link, frames: list[Frame]) -> None:
    for kind, payload in frames:
        link.send(kind, payload)
