"""Notices that routes.yaml has changed, however it was changed.

Editors write in place, deployment tools rename a new file over the old one, and a mounted ConfigMap swaps a symlink two
folders up. So what is watched is the folder (and the folder that the path really leads to), and what is compared is the
content. A file caught half written would be half a table: text counts only when two looks in a row see the same. A slow
poll stands behind the notifications for file systems that send none.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncGenerator
from pathlib import Path

import watchfiles

SETTLE = 0.05  # seconds between two looks
POLL = 2.0


async def changes(path: Path, known: bytes | None) -> AsyncGenerator[None, None]:
    """Yields once after each settled change of the file's content, also when it vanishes. `known` is what a look saw
    before the file was read: an edit since then, while control started, is a change too."""
    wake = asyncio.Event()
    wake.set()
    watcher = asyncio.create_task(_notify(path, wake))
    try:
        while True:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(POLL):  # wait_for of Python 3.11 can swallow a cancellation
                    await wake.wait()
            wake.clear()
            content = await _settled(path)
            if content != known:
                known = content
                yield
    finally:
        watcher.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await watcher


async def _settled(path: Path) -> bytes | None:
    content = look(path)
    while True:
        await asyncio.sleep(SETTLE)
        again = look(path)
        if again == content:
            return content
        content = again


async def _notify(path: Path, wake: asyncio.Event) -> None:
    """Sets `wake` at any event near the file; starts over when the folder it really lies in has changed."""
    while True:
        folders = _folders(path)
        with contextlib.suppress(OSError):  # a folder that vanished: the poll goes on, and so does this after a pause
            async for _ in watchfiles.awatch(*folders, recursive=False, step=20, debounce=100, rust_timeout=2000):
                wake.set()
                if _folders(path) != folders:
                    break
        await asyncio.sleep(SETTLE)


def _folders(path: Path) -> set[Path]:
    return {path.absolute().parent, path.resolve().parent}


def look(path: Path) -> bytes | None:
    """What the file holds now; None when it can't be read."""
    try:
        return path.read_bytes()
    except OSError:
        return None
