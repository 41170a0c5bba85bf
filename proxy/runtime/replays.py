"""Kept examples of mismatches asked again, because a person wants to know whether they are mended.

Both sides are asked by control's asker, at its rate and with its mark; their answers are compared by the route's rules
as they are now. No evidence is changed by it: examples are no sample of the traffic, so nothing is counted, and no
signature opened or closed. One replay a route at a time; how far it is can be asked for while it runs, and what it
found until the next one or the end of control.
"""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import structlog

from proxy import comparison, evidence
from proxy.evidence import Replayed
from proxy.model.comparison import Comparison, Kind
from proxy.model.observation import CapturedRequest, Observation
from proxy.model.outcome import Outcome
from proxy.model.records import AuditRow, Exemplar
from proxy.model.sides import Side, Stage
from proxy.model.spec import Route
from proxy.runtime.asker import Asker
from proxy.runtime.commands import Refused
from proxy.runtime.keeper import Keeper
from proxy.runtime.live import Live
from proxy.store import Batch

MOST = 100  # signatures of one replay

log = structlog.get_logger("strangler.control")


@dataclass(slots=True)
class Tally:
    """What became of the examples of one signature. `skipped` and `unknown` count them by the reason, `otherwise` by
    the signature that they have now."""

    signature: str
    kind: str
    risk: str
    path: str
    exemplars: Sequence[Exemplar] = ()
    mended: int = 0
    same: int = 0
    otherwise: Counter[str] = field(default_factory=Counter)
    skipped: Counter[str] = field(default_factory=Counter)
    unknown: Counter[str] = field(default_factory=Counter)

    @property
    def says(self) -> str:
        if self.same or self.otherwise:
            return "differs"
        return "mended" if self.mended else "unknown"

    def plain(self) -> dict[str, Any]:
        return {
            "signature": self.signature,
            "kind": self.kind,
            "risk": self.risk,
            "path": self.path,
            "exemplars": len(self.exemplars),
            "mended": self.mended,
            "same": self.same,
            "otherwise": dict(self.otherwise),
            "skipped": dict(self.skipped),
            "unknown": dict(self.unknown),
            "says": self.says,
        }


@dataclass(slots=True)
class Replay:
    """One replay of a route. `left_out`: signatures beyond MOST."""

    route: str
    tallies: list[Tally]
    left_out: int
    done: int = 0
    running: bool = True

    def plain(self) -> dict[str, Any]:
        said = {tally.says for tally in self.tallies}
        worst = next((word for word in ("differs", "unknown") if word in said), "mended")
        return {
            "route": self.route,
            "running": self.running,
            "done": self.done,
            "total": sum(len(tally.exemplars) for tally in self.tallies),
            "left_out": self.left_out,
            "says": None if self.running else worst,
            "signatures": [tally.plain() for tally in self.tallies],
        }


class Replays:
    """`asker` is there once the loop runs. `listed` gives the signatures of a route as they are shown; `known` takes
    out of a comparison what noise is known to explain."""

    def __init__(
        self,
        live: Live,
        keeper: Keeper,
        asker: Callable[[], Asker | None],
        listed: Callable[[Route], list[dict[str, Any]]],
        known: Callable[[Route, Comparison], Comparison],
    ) -> None:
        self._live = live
        self._keeper = keeper
        self._asker = asker
        self._listed = listed
        self._known = known
        self._latest: dict[str, Replay] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    def latest(self, route: str) -> Replay | None:
        """The replay of a route that runs, or the last one."""
        return self._latest.get(route)

    async def start(self, route: Route, signature: str | None, who: str, why: str) -> Replay | Refused:
        """Begins to ask again: the examples of one signature, or of all that are not accepted. Raises StoreTrouble."""
        asker = self._asker()
        if asker is None or not asker.in_force:
            return Refused("Nothing may be asked", "routes.yaml says `reasks: {per_second: 0}`.")
        if self._live.states[route.name].stage is Stage.RETIRED:
            return Refused("Nothing to ask", f"Route {route.name} is retired: the monolith is never called.")
        running = self._latest.get(route.name)
        if running is not None and running.running:
            return Refused(
                "Already replaying", f"{running.done} examples of route {route.name} have been asked so far."
            )
        replay = self._planned(route, signature)
        if signature and not replay.tallies:
            return Refused("Nothing to ask", f"{signature} is a field that varies; no exemplar is kept of it.")
        self._latest[route.name] = replay
        try:
            await self._load(replay)
        except BaseException:
            del self._latest[route.name]
            raise
        what = f"{sum(len(one.exemplars) for one in replay.tallies)} examples of {len(replay.tallies)} signatures"
        row = AuditRow(time.time(), who, "replay", route.name, what, why)
        log.info("audit", **row._asdict())
        self._keeper.write(Batch(audit=(row,)))
        task = asyncio.create_task(self._run(replay, route, asker))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return replay

    def _planned(self, route: Route, signature: str | None) -> Replay:
        tallies: dict[str, Tally] = {}
        for row in self._listed(route):
            wanted = row["signature"] == signature if signature else row["state"] != "accepted"
            if wanted and row["kind"] != Kind.NOISE and row["signature"] not in tallies:
                tallies[row["signature"]] = Tally(row["signature"], row["kind"], row["risk"], row["path"])
        chosen = list(tallies.values())
        return Replay(route.name, chosen[:MOST], max(0, len(chosen) - MOST))

    async def _load(self, replay: Replay) -> None:
        names = [tally.signature for tally in replay.tallies]
        kept = await self._keeper.read(lambda store: [store.exemplars(replay.route, name) for name in names])
        for tally, exemplars in zip(replay.tallies, kept, strict=True):
            tally.exemplars = exemplars

    async def _run(self, replay: Replay, route: Route, asker: Asker) -> None:
        try:
            for tally in replay.tallies:
                for exemplar in tally.exemplars:
                    await self._replay(tally, exemplar, route, asker)
                    replay.done += 1
        finally:
            replay.running = False

    async def _replay(self, tally: Tally, exemplar: Exemplar, route: Route, asker: Asker) -> None:
        if reason := evidence.unfit(exemplar.request):
            tally.skipped[reason] += 1
            return
        spec = self._live.compiled.spec
        rules = self._live.compiled.rules.get(route.name)
        if rules is None or spec.by_name[route.name].extracted not in spec.backends:
            tally.unknown["the route is gone"] += 1
            return
        sides = ((spec.legacy, Side.LEGACY), (spec.by_name[route.name].extracted, Side.EXTRACTED))
        legacy, extracted = await asyncio.gather(
            *(_asked(asker, backend, side, exemplar.request, spec.shadow.deadline) for backend, side in sides)
        )
        found = self._known(route, comparison.compare(legacy, extracted, rules))
        word, detail = evidence.replayed(tally.signature, exemplar.legacy, legacy, found)
        match word:
            case Replayed.MENDED:
                tally.mended += 1
            case Replayed.SAME:
                tally.same += 1
            case Replayed.OTHERWISE:
                tally.otherwise[detail] += 1
            case Replayed.UNKNOWN:
                failed = next((f"{one.side}: {one.outcome}" for one in (legacy, extracted) if _failed(one)), detail)
                tally.unknown[failed.replace("_", " ")] += 1


async def _asked(asker: Asker, backend: str, side: Side, request: CapturedRequest, deadline: float) -> Observation:
    answer: asyncio.Future[Observation] = asyncio.get_running_loop().create_future()
    cancel = asker.ask(
        backend, side, request, deadline, lambda seen: None if answer.done() else answer.set_result(seen)
    )
    try:
        return await answer
    except asyncio.CancelledError:
        cancel()
        raise


def _failed(one: Observation) -> bool:
    return one.outcome is not Outcome.OK
