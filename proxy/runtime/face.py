"""Control as the admin port sees it: views to read, commands to order, each answer a reply."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable
from typing import Any

from proxy.admin import Accept, ControlFace, Promote, ReplayMismatches, Reply, Rollback, Who, problem, unknown_route
from proxy.model.records import Accepted
from proxy.model.sides import Stage
from proxy.model.spec import Route
from proxy.runtime.commands import Commands, Moved, Refused, plain_verdict
from proxy.runtime.live import Live
from proxy.runtime.load import Built
from proxy.runtime.replays import Replays
from proxy.runtime.slices import in_slices, joined
from proxy.runtime.views import Views
from proxy.store import StoreTrouble


def make_face(
    live: Live,
    views: Views,
    commands: Commands,
    replays: Replays,
    reload: Callable[[str], Awaitable[tuple[Built, tuple[str, ...]]]],
    told: Callable[[], Awaitable[int]],
) -> ControlFace:
    """Orders are answered once they are in force in every worker: `told` waits for that and counts who is late."""

    def route(name: str) -> Route:
        return live.compiled.spec.by_name[name]

    async def mismatches(name: str) -> Reply:
        return Reply(200, views.mismatches(route(name)))

    async def mismatch(name: str, signature: str) -> Reply:
        return await _from_store(lambda: _one_mismatch(views, route(name), signature))

    async def history(name: str | None, limit: int) -> Reply:
        return await _from_store(lambda: _history(live, views, name, limit))

    async def ordered(moved: Moved | Refused) -> Reply:
        return _refused(moved, 409) if isinstance(moved, Refused) else _moved(moved, await told())

    async def promote(name: str, body: Promote) -> Reply:
        return await ordered(
            commands.promote(route(name), body.to, body.percent, body.force, body.who, body.why, cut=body.cut)
        )

    async def rollback(name: str, body: Rollback) -> Reply:
        return await ordered(commands.rollback(route(name), body.yes, body.who, body.why, cut=body.cut))

    async def replay(name: str, body: ReplayMismatches) -> Reply:
        return await _from_store(lambda: _replay(views, replays, route(name), body))

    async def halt(body: Who) -> Reply:
        skipped = await commands.halt(body.who, body.why)
        return Reply(200, {"halted": True, "skipped": list(skipped), "late_workers": await told()})

    async def resume(body: Who) -> Reply:
        if await commands.resume(body.who, body.why):
            return Reply(200, {"halted": False, "skipped": [], "late_workers": await told()})
        return problem(409, "Still halted", "routes.yaml says `halt: true`. Take it out of the file.")

    async def again(body: Who) -> Reply:
        return _reloaded(*await reload(body.who))

    return ControlFace(
        ready=views.ready,
        metrics=lambda: in_slices(joined(views.metrics())),
        routes=lambda: live.compiled.spec.by_name.keys(),
        status=lambda: in_slices(views.status()),
        route=lambda name: views.route(route(name)),
        verdict=lambda name: views.verdict(route(name)),
        suggestions=lambda name: views.suggestions(route(name)),
        inventory=views.inventory,
        mismatches=mismatches,
        mismatch=mismatch,
        replayed=lambda name: _replayed(replays, name),
        history=history,
        promote=promote,
        rollback=rollback,
        accept=lambda name, body: _accept(commands, name, body),
        replay=replay,
        halt=halt,
        resume=resume,
        reload=again,
    )


async def _accept(commands: Commands, name: str, body: Accept) -> Reply:
    accepted = Accepted(name, body.signature, body.owner, body.reason, body.until.isoformat(), time.time())
    refused = commands.accept(accepted, body.who)
    return _refused(refused, 404) if refused else Reply(200, {"route": name, **body.model_dump(mode="json")})


async def _one_mismatch(views: Views, route: Route, signature: str) -> Reply:
    found = await views.exemplars(route, signature)
    if found is None:
        return problem(404, "No such signature", f"Route {route.name} has none. See: strangler mismatches {route.name}")
    return Reply(200, found)


async def _replay(views: Views, replays: Replays, route: Route, body: ReplayMismatches) -> Reply:
    if body.signature and all(row["signature"] != body.signature for row in views.signatures(route)):
        return problem(404, "No such signature", f"Route {route.name} has none. See: strangler mismatches {route.name}")
    begun = await replays.start(route, body.signature, body.who, body.why)
    return _refused(begun, 409) if isinstance(begun, Refused) else Reply(200, begun.plain())


def _replayed(replays: Replays, name: str) -> Reply:
    found = replays.latest(name)
    if found is None:
        return problem(404, "Nothing was replayed", f"POST here, or: strangler replay-mismatches {name}")
    return Reply(200, found.plain())


def _reloaded(built: Built, changes: tuple[str, ...]) -> Reply:
    ok = built.compiled is not None
    return Reply(
        200, {"ok": ok, "problems": [str(each) for each in built.problems], "changes": list(changes) if ok else []}
    )


async def _history(live: Live, views: Views, route: str | None, limit: int) -> Reply:
    known = live.compiled.spec.by_name
    if route is not None and route not in known and not await views.has_history(route):
        return unknown_route(route, known)
    return Reply(200, await views.history(route, limit))


async def _from_store(ask: Callable[[], Awaitable[Reply]]) -> Reply:
    try:
        return await ask()
    except StoreTrouble as trouble:
        return problem(503, "The store has trouble", f"{trouble}. Traffic is not affected.")


def _moved(moved: Moved, late: int) -> Reply:
    return Reply(200, {**_one_move(moved), "also": [_one_move(each) for each in moved.also], "late_workers": late})


def _one_move(moved: Moved) -> dict[str, Any]:
    return {
        "route": moved.route,
        "from": _place(moved.from_stage, moved.from_percent),
        "to": _place(moved.to_stage, moved.to_percent),
        "edit": moved.edit,
        "forced": moved.forced,
    }


def _refused(refused: Refused, status: int) -> Reply:
    if refused.verdict is None:
        return problem(status, refused.title, refused.detail)
    return problem(status, refused.title, refused.detail, verdict=plain_verdict(refused.verdict))


def _place(stage: Stage, percent: float) -> dict[str, Any]:
    return {"stage": str(stage), "percent": percent if stage is Stage.CANARY else None}
