"""The proxies that the cases run against: this one in process, the others as the benchmark starts them."""

from __future__ import annotations

import asyncio
import signal
import tempfile
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager, suppress
from pathlib import Path

from bench.machine import free_port, pick_cores, start, stop
from bench.peers import Peer, Place
from bench.upstream import Upstream
from proxy.model.sides import Stage as RouteStage
from proxy.model.spec import Limits
from tests.support.engine import Running, backend, route, spec_of
from tests.support.wire import PATIENCE, connect
from tests.transparency.stage import Behind, Broken, Case, Stage

HANGS = 3.0  # seconds for one case, after which a peer is taken to hang
REST = 0.02  # for a peer to notice that the connections of the last case ended
STOPS = {"nginx": signal.SIGQUIT, "haproxy": signal.SIGUSR1}  # by which it stops without cutting anybody
LONGEST_ANSWER = 90  # characters of what was seen


async def play(case: Case, stage: Stage) -> str:
    """What was seen, "" when the case passed."""
    try:
        async with asyncio.timeout(stage.patience):
            await case.play(stage)
    except Broken as seen:
        return str(seen).replace("|", "\\|")[: LONGEST_ANSWER * 2]
    except TimeoutError:
        return "hangs"
    except (AssertionError, OSError) as trouble:
        words = " ".join(str(trouble).split()) or "the connection was reset"
        return f"breaks off: {words.replace('|', chr(92) + '|')}"[:LONGEST_ANSWER]
    finally:
        await stage.clear()
    return ""


@asynccontextmanager
async def behind() -> AsyncIterator[tuple[Behind, Behind]]:
    legacy, extracted = Behind(), Behind()
    async with legacy, extracted:
        yield legacy, extracted
        await asyncio.sleep(REST)  # what was accepted last is there to be ended


async def ours(cases: Sequence[Case]) -> dict[str, str]:
    """Each case on a proxy of its own; what was seen by case id, "" where it passed."""
    seen: dict[str, str] = {}
    async with behind() as (legacy, extracted):
        backends = backend("legacy", legacy.port), backend("extracted", extracted.port)
        spec = spec_of(*backends, routes=(route(RouteStage.LIVE, "/moved/"),), limits=Limits())
        for case in cases:
            if not case.theirs_only:
                async with Running(spec) as proxy:
                    seen[case.id] = await play(case, Stage(proxy.port, legacy, extracted, stop=stopping(proxy)))
    return seen


def stopping(proxy: Running) -> Callable[[], None]:
    """What SIGTERM does to a worker."""
    draining: list[asyncio.Task[None]] = []

    async def drain() -> None:
        await proxy.doors.close(0)
        await proxy.engine.drain(PATIENCE)

    return lambda: draining.append(asyncio.create_task(drain()))


async def theirs(peer: Peer, cases: Sequence[Case]) -> dict[str, str]:
    """The same for an installed peer, all on one process of it. What is ours alone is left out."""
    assert peer.program is not None
    seen: dict[str, str] = {}
    async with behind() as (legacy, extracted):
        with _folder() as folder:
            place = Place(folder, free_port(), 0, Upstream(legacy.port, extracted.port, 0, legacy.port))
            command = peer.command(peer.program, place)
            process = start(peer.name, command, pick_cores().proxy, folder / "log")
            try:
                await _listening(place.port)
                told = STOPS.get(peer.name, signal.SIGTERM)
                for case in sorted(cases, key=lambda case: case.stops):
                    if not case.ours_only and peer.name not in case.senseless:
                        process.check()
                        stage = Stage(
                            place.port,
                            legacy,
                            extracted,
                            patience=HANGS,
                            stop=lambda: process.popen.send_signal(told),
                        )
                        seen[case.id] = await play(case, stage)
                        await asyncio.sleep(REST)
                        await stage.clear()  # what the peer tried once more of its own
                        await asyncio.sleep(REST)
            finally:
                await asyncio.to_thread(stop, process)
    return seen


@contextmanager
def _folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o711)  # nginx leaves root behind and puts long bodies into a folder of its own there
        yield folder


async def _listening(port: int) -> None:
    async with asyncio.timeout(PATIENCE):
        while True:
            with suppress(OSError):
                async with await connect(port):
                    return
            await asyncio.sleep(0.05)
