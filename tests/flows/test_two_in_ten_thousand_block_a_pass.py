"""A field that is missing for one tenant's 0.02 % of the traffic passes any rate. It does not pass the verdict."""

from __future__ import annotations

import asyncio
from functools import partial
from pathlib import Path
from typing import Any

from tests.support.bursts import ask_in_bursts, server
from tests.support.routes import READ, two_sides
from tests.support.running import Running, until
from tests.support.wire import Wire, connect

CLIENTS, EACH, STEP = 10, 1_000, 100  # a step is counted before the next: control may have no time of its own
TENANT = (b"/items/3000577", b"/items/7000123")
ROUTES = f"""\
{READ}\
    gate: {{mismatch_below: 1%, error_increase_below: 1%, min_duration: 0s, p95_ratio_below: 100}}
shadow: {{queue: 10000, deadline: 60s}}
"""


def right(target: bytes) -> bytes:
    return b'{"id":%b,"fee":12}' % target.rpartition(b"/")[2]


def wrong_for_one(target: bytes) -> bytes:
    return right(target).replace(b',"fee":12', b"") if target in TENANT else right(target)


def counted(proxy: Running, asked: int) -> dict[str, Any] | None:
    """The verdict once it is about so many comparisons."""
    verdict: dict[str, Any] = proxy.api("GET", "/routes/read/verdict")
    return verdict if verdict["n"] >= asked else None


async def test_two_of_ten_thousand_that_lack_a_field_hold_the_pass_back(tmp_path: Path) -> None:
    async with server(right) as legacy, server(wrong_for_one) as service:
        proxy = Running(tmp_path, two_sides(legacy, service, ROUTES))
        wires: list[Wire] = []
        try:
            await asyncio.to_thread(proxy.start)
            wires += [await connect(proxy.port) for _ in range(CLIENTS)]
            for first in range(0, EACH, STEP):
                asking = (ask_in_bursts(wire, 1_000_000 * place + first, STEP, 0) for place, wire in enumerate(wires))
                assert sum(await asyncio.gather(*asking)) == CLIENTS * STEP
                asked = CLIENTS * (first + STEP)
                verdict = await asyncio.to_thread(until, partial(counted, proxy, asked), f"{asked} to be counted")
            # 1. by the rate it would have passed long ago
            assert (verdict["n"], verdict["k"], verdict["clean_needed"]) == (10_000, 2, 0)
            # 2. the one thing that is missing is named
            assert verdict["verdict"] == "inconclusive"
            (signature,) = verdict["blocking"]
            assert verdict["needs"] == [f"1 open signature of high risk mended or accepted: {signature}"]
            (shown,) = (await asyncio.to_thread(proxy.route, "read"))["signatures"]
            assert (shown["signature"], shown["path"], shown["risk"], shown["count"]) == (signature, "$.fee", "high", 2)
            # 3. and without it nobody moves on
            promoted = await asyncio.to_thread(proxy.command, "promote", "read")
            assert (promoted.returncode, proxy.route("read")["stage"]) == (1, "shadow"), promoted
        finally:
            for wire in wires:
                wire.close()
            await asyncio.to_thread(proxy.kill_all)
