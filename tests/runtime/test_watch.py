"""Changes of the file are seen once they have settled, and watching ends when it is told to."""

from __future__ import annotations

import asyncio
from pathlib import Path

from proxy.runtime import watch


async def test_a_change_is_told_once_and_an_equal_text_not_at_all(tmp_path: Path) -> None:
    file = tmp_path / "routes.yaml"
    file.write_text("one")
    told = watch.changes(file)
    try:
        following = asyncio.ensure_future(anext(told))
        await asyncio.sleep(0)
        file.write_text("two")
        await asyncio.wait_for(following, 30)
        following = asyncio.ensure_future(anext(told))
        (tmp_path / "neighbour").write_text("a log in the same folder")
        file.write_text("two")
        file.unlink()
        await asyncio.wait_for(following, 30)  # that it is gone is the next thing told
    finally:
        await told.aclose()


async def test_watching_ends_also_while_the_folder_is_busy(tmp_path: Path) -> None:
    """The proxy's own log often lies beside routes.yaml: events never stop coming."""
    file = tmp_path / "routes.yaml"
    file.write_text("one")

    async def follow() -> None:
        async for _ in watch.changes(file):
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
        done, _ = await asyncio.wait({following}, timeout=20)
        assert done
    busy.cancel()
