"""Opening the file, also when it is broken.

Only the owner may read it (0600, its -wal and -shm too: SQLite gives them the mode of the file): exemplars are
redacted, but redaction is a promise about known secrets only. WAL with synchronous=NORMAL: a commit survives the death
of any process at once; after a power cut the last commits may be missing, the file stays whole
(https://sqlite.org/wal.html).

A broken file is moved aside and a fresh one begun. What can still be read is carried over, honestly: overrides, audit,
accepted signatures, builds and inventory row by row, evidence only if every table that it rests on can be read to the
end. Half of the seen digests would count requests twice, half of the signatures would hide one that blocks, without the
states the epochs would begin again at 1 and old evidence would speak for a new epoch.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import closing
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple

from proxy.store.schema import APPLICATION_ID, MIGRATIONS, migrate
from proxy.store.trouble import StoreTrouble, trouble

_MAGIC = b"SQLite format 3\0"
_SIDE_FILES = ("", "-wal", "-shm")
_CHECKED_WHOLE = 64 * 1024 * 1024  # bytes; a larger file is checked by being read
_BROKEN_FILES_KEPT = 3
_ROW_BY_ROW = ("override", "state", "build", "accepted", "audit", "inventory")
_WHOLE_OR_NOTHING = ("evidence_key", "signature", "seen", "segment")
_EXTRAS = ("exemplar", "difference", "coverage", "noise", "rule_use")  # worth having, nothing rests on them


class Opened(NamedTuple):
    """What opening found. `moved_aside` is where a broken file went, `why` what was wrong with it, `salvaged` how
    many rows of each table were carried over; `fresh` when the store began empty."""

    fresh: bool
    moved_aside: Path | None = None
    why: str = ""
    salvaged: Mapping[str, int] = MappingProxyType({})


def open_file(path: Path, *, broken: str = "") -> tuple[sqlite3.Connection, Opened]:
    """A ready connection. `broken` says why the file is known to be broken, "" when it is not known to be.

    `StoreTrouble` when the folder, the disk or the owner of the file is at fault: such a file is never moved.
    """
    if not broken:
        try:
            connection, before = _connect(path)
        except StoreTrouble as found:
            if not found.broken:
                raise
            broken = str(found)
        else:
            return connection, Opened(fresh=before == 0)
    with trouble(path, "move aside"):
        aside = _move_aside(path)
    connection, _ = _connect(path)
    with trouble(path, "carry over what can be read into"):
        salvaged = _salvage(aside, connection)
    return connection, Opened(not any(salvaged.values()), aside, broken, salvaged)


class Eye:
    """Watches the open file for what SQLite itself does not notice: when it is deleted or overwritten from outside,
    SQLite goes on from its cache and its WAL, and all of it is lost at the next start.

    It holds a descriptor of its own until the connection is closed. Opened and closed at each look, it would release
    the locks that SQLite holds in this process (https://sqlite.org/howtocorrupt.html, section 2.2).
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file = os.open(path, os.O_RDONLY | os.O_CLOEXEC)

    def is_gone(self) -> bool:
        """True when another file, or none, is at the path now."""
        try:
            return self._path.stat().st_ino != os.fstat(self._file).st_ino
        except OSError:
            return True

    def is_overwritten(self) -> bool:
        """True when the first bytes are no longer those of a database."""
        return os.pread(self._file, len(_MAGIC), 0) != _MAGIC

    def close(self) -> None:
        """Only after the connection was closed."""
        os.close(self._file)


def check_on_disk(path: Path) -> None:
    """Read the file through a connection of its own, past the cache of the writing one; `StoreTrouble` if broken."""
    with trouble(path, "check"):
        if path.stat().st_size > _CHECKED_WHOLE:
            return
        with closing(sqlite3.connect(path, timeout=2.0)) as reader:
            _check(reader, path)


def _check(connection: sqlite3.Connection, path: Path) -> None:
    found = str(connection.execute("PRAGMA quick_check(1)").fetchone()[0])
    if found != "ok":
        raise StoreTrouble(f"{path} is broken: {' '.join(found.split())}", broken=True)


def _connect(path: Path) -> tuple[sqlite3.Connection, int]:
    with trouble(path, "open"):
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
        for ending in _SIDE_FILES:
            if (file := Path(f"{path}{ending}")).exists():
                file.chmod(0o600)
        connection = sqlite3.connect(path, timeout=2.0, isolation_level=None, check_same_thread=False)
        try:
            before = _prepare(connection, path)
        except BaseException:
            connection.close()
            raise
    return connection, before


def _prepare(connection: sqlite3.Connection, path: Path) -> int:
    connection.execute("PRAGMA auto_vacuum = INCREMENTAL")  # holds for a file that has no table yet
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = NORMAL")
    connection.execute("PRAGMA journal_size_limit = 16777216")
    connection.execute("PRAGMA trusted_schema = OFF")
    if path.stat().st_size <= _CHECKED_WHOLE:
        _check(connection, path)
    return migrate(connection)[0]


def _move_aside(path: Path) -> Path:
    taken = {
        int(number): file
        for file in path.parent.glob(f"{path.name}.broken-*")
        if (number := file.name.rpartition("-")[2]).isdecimal()
    }
    for old in sorted(taken)[: max(0, len(taken) - _BROKEN_FILES_KEPT + 1)]:
        for ending in _SIDE_FILES:
            Path(f"{taken[old]}{ending}").unlink(missing_ok=True)
    aside = path.with_name(f"{path.name}.broken-{max(taken, default=0) + 1}")
    for ending in _SIDE_FILES:
        if (file := Path(f"{path}{ending}")).exists():
            file.rename(f"{aside}{ending}")
    return aside


def _salvage(aside: Path, connection: sqlite3.Connection) -> dict[str, int]:
    salvaged: dict[str, int] = {}
    with closing(sqlite3.connect(aside, isolation_level=None)) as source:
        if not _same_schema(source):
            return salvaged
        connection.execute("BEGIN IMMEDIATE")
        whole = True
        for table in _ROW_BY_ROW:
            salvaged[table], complete = _copy(source, connection, table)
            whole = whole and (complete or table not in ("state", "build"))
        connection.execute("SAVEPOINT evidence")
        evidence: dict[str, int] = {}
        for table in _WHOLE_OR_NOTHING:
            if whole:
                evidence[table], whole = _copy(source, connection, table)
        if whole:
            evidence |= {table: _copy(source, connection, table)[0] for table in _EXTRAS}
            salvaged |= evidence
        else:
            connection.execute("ROLLBACK TO evidence")
        connection.execute("COMMIT")
    return salvaged


def _same_schema(source: sqlite3.Connection) -> bool:
    try:
        version = source.execute("PRAGMA user_version").fetchone()[0]
        return bool(
            version == len(MIGRATIONS) and source.execute("PRAGMA application_id").fetchone()[0] == APPLICATION_ID
        )
    except sqlite3.Error:  # not even a header: nothing can be carried over
        return False


def _copy(source: sqlite3.Connection, target: sqlite3.Connection, table: str) -> tuple[int, bool]:
    """Rows copied, and whether the table could be read to its end."""
    columns = [str(row[1]) for row in target.execute(f"PRAGMA table_info({table})")]
    statement = f"INSERT OR IGNORE INTO {table} VALUES ({', '.join('?' * len(columns))})"  # noqa: S608 - our own names
    reader = _Reader(source, f"SELECT {', '.join(columns)} FROM {table}")  # noqa: S608 - our own names
    copied = sum(target.execute(statement, row).rowcount for row in reader)
    return copied, reader.complete


class _Reader:
    """Rows until the end or the first broken page, whichever comes first; errors of writing pass through it
    untouched."""

    def __init__(self, source: sqlite3.Connection, query: str) -> None:
        self._source = source
        self._query = query
        self.complete = False

    def __iter__(self) -> Iterator[tuple[Any, ...]]:
        try:
            cursor = self._source.execute(self._query)
            while (row := cursor.fetchone()) is not None:
                yield row
        except sqlite3.Error:
            return
        self.complete = True
