"""Uses of rules are added up, and read beside a store that is open."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from proxy.model.spec import Retention
from proxy.store import Batch, RuleUse, Store, StoreTrouble, read_rule_uses


def test_uses_are_added_up_and_read_while_the_store_is_open(tmp_path: Path) -> None:
    path = tmp_path / "evidence.sqlite3"
    assert read_rule_uses(path) == {}
    assert not path.exists()
    store = Store(path)
    store.write(Batch(rule_uses=[RuleUse("read", "ignore $.a", 3, 10.0), RuleUse("read", "=abc", 900, 10.0)]))
    store.write(Batch(rule_uses=[RuleUse("read", "ignore $.a", 2, 20.0), RuleUse("other", "ignore $.a", 1, 20.0)]))
    assert read_rule_uses(path) == {("read", "ignore $.a"): 5, ("read", "=abc"): 900, ("other", "ignore $.a"): 1}
    store.prune(115.0, Retention(age=100.0))
    assert read_rule_uses(path) == {("read", "ignore $.a"): 5, ("other", "ignore $.a"): 1}
    store.close()
    assert read_rule_uses(path) == {("read", "ignore $.a"): 5, ("other", "ignore $.a"): 1}


def test_a_file_that_is_older_or_no_database(tmp_path: Path) -> None:
    old = tmp_path / "old.sqlite3"
    sqlite3.connect(old).execute("CREATE TABLE segment (id INTEGER)").connection.close()
    assert read_rule_uses(old) == {}
    bad = tmp_path / "bad#?.sqlite3"
    bad.write_bytes(b"no database at all, " * 100)
    with pytest.raises(StoreTrouble, match="not a database"):
        read_rule_uses(bad)
