"""Control: everything that is not the data path. Builds the snapshot, hears the workers, compares, keeps the evidence,
answers the admin port.

It may die at any time: workers serve on, the supervisor starts it again, it reads the store and asks the workers for
everything they have counted. Nothing a client waits for happens here.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import random
import signal
import socket
import sys
import time
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path

import structlog
import uvloop
from aiohttp import web

from proxy import __version__, routing
from proxy.admin import make_app
from proxy.metrics import Totals
from proxy.model.records import AuditRow
from proxy.model.spec import Retention
from proxy.runtime import processes, watch
from proxy.runtime.asker import Asker
from proxy.runtime.commands import Commands
from proxy.runtime.desk import Desk
from proxy.runtime.face import make_face
from proxy.runtime.giving_way import Way
from proxy.runtime.hearing import Hearing
from proxy.runtime.keeper import Keeper
from proxy.runtime.live import Change, Live
from proxy.runtime.load import Built
from proxy.runtime.reading import load_now, read_anew
from proxy.runtime.replays import Replays
from proxy.runtime.settings import Settings
from proxy.runtime.shipping import Packed, leave, pack_routes
from proxy.runtime.views import Parts, Views
from proxy.runtime.workers import Workers
from proxy.store import Batch, Store, StoreTrouble

SETTLE = 0.2  # seconds between two rounds of counting and writing
PRUNE = 600.0
INVENTORY = 5.0
AT_ONCE = 16  # lines of the log, then whatever else waits is done
SHOWN = 100  # changes in the log line of a reload; each has a line of its own
JOBS_END = 3.0  # seconds that background jobs and admin requests may take to end

log = structlog.get_logger("strangler.control")


class Control:
    """The composition root of the control process."""

    def __init__(
        self, settings: Settings, order: processes.Order, live: Live, packed: Packed, read: bytes | None
    ) -> None:
        self.settings = settings
        self.order = order
        self.live = live
        self.totals = Totals()
        self.inventory = routing.Inventory()
        way = Way()
        self.keeper = Keeper(Store(settings.state / "evidence.sqlite3", way), self._whole_state)
        self.desk = Desk(live, self.keeper, way)
        self.asker: Asker | None = None  # made when the loop runs
        self.desk.traffic = self.inventory.traffic
        self.hearing = Hearing(live, self.desk, self.totals, self.inventory, way)
        self.workers = Workers(
            settings.workers,
            hear=self.hearing.take,
            hear_again=self.hearing.take_again,
            gone=self.totals.gone,
            halted=lambda: self._soon(self.commands.halt("SIGUSR1", "a worker was halted while control was away")),
        )
        self.desk.acknowledge = self.workers.acknowledge
        self.packed = packed  # the routes of the table that is in force
        self.read = read  # routes.yaml, as it was just before it was read
        self.stop = asyncio.Event()
        self._reloading = asyncio.Lock()
        self.views = Views(
            Parts(
                settings,
                order.restarts,
                live,
                self.desk,
                self.keeper,
                self.totals,
                self.inventory,
                self.workers.views,
            )
        )
        self.commands = Commands(live, self.desk, self.apply, self._mark_halt)
        self.replays = Replays(live, self.keeper, lambda: self.asker, self.views.signatures, self.desk.as_known)

    async def run(self, listener: socket.socket) -> None:
        loop = asyncio.get_running_loop()
        await self._begin()
        processes.hear(
            {
                signal.SIGTERM: self.stop.set,
                signal.SIGHUP: lambda: self._soon(self._reload("SIGHUP")),
                signal.SIGUSR1: lambda: self._soon(self.commands.halt("SIGUSR1", "signal")),
            }
        )
        link = await self._serve_link(loop)
        runner = await self._serve_admin(listener)
        processes.calm_collector()
        processes.tell(self.order, b"+")
        jobs: tuple[Callable[[], Awaitable[None]], ...] = (
            self.keeper.run,
            self._watch,
            self._settle_for_ever,
            self._tidy,
        )
        tasks = [asyncio.create_task(processes.keep_going(job, log)) for job in jobs]
        await self.stop.wait()
        link.close()
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks, timeout=JOBS_END)
        self.workers.close()
        self.desk.decide_all()
        if self.asker is not None:
            self.asker.close()
        self._settle(final=True)
        self._keep_inventory()
        await runner.cleanup()
        self.desk.close()
        await self.keeper.close()

    # start

    async def _begin(self) -> None:
        loaded = await self.keeper.load()
        halted = self._halt_file().exists()
        if loaded is None:
            change = self.live.begin({}, {}, halted)
        else:
            change = self.live.begin(loaded.overrides, loaded.states, halted)
            self.desk.restore(loaded)
            self.inventory.restore(loaded.inventory)
        self.asker = Asker(self.live.snapshot(), clock=time.monotonic, dice=random.random)
        self.desk.explaining.ask_with(self.asker)
        self.apply(change)

    async def _serve_link(self, loop: asyncio.AbstractEventLoop) -> asyncio.Server:
        with contextlib.suppress(FileNotFoundError):
            await asyncio.to_thread(os.unlink, self.order.link)  # a control that was killed left it behind
        return await loop.create_unix_server(self.workers.link, self.order.link)

    async def _serve_admin(self, listener: socket.socket) -> web.AppRunner:
        face = make_face(self.live, self.views, self.commands, self.replays, self._reload, self.workers.told)
        app = make_app(face, token=self.settings.token)
        runner = web.AppRunner(app, access_log=None, handle_signals=False, shutdown_timeout=JOBS_END)
        await runner.setup()
        await web.SockSite(runner, listener).start()
        url = _url(listener)
        _write_private(
            self.settings.state / "admin.json",
            {"url": url, "pid": os.getpid(), "token_required": self.settings.token is not None},
        )
        log.info("admin", url=url, guarded_by="token" if self.settings.token else "loopback")
        return runner

    # changes

    def apply(self, change: Change) -> None:
        """Carries a change out: workers first, then the log, then the store."""
        snapshot = self.live.snapshot()
        if change.new_table:
            leave(self.settings.state, self.workers.send_table(self.packed, snapshot))
        elif change != Change():
            leave(self.settings.state, [self.workers.send_states(snapshot)], begun=True)
        if change.cut:
            self.workers.cut(change.cut)
        for row in change.audit[:AT_ONCE]:
            log.info("audit", **row._asdict())
        if len(change.audit) > AT_ONCE:
            self._soon(_log_audit(change.audit[AT_ONCE:]))
        self.keeper.write(
            Batch(
                audit=change.audit,
                overrides=change.overrides_set,
                overrides_cleared=change.overrides_cleared,
                states=dict(self.live.states),
            )
        )
        self.desk.follow(self.live)
        if change.new_table and self.asker is not None:
            self.asker.swap(snapshot)

    async def _reload(self, who: str) -> tuple[Built, tuple[str, ...]]:
        """Builds the file anew. Returns what was built and the changes, or problems, in words."""
        async with self._reloading:
            before = self.live.compiled
            fresh = await asyncio.to_thread(read_anew, self.settings.config, before)
            change = self.live.reload(fresh.built, fresh.changes, who)
            if fresh.packed is not None:
                self.packed = fresh.packed
            for problem in fresh.built.problems:
                log.warning("routes_problem", problem=str(problem))
            self.apply(change)
        more = len(change.words) - SHOWN
        log.info("reload", ok=fresh.packed is not None, by=who, changes=change.words[:SHOWN], more=max(more, 0) or None)
        return fresh.built, change.words

    async def _watch(self) -> None:
        async for _ in watch.changes(self.settings.config, self.read):
            await self._reload("routes.yaml")

    def _mark_halt(self, halted: bool) -> None:
        try:
            if halted:
                self._halt_file().touch(mode=0o600)
            else:
                self._halt_file().unlink(missing_ok=True)
        except OSError as error:
            log.error(
                "halt_not_marked", halted=halted, error=str(error), remedy="a process that starts now will not know"
            )

    def _halt_file(self) -> Path:
        return self.settings.state / "halt"

    # evidence

    async def _settle_for_ever(self) -> None:
        while True:
            await asyncio.sleep(SETTLE)
            self._settle()

    def _settle(self, final: bool = False) -> None:
        """Counts what is settled up to the watermark, and puts it in line for the store."""
        now = time.monotonic()
        watermark = {} if final else self._oldest()
        known = [worker.now for worker in self.workers.views()]
        ceiling = now if final or not known else max(min(known), now - 10.0)
        self.desk.settle(watermark, ceiling, time.time() - now, final=final)

    def _oldest(self) -> dict[str, float]:
        oldest: dict[str, float] = {}
        for pending in (*(worker.oldest for worker in self.workers.views()), *self.desk.pending()):
            for route, arrival in pending.items():
                oldest[route] = min(arrival, oldest.get(route, arrival))
        return oldest

    async def _tidy(self) -> None:
        """Keeps the inventory every few seconds, and the store within its bounds now and then."""
        due = time.monotonic() + PRUNE
        while True:
            await asyncio.sleep(INVENTORY)
            self._keep_inventory()
            if time.monotonic() >= due:
                due = time.monotonic() + PRUNE
                await self._prune(self.live.compiled.spec.retention)

    async def _prune(self, retention: Retention) -> None:
        try:
            pruned = await self.keeper.read(lambda store: store.prune(time.time(), retention))
        except StoreTrouble as trouble:
            log.warning("not_pruned", error=str(trouble))
        else:
            log.info("pruned", rows=pruned.rows, keys=pruned.keys)

    def _keep_inventory(self) -> None:
        if self.hearing.inventory_changed:
            self.hearing.inventory_changed = False
            self.keeper.write(Batch(inventory=self.inventory.rows(), inventory_whole=True))

    def _whole_state(self) -> Batch:
        """What a store that began anew needs to know."""
        batch = self.desk.whole()
        return Batch(
            overrides=tuple(self.live.overrides.values()),
            states=dict(self.live.states),
            builds=batch.builds,
            accepted=batch.accepted,
            noise=batch.noise,
            inventory=self.inventory.rows(),
            inventory_whole=True,
        )

    def _soon(self, work: Awaitable[object]) -> None:
        task = asyncio.ensure_future(work)
        self._running = {*getattr(self, "_running", set()), task}
        task.add_done_callback(lambda done: self._running.discard(done))


async def _log_audit(rows: Sequence[AuditRow]) -> None:
    """An edit may change ten thousand routes: a few lines at a time."""
    for number, row in enumerate(rows):
        log.info("audit", **row._asdict())
        if number % AT_ONCE == 0:
            await asyncio.sleep(0)


def _write_private(path: Path, value: object) -> None:
    with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        json.dump(value, file)


def _url(listener: socket.socket) -> str:
    host, port = listener.getsockname()[:2]
    if host in ("0.0.0.0", "::"):  # noqa: S104 - compared, not bound
        host = "127.0.0.1"
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def main() -> int:
    order = processes.Order.read(sys.argv[1])
    processes.prepare(order.settings, "control")
    read = watch.look(order.settings.config)
    built = load_now(order.settings.config)
    for problem in built.problems:
        print(problem, file=sys.stderr)  # noqa: T201 - a person starts this from a terminal
    if built.compiled is None or not processes.wait_for_turn(order):
        return 2
    live = Live(time.time, built.compiled, last_problems=built.problems)
    if order.turn is not None:  # the file may have been edited while the control before this one ended
        read = watch.look(order.settings.config)
        fresh = load_now(order.settings.config)
        live.compiled = fresh.compiled or built.compiled
    packed = pack_routes(live.compiled, None)
    listener = socket.socket(fileno=order.listener)
    uvloop.run(_run(order, live, packed, read, listener))
    return 0


async def _run(order: processes.Order, live: Live, packed: Packed, read: bytes | None, listener: socket.socket) -> None:
    log.info("start", version=__version__, config=str(order.settings.config), workers=order.settings.workers)
    await Control(order.settings, order, live, packed, read).run(listener)


if __name__ == "__main__":
    sys.exit(main())
