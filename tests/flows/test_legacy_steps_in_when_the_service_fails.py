"""TRANSPARENCY row 16 and the fallback: a failing service is not seen by a client that legacy can still answer."""

from __future__ import annotations

import asyncio

import pytest

from proxy.model.sides import Stage
from proxy.model.spec import Breaker, Canary, Retry
from tests.support.engine import Running, backend, route, spec_of
from tests.support.wire import RawUpstream, Served, ok, until

GET = b"GET / HTTP/1.1\r\nHost: h\r\n\r\n"


def live(extracted: int, legacy: int, **settings: object) -> Running:
    spec = spec_of(
        backend("legacy", legacy),
        backend("extracted", extracted, timeout=1.0, connect_timeout=5.0, idle_timeout=1.0),
        routes=(route(Stage.LIVE, "/", **settings),),
        breaker=Breaker(failures=2, open_for=60.0),
    )
    return Running(spec, dice=0.999999)


def broken(answer: bytes, *, hang: bool = False) -> RawUpstream:
    async def script(served: Served) -> None:
        upstream.requests.append(await served.request())
        await served.send(answer)
        if hang:
            await served.rest()

    upstream = RawUpstream(script)
    return upstream


@pytest.mark.parametrize(
    ("answer", "hang", "reason"),
    [
        (b"", False, "upstream_closed"),
        (b"", True, "upstream_first_byte_timeout"),
        (b"nonsense", False, "upstream_head_invalid"),
        (b"HTTP/1.1 200 OK\r\nContent-Le", False, "upstream_closed"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf", False, "upstream_body_cut"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf", True, "upstream_idle_timeout"),
    ],
)
async def test_a_failure_before_the_answer_is_whole_is_never_seen(answer: bytes, hang: bool, reason: str) -> None:
    async with RawUpstream.answering(ok(b"legacy")) as legacy, broken(answer, hang=hang) as extracted:
        async with live(extracted.port, legacy.port) as proxy, await proxy.connect() as client:
            await client.send(GET)
            assert (await client.answer())[1] == b"legacy"
            ended = await proxy.outcome()
            assert (ended.outcome, ended.side, ended.backend, ended.fell_back) == ("ok", "legacy", "legacy", reason)
            assert len(extracted.requests) == 1


async def test_a_dead_service_opens_the_breaker_and_legacy_answers_at_once() -> None:
    async with RawUpstream.answering(ok(b"legacy")) as legacy, RawUpstream.answering(ok(b"extracted")) as extracted:
        async with live(extracted.port, legacy.port) as proxy, await proxy.connect() as client:
            await client.send(GET)
            assert (await client.answer())[1] == b"extracted"
            await extracted.stop()
            for _ in range(4):
                await client.send(GET)
                assert (await client.answer())[1] == b"legacy"
            assert proxy.breaker("extracted").open
            assert proxy.ended[-1].fell_back == "breaker_open"


async def test_a_post_to_a_dead_service_falls_back_because_nothing_was_written() -> None:
    async with RawUpstream.answering(ok(b"legacy")) as legacy:
        async with live(1, legacy.port) as proxy, await proxy.connect() as client:
            await client.send(b"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 4\r\n\r\nbody")
            assert (await client.answer())[1] == b"legacy"
            assert legacy.requests[0][1] == b"body"
            assert (await proxy.outcome()).fell_back == "upstream_connect_refused"


async def test_a_post_that_dies_with_its_service_is_a_502() -> None:
    async with RawUpstream.answering(ok(b"legacy")) as legacy, broken(b"") as extracted:
        async with live(extracted.port, legacy.port) as proxy, await proxy.connect() as client:
            await client.send(b"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 4\r\n\r\nbody")
            assert (await client.answer())[0].startswith(b"HTTP/1.1 502 ")
            assert legacy.requests == []
            ended = await proxy.outcome()
            assert (ended.side, ended.outcome) == ("extracted", "upstream_closed")


async def test_a_put_falls_back_with_its_body_while_that_is_small_enough_to_keep() -> None:
    async def script(served: Served) -> None:
        extracted.requests.append(await served.request())

    small, large = b"s" * 60_000, b"l" * 100_000
    async with RawUpstream.answering(ok(b"legacy")) as legacy, RawUpstream(script) as extracted:
        async with live(extracted.port, legacy.port) as proxy, await proxy.connect() as client:
            await client.send(b"PUT / HTTP/1.1\r\nHost: h\r\nContent-Length: 60000\r\n\r\n" + small)
            assert (await client.answer())[1] == b"legacy"
            assert legacy.requests[0][1] == small
            await client.send(b"PUT / HTTP/1.1\r\nHost: h\r\nContent-Length: 100000\r\n\r\n" + large)
            assert (await client.answer())[0].startswith(b"HTTP/1.1 502 ")
            assert len(legacy.requests) == 1


async def test_without_fallback_the_failure_is_shown() -> None:
    async with RawUpstream.answering(ok(b"legacy")) as legacy:
        async with live(1, legacy.port, fallback=False) as proxy, await proxy.connect() as client:
            await client.send(GET)
            assert (await client.answer())[0].startswith(b"HTTP/1.1 502 ")
            assert legacy.requests == []


async def test_an_error_page_of_the_service_is_an_answer() -> None:
    async with RawUpstream.answering(ok(b"legacy")) as legacy:
        async with RawUpstream.answering(b"HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n") as extracted:
            async with live(extracted.port, legacy.port) as proxy, await proxy.connect() as client:
                await client.send(GET)
                assert (await client.answer())[0].startswith(b"HTTP/1.1 503 Busy")
                assert not proxy.breaker("extracted").open


async def test_a_long_answer_is_not_held_back() -> None:
    go_on = asyncio.Event()

    async def script(served: Served) -> None:
        await served.request()
        await served.send(b"HTTP/1.1 200 OK\r\nContent-Length: 70000\r\n\r\n" + b"x" * 10)
        await go_on.wait()
        await served.send(b"x" * 69990)

    async with RawUpstream.answering(ok(b"legacy")) as legacy, RawUpstream(script) as extracted:
        async with live(extracted.port, legacy.port) as proxy, await proxy.connect() as client:
            await client.send(GET)
            await client.head()
            assert await client.exactly(10) == b"x" * 10
            go_on.set()
            await client.exactly(69990)
            assert (await proxy.outcome()).fell_back == ""


async def test_clients_that_leave_do_not_open_the_breaker() -> None:
    async def script(served: Served) -> None:
        await served.rest()

    async with RawUpstream(script) as legacy, RawUpstream(script) as extracted:
        async with live(extracted.port, legacy.port, canary=Canary()) as proxy:
            for number in range(5):
                client = await proxy.connect()
                await client.send(GET)
                await until(lambda: proxy.engine.in_flight == 1, "the exchange")
                client.close()
                await proxy.outcome(number)
            assert not proxy.breaker("extracted").open
            assert {ended.outcome for ended in proxy.ended} == {"client_gone"}


async def test_a_retry_comes_before_the_fallback_but_not_while_the_breaker_is_open() -> None:
    async with RawUpstream.answering(ok(b"legacy")) as legacy, broken(b"") as extracted:
        again = Retry(attempts=1, backoff=0.0)
        async with live(extracted.port, legacy.port, retry=again) as proxy, await proxy.connect() as client:
            for _ in range(3):
                await client.send(GET)
                assert (await client.answer())[1] == b"legacy"
            assert len(extracted.requests) == 2, "the first request, and its retry; two failures open the breaker"
            assert [ended.fell_back for ended in proxy.ended] == ["upstream_closed", "breaker_open", "breaker_open"]


async def test_legacy_too_is_asked_again_when_it_stands_in() -> None:
    async def script(served: Served) -> None:
        legacy.requests.append(await served.request())
        if len(legacy.requests) > 1:
            await served.send(ok(b"legacy"))

    async with RawUpstream(script) as legacy:
        again = Retry(attempts=4, backoff=0.0)
        async with live(1, legacy.port, retry=again) as proxy, await proxy.connect() as client:
            await client.send(GET)
            assert (await client.answer())[1] == b"legacy"
            assert len(legacy.requests) == 2
            assert [(str(event.kind), event.backend) for event in proxy.events] == [
                ("retry", "extracted"),
                ("retry", "legacy"),
            ]
