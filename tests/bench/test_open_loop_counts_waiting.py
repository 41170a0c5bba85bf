"""The open-loop generator: its schedule never waits for answers, and what waits is counted."""

from __future__ import annotations

import asyncio
import math
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest

from bench.open_loop import due, measure, percentile, sendable, summarise
from tests.support.running import PATIENCE


def test_percentiles_are_nearest_rank() -> None:
    values = [float(number) for number in range(1, 101)]
    assert percentile(values, 0.5) == 50
    assert percentile(values, 0.99) == 99
    assert percentile(values, 1.0) == 100
    assert percentile([7.0], 0.01) == 7
    assert math.isnan(percentile([], 0.5))


def test_requests_are_due_at_a_fixed_pace_from_the_start() -> None:
    assert [due(10.0, 4, number) for number in range(4)] == [10.0, 10.25, 10.5, 10.75]


@pytest.mark.parametrize(
    ("now", "sent", "expected"),
    [
        (9.9, 0, 0),  # not begun
        (10.0, 0, 1),  # the first is due at the start
        (10.24, 1, 0),
        (10.25, 1, 1),
        (11.0, 1, 4),  # after a stall all that became due leave at once
        (99.0, 3, 17),  # never more than the run has
        (99.0, 20, 0),
    ],
)
def test_what_became_due_in_a_stall_is_sent_and_no_more(now: float, sent: int, expected: int) -> None:
    assert sendable(10.0, 4, 20, sent, now) == expected


def test_unanswered_requests_count_with_the_time_they_waited() -> None:
    seen = summarise([0.001] * 98, [5.0, 5.0], sent=100, failed=0, connections=3)
    assert (seen.answered, seen.waiting) == (98, 2)
    assert seen.p50_ms == 1.0
    assert seen.p99_ms == 5000.0


@asynccontextmanager
async def upstream(answer: Callable[[], Awaitable[bytes]]) -> AsyncIterator[int]:
    """A server that answers each request head with what `answer` returns; yields its port and ends its connections."""
    serving: set[asyncio.Task[None]] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while await reader.readuntil(b"\r\n\r\n"):
                writer.write(await answer())
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.close()  # the client has gone: its run is over

    def begin(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        serving.add(asyncio.create_task(serve(reader, writer)))

    async with await asyncio.start_server(begin, "127.0.0.1", 0) as server:
        yield server.sockets[0].getsockname()[1]
        await asyncio.wait(serving, timeout=PATIENCE)
        assert all(task.done() for task in serving)


async def test_a_stall_is_seen_by_every_request_that_was_due_in_it() -> None:
    """The upstream answers nothing until 20 requests are in: a closed loop on few connections would send far fewer."""
    gate = asyncio.Event()
    asked = 0

    async def answer() -> bytes:
        nonlocal asked
        asked += 1
        if asked == 20:
            gate.set()
        await gate.wait()
        return b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"

    async with upstream(answer) as port:
        seen = await asyncio.to_thread(measure, f"http://127.0.0.1:{port}/x", rate=200, seconds=0.2)
    assert (seen.sent, seen.answered, seen.failed, seen.waiting) == (40, 40, 0, 0)
    # the first request waited until the twentieth was due, 19 intervals of 5 ms later
    assert seen.max_ms >= 90


async def test_answers_that_are_not_200_are_failures_and_never_latencies() -> None:
    async def refuse() -> bytes:
        return b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n"

    async with upstream(refuse) as port:
        seen = await asyncio.to_thread(measure, f"http://127.0.0.1:{port}/x", rate=200, seconds=0.05)
    assert (seen.answered, seen.failed) == (0, 10)
