"""Control's end of the links, over a real socket: who has what, and how far each has come."""

from __future__ import annotations

import asyncio
import datetime
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from proxy.model.records import Heard
from proxy.runtime import workers as workers_module
from proxy.runtime.link import Kind, Link, pack, unpack_compiled
from proxy.runtime.live import Live
from proxy.runtime.load import build
from proxy.runtime.receipts import SHIFT
from proxy.runtime.shipping import pack_routes
from proxy.runtime.workers import Workers
from tests.support.routes import two_sides
from tests.support.running import PATIENCE

ROUTE = """\
routes:
  - {name: read, match: "GET /items/{id}", extracted: service, stage: live}
"""
TEXT = two_sides(8001, 8101, ROUTE)


class Control:
    def __init__(self) -> None:
        compiled = build(TEXT, file="routes.yaml", env={}, today=datetime.date(2026, 1, 1)).compiled
        assert compiled is not None
        self.live = Live(lambda: 0.0, compiled)
        self.live.begin({}, {}, False)
        self.packed = pack_routes(compiled, None)
        self.heard: list[tuple[int, str, Any]] = []
        self.gone: list[str] = []
        self.halts = 0
        self.workers = Workers(
            2,
            hear=lambda worker, frame: self.heard.append((worker.index, "told", frame)),
            hear_again=lambda worker, frame: self.heard.append((worker.index, "again", frame)),
            gone=self.gone.append,
            halted=self._halted,
        )

    def _halted(self) -> None:
        self.halts += 1


class Worker:
    """The other end: keeps what it gets, and answers marks unless it is `slow`."""

    def __init__(self, index: int, *, slow: bool = False, halted: bool = False) -> None:
        self.hello = (index, 1000 + index, 0, halted, f"token-{index}")
        self.slow = slow
        self.got: list[tuple[Kind, Any]] = []
        self.link = Link(self._received, lambda link: None)

    def _received(self, link: Link, kind: Kind, payload: bytes) -> None:
        self.got.append((kind, unpack_compiled(payload)))
        if kind is Kind.MARK and not self.slow:
            link.send(kind, pack(self.got[-1][1]))

    async def connect(self, place: str) -> Worker:
        await asyncio.get_running_loop().create_unix_connection(lambda: self.link, place)
        self.link.send(Kind.HELLO, pack(self.hello))
        await self.until(Kind.MARK)
        return self

    async def until(self, kind: Kind) -> Any:
        """The value of the last frame of this kind, once there is one."""
        async with asyncio.timeout(PATIENCE):
            while kind not in [each for each, _ in self.got]:  # noqa: ASYNC110 - a socket is in between
                await asyncio.sleep(0.001)
        return [value for each, value in self.got if each is kind][-1]


@pytest.fixture
async def control(tmp_path: Path) -> AsyncIterator[Control]:
    control = Control()
    server = await asyncio.get_running_loop().create_unix_server(control.workers.link, str(tmp_path / "link"))
    control.workers.send_table(control.packed, control.live.snapshot())
    yield control
    control.workers.close()
    server.close()
    await server.wait_closed()


async def test_a_worker_gets_the_table_then_only_states_and_says_when_they_are_in_force(
    control: Control, tmp_path: Path
) -> None:
    one, two = Worker(0), Worker(1)
    for worker in (one, two):
        await worker.connect(str(tmp_path / "link"))
        assert [kind for kind, _ in worker.got] == [Kind.PART, Kind.SNAPSHOT, Kind.MARK]
    control.live.halt(True, "ada", "")
    control.workers.send_states(control.live.snapshot())
    assert await control.workers.told() == 0
    states, halted = await one.until(Kind.STATES)
    assert (list(states), halted) == (["read"], True)
    control.workers.cut(["read"])
    assert await two.until(Kind.CUT) == {"read"}


async def test_who_is_missing_or_slow_is_counted(
    control: Control, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(workers_module, "CONFIRMED", 0.05)
    await Worker(0).connect(str(tmp_path / "link"))
    assert await control.workers.told() == 1
    await Worker(1, slow=True).connect(str(tmp_path / "link"))
    assert await control.workers.told() == 1


async def test_a_halt_that_control_missed_is_told_once(control: Control, tmp_path: Path) -> None:
    await Worker(0, halted=True).connect(str(tmp_path / "link"))
    assert control.halts == 1
    control.live.halt(True, "ada", "")
    control.workers.send_states(control.live.snapshot())
    await Worker(1, halted=True).connect(str(tmp_path / "link"))
    assert control.halts == 1


async def test_frames_are_heard_acknowledged_and_the_end_noticed(control: Control, tmp_path: Path) -> None:
    worker = await Worker(0).connect(str(tmp_path / "link"))
    worker.link.send(Kind.AGAIN, pack("old"))
    worker.link.send(Kind.TICK, pack("new"))
    async with asyncio.timeout(PATIENCE):
        while len(control.heard) < 2:  # noqa: ASYNC110 - a socket is in between
            await asyncio.sleep(0.001)
    assert control.heard == [(0, "again", "old"), (0, "told", "new")]
    control.workers.acknowledge([Heard("another", 1, ()), Heard("token-0", 9, ((4 << SHIFT) + 1, 7 << SHIFT))])
    assert await worker.until(Kind.STORED) == (9, {4, 7})
    worker.link.close()
    async with asyncio.timeout(PATIENCE):
        while not control.gone:  # noqa: ASYNC110 - a socket is in between
            await asyncio.sleep(0.001)
    assert control.gone == ["worker-0-1000"]
    assert control.workers.views() == []
