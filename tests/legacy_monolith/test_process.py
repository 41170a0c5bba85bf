"""The monolith as a process, and its first start."""

import signal
import sqlite3
import urllib.request
from pathlib import Path

from legacy_monolith.seed import ensure_seeded
from tests.legacy_monolith.world import KEY, process, refused_start, stored
from tests.support.running import PATIENCE


def dump(path: Path) -> list[str]:
    connection = sqlite3.connect(path)
    try:
        return list(connection.iterdump())
    finally:
        connection.close()


def test_the_sample_data_is_the_same_every_time_and_written_once(tmp_path: Path) -> None:
    one, two = tmp_path / "one.sqlite3", tmp_path / "two.sqlite3"
    ensure_seeded(one, 0.01)
    first = dump(one)
    ensure_seeded(one, 0.01)
    ensure_seeded(two, 0.01)
    assert dump(one) == first
    assert dump(two) == first


def test_it_seeds_serves_and_ends_on_sigterm(tmp_path: Path) -> None:
    database = str(tmp_path / "tripe.sqlite3")
    with process("legacy_monolith", TRIPE_DATABASE=database, TRIPE_SEED_SCALE="0.01") as (started, url):
        request = urllib.request.Request(f"{url}/v1/events/stream", headers=KEY)
        with urllib.request.urlopen(request) as stream:
            assert stream.readline() == b": connected\n"
            started.send_signal(signal.SIGTERM)
            assert stream.read() == b"\n"  # the open stream ends cleanly
        assert started.wait(PATIENCE) == 0
        assert started.stderr is not None
        assert started.stderr.read() == ""


def test_full_scale_is_what_the_story_needs_and_a_download_in_hand_is_finished_on_sigterm(tmp_path: Path) -> None:
    database = str(tmp_path / "tripe.sqlite3")  # at full scale: the file does not fit into the socket's buffers
    with process("legacy_monolith", "--database", database) as (started, url):
        request = urllib.request.Request(f"{url}/v1/exports/charges.csv", headers=KEY)
        with urllib.request.urlopen(request) as export:
            export.readline()
            started.send_signal(signal.SIGTERM)
            assert sum(1 for _ in export) == 20_000
        assert started.wait(PATIENCE) == 0
    path = Path(database)
    assert (stored(path, "customers"), stored(path, "charges"), stored(path, "invoices")) == (2_000, 20_000, 5_000)
    assert stored(path, "refunds") > 1_000


def test_a_bad_start_is_told_in_one_line(tmp_path: Path, seeded_file: Path) -> None:
    code, message = refused_start("legacy_monolith", "--port", "0", "--database", str(tmp_path / "no" / "where"))
    assert (code, message.count("\n")) == (2, 1)
    assert "--database" in message
    with process("legacy_monolith", "--database", str(seeded_file)) as (_, url):
        code, message = refused_start(
            "legacy_monolith", "--port", url.rpartition(":")[2], "--database", str(seeded_file)
        )
    assert (code, message.count("\n")) == (2, 1)
    assert "--port" in message
