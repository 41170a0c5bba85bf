"""Changes of the file are seen once they have settled, and watching ends when it is told to."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from proxy.runtime import watch
from tests.support.running import PATIENCE


async def test_a_change_is_told_once_and_an_equal_text_not_at_all(tmp_path: Path) -> None:
    file = tmp_path / "routes.yaml"
    file.write_text("one")
    told = watch.changes(file, watch.look(file))
    try:
        following = asyncio.ensure_future(anext(told))
        await asyncio.sleep(0)
        file.write_text("two")
        await asyncio.wait_for(following, PATIENCE)
        following = asyncio.ensure_future(anext(told))
        (tmp_path / "neighbour").write_text("a log in the same folder")
        file.write_text("two")
        file.unlink()
        await asyncio.wait_for(following, PATIENCE)  # that it is gone is the next thing told
    finally:
        await told.aclose()


@pytest.mark.parametrize("now", ["two", None], ids=["edited", "gone"])
async def test_an_edit_between_reading_and_watching_is_a_change(tmp_path: Path, now: str | None) -> None:
    """Control may take seconds to start: who edits meanwhile is heard."""
    file = tmp_path / "routes.yaml"
    file.write_text("one")
    seen = watch.look(file)
    if now is None:
        file.unlink()
    else:
        file.write_text(now)
    told = watch.changes(file, seen)
    try:
        await asyncio.wait_for(anext(told), PATIENCE)
    finally:
        await told.aclose()


async def test_watching_ends_also_while_the_folder_is_busy(tmp_path: Path) -> None:
    """The proxy's own log often lies beside routes.yaml: events never stop coming."""
    file = tmp_path / "routes.yaml"
    file.write_text("one")

    async def follow() -> None:
        async for _ in watch.changes(file, watch.look(file)):
            pass

    async def write_beside() -> None:
        while True:
            (tmp_path / "log").write_text("line")
            await asyncio.sleep(0.001)

    busy = asyncio.create_task(write_beside())
    for turn in range(20):
        following = asyncio.create_task(follow())
        await asyncio.sleep(0.005 * turn)
        following.cancel()
        done, _ = await asyncio.wait({following}, timeout=PATIENCE)
        assert done
    busy.cancel()
