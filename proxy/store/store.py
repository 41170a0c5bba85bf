"""The store: one SQLite file, one thread, one transaction per batch.

It mends itself: after trouble the next call opens the file anew, moves a broken one aside, and notices a file that was
deleted or replaced while it was open. Whoever calls keeps the batch and tries again; nothing is ever half written.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import Any

import structlog

from proxy.model.comparison import Risk
from proxy.model.evidence import COUNTS, EvidenceKey, Segment, Totals
from proxy.model.records import Accepted, AuditRow, Covered, Exemplar, SignatureRow
from proxy.model.sides import Stage, StageSource
from proxy.model.spec import Retention
from proxy.model.states import Override, RouteState
from proxy.model.way import GiveWay, gently, to_nobody
from proxy.store import rows
from proxy.store.batch import Batch, Build, Loaded, NoiseRow
from proxy.store.heard import read_heard, write_heard
from proxy.store.opening import Eye, Opened, check_on_disk, open_file
from proxy.store.retention import Pruned, prune_by_age, prune_by_size
from proxy.store.rule_use import write_rule_uses
from proxy.store.trouble import StoreTrouble, trouble

NOISE_KEPT = 4  # builds or rule sets of one route of which noise is kept
_OLD_NOISE = """DELETE FROM noise WHERE route = ? AND (rules, build) NOT IN
    (SELECT rules, build FROM noise WHERE route = ? ORDER BY at DESC LIMIT ?)"""
_log = structlog.get_logger("strangler.store")
_KEY = "evidence_key.route, evidence_key.rules, evidence_key.build, evidence_key.epoch"


class Store:
    """`path` is the database file; its folder is made when missing. Use it from one thread at a time. Between rows it
    gives way."""

    def __init__(self, path: Path, give_way: GiveWay = to_nobody) -> None:
        self.path = path
        self._give_way = give_way
        self._connection: sqlite3.Connection | None = None
        self._eye: Eye | None = None
        self._broken = ""
        self._news: Opened | None = None  # of an opening that nobody asked for, until it is told
        self._keys: dict[EvidenceKey, int] = {}

    def open(self) -> Opened:
        """Open or create the file; `StoreTrouble` when that is not possible."""
        with suppress(StoreTrouble):  # what is wrong with the old file is no reason not to open it anew
            self.close()
        self._connection, opened = open_file(self.path, broken=self._broken)
        self._broken = ""
        with trouble(self.path, "watch"):
            self._eye = Eye(self.path)
        if opened.moved_aside is not None:
            aside = str(opened.moved_aside)
            _log.error("store_moved_aside", why=opened.why, moved_aside=aside, salvaged=dict(opened.salvaged))
        return opened

    def close(self) -> None:
        """Close the file; the next call opens it again."""
        connection, self._connection = self._connection, None
        eye, self._eye = self._eye, None
        self._keys.clear()
        with trouble(self.path, "close"):
            try:
                if connection is not None:
                    connection.close()
            finally:
                if eye is not None:
                    eye.close()

    def write(self, batch: Batch) -> Opened | None:
        """Write the batch, all of it or nothing. Not None when the file had to be opened anew since the last write: if
        it began fresh or a broken one was moved aside, the caller should write its whole state again."""
        self._ensure()
        with self._transaction("write to") as connection:
            self._write_evidence(connection, batch)
            self._write_decisions(connection, batch)
            self._write_inventory(connection, batch)
        return self._told()

    def load(self) -> Loaded:
        """What the last run left. A file that turns out broken while it is read is replaced, and read once more."""
        self._ensure()
        try:
            return self._load()
        except StoreTrouble as found:
            if not found.broken:
                raise
        self._ensure()
        return self._load()

    def exemplars(self, route: str, signature: str, limit: int = 20) -> list[Exemplar]:
        """Kept examples of one signature of a route, newest first."""
        query = f"""SELECT {_KEY}, slot, at, body FROM exemplar JOIN evidence_key ON evidence_key.id = exemplar.key
            WHERE evidence_key.route = ? AND signature = ? ORDER BY at DESC LIMIT ?"""  # noqa: S608 - our own names
        found = self._read(query, (route, signature, limit))
        return [rows.exemplar(EvidenceKey(*row[:4]), signature, *row[4:]) for row in found]

    def history(self, route: str | None = None, limit: int = 100) -> list[AuditRow]:
        """Audit rows of one route (those of all routes among them) or of everything, newest first."""
        query = """SELECT at, who, action, route, what, why FROM audit WHERE ?1 IS NULL OR route IN (?1, '')
            ORDER BY id DESC LIMIT ?2"""
        return [AuditRow(*row) for row in self._read(query, (route, limit))]

    def has_history(self, route: str) -> bool:
        """True when the audit has a row of this route, not only rows of all routes."""
        return bool(self._read("SELECT 1 FROM audit WHERE route = ? LIMIT 1", (route,)))

    def segments(self, route: str) -> list[Segment]:
        """All segments of a route, oldest first."""
        query = f"""SELECT {_KEY}, second, {", ".join(COUNTS)}
            FROM segment JOIN evidence_key ON evidence_key.id = segment.key
            WHERE evidence_key.route = ? ORDER BY second, segment.id"""  # noqa: S608 - our own names
        return [Segment(EvidenceKey(*row[:4]), *row[4:]) for row in self._read(query, (route,))]

    def prune(self, now: float, retention: Retention) -> Pruned:
        """Apply `retention` by age, then by size, and give free pages back to the file system. A file that was damaged
        unseen is found here: `StoreTrouble`, and the next write begins anew with what can be read."""
        self._ensure()
        with self._guard("check"):
            check_on_disk(self.path)
        with self._transaction("prune") as connection:
            by_age = prune_by_age(connection, now, retention.age)
            by_size = prune_by_size(connection, retention.size)
            self._keys.clear()
        with self._guard("shrink") as connection:
            connection.executescript("PRAGMA incremental_vacuum")  # steps to the end; execute frees one page
        return Pruned(by_age.rows + by_size.rows, by_age.keys + by_size.keys, by_size.size)

    def _write_evidence(self, connection: sqlite3.Connection, batch: Batch) -> None:
        key = partial(self._key, connection)
        self._many(
            connection,
            f"INSERT INTO segment (key, second, {', '.join(COUNTS)}) VALUES (?, ?{', ?' * len(COUNTS)})",  # noqa: S608 - our own names
            ((key(segment.key), *segment[1:]) for segment in batch.segments),
        )
        self._many(
            connection,
            "INSERT INTO difference (key, at, request, result, reason, signature) VALUES (?, ?, ?, ?, ?, ?)",
            ((key(d.key), d.at, rows.signed(d.request), d.result, d.reason, d.signature) for d in batch.differences),
        )
        self._many(
            connection,
            "INSERT OR REPLACE INTO signature VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                (
                    *(key(s.key), s.signature, s.kind, s.risk, rows.storable(s.path)),
                    *(s.status_legacy, s.status_extracted, s.count, s.first, s.last),
                )
                for s in batch.signatures
            ),
        )
        self._many(
            connection,
            "INSERT OR REPLACE INTO exemplar VALUES (?, ?, ?, ?, ?)",
            ((key(e.key), e.signature, e.slot, e.at, rows.exemplar_text(e)) for e in batch.exemplars),
        )
        self._many(
            connection,
            "INSERT OR IGNORE INTO seen VALUES (?, ?)",
            ((key(one), rows.signed(digest)) for one, digest in batch.seen),
        )
        self._many(
            connection,
            "INSERT OR REPLACE INTO coverage VALUES (?, ?, ?, ?)",
            ((key(one), *map(rows.storable, row[:2]), row.requests) for one, row in batch.covered),
        )
        self._many(
            connection,
            "INSERT OR REPLACE INTO waiting (rowid, key, at, body) VALUES (?, ?, ?, ?)",
            ((one.number, key(one.settled.key), one.at, rows.waiting_text(one)) for one in batch.waiting),
        )
        self._many(connection, "DELETE FROM waiting WHERE rowid = ?", ((number,) for number in batch.waited))
        write_heard(connection, batch.heard)

    def _write_decisions(self, connection: sqlite3.Connection, batch: Batch) -> None:
        write_rule_uses(connection, batch.rule_uses)
        connection.executemany(
            "INSERT INTO audit (at, who, action, route, what, why) VALUES (?, ?, ?, ?, ?, ?)",
            [(row.at, *map(rows.storable, row[1:])) for row in batch.audit],
        )
        connection.executemany("DELETE FROM override WHERE route = ?", [(route,) for route in batch.overrides_cleared])
        connection.executemany("INSERT OR REPLACE INTO override VALUES (?, ?, ?, ?, ?, ?, ?, ?)", batch.overrides)
        connection.executemany(
            "INSERT OR REPLACE INTO state VALUES (?, ?, ?, ?, ?)",
            [(route, *state) for route, state in batch.states.items()],
        )
        connection.executemany("INSERT OR REPLACE INTO build VALUES (?, ?, ?, ?)", batch.builds)
        connection.executemany("INSERT OR REPLACE INTO accepted VALUES (?, ?, ?, ?, ?, ?)", batch.accepted)
        connection.executemany("INSERT OR REPLACE INTO noise VALUES (?, ?, ?, ?, ?)", batch.noise)
        connection.executemany(_OLD_NOISE, [(row.route, row.route, NOISE_KEPT) for row in batch.noise])

    def _write_inventory(self, connection: sqlite3.Connection, batch: Batch) -> None:
        if batch.inventory_whole:
            connection.execute("DELETE FROM inventory")
        self._many(
            connection,
            "INSERT OR REPLACE INTO inventory VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (rows.inventory_columns(row) for row in batch.inventory),
        )

    def _many(self, connection: sqlite3.Connection, statement: str, of_rows: Iterable[tuple[Any, ...]]) -> None:
        connection.executemany(statement, gently(of_rows, self._give_way))

    def _key(self, connection: sqlite3.Connection, key: EvidenceKey) -> int:
        if (number := self._keys.get(key)) is None:
            connection.execute(
                "INSERT OR IGNORE INTO evidence_key (route, rules, build, epoch) VALUES (?, ?, ?, ?)", key
            )
            query = "SELECT id FROM evidence_key WHERE route = ? AND rules = ? AND build = ? AND epoch = ?"
            number = self._keys[key] = int(connection.execute(query, key).fetchone()[0])
        return number

    def _load(self) -> Loaded:
        with self._guard("read") as connection:
            keys = {
                number: EvidenceKey(*key)
                for number, *key in connection.execute("SELECT id, route, rules, build, epoch FROM evidence_key")
            }
            sums = ", ".join(f"sum({name})" for name in COUNTS)
            folded = connection.execute(f"SELECT key, {sums}, min(second), max(second) FROM segment GROUP BY key")  # noqa: S608 - our own names
            signatures = connection.execute("SELECT * FROM signature ORDER BY key, first")
            return Loaded(
                opened=self._told(),
                totals={keys[number]: Totals(*counts) for number, *counts in folded},
                signatures=[
                    SignatureRow(keys[key], s, kind, Risk(risk), *rest) for key, s, kind, risk, *rest in signatures
                ],
                seen=_seen(connection, keys),
                overrides={
                    route: Override(route, Stage(stage), percent, Stage(replaced), *rest)
                    for route, stage, percent, replaced, *rest in connection.execute("SELECT * FROM override")
                },
                states={
                    route: RouteState(Stage(stage), percent, StageSource(source), epoch)
                    for route, stage, percent, source, epoch in connection.execute("SELECT * FROM state")
                },
                builds=[Build(*row) for row in connection.execute("SELECT * FROM build ORDER BY route, ordinal")],
                coverage=_coverage(connection, keys),
                heard=read_heard(connection),
                noise=[NoiseRow(*row) for row in connection.execute("SELECT * FROM noise ORDER BY at")],
                accepted=[Accepted(*row) for row in connection.execute("SELECT * FROM accepted ORDER BY at")],
                inventory=[rows.inventory_row(row) for row in connection.execute("SELECT * FROM inventory")],
                waiting=[
                    rows.waiting(number, keys[key], at, body)
                    for number, key, at, body in connection.execute(
                        "SELECT rowid, key, at, body FROM waiting ORDER BY at"
                    )
                    if key in keys
                ],
            )

    def _read(self, query: str, arguments: tuple[Any, ...]) -> list[tuple[Any, ...]]:
        self._ensure()
        with self._guard("read") as connection:
            return connection.execute(query, arguments).fetchall()

    def _ensure(self) -> None:
        if self._connection is not None and self._eye is not None:
            with trouble(self.path, "look at"):
                gone, overwritten = self._eye.is_gone(), self._eye.is_overwritten()
            if overwritten and not gone:
                self._broken = f"{self.path} was overwritten by something else"
            if not (gone or overwritten):
                return
        opened = self.open()
        if self._news is None or opened.fresh or opened.moved_aside is not None:
            self._news = opened

    def _told(self) -> Opened | None:
        news, self._news = self._news, None
        return news

    @contextmanager
    def _transaction(self, doing: str) -> Iterator[sqlite3.Connection]:
        with self._guard(doing) as connection:
            connection.execute("BEGIN IMMEDIATE")
            try:
                yield connection
                connection.execute("COMMIT")
            except BaseException:
                self._keys.clear()  # ids that were given inside are gone again
                if connection.in_transaction:
                    connection.execute("ROLLBACK")
                raise

    @contextmanager
    def _guard(self, doing: str) -> Iterator[sqlite3.Connection]:
        if (connection := self._connection) is None:
            raise StoreTrouble(f"cannot {doing} {self.path}: it is not open; open it first")
        try:
            with trouble(self.path, doing):
                yield connection
        except StoreTrouble as found:
            if found.broken:
                self._broken = str(found)
            if not (found.passing or found.rejected):
                with suppress(StoreTrouble):  # the first trouble is the one to tell; the next call opens anew
                    self.close()
            raise


def _coverage(connection: sqlite3.Connection, keys: dict[int, EvidenceKey]) -> dict[EvidenceKey, list[Covered]]:
    found: dict[EvidenceKey, list[Covered]] = {}
    for number, *row in connection.execute("SELECT key, kind, value, count FROM coverage"):
        if number in keys:
            found.setdefault(keys[number], []).append(Covered(*row))
    return found


def _seen(connection: sqlite3.Connection, keys: dict[int, EvidenceKey]) -> dict[EvidenceKey, set[int]]:
    newest: dict[str, int] = {}
    for key in keys.values():
        newest[key.route] = max(newest.get(key.route, 0), key.epoch)
    return {
        key: {
            rows.unsigned(digest)
            for (digest,) in connection.execute("SELECT request FROM seen WHERE key = ?", (number,))
        }
        for number, key in keys.items()
        if key.epoch == newest[key.route]
    }
