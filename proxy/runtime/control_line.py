"""A worker's end of the link: what was gathered goes to control in a frame ten times a second, and what control may not
have stored when it died is told to the next one."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Mapping
from time import monotonic
from typing import Any

from proxy.metrics import Accumulator
from proxy.runtime.intake import Intake
from proxy.runtime.keepsakes import Keepsakes
from proxy.runtime.link import Kind, Link, pack, unpack_compiled
from proxy.runtime.outbox import Outbox

TICK = 0.1
QUIET = 2  # ticks without news after which the time is told all the same: evidence waits for it
RECONNECT = 0.1


class ControlLine:
    """`place` is where control listens. `hello` says who speaks, but for the token; `oldest` and `gauges` are asked for
    with each frame. `intake` gets what control sends. Made inside a running loop."""

    def __init__(
        self,
        place: str,
        outbox: Outbox,
        metrics: Accumulator,
        intake: Intake,
        *,
        hello: Callable[[], tuple[int, int, int, bool]],
        oldest: Callable[[], Mapping[str, float]],
        gauges: Callable[[], Mapping[str, Any]],
    ) -> None:
        self._place = place
        self._outbox = outbox
        self._metrics = metrics
        self._intake = intake
        self._hello = hello
        self._oldest = oldest
        self._gauges = gauges
        self._token = os.urandom(8).hex()  # a pid may be given again
        self._told = 0  # frames
        self._quiet_ticks = 0
        self._keepsakes = Keepsakes()
        self._link = self._new_link()
        self._link_down = asyncio.Event()

    async def keep_link(self) -> None:
        """Connects to control for ever."""
        loop = asyncio.get_running_loop()
        while True:
            try:
                await loop.create_unix_connection(lambda: self._link, self._place)
            except OSError:  # control is not there (yet, or any more): it will be
                await asyncio.sleep(RECONNECT)
                continue
            await self._link_down.wait()
            self._link = self._new_link()

    async def tick(self) -> None:
        """Tells for ever."""
        while True:
            await asyncio.sleep(TICK)
            self.tell()

    def tell(self) -> None:
        """Sends what was gathered. When control is away or far behind it stays in the outbox, which has its bounds."""
        if not self._link.is_open:
            return
        metrics = tuple(self._metrics.changes())
        self._quiet_ticks += 1
        if self._outbox.is_empty and not any(metrics) and self._quiet_ticks < QUIET:
            return
        self._quiet_ticks = 0
        has_evidence = self._outbox.has_evidence
        self._told += 1
        frame = pack(self._outbox.take(self._told, monotonic(), self._oldest(), metrics, self._gauges()))
        if has_evidence:
            self._keepsakes.keep(self._told, frame)
        self._link.send(Kind.TICK, frame)

    def answer(self, mark: bytes) -> None:
        """Sends a mark of control back."""
        self._link.send(Kind.MARK, pack(unpack_compiled(mark)))

    def begin_anew(self) -> None:
        """Ends the link; over the next one control says everything."""
        self._link.close()

    async def close(self) -> None:
        """Tells the last, and waits until it is gone."""
        self.tell()
        if self._link.transport is not None:
            self._link.close()
            await self._link_down.wait()

    def _new_link(self) -> Link:
        return Link(self._received, lambda link: self._link_down.set(), self._link_made)

    def _link_made(self, link: Link) -> None:
        """Control may be a new one: it is told who speaks, and then everything that was ever counted."""
        self._link_down.clear()
        link.send(Kind.HELLO, pack((*self._hello(), self._token)))
        for frame in self._keepsakes:
            link.send(Kind.AGAIN, frame)
        self._metrics.resend()
        self._intake.begin_anew()
        self.tell()  # at once: a worker that dies before the next tick would take with it what only it knows now

    def _received(self, link: Link, kind: Kind, payload: bytes) -> None:
        if kind is Kind.STORED:
            self._keepsakes.stored(*unpack_compiled(payload))
        else:
            self._intake.received(kind, payload)
