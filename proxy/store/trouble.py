"""The one exception of this room, and what SQLite's error codes mean for the file.

A full disk, a read-only folder or a lock held by another process leave the file whole: the same call may succeed later.
`SQLITE_CORRUPT` and `SQLITE_NOTADB` say that the file itself cannot be trusted any more
(https://sqlite.org/rescode.html).
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_BROKEN = frozenset({sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB})
_REJECTED = frozenset({sqlite3.SQLITE_CONSTRAINT, sqlite3.SQLITE_MISMATCH, sqlite3.SQLITE_TOOBIG})
_PASSING = frozenset({sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_FULL})
_REMEDIES = {
    sqlite3.SQLITE_FULL: "free some disk space or lower `retention.size`",
    sqlite3.SQLITE_BUSY: "another process holds the file: only one proxy may use a state folder",
    sqlite3.SQLITE_LOCKED: "another process holds the file: only one proxy may use a state folder",
    sqlite3.SQLITE_READONLY: "make the state folder writable or name another with --state",
    sqlite3.SQLITE_CANTOPEN: "make the state folder readable and writable or name another with --state",
    sqlite3.SQLITE_IOERR: "look at the disk: reading or writing the file failed",
    sqlite3.SQLITE_CORRUPT: "the next write moves the file aside and begins a fresh one",
    sqlite3.SQLITE_NOTADB: "the next write moves the file aside and begins a fresh one",
}


class StoreTrouble(Exception):  # noqa: N818 - the design's word; "error" names outcomes
    """The store could not do what was asked; nothing of it was done. `broken`: the file can't be trusted any more;
    `passing`: the same call may succeed on the same open file later. `rejected`: these rows will never be taken, the
    file is well."""

    def __init__(self, message: str, *, broken: bool = False, passing: bool = False, rejected: bool = False) -> None:
        super().__init__(message)
        self.broken = broken
        self.passing = passing
        self.rejected = rejected


@contextmanager
def trouble(path: Path, doing: str) -> Iterator[None]:
    """Turn every SQLite and file system error inside into a `StoreTrouble` that says what to do."""
    try:
        yield
    except sqlite3.Error as error:
        code = getattr(error, "sqlite_errorcode", 0) & 0xFF
        remedy = _REMEDIES.get(code, "look at the file and its folder")
        message = f"cannot {doing} {path}: {error}; {remedy}"
        raise StoreTrouble(
            message, broken=code in _BROKEN, passing=code in _PASSING, rejected=code in _REJECTED
        ) from error
    except (UnicodeError, OverflowError) as error:  # values that SQLite has no form for
        raise StoreTrouble(f"cannot {doing} {path}: {error}; this is a bug", rejected=True) from error
    except OSError as error:
        raise StoreTrouble(
            f"cannot {doing} {path}: {error.strerror or error}; look at the file and its folder"
        ) from error
