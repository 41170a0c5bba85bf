"""Which rules were needed: counted up by control, and read by `strangler check` beside a running proxy."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from contextlib import closing
from pathlib import Path
from typing import NamedTuple
from urllib.parse import quote

from proxy.store.trouble import trouble

RULE_SET = "="  # begins the row that counts the comparisons of a rule set; its digest follows


class RuleUse(NamedTuple):
    """How often the rule of a label was needed on a route, `last` in seconds since 1970. Written rows are added up."""

    route: str
    rule: str
    times: int
    last: float


def write_rule_uses(connection: sqlite3.Connection, rows: Iterable[RuleUse]) -> None:
    connection.executemany(
        """INSERT INTO rule_use VALUES (?, ?, ?, ?) ON CONFLICT (route, rule)
            DO UPDATE SET count = count + excluded.count, last = max(last, excluded.last)""",
        rows,
    )


def read_rule_uses(path: Path) -> dict[tuple[str, str], int]:
    """By route and label, from the database file of a proxy that may be running; nothing is written, nothing made.
    Empty where the file is missing or older than the counting. Raises StoreTrouble when it cannot be read."""
    if not path.exists():
        return {}
    with (
        trouble(path, "read"),
        closing(sqlite3.connect(f"file:{quote(str(path))}?mode=ro", uri=True, timeout=2.0)) as db,
    ):
        if not db.execute("SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = 'rule_use'").fetchone():
            return {}
        return {(route, rule): count for route, rule, count in db.execute("SELECT route, rule, count FROM rule_use")}
