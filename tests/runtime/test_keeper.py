"""Batches wait while the disk has trouble, in order and within bounds; what can never be written is given up."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from proxy.model.records import AuditRow
from proxy.runtime import keeper as module
from proxy.runtime.keeper import Keeper
from proxy.store import Batch, Store


def row(number: int) -> Batch:
    return Batch(audit=(AuditRow(float(number), "ada", "reload", "", str(number), ""),))


async def test_batches_wait_for_the_disk_and_are_written_in_order(tmp_path: Path) -> None:
    folder = tmp_path / "state"
    folder.write_text("a file where the folder should be")
    keeper = Keeper(Store(folder / "evidence.sqlite3"), Batch)
    for number in range(3):
        keeper.write(row(number))
    assert await keeper.flush() is False
    assert keeper.error is not None
    folder.unlink()
    folder.mkdir()
    assert await keeper.flush() is True
    assert keeper.lost == 0
    history = await keeper.read(lambda store: store.history())
    assert [entry.what for entry in history] == ["2", "1", "0"]
    await keeper.close()


async def test_the_line_is_bounded_and_what_falls_out_is_counted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "LINE", 5)
    keeper = Keeper(Store(tmp_path / "evidence.sqlite3"), Batch)
    for number in range(8):
        keeper.write(row(number))
    assert keeper.lost == 3
    await keeper.close()
    store = Store(tmp_path / "evidence.sqlite3")
    assert [entry.what for entry in store.history()] == ["7", "6", "5", "4", "3"]
    store.close()


async def test_a_batch_whose_writer_is_cancelled_is_written_once(tmp_path: Path) -> None:
    """Stopping cancels the writer in whatever it does; closing then writes what is left."""
    for turn in range(10):
        keeper = Keeper(Store(tmp_path / f"{turn}.sqlite3"), Batch)
        for number in range(5):
            keeper.write(row(number))
        writer = asyncio.create_task(keeper.run())
        for _ in range(turn):
            await asyncio.sleep(0)
        writer.cancel()
        await asyncio.wait({writer})
        await keeper.close()
        store = Store(tmp_path / f"{turn}.sqlite3")
        assert [entry.what for entry in store.history()] == ["4", "3", "2", "1", "0"]
        store.close()
