"""The monolith's database file, shared for now.

Two connections: one that can only read, on the event loop, and one that writes, on its own thread. A read is a look-up
by key or index in the page cache, tens of microseconds, and in WAL mode waits for no writer: a thread would cost more
than it saves. A write may wait for another process's lock and for the disk. Rows are fetched whole, so that no open
cursor keeps the WAL from being checkpointed.
"""

import asyncio
import sqlite3
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

from aiohttp import web

T = TypeVar("T")
KNOWN_SCHEMA = 1
LOCK_WAIT_S = 5.0


class DatabaseUnusableError(Exception):
    """The file is not there, or not one that this service can work on. The message says what to do."""


class Database:
    """Open the file that the monolith has made. Raises DatabaseUnusableError."""

    def __init__(self, path: Path) -> None:
        try:
            self._reader = _open(path)
            self._reader.execute("PRAGMA query_only = ON")
            self._writer = _open(path)
            schema = self._reader.execute("PRAGMA user_version").fetchone()[0]
        except sqlite3.Error as error:
            raise DatabaseUnusableError(
                f"cannot open {path}: {error}. Start the monolith first; it makes the file."
            ) from None
        if schema != KNOWN_SCHEMA:
            raise DatabaseUnusableError(
                f"{path} has schema {schema}, this build knows {KNOWN_SCHEMA}. Start the monolith first."
            )
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="writer")

    def rows(self, sql: str, values: Sequence[object] = ()) -> list[sqlite3.Row]:
        return self._reader.execute(sql, values).fetchall()

    def row(self, sql: str, values: Sequence[object] = ()) -> sqlite3.Row | None:
        return next(iter(self.rows(sql, values)), None)

    async def transaction(self, work: Callable[[sqlite3.Connection], T], *, keep: bool) -> T:
        """What `work` returns, done in one transaction that is committed if `keep`, else rolled back."""

        def run() -> T:
            self._writer.execute("BEGIN IMMEDIATE")
            end = "ROLLBACK"
            try:
                result = work(self._writer)
                end = "COMMIT" if keep else "ROLLBACK"
            finally:
                self._writer.execute(end)
            return result

        return await asyncio.get_running_loop().run_in_executor(self._thread, run)

    def close(self) -> None:
        self._thread.shutdown()
        self._writer.close()
        self._reader.close()


DATABASE = web.AppKey("database", Database)


def _open(path: Path) -> sqlite3.Connection:
    uri = f"{path.absolute().as_uri()}?mode=rw"  # never make an empty file where the monolith's should be
    connection = sqlite3.connect(uri, uri=True, timeout=LOCK_WAIT_S, isolation_level=None, check_same_thread=False)
    connection.row_factory = sqlite3.Row
    connection.execute("PRAGMA synchronous = NORMAL")
    connection.execute("PRAGMA cache_size = -32000")
    return connection
