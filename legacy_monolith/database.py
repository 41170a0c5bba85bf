"""The one SQLite file: reads on the event loop, writes on one thread.

A read here finds its rows by primary key or index in the page cache: some ten microseconds, a page of 100 rows less
than a millisecond. (The one exception is a list bounded by `created` alone: it walks back from the newest row, a few
milliseconds for all 20,000.) Handing that to a thread would cost more than doing it, and in WAL mode a reader never
waits for a writer, so reads run on the loop. Rows are always fetched whole, so that no open cursor holds an old
snapshot and keeps the WAL from being checkpointed. A write may wait for another process's lock and for the disk: writes
go to one thread, one transaction each, begun IMMEDIATE so that a lost race waits instead of failing half-way.
"""

import asyncio
import sqlite3
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

Result = TypeVar("Result")
SCHEMA_VERSION = 1
LOCK_WAIT_S = 5.0


def connect(path: Path) -> sqlite3.Connection:
    """A connection in autocommit mode, usable from the one thread that owns it at a time."""
    connection = sqlite3.connect(path, timeout=LOCK_WAIT_S, isolation_level=None, check_same_thread=False)
    connection.row_factory = sqlite3.Row
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = NORMAL")
    connection.execute("PRAGMA cache_size = -32000")
    return connection


class Database:
    """Two connections to one file: a reader for the event loop, a writer for its own thread."""

    def __init__(self, path: Path) -> None:
        self._reader = connect(path)
        self._reader.execute("PRAGMA query_only = ON")
        self._writer = connect(path)
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="tripe-writer")

    def all(self, sql: str, values: Sequence[object] = ()) -> list[sqlite3.Row]:
        return self._reader.execute(sql, values).fetchall()

    def one(self, sql: str, values: Sequence[object] = ()) -> sqlite3.Row | None:
        rows = self.all(sql, values)
        return rows[0] if rows else None

    async def write(self, work: Callable[[sqlite3.Connection], Result]) -> Result:
        """Run `work` in one transaction on the writing thread; an exception rolls it back."""
        return await asyncio.get_running_loop().run_in_executor(self._thread, self._transact, work)

    def _transact(self, work: Callable[[sqlite3.Connection], Result]) -> Result:
        self._writer.execute("BEGIN IMMEDIATE")
        try:
            result = work(self._writer)
        except BaseException:
            self._writer.execute("ROLLBACK")
            raise
        self._writer.execute("COMMIT")
        return result

    def close(self) -> None:
        self._thread.shutdown()
        self._reader.close()
        self._writer.close()
