"""Full disks, broken files, foreign files, read-only folders: one exception, nothing half done, the rest is kept."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from proxy.model.evidence import EvidenceKey
from proxy.model.spec import Retention
from proxy.store import Batch, Store, StoreTrouble, opening
from proxy.store.schema import MIGRATIONS, migrate
from tests.store.helpers import KEY, difference, exemplar, full_batch, segment

ROOT = Path(__file__).parents[2]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "store.sqlite3"


@pytest.fixture
def store(path: Path) -> Iterator[Store]:
    opened = Store(path)
    opened.open()
    yield opened
    opened.close()


def run(script: str, *arguments: str) -> str:
    """What a Python process of its own prints."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-c", script, *arguments]
    return subprocess.run(command, cwd=ROOT, env=environment, check=True, capture_output=True, text=True).stdout


def pages_of(path: Path, table: str) -> list[int]:
    """The numbers of the pages that hold a table, root first."""
    with closing(sqlite3.connect(path)) as reader:
        root = reader.execute("SELECT rootpage FROM sqlite_master WHERE name = ?", (table,)).fetchone()[0]
    return [root]


def spoil(path: Path, table: str) -> None:
    """Write garbage over the root page of a table."""
    with closing(sqlite3.connect(path)) as reader:
        size = reader.execute("PRAGMA page_size").fetchone()[0]
        reader.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
    with path.open("r+b") as file:
        for page in pages_of(path, table):
            file.seek((page - 1) * size)
            file.write(b"\xa5" * size)


@pytest.mark.parametrize(
    "garbage", [b"not a database at all, " * 500, b"SQLite format 3\0" + b"\xff" * 9000, b"\0" * 8192]
)
def test_a_file_of_garbage_is_moved_aside_and_a_fresh_one_begun(path: Path, garbage: bytes) -> None:
    path.write_bytes(garbage)
    store = Store(path)
    opened = store.open()
    assert opened.fresh
    assert opened.moved_aside == path.with_name("store.sqlite3.broken-1")
    assert opened.moved_aside.read_bytes() == garbage
    assert opened.why
    store.write(full_batch())
    assert store.load().totals[KEY].n == 10
    store.close()


def test_a_file_cut_short_is_moved_aside(store: Store, path: Path) -> None:
    store.write(Batch(segments=[segment(second) for second in range(2000)]))
    store.close()
    with path.open("r+b") as file:
        file.truncate(path.stat().st_size // 2)
    assert store.open().moved_aside is not None
    store.write(full_batch())


def test_what_can_be_read_is_carried_over_when_an_unimportant_table_is_broken(store: Store, path: Path) -> None:
    batch = full_batch()
    store.write(batch)
    before = store.load()
    store.close()
    spoil(path, "exemplar")
    opened = store.open()
    assert opened.moved_aside is not None
    assert not opened.fresh
    assert opened.salvaged["segment"] == 2
    assert replace(store.load(), opened=None) == replace(before, opened=None)
    assert store.exemplars("charge-read", "s1") == []


@pytest.mark.parametrize("table", ["segment", "seen", "signature", "state", "build"])
def test_evidence_is_given_up_whole_when_what_it_rests_on_is_broken(store: Store, path: Path, table: str) -> None:
    batch = full_batch()
    store.write(batch)
    store.close()
    spoil(path, table)
    store.open()
    loaded = store.load()
    assert loaded.totals == {}
    assert loaded.seen == {}
    assert loaded.signatures == []
    assert loaded.overrides == {"charge-read": batch.overrides[0]}
    assert loaded.accepted == list(batch.accepted)
    assert store.history() == list(batch.audit)


def test_a_file_that_turns_out_broken_while_it_is_read_is_replaced(
    store: Store, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(opening, "_CHECKED_WHOLE", 0)
    store.write(full_batch())
    store.close()
    spoil(path, "segment")
    assert store.open().moved_aside is None  # a large file is not read through at start
    loaded = store.load()
    assert loaded.overrides
    assert loaded.opened is not None
    assert loaded.opened.moved_aside is not None
    assert path.with_name("store.sqlite3.broken-1").exists()


def test_a_file_that_turns_out_broken_while_it_is_written_is_replaced_by_the_next_write(
    store: Store, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(opening, "_CHECKED_WHOLE", 0)
    store.write(full_batch())
    store.close()
    spoil(path, "segment")
    store.open()
    batch = Batch(segments=[segment(7)])
    with pytest.raises(StoreTrouble) as caught:
        store.write(batch)
    assert caught.value.broken
    reopened = store.write(batch)
    assert reopened is not None
    assert reopened.moved_aside is not None
    assert [row.second for row in store.segments("charge-read")] == [7]


def test_a_file_overwritten_while_it_is_open_is_noticed_by_the_next_write(store: Store, path: Path) -> None:
    store.write(full_batch())
    path.write_bytes(b"\xa5" * 300_000)
    reopened = store.write(Batch(segments=[segment(7)]))
    assert reopened is not None
    assert reopened.moved_aside is not None
    with closing(sqlite3.connect(path)) as reader:
        assert (7,) in reader.execute("SELECT second FROM segment").fetchall()


def test_a_file_begun_anew_is_told_even_if_the_write_that_found_it_failed(store: Store, path: Path) -> None:
    store.write(full_batch())
    for file in path.parent.iterdir():
        file.unlink()
    assert store.history() == []  # a read came first
    with pytest.raises(StoreTrouble):
        store.write(Batch(differences=[difference(float("nan"))]))
    told = store.write(Batch(segments=[segment(7)]))
    assert told is not None
    assert told.fresh
    assert store.write(Batch(segments=[segment(8)])) is None


def test_damage_inside_a_file_that_is_open_is_found_when_it_is_pruned(store: Store, path: Path) -> None:
    store.write(full_batch())
    spoil(path, "exemplar")
    store.write(Batch(segments=[segment(7)]))  # goes on from the cache
    with pytest.raises(StoreTrouble) as caught:
        store.prune(0.0, Retention())
    assert caught.value.broken
    reopened = store.write(Batch(segments=[segment(8)]))
    assert reopened is not None
    assert reopened.moved_aside is not None
    assert [row.second for row in store.segments("charge-read")] == [7, 8, 100, 101]


def test_no_more_than_a_few_broken_files_are_kept(path: Path) -> None:
    store = Store(path)
    for number in range(6):
        path.write_bytes(f"garbage {number}".encode())
        store.open()
        store.close()
    names = sorted(file.name for file in path.parent.glob("*.broken-*"))
    assert names == [f"store.sqlite3.broken-{number}" for number in (4, 5, 6)]


def test_a_full_database_refuses_the_batch_and_takes_it_when_there_is_room_again(store: Store) -> None:
    store.write(full_batch())
    connection = store._connection
    assert connection is not None
    pages = connection.execute("PRAGMA page_count").fetchone()[0]
    connection.execute(f"PRAGMA max_page_count = {pages + 2}")
    large = Batch(segments=[segment(7)], exemplars=[exemplar(slot, name="s2") for slot in range(50)])
    with pytest.raises(StoreTrouble, match="full; free some disk space") as caught:
        store.write(large)
    assert caught.value.passing
    assert store.load().totals[KEY].n == 10  # what was there is still there, nothing of the batch is
    connection.execute("PRAGMA max_page_count = 100000")
    assert store.write(large) is None
    assert store.load().totals[KEY].n == 15
    assert len(store.exemplars("charge-read", "s2", limit=100)) == 50


FULL_DISK = """
import resource, signal, sys
from pathlib import Path
from proxy.model.spec import Retention
from proxy.store import Batch, Store, StoreTrouble
from tests.store.helpers import full_batch, segment
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
store = Store(Path(sys.argv[1])); store.open(); store.write(full_batch())
resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, resource.RLIM_INFINITY))
written, refused = 0, None
for second in range(1000, 1500):
    try:
        store.write(Batch(segments=[segment(second)] * 50))
        written += 1
    except StoreTrouble as trouble:
        refused = second
        break
assert refused, "the limit was never met"
assert len(store.segments("charge-read")) == 2 + 50 * written
resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
store.write(Batch(segments=[segment(refused)] * 50))
print(2 + 50 * (written + 1))
"""


def test_a_disk_that_takes_no_more_costs_only_what_was_not_written(path: Path) -> None:
    expected = int(run(FULL_DISK, str(path)))
    store = Store(path)
    assert store.open().moved_aside is None
    assert len(store.segments("charge-read")) == expected
    store.close()


READ_ONLY = """
import os, sys, tempfile
from pathlib import Path
from proxy.model.spec import Retention
from proxy.store import Batch, Store, StoreTrouble
from tests.store.helpers import full_batch, segment
with tempfile.TemporaryDirectory() as folder:
    os.chmod(folder, 0o755)
    store = Store(Path(folder) / "store.sqlite3"); store.open(); store.write(full_batch()); store.close()
    os.chmod(folder, 0o555)
    if os.geteuid() == 0:
        os.seteuid(65534)
    for doing in (store.open, store.load, lambda: store.write(Batch(segments=[segment(1)]))):
        try:
            doing()
        except StoreTrouble as trouble:
            print(trouble.broken, "folder" in str(trouble))
    os.seteuid(os.getuid())
    os.chmod(folder, 0o755)
    store.open()
    print(len(store.segments("charge-read")))
"""


def test_a_folder_that_cannot_be_written_is_trouble_and_the_file_stays(path: Path) -> None:
    assert run(READ_ONLY).split("\n") == ["False True", "False True", "False True", "2", ""]


@pytest.mark.parametrize("odd", ["a file where the folder should be", "a folder where the file should be"])
def test_a_place_that_cannot_be_a_database_is_trouble(tmp_path: Path, odd: str) -> None:
    if odd.startswith("a file"):
        (tmp_path / "state").write_text("")
    else:
        (tmp_path / "state" / "store.sqlite3").mkdir(parents=True)
    store = Store(tmp_path / "state" / "store.sqlite3")
    with pytest.raises(StoreTrouble, match="cannot open") as caught:
        store.open()
    assert not caught.value.broken
    with pytest.raises(StoreTrouble):
        store.write(full_batch())


def test_a_file_held_by_another_process_is_passing_trouble(store: Store, path: Path) -> None:
    assert store._connection is not None
    store._connection.execute("PRAGMA busy_timeout = 20")
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(StoreTrouble, match="only one proxy") as caught:
            store.write(full_batch())
        assert caught.value.passing
        other.execute("ROLLBACK")
    store.write(full_batch())


def test_a_reader_that_comes_and_goes_takes_nothing_away(store: Store, path: Path) -> None:
    store.write(full_batch())
    store.write(Batch(segments=[segment(7)]))  # looks at the file, which must not release SQLite's locks
    look = """
import sqlite3, sys
connection = sqlite3.connect(sys.argv[1])
print(*connection.execute("SELECT count(*) FROM segment").fetchone())
connection.close()
"""
    assert run(look, str(path)) == "3\n"
    assert Path(f"{path}-wal").stat().st_size > 0  # the last one to close would have removed it
    store.write(Batch(segments=[segment(8)]))
    assert run(look, str(path)) == "4\n"


def test_another_programs_database_is_never_touched(path: Path) -> None:
    with closing(sqlite3.connect(path)) as other:
        other.execute("CREATE TABLE precious (x)")
        other.commit()
    store = Store(path)
    with pytest.raises(StoreTrouble, match="another program"):
        store.open()
    with closing(sqlite3.connect(path)) as other:
        assert other.execute("SELECT name FROM sqlite_master").fetchall() == [("precious",)]
    assert list(path.parent.glob("*.broken-*")) == []


NEXT = (*MIGRATIONS, ("ALTER TABLE audit ADD COLUMN address TEXT NOT NULL DEFAULT ''",))


def test_an_older_file_is_migrated_and_keeps_its_rows(store: Store, path: Path) -> None:
    store.write(full_batch())
    store.close()
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        assert migrate(connection, NEXT) == (len(MIGRATIONS), len(MIGRATIONS) + 1)
        assert migrate(connection, NEXT) == (len(MIGRATIONS) + 1, len(MIGRATIONS) + 1)
        assert connection.execute("SELECT who, address FROM audit").fetchall() == [("ann", "")]
    with pytest.raises(StoreTrouble, match="newer strangler") as caught:
        store.open()
    assert not caught.value.broken


def test_a_migration_that_fails_leaves_the_file_as_it_was(store: Store, path: Path) -> None:
    store.write(full_batch())
    store.close()
    failing = (*MIGRATIONS, ("ALTER TABLE audit ADD COLUMN address TEXT", "ALTER TABLE nothing ADD COLUMN x TEXT"))
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        with pytest.raises(sqlite3.OperationalError):
            migrate(connection, failing)
        columns = [row[1] for row in connection.execute("PRAGMA table_info(audit)")]
    assert "address" not in columns
    store.open()
    assert store.load().totals[KEY].n == 10


def test_a_closed_store_opens_itself_for_the_next_write(path: Path) -> None:
    store = Store(path)
    opened = store.write(Batch(segments=[segment(1)]))
    assert opened is not None
    assert opened.fresh
    store.close()
    store.close()
    assert store.load().totals.keys() == {EvidenceKey(*KEY)}
    store.close()
