"""A service that hangs costs what `concurrency` allows, and whoever does not ask it notices nothing."""

from __future__ import annotations

import asyncio
from collections import Counter

from proxy.model.outcome import Outcome
from proxy.model.sides import Stage
from proxy.model.spec import Breaker, Limits, RoutesSpec
from tests.support.engine import Running, backend, route, spec_of
from tests.support.wire import PATIENCE, RawUpstream, Served, fields, ok, until

LEGACY = b"GET /other HTTP/1.1\r\nHost: h\r\n\r\n"
MOVED = b"GET /moved HTTP/1.1\r\nHost: h\r\n\r\n"
CLIENTS = 300
AT_ONCE = 16


async def hangs(served: Served) -> None:
    await served.rest()


def spec(legacy: int, extracted: int, *, fallback: bool, **settings: object) -> RoutesSpec:
    return spec_of(
        backend("legacy", legacy),
        backend("extracted", extracted, timeout=10 * PATIENCE, **settings),
        routes=(route(Stage.LIVE, "/moved", fallback=fallback),),
        breaker=Breaker(failures=10**6),
    )


async def ask(proxy: Running, raw: bytes, times: int) -> None:
    """So many exchanges, one after another; each is answered by legacy, and waits for no service that hangs."""
    async with await proxy.connect() as client:
        for _ in range(times):
            await client.send(raw)
            assert (await client.answer())[1] == b"legacy"


async def test_a_service_that_hangs_gets_so_many_and_the_others_are_told_at_once() -> None:
    async with RawUpstream.answering(ok(b"legacy")) as legacy, RawUpstream(hangs) as service:
        async with Running(spec(legacy.port, service.port, fallback=False, concurrency=AT_ONCE), dice=0.9) as proxy:
            clients = [await proxy.connect() for _ in range(CLIENTS)]
            for client in clients:
                await client.send(MOVED)
            await until(lambda: len(proxy.ended) == CLIENTS - AT_ONCE, "the refusals")
            assert Counter(ended.outcome for ended in proxy.ended) == {"concurrency_exceeded": CLIENTS - AT_ONCE}
            await until(lambda: len(service.connections) >= AT_ONCE, "the service to be busy")
            assert len(service.connections) == AT_ONCE
            assert proxy.engine.in_flight == AT_ONCE
            head, body = await clients[-1].answer()
            assert head.startswith(b"HTTP/1.1 503 ")
            assert fields(head, b"retry-after") == [b"1"]
            assert b"concurrency_exceeded" in body
            await ask(proxy, LEGACY, 200)
            await service.stop()
            await until(lambda: proxy.engine.in_flight == 0, "the end of those under way")


async def test_with_a_fallback_legacy_answers_what_the_service_has_no_room_for() -> None:
    async with RawUpstream.answering(ok(b"legacy")) as legacy, RawUpstream(hangs) as service:
        async with Running(spec(legacy.port, service.port, fallback=True, concurrency=AT_ONCE), dice=0.9) as proxy:
            busy = [await proxy.connect() for _ in range(AT_ONCE)]
            for client in busy:
                await client.send(MOVED)
            await until(lambda: len(service.connections) == AT_ONCE, "the service to be busy")
            await ask(proxy, MOVED, 100)
            assert {(ended.side, ended.fell_back) for ended in proxy.ended} == {("legacy", "concurrency_exceeded")}
            for client in busy:
                client.close()
            await until(lambda: proxy.engine.in_flight == 0, "those that left")


async def test_room_comes_back_and_clients_that_leave_take_none() -> None:
    go_on = asyncio.Event()

    async def waits(served: Served) -> None:
        while True:
            await served.request()
            await go_on.wait()
            await served.send(ok(b"moved"))

    async with RawUpstream.answering(ok(b"legacy")) as legacy, RawUpstream(waits) as service:
        async with Running(spec(legacy.port, service.port, fallback=False, concurrency=2), dice=0.9) as proxy:
            for number in range(5):  # each takes the room and leaves
                pair = [await proxy.connect(), await proxy.connect()]
                for client in pair:
                    await client.send(MOVED)
                await until(lambda: proxy.engine.view.pools["extracted"].counts[1] == 2, "both to be under way")
                for client in pair:
                    client.close()
                await until(lambda count=number: len(proxy.ended) == 2 * count + 2, "their end")  # type: ignore[misc]  # a default binds it
            assert {ended.outcome for ended in proxy.ended} == {"client_gone"}
            go_on.set()
            async with await proxy.connect() as client:
                for _ in range(5):
                    await client.send(MOVED)
                    assert (await client.answer())[1] == b"moved"


async def test_a_refusal_that_comes_after_the_end_is_not_heard() -> None:
    async with RawUpstream.answering(ok(b"legacy")) as legacy, RawUpstream(hangs) as service:
        async with Running(spec(legacy.port, service.port, fallback=True), dice=0.9) as proxy:
            async with await proxy.connect() as client:
                await client.send(MOVED)
                await until(lambda: service.connections, "the service to be asked")
                exchange = next(iter(proxy.engine.clients)).exchange
                assert exchange is not None
                exchange.client_gone()
                exchange.on_failed(Outcome.CONCURRENCY_EXCEEDED, "too late")
            await until(lambda: proxy.engine.client_connections == 0, "the end")
            assert [ended.outcome for ended in proxy.ended] == ["client_gone"]
            await ask(proxy, LEGACY, 3)
            assert len(legacy.requests) == 3, "nothing was asked for a client that is gone"


async def test_a_client_that_leaves_before_it_is_refused_is_no_trouble() -> None:
    async with RawUpstream.answering(ok(b"legacy")) as legacy, RawUpstream(hangs) as service:
        async with Running(spec(legacy.port, service.port, fallback=True, concurrency=1), dice=0.9) as proxy:
            busy = await proxy.connect()
            await busy.send(MOVED)
            await until(lambda: service.connections, "the service to be busy")
            for _ in range(20):
                client = await proxy.connect()
                client.writer.write(MOVED)
                client.reset()
            await until(lambda: proxy.engine.in_flight == 1 and proxy.engine.client_connections == 1, "their end")
            busy.close()
            await until(lambda: proxy.engine.in_flight == 0, "the last")
            assert len(proxy.ended) == len({ended.request_id for ended in proxy.ended}), "each is recorded once"


async def test_new_requests_are_refused_and_nothing_is_copied_while_memory_is_at_its_limit() -> None:
    async with RawUpstream.answering(ok(b"legacy")) as legacy, RawUpstream.answering(ok(b"extracted")) as service:
        made = spec_of(
            backend("legacy", legacy.port),
            backend("extracted", service.port),
            routes=(route(Stage.SHADOW, "/moved"),),
            limits=Limits(memory=1000),
        )
        async with Running(made) as proxy:
            shedding = proxy.engine.shedding
            await until(lambda: shedding.refuses, "the first look")
            head = (await proxy.one(MOVED)).partition(b"\r\n\r\n")[0]
            assert head.startswith(b"HTTP/1.1 503 ")
            assert fields(head, b"retry-after") == [b"1"]
            assert (proxy.ended[0].outcome, proxy.ended[0].side) == ("overloaded", "proxy")
            assert legacy.requests == []
            shedding.close()  # from here on the test says how much there is
            for memory, refuses, copies in (
                (1000, True, 0),
                (960, True, 0),
                (940, False, 0),
                (770, False, 0),
                (750, False, 1),
            ):
                shedding.look(memory)
                assert shedding.refuses is refuses, memory
                before = len(proxy.offered)
                if not refuses:
                    async with await proxy.connect() as client:
                        await client.send(MOVED)
                        assert (await client.answer())[1] == b"legacy"
                        await until(lambda: proxy.engine.in_flight == 0, "the end")
                assert len(proxy.offered) - before == copies, memory
            tight = []
            for memory in (799, 800):
                shedding.look(memory)
                tight.append(shedding.is_tight)
            assert tight == [False, True]
            kinds = [str(event.kind) for event in proxy.events]
            assert kinds == ["shedding", "shedding_ended", "not_copied", "not_copied"]
