"""What goes, and when.

By age: evidence goes by whole keys, when nothing was counted under a key for `retention.age`. A key that still lives
is never thinned, since what was counted is never re-labelled; its segments are folded as they grow old, to a row a
minute after an hour, a row an hour after a day, one row after the age. Sums stay, and so do the first and the last
second of a key: every figure is the same before and after. Single differences and exemplars go by their own age. The
audit stays: it is small, and who did what is asked for late.

By size: what nothing rests on goes first (differences, exemplars), then the evidence of keys that are not of their
route's newest epoch, then the oldest audit rows. The evidence that verdicts stand on is the last thing left.
"""

from __future__ import annotations

import sqlite3
from typing import NamedTuple

from proxy.model.evidence import COUNTS

_AUDIT_KEPT = 1000
_ROUNDS = 50

_DEAD_BY_EPOCH = """SELECT id FROM evidence_key AS old
    WHERE epoch < (SELECT max(epoch) FROM evidence_key WHERE route = old.route) ORDER BY id LIMIT 20"""
_KEY_TABLES = ("segment", "difference", "signature", "exemplar", "seen", "coverage")
_FOREVER = 1 << 40  # seconds


class Pruned(NamedTuple):
    """How many rows and whole evidence keys went, and the bytes in use afterwards."""

    rows: int
    keys: int
    size: int


def prune_by_age(connection: sqlite3.Connection, now: float, age: float) -> Pruned:
    """Drop what is older than `age` seconds, fold what is old. Inside a transaction of the caller."""
    oldest = now - age
    idle = """SELECT id FROM evidence_key WHERE id NOT IN (SELECT key FROM segment WHERE second >= :oldest)
        AND id NOT IN (SELECT key FROM signature WHERE last >= :oldest)
        AND id NOT IN (SELECT key FROM difference WHERE at >= :oldest)
        AND id NOT IN (SELECT key FROM exemplar WHERE at >= :oldest)"""
    dead = [int(row[0]) for row in connection.execute(idle, {"oldest": oldest})]
    rows = _drop_keys(connection, dead)
    rows += connection.execute("DELETE FROM difference WHERE at < ?", (oldest,)).rowcount
    rows += connection.execute("DELETE FROM exemplar WHERE at < ?", (oldest,)).rowcount
    rows += connection.execute("DELETE FROM inventory WHERE last < ?", (oldest,)).rowcount
    rows += connection.execute("DELETE FROM noise WHERE at < ?", (oldest,)).rowcount
    rows += connection.execute("DELETE FROM rule_use WHERE last < ?", (oldest,)).rowcount
    for older, width in ((3600.0, 60), (86400.0, 3600), (age, _FOREVER)):
        rows += _fold(connection, now - older, width)
    return Pruned(rows, len(dead), used(connection))


def prune_by_size(connection: sqlite3.Connection, limit: int) -> Pruned:
    """Drop the least needed until at most `limit` bytes are in use, or only what verdicts stand on is left."""
    rows = keys = 0
    for _ in range(_ROUNDS):
        if (size := used(connection)) <= limit:
            break
        share = min(1.0, 1.2 * (size - limit) / size + 0.05)
        dropped = _drop_oldest(connection, "difference", share) + _drop_oldest(connection, "exemplar", share)
        if not dropped:
            dead = [int(row[0]) for row in connection.execute(_DEAD_BY_EPOCH)]
            dropped = _drop_keys(connection, dead)
            keys += len(dead)
        if not dropped:
            newest = "SELECT id FROM audit ORDER BY id DESC LIMIT ?"
            dropped = connection.execute(f"DELETE FROM audit WHERE id NOT IN ({newest})", (_AUDIT_KEPT,)).rowcount  # noqa: S608 - our own names
        if not dropped:
            break
        rows += dropped
    return Pruned(rows, keys, used(connection))


def used(connection: sqlite3.Connection) -> int:
    """Bytes of pages in use; free pages are given back to the file system by the incremental vacuum."""
    pages, free, size = (
        int(connection.execute(f"PRAGMA {name}").fetchone()[0])
        for name in ("page_count", "freelist_count", "page_size")
    )
    return (pages - free) * size


def _drop_keys(connection: sqlite3.Connection, dead: list[int]) -> int:
    rows = 0
    for key in dead:
        for table in _KEY_TABLES:
            rows += connection.execute(f"DELETE FROM {table} WHERE key = ?", (key,)).rowcount  # noqa: S608 - our own names
        rows += connection.execute("DELETE FROM evidence_key WHERE id = ?", (key,)).rowcount
    return rows


def _drop_oldest(connection: sqlite3.Connection, table: str, share: float) -> int:
    count = int(connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0])  # noqa: S608 - our own names
    if not count:
        return 0
    oldest = f"SELECT rowid FROM {table} ORDER BY at LIMIT ?"  # noqa: S608 - our own names
    drop = max(1, int(count * share))
    return connection.execute(f"DELETE FROM {table} WHERE rowid IN ({oldest})", (drop,)).rowcount  # noqa: S608 - our own names


def _fold(connection: sqlite3.Connection, before: float, width: int) -> int:
    """Each key's segments before `before` become one row for every `width` seconds, at the first second that it stands
    for. The last row of a key stays by itself. Returns how many rows went."""
    sums = ", ".join(f"sum({name})" for name in COUNTS)
    old = "second < ? AND second < (SELECT max(second) FROM segment WHERE key = old.key)"
    folded = connection.execute(
        f"""SELECT key, min(second), {sums}, max(second), count(*) FROM segment AS old WHERE {old}
            GROUP BY key, second / ? HAVING count(*) > 1""",  # noqa: S608 - our own names
        (before, width),
    ).fetchall()
    connection.executemany(
        "DELETE FROM segment WHERE key = ? AND second BETWEEN ? AND ?", [(row[0], row[1], row[-2]) for row in folded]
    )
    marks = ", ".join("?" * (2 + len(COUNTS)))
    connection.executemany(
        f"INSERT INTO segment (key, second, {', '.join(COUNTS)}) VALUES ({marks})",  # noqa: S608 - our own names
        [row[:-2] for row in folded],
    )
    return sum(row[-1] - 1 for row in folded)
