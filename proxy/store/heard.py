"""How far control has heard each worker, written with the evidence it got from them."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable

from proxy.model.records import Heard

KEPT = 64  # workers; those that ended long ago tell nothing again


def write_heard(connection: sqlite3.Connection, rows: Iterable[Heard]) -> None:
    written = [(row.token, row.frame, " ".join(map(str, row.open))) for row in rows]
    connection.executemany(
        "INSERT OR REPLACE INTO heard VALUES (?, ?, ?, (SELECT coalesce(max(at), 0) + 1 FROM heard))", written
    )
    if written:
        connection.execute(
            "DELETE FROM heard WHERE token NOT IN (SELECT token FROM heard ORDER BY at DESC LIMIT ?)", (KEPT,)
        )


def read_heard(connection: sqlite3.Connection) -> list[Heard]:
    found = connection.execute("SELECT token, frame, open FROM heard ORDER BY at")
    return [Heard(token, frame, tuple(map(int, left.split()))) for token, frame, left in found]
