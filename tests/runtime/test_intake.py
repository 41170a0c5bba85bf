"""A worker takes what control tells in order, a table between requests, and a halt at once."""

from __future__ import annotations

import asyncio
import datetime
from collections.abc import Callable
from pathlib import Path

from structlog.testing import capture_logs

from proxy import config, routing
from proxy.model.sides import Stage
from proxy.runtime.intake import Intake
from proxy.runtime.link import Kind, pack_compiled, unpack_compiled
from proxy.runtime.live import Live
from proxy.runtime.load import build
from proxy.runtime.shipping import Frame, leave, pack_routes, snapshot_left
from tests.support.routes import two_sides
from tests.support.running import PATIENCE

HEAD = two_sides(8001, 8101, "routes:\n")


def text(count: int, stage: str = "live") -> str:
    rows = "".join(
        f'  - {{name: r{number}, match: "GET /r{number}", extracted: service, stage: {stage}}}\n'
        for number in range(count)
    )
    return HEAD + rows


class Control:
    """What control sends for a file, then for edits and orders."""

    def __init__(self, routes: str) -> None:
        compiled = build(routes, file="routes.yaml", env={}, today=datetime.date(2026, 1, 1)).compiled
        assert compiled is not None
        self.live = Live(lambda: 0.0, compiled)
        self.live.begin({}, {}, False)
        self.packed = pack_routes(compiled, None)
        self.known: routing.Snapshot | None = None

    def table(self) -> list[Frame]:
        before, self.known = self.known, self.live.snapshot()
        return self.packed.frames(self.known, before)

    def edit(self, routes: str) -> list[Frame]:
        before = self.live.compiled
        built = build(routes, file="routes.yaml", env={}, today=datetime.date(2026, 1, 1))
        assert built.compiled is not None
        self.live.reload(built, config.changes(before.spec, built.compiled.spec), "ada")
        self.packed = pack_routes(built.compiled, before)
        return self.table()

    def halt(self) -> Frame:
        assert self.known is not None
        self.live.halt(True, "ada", "")
        before, self.known = self.known, self.live.snapshot()
        return Kind.STATES, pack_compiled((routing.changed_states(self.known.states, before.states), self.known.halted))


class Worker:
    """What it put in force, and the marks it answered with how much was in force by then."""

    def __init__(self) -> None:
        self.adopted: list[routing.Snapshot] = []
        self.marks: list[tuple[int, int]] = []
        self.cut: list[frozenset[str]] = []
        self.asked = asyncio.Event()
        self.intake = Intake(
            adopt=self.adopted.append,
            cut=self.cut.append,
            answer=lambda mark: self.marks.append((unpack_compiled(mark), len(self.adopted))),
            ask_anew=self.asked.set,
        )

    def take(self, *frames: Frame) -> None:
        for frame in frames:
            self.intake.received(*frame)

    @property
    def stages(self) -> set[Stage]:
        return {self.adopted[-1].plans[route.name].state.stage for route in self.adopted[-1].spec.routes}


def mark(number: int) -> Frame:
    return Kind.MARK, pack_compiled(number)


async def turns(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(PATIENCE):
        while not condition():  # noqa: ASYNC110 - no event says that a table was taken
            await asyncio.sleep(0)


async def test_a_table_is_put_in_force_whole_and_marks_wait_for_it() -> None:
    control, worker = Control(text(300)), Worker()
    worker.take(*control.table(), mark(1))
    assert worker.adopted == []
    await turns(lambda: bool(worker.marks))
    assert worker.marks == [(1, 1)]
    assert worker.adopted[0].spec.routes[299].name == "r299"
    assert worker.stages == {Stage.LIVE}
    worker.take(control.halt(), mark(2))
    assert worker.marks[-1] == (2, 2)
    assert worker.stages == {Stage.LEGACY}
    worker.take((Kind.CUT, pack_compiled(frozenset({"r1"}))))
    assert worker.cut == [frozenset({"r1"})]


async def test_a_halt_is_in_force_at_once_and_stays_when_tables_that_were_on_their_way_arrive() -> None:
    control, worker = Control(text(300)), Worker()
    worker.take(*control.table())
    await turns(lambda: bool(worker.adopted))
    worker.take(*control.edit(text(320)))
    worker.take(*control.edit(text(310)))
    worker.take(control.halt())
    assert len(worker.adopted[-1].spec.routes) == 300
    assert worker.adopted[-1].halted
    assert worker.stages == {Stage.LEGACY}
    worker.take(mark(7))
    await turns(lambda: bool(worker.marks))
    assert [len(each.spec.routes) for each in worker.adopted[1:]] == [300, 320, 310, 310]
    assert all(each.halted for each in worker.adopted[1:])
    halted = (Stage.LEGACY, True)
    assert all((each.states["r5"].stage, each.halted) == halted for each in worker.adopted[1:])


async def test_a_table_that_cannot_be_put_together_is_asked_for_as_a_whole_and_once() -> None:
    control, worker = Control(text(40)), Worker()
    worker.take(*control.table())
    await turns(lambda: bool(worker.adopted))
    with capture_logs() as told:
        worker.intake.told = Control(text(20)).live.snapshot()  # it lost what control believes it has
        worker.take(*control.edit(text(41)), mark(1))
        await asyncio.wait_for(worker.asked.wait(), PATIENCE)
    assert [(line["event"], line["whole"]) for line in told] == [("table_not_taken", False)]
    assert [len(each.spec.routes) for each in worker.adopted] == [40]

    worker.asked.clear()
    with capture_logs() as told:
        worker.take(*control.edit(text(42)), mark(2))
        await turns(lambda: bool(told))
    assert [line["whole"] for line in told] == [True]
    assert not worker.asked.is_set()

    worker.intake.begin_anew()
    control.known = None
    worker.take(*control.table(), mark(3))
    await turns(lambda: bool(worker.marks))
    assert worker.marks == [(3, 2)]
    assert len(worker.adopted[-1].spec.routes) == 42


async def test_what_a_control_that_died_had_not_sent_whole_is_forgotten() -> None:
    first, second, worker = Control(text(300)), Control(text(40)), Worker()
    worker.take(*first.table()[:-1])
    worker.intake.begin_anew()
    worker.take(*second.table())
    await turns(lambda: bool(worker.adopted))
    assert len(worker.adopted[-1].spec.routes) == 40


async def test_an_edit_sends_what_changed_and_keeps_the_rest() -> None:
    control, worker = Control(text(200)), Worker()
    whole = control.table()
    worker.take(*whole)
    await turns(lambda: bool(worker.adopted))
    edited = control.edit(text(200).replace('"GET /r7"', '"GET /moved"'))
    assert sum(len(payload) for _, payload in edited) < 0.3 * sum(len(payload) for _, payload in whole)
    worker.take(*edited)
    await turns(lambda: len(worker.adopted) == 2)
    before, after = worker.adopted
    assert [route.name for route in after.spec.routes if before.spec.by_name[route.name] is not route] == ["r7"]


def test_a_worker_that_starts_alone_reads_what_was_left_to_the_last_whole_frame(tmp_path: Path) -> None:
    control = Control(text(40))
    leave(tmp_path, control.table())
    leave(tmp_path, [control.halt()], begun=True)
    data = (tmp_path / "snapshot").read_bytes()
    assert (tmp_path / "snapshot").stat().st_mode & 0o777 == 0o600
    left = snapshot_left(data)
    assert left is not None
    assert (len(left.spec.routes), left.halted, left.states["r3"].stage) == (40, True, Stage.LEGACY)
    torn = snapshot_left(data[:-1])
    assert torn is not None
    assert (torn.halted, torn.states["r3"].stage) == (False, Stage.LIVE)
    assert snapshot_left(b"") is None


async def test_a_route_that_left_the_file_may_come_back_as_it_was() -> None:
    """Control remembers its state; a worker does not."""
    control, worker = Control(text(3)), Worker()
    for number, frames in enumerate((control.table(), control.edit(text(2)), control.edit(text(3))), 1):
        worker.take(*frames)
        await turns(lambda count=number: len(worker.adopted) == count)  # type: ignore[misc]  # a default binds it
    assert [route.name for route in worker.adopted[-1].spec.routes] == ["r0", "r1", "r2"]
    assert worker.stages == {Stage.LIVE}
