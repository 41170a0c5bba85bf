"""Control's way to the store: one writer thread, batches in order, and patience when the disk has trouble.

Evidence is worth less than traffic: when a batch can't be written it waits in a bounded line and is tried again once a
second; when the line is full the oldest batches are given up, their rows counted as lost. Reads that fail are told to
whoever asked. Nothing here stops the proxy.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import fields
from typing import TypeVar

import structlog

from proxy.store import Batch, Loaded, Store, StoreTrouble

LINE = 600  # batches; at five a second, two minutes of trouble
RETRY = 1.0

T = TypeVar("T")
log = structlog.get_logger("strangler.store")


class Keeper:
    """`ok` and `error` say how the last write went; `lost` counts rows that were given up."""

    def __init__(self, store: Store, resupply: Callable[[], Batch]) -> None:
        self._store = store
        self._resupply = resupply
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="store")
        self._line: deque[tuple[Batch, Callable[[], None]]] = deque()
        self._wake = asyncio.Event()
        self.ok = True
        self.error: str | None = None
        self.lost = 0

    async def load(self) -> Loaded | None:
        """What the last run left; None when it can't be read: the proxy then starts without a memory, and says so."""
        try:
            return await self._do(self._store.load)
        except StoreTrouble as trouble:
            self._failed(trouble)
            return None

    def write(self, batch: Batch, stored: Callable[[], None] = lambda: None) -> None:
        """Puts a batch in line; `stored` is called when it is in the store."""
        self._line.append((batch, stored))
        while len(self._line) > LINE:
            given_up, _ = self._line.popleft()
            self.lost += rows_in(given_up)
        self._wake.set()

    async def read(self, question: Callable[[Store], T]) -> T:
        """Asks the store on its thread. Raises StoreTrouble."""
        return await self._do(lambda: question(self._store))

    async def run(self) -> None:
        """Writes what is in line, in order, for ever."""
        while True:
            await self._wake.wait()
            if await self.flush():
                self._wake.clear()
                if self._line:
                    self._wake.set()
            else:
                await asyncio.sleep(RETRY)

    async def flush(self) -> bool:
        """Writes all that is in line; False when the store would not take it."""
        while self._line:
            # taken before it is written: a flush that is cancelled must not write it twice
            batch, stored = self._line.popleft()
            try:
                reopened = await self._do(lambda batch=batch: self._store.write(batch))  # type: ignore[misc]  # bound now
            except StoreTrouble as trouble:
                self._failed(trouble)
                if not trouble.rejected:
                    self._line.appendleft((batch, stored))
                    return False
                self.lost += rows_in(batch)  # it would be refused for ever
                reopened = None
            else:
                stored()
            if reopened is not None and (reopened.fresh or reopened.moved_aside is not None):
                log.warning("store_begun_anew", why=reopened.why, moved_aside=str(reopened.moved_aside))
                self._line.append((self._resupply(), lambda: None))
            if not self.ok:
                log.warning("store_recovered", lost=self.lost)
            self.ok, self.error = True, None
        return True

    async def close(self) -> None:
        """Writes what is in line, then closes the file."""
        await self.flush()
        self.lost += sum(rows_in(batch) for batch, _ in self._line)
        try:
            await self._do(self._store.close)
        except StoreTrouble as trouble:
            self._failed(trouble)
        self._thread.shutdown()

    async def _do(self, work: Callable[[], T]) -> T:
        """Work that has been handed over is done even if nobody waits for it any more."""
        return await asyncio.shield(asyncio.get_running_loop().run_in_executor(self._thread, work))

    def _failed(self, trouble: StoreTrouble) -> None:
        if self.error != str(trouble):
            log.error("store_trouble", error=str(trouble))
        self.ok, self.error = False, str(trouble)


def rows_in(batch: Batch) -> int:
    return sum(len(value) for field in fields(batch) if hasattr(value := getattr(batch, field.name), "__len__"))
