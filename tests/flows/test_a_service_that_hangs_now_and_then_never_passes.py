"""Matches settle in milliseconds, hangs only at the deadline. A service that hangs on three requests of ten must not
pass in between, at a thousand requests a second, however often one looks.
"""

from __future__ import annotations

import asyncio
import zlib
from pathlib import Path

import pytest

from proxy.evidence.rate import clean_needed
from tests.support.bursts import ask_in_bursts, server
from tests.support.routes import READ, two_sides
from tests.support.running import Running
from tests.support.wire import Wire, connect

CLIENTS, EACH, PAUSE = 10, 300, 0.1  # ten bursts of ten a second by each of ten clients: 1,000 requests a second

GATE = "    gate: {mismatch_below: 10%, error_increase_below: 10%, min_duration: 0s, p95_ratio_below: 100}\n"
# With the first, every copy is sent, and nothing but the order of counting stands between the matches and a pass.
BUDGETS = {
    "all copies are sent": "shadow: {concurrency: 2000, deadline: 1s}\nbreaker: {failures: 1000000}\n",
    "the lane is full": "shadow: {deadline: 1s}\n",
}


def well(target: bytes) -> bytes:
    return b'{"ok":true}'


def hanging(target: bytes) -> bytes | None:
    """Hangs on three targets of ten, always the same ones."""
    return None if zlib.crc32(target) % 10 < 3 else well(target)


async def look(proxy: Running, load: asyncio.Future[list[int]]) -> list[str]:
    """Looks at the verdict all the time, from the first request on, until the load has ended and the verdict fails."""
    rulings: list[str] = []
    while not (load.done() and rulings[-1] == "fail"):
        verdict = await asyncio.to_thread(proxy.api, "GET", "/routes/read/verdict")
        rulings.append(verdict["verdict"])
        assert rulings[-1] != "pass", verdict
        assert len(rulings) < 5_000, verdict
    return rulings


@pytest.mark.parametrize("budget", BUDGETS.values(), ids=BUDGETS.keys())
async def test_a_service_that_hangs_on_three_of_ten_never_passes(tmp_path: Path, budget: str) -> None:
    async with server(well) as legacy, server(hanging) as service:
        proxy = Running(tmp_path, two_sides(legacy, service, READ + GATE + budget))
        wires: list[Wire] = []
        try:
            await asyncio.to_thread(proxy.start)
            wires += [await connect(proxy.port) for _ in range(CLIENTS)]
            asking = (ask_in_bursts(wire, 1_000_000 * place, EACH, PAUSE) for place, wire in enumerate(wires))
            load = asyncio.gather(*asking)
            assert len(await look(proxy, load)) > 20
            assert sum(await load) == CLIENTS * EACH  # clients saw none of it
            # the matches alone would have passed
            comparisons = (await asyncio.to_thread(proxy.route, "read"))["comparisons"]
            assert comparisons["match"] > clean_needed(0, 0, 0.1, 0.025)
        finally:
            for wire in wires:
                wire.close()
            await asyncio.to_thread(proxy.kill_all)
