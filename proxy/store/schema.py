"""The tables, and how an older file becomes a newer one.

`PRAGMA user_version` counts the migrations that a file has had, `PRAGMA application_id` says that it is ours. A
migration is only ever added at the end; what was released is never edited. All of them run in one transaction: a file
is wholly at a version or still at the one before. Evidence keys are interned (`evidence_key`), since a segment is
written every second.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence

from proxy.store.trouble import StoreTrouble

APPLICATION_ID = 0x53465047  # "SFPG"

_VERSION_1 = (
    """CREATE TABLE evidence_key (id INTEGER PRIMARY KEY, route TEXT NOT NULL, rules TEXT NOT NULL, build TEXT NOT NULL,
        epoch INTEGER NOT NULL, UNIQUE (route, rules, build, epoch))""",
    """CREATE TABLE segment (id INTEGER PRIMARY KEY, key INTEGER NOT NULL, second INTEGER NOT NULL, n INTEGER NOT NULL,
        k INTEGER NOT NULL, match INTEGER NOT NULL, ignored INTEGER NOT NULL, mismatch INTEGER NOT NULL,
        not_compared INTEGER NOT NULL, extracted_failed INTEGER NOT NULL, dropped INTEGER NOT NULL)""",
    "CREATE INDEX segment_key ON segment (key, second)",
    """CREATE TABLE difference (id INTEGER PRIMARY KEY, key INTEGER NOT NULL, at REAL NOT NULL,
        request INTEGER NOT NULL, result TEXT NOT NULL, reason TEXT NOT NULL, signature TEXT NOT NULL)""",
    "CREATE INDEX difference_at ON difference (at)",
    """CREATE TABLE signature (key INTEGER NOT NULL, signature TEXT NOT NULL, kind TEXT NOT NULL, risk TEXT NOT NULL,
        path TEXT NOT NULL, status_legacy INTEGER NOT NULL, status_extracted INTEGER NOT NULL, count INTEGER NOT NULL,
        first REAL NOT NULL, last REAL NOT NULL, PRIMARY KEY (key, signature)) WITHOUT ROWID""",
    "CREATE TABLE waiting (key INTEGER NOT NULL, at REAL NOT NULL, body TEXT NOT NULL)",
    """CREATE TABLE exemplar (key INTEGER NOT NULL, signature TEXT NOT NULL, slot INTEGER NOT NULL, at REAL NOT NULL,
        body TEXT NOT NULL, PRIMARY KEY (key, signature, slot))""",
    "CREATE INDEX exemplar_at ON exemplar (at)",
    "CREATE TABLE seen (key INTEGER NOT NULL, request INTEGER NOT NULL, PRIMARY KEY (key, request)) WITHOUT ROWID",
    """CREATE TABLE audit (id INTEGER PRIMARY KEY, at REAL NOT NULL, who TEXT NOT NULL, action TEXT NOT NULL,
        route TEXT NOT NULL, what TEXT NOT NULL, why TEXT NOT NULL)""",
    "CREATE INDEX audit_route ON audit (route, id)",
    """CREATE TABLE override (route TEXT PRIMARY KEY, stage TEXT NOT NULL, percent REAL NOT NULL,
        replaced_stage TEXT NOT NULL, replaced_percent REAL NOT NULL, who TEXT NOT NULL, why TEXT NOT NULL,
        at REAL NOT NULL) WITHOUT ROWID""",
    """CREATE TABLE state (route TEXT PRIMARY KEY, stage TEXT NOT NULL, percent REAL NOT NULL, source TEXT NOT NULL,
        epoch INTEGER NOT NULL) WITHOUT ROWID""",
    """CREATE TABLE build (route TEXT NOT NULL, build TEXT NOT NULL, ordinal INTEGER NOT NULL, first REAL NOT NULL,
        PRIMARY KEY (route, build)) WITHOUT ROWID""",
    """CREATE TABLE accepted (route TEXT NOT NULL, signature TEXT NOT NULL, owner TEXT NOT NULL, reason TEXT NOT NULL,
        until TEXT NOT NULL, at REAL NOT NULL, PRIMARY KEY (route, signature)) WITHOUT ROWID""",
    """CREATE TABLE inventory (method TEXT NOT NULL, template TEXT NOT NULL, route TEXT NOT NULL, count REAL NOT NULL,
        c1 REAL NOT NULL, c2 REAL NOT NULL, c3 REAL NOT NULL, c4 REAL NOT NULL, c5 REAL NOT NULL,
        seconds_sum REAL NOT NULL, seconds_max REAL NOT NULL, first REAL NOT NULL, last REAL NOT NULL,
        PRIMARY KEY (method, template, route)) WITHOUT ROWID""",
)

_VERSION_2 = (
    *(
        f"ALTER TABLE segment ADD COLUMN {name} INTEGER NOT NULL DEFAULT 0"
        for name in ("explained", "timed", "slower", "shared", "shared_failed", "shared_spared", "excused")
    ),
    """CREATE TABLE coverage (key INTEGER NOT NULL, kind TEXT NOT NULL, value TEXT NOT NULL, count INTEGER NOT NULL,
        PRIMARY KEY (key, kind, value)) WITHOUT ROWID""",
    """CREATE TABLE noise (route TEXT NOT NULL, rules TEXT NOT NULL, build TEXT NOT NULL, at REAL NOT NULL,
        body TEXT NOT NULL, PRIMARY KEY (route, rules, build)) WITHOUT ROWID""",
    """CREATE TABLE rule_use (route TEXT NOT NULL, rule TEXT NOT NULL, count INTEGER NOT NULL, last REAL NOT NULL,
        PRIMARY KEY (route, rule)) WITHOUT ROWID""",
)

_VERSION_3 = (
    """CREATE TABLE heard (token TEXT PRIMARY KEY, frame INTEGER NOT NULL, open TEXT NOT NULL, at INTEGER NOT NULL)
        WITHOUT ROWID""",
)

MIGRATIONS: tuple[tuple[str, ...], ...] = (_VERSION_1, _VERSION_2, _VERSION_3)


def migrate(connection: sqlite3.Connection, migrations: Sequence[Sequence[str]] = MIGRATIONS) -> tuple[int, int]:
    """Bring the file to the newest version; the versions (before, after).

    `StoreTrouble` when the file belongs to another program or to a newer strangler: neither may be touched.
    """
    connection.execute("BEGIN IMMEDIATE")
    try:
        before = int(connection.execute("PRAGMA user_version").fetchone()[0])
        application = int(connection.execute("PRAGMA application_id").fetchone()[0])
        foreign = (
            connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0] and application != APPLICATION_ID
        )
        if foreign:
            raise StoreTrouble("the database belongs to another program; name another state folder with --state")
        if before > len(migrations):
            raise StoreTrouble(
                f"the database was written by a newer strangler (schema {before}, this one knows {len(migrations)}); "
                "run that version, or name another state folder with --state"
            )
        for statements in migrations[before:]:
            for statement in statements:
                connection.execute(statement)
        if before < len(migrations):
            connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
            connection.execute(f"PRAGMA user_version = {len(migrations)}")
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise
    return before, len(migrations)
