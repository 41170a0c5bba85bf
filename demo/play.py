"""One run from the first process to the closing report. Whatever happens, every process is ended."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Coroutine
from pathlib import Path
from time import monotonic
from typing import Any

from demo import report as closing
from demo.admin import Admin, Json, Status, StoryError
from demo.asking import Asking
from demo.client import Clients
from demo.edits import RoutesFile
from demo.report import Report
from demo.screen import Screen
from demo.story import Story
from demo.witness import Witness
from demo.world import Ports, World, WorldError, shown
from proxy.store import StoreTrouble

GATE = {"min_duration": "3s"}
REDRAW = 0.5
MOVES = 200
STILL = 6  # looks, a tenth of a second apart
INTERRUPTED = "ended before the story was told"


async def play(
    folder: Path,
    screen: Screen,
    ports: Ports | None,
    *,
    stop: asyncio.Event,
    seconds: float | None = None,
    scale: float = 1.0,
    rate: float = 250.0,
    gate: dict[str, str] = GATE,
) -> Report:
    """Plays the story in `folder` and shows the closing report. Then, without `seconds`, traffic goes on until `stop`;
    with it, until so many seconds are over. `ports` are taken where free, None takes any."""
    began = monotonic()
    witness = Witness()
    world = World(folder, Ports.choose(ports), witness.hear, scale)
    asking = Asking(scale)
    clients = Clients(world.public_url, asking.actions(), asking.delicate(), rate=rate)
    file = RoutesFile(world.routes)
    file.copy(world.ports, gate)
    screen.say(f"routes.yaml copied to {shown(world.routes)}, with {', '.join(f'{k}: {v}' for k, v in gate.items())}")

    def beat(what: str, now: Status | None) -> None:
        world.check()
        clients.check()
        screen.waits(what, now)

    admin = Admin(world.admin_url, beat)
    story = Story(world, admin, clients, witness, file, screen)
    broken: list[str] = []
    status: Status | None = None
    history: Json | None = None
    drawing = asyncio.create_task(_draw(admin, clients, screen))
    try:
        broken += await _until_stopped(story, _whole(story, screen, began, seconds), stop)
        await clients.stop()
        if not broken:
            await _settled(admin)
        await story.differences()
        status, history = await admin.status(), await admin.get(f"history?limit={MOVES}")
    finally:
        drawing.cancel()
        screen.say("ending every process ...")
        try:
            await clients.stop()
            await admin.close()
        finally:
            await world.stop_all()
    try:
        compared = closing.fold(world.state, witness, status)
    except StoreTrouble as trouble:
        compared = []
        broken.append(f"the evidence cannot be read: {trouble}")
    report = Report(
        seconds=monotonic() - began,
        requests=clients.requests,
        by_kind=clients.by_kind,
        errors=clients.errors,
        examples=clients.examples,
        resent=clients.resent,
        status=status,
        compared=compared,
        verdicts=story.verdicts,
        found=story.found,
        moves=closing.moves_of(history["rows"] if history else None),
        cohorts=story.cohorts,
        failed_over=witness.failed_over,
        restarts=story.restarts,
        broken=broken,
    )
    report.judge()
    closing.show(report, screen)
    return report


async def _whole(story: Story, screen: Screen, began: float, seconds: float | None) -> None:
    """The story, and the traffic after it."""
    await story.start_world()
    await story.play()
    left = None if seconds is None else max(0.0, began + seconds - monotonic())
    until = "until Ctrl-C" if left is None else f"for {left:.0f} s"
    screen.say(f"the story is told; traffic goes on {until}", "bold")
    screen.waits("Ctrl-C" if left is None else "the end", None)
    if left is None:
        await asyncio.Event().wait()
    else:
        await asyncio.sleep(left)


async def _until_stopped(story: Story, whole: Coroutine[Any, Any, None], stop: asyncio.Event) -> list[str]:
    """Runs `whole` until it ends or `stop` is set; why the story did not hold, if so."""
    telling = asyncio.create_task(whole)
    stopping = asyncio.create_task(stop.wait())
    await asyncio.wait((telling, stopping), return_when=asyncio.FIRST_COMPLETED)
    stopping.cancel()
    telling.cancel()
    try:
        await telling
    except (StoryError, WorldError) as trouble:
        return [str(trouble)]
    except asyncio.CancelledError:
        if not story.told:
            return [INTERRUPTED]
    return []


async def _settled(admin: Admin) -> None:
    """Waits until every copy that is under way is compared: the figures have stopped to grow."""
    looks: list[list[Json]] = []

    def still(now: Status) -> bool:
        looks.append([route.get("comparisons") or {} for route in now.routes.values()])
        return len(looks) > STILL and all(look == looks[-1] for look in looks[-STILL:])

    with contextlib.suppress(StoryError, WorldError):  # the report says what it has
        await admin.until("the last comparisons", still)


async def _draw(admin: Admin, clients: Clients, screen: Screen) -> None:
    while True:
        screen.draw(await admin.status(), clients)
        await asyncio.sleep(REDRAW)
