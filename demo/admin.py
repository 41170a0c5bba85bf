"""The proxy's admin API as the demo reads it, and waiting for what it says."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from time import monotonic
from typing import Any, TypeVar

import aiohttp

T = TypeVar("T")
Json = dict[str, Any]
PATIENCE = 240.0  # seconds; many times what a slow machine needs
LOOK = 0.1


class StoryError(Exception):
    """Something the story tells of did not come about; the text says what was waited for."""


class Status:
    """One answer of /api/v1/status."""

    def __init__(self, plain: Json) -> None:
        self.plain = plain
        self.routes: dict[str, Json] = {route["name"]: route for route in plain["routes"]}

    def route(self, name: str) -> Json:
        return self.routes[name]

    @property
    def restarts(self) -> tuple[int, int]:
        """Of control, and of the workers that are connected."""
        return int(self.plain["control"]["restarts"]), int(self.plain["workers"]["restarts"])

    @property
    def whole(self) -> bool:
        """Every worker is connected."""
        return bool(self.plain["workers"]["connected"] == self.plain["workers"]["expected"])


class Admin:
    """One proxy's admin port. `beat` is called between two looks, with what is waited for and the last status."""

    def __init__(self, url: str, beat: Callable[[str, Status | None], None]) -> None:
        self._base = f"{url}/api/v1/"
        self._beat = beat
        self._session = aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=10.0))

    async def close(self) -> None:
        await self._session.close()

    async def get(self, path: str) -> Json | None:
        """None while nobody answers: control may be on its way back."""
        try:
            async with self._session.get(self._base + path) as response:
                return dict(await response.json()) if response.status == 200 else None
        except (aiohttp.ClientError, TimeoutError):
            return None

    async def status(self) -> Status | None:
        plain = await self.get("status")
        return Status(plain) if plain else None

    async def until(self, what: str, seen: Callable[[Status], T | None], limit: float = PATIENCE) -> T:
        """Looks at the status until `seen` finds what it looks for, and returns that."""
        deadline = monotonic() + limit
        while True:
            status = await self.status()
            if status is not None and (found := seen(status)):
                return found
            if monotonic() > deadline:
                raise StoryError(f"waited {limit:g} s for {what}")
            self._beat(what, status)
            await asyncio.sleep(LOOK)
