"""Rows 18 and 29-31: ends that hang, mirrors, clients and backends that take nothing, and a stop."""

from __future__ import annotations

import asyncio

from tests.support.wire import Pouring, Served, length_of, ok, stands_still
from tests.transparency.on_conversations import HOST, plain_answer
from tests.transparency.stage import Broken, Case, Stage, expect, status_of

BIG = 64 * 1024 * 1024
KERNELS = 24 * 1024 * 1024  # what the kernel may take on loopback of two connections, with room
NO_MIRROR = {"haproxy": "mirrors with an agent of its own only", "naive": "makes no copies"}
NO_BODY = {**NO_MIRROR, "nginx": "mirrors without the body (`mirror_request_body off`)"}


async def hangs(served: Served) -> None:
    await served.head()
    await served.rest()


async def serves_beside_one_that_hangs(stage: Stage) -> None:
    stage.extracted.part = hangs
    for _ in range(20):
        await (await stage.connect()).send(b"GET /moved/x" + HOST + b"\r\n")
    got = await stage.ask(b"GET /p" + HOST + b"Connection: close\r\n\r\n", ok())
    expect(status_of(got) == "200", f"answers {status_of(got)}")


async def answers_beside_a_mirror_that_hangs(stage: Stage) -> None:
    stage.extracted.part = hangs
    wire = await stage.connect()
    for number in range(2):
        await wire.send(b"GET /equal/x" + HOST + b"\r\n")
        try:
            async with asyncio.timeout(stage.patience / 3):
                expect(await plain_answer(wire) == b"hello", "loses the answer")
        except TimeoutError:
            raise Broken("the client's next request waits for the mirror" if number else "the client waits") from None
    expect(stage.extracted.connections, "makes no copy")


async def takes_a_large_body_beside_a_mirror_that_reads_nothing(stage: Stage) -> None:
    async def deaf(served: Served) -> None:
        await served.head()
        served.writer.transport.pause_reading()  # type: ignore[attr-defined]  # a transport that reads
        await asyncio.sleep(stage.patience)

    async def takes(served: Served) -> None:
        left = length_of(await served.head())
        while left:
            left -= len(await served.some())
        await served.send(ok())

    stage.legacy.part, stage.extracted.part = takes, deaf
    wire = await stage.connect()
    size = 16 * 1024 * 1024
    wire.writer.write(b"POST /equal/x" + HOST + b"Content-Length: %d\r\n\r\n" % size + bytes(size))
    try:
        async with asyncio.timeout(stage.patience / 2):
            expect(await plain_answer(wire) == b"hello", "loses the answer")
    except TimeoutError:
        raise Broken("the client waits") from None
    expect(stage.extracted.connections, "makes no copy")


async def leaves_with_the_backend_what_its_client_does_not_read(stage: Stage) -> None:
    body = Pouring(BIG)

    async def script(served: Served) -> None:
        await served.head()
        served.writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % BIG)
        await body.into(served)

    stage.legacy.part = script
    wire = await stage.connect()
    wire.writer.transport.pause_reading()  # type: ignore[attr-defined]  # a transport that reads
    await wire.send(b"GET /p" + HOST + b"\r\n")
    expect(await stands_still(lambda: body.sent) <= KERNELS, "takes 64 MB that nobody reads")


async def leaves_with_the_client_what_its_backend_does_not_take(stage: Stage) -> None:
    async def script(served: Served) -> None:
        await served.head()
        served.writer.transport.pause_reading()  # type: ignore[attr-defined]  # a transport that reads
        await asyncio.sleep(stage.patience)

    stage.legacy.part = script
    wire = await stage.connect()
    wire.writer.write(b"POST /p" + HOST + b"Content-Length: %d\r\n\r\n" % BIG)
    body = Pouring(BIG)
    uploading = asyncio.create_task(body.into(wire))
    try:
        expect(await stands_still(lambda: body.sent) <= KERNELS, "takes 64 MB that nobody takes")
    finally:
        uploading.cancel()
        await asyncio.gather(uploading, return_exceptions=True)


async def ends_what_is_under_way(stage: Stage) -> None:
    asked, go_on = asyncio.Event(), asyncio.Event()

    async def script(served: Served) -> None:
        await served.head()
        asked.set()
        await go_on.wait()
        await served.send(ok())

    stage.legacy.part = script
    wire = await stage.connect()
    await wire.send(b"GET /p" + HOST + b"\r\n")
    await asked.wait()
    stage.stop()
    await asyncio.sleep(0.5)  # for it to do whatever it does when it is told
    go_on.set()
    try:
        expect(await plain_answer(wire) == b"hello", "loses the answer")
    except (AssertionError, ConnectionResetError):
        raise Broken("cuts what is under way") from None


CASES = [
    Case(
        18,
        "a backend that hangs takes nothing from another",
        serves_beside_one_that_hangs,
        senseless={"naive": "has one backend"},
    ),
    Case(
        29,
        "a client does not wait for a mirror that hangs",
        answers_beside_a_mirror_that_hangs,
        theirs_only=True,
        senseless=NO_MIRROR,
    ),
    Case(
        29,
        "nor does one with a body of 16 MB for a mirror that reads nothing",
        takes_a_large_body_beside_a_mirror_that_reads_nothing,
        theirs_only=True,
        senseless=NO_BODY,
    ),
    Case(
        30, "what a client does not read stays with the backend", leaves_with_the_backend_what_its_client_does_not_read
    ),
    Case(
        30, "what a backend does not take stays with the client", leaves_with_the_client_what_its_backend_does_not_take
    ),
    Case(
        31, "a request that is under way when the proxy is told to stop is answered", ends_what_is_under_way, stops=True
    ),
]
