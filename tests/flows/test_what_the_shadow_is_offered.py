"""The capture: request and answer as they were, bounded, offered once, after the client has its answer."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from proxy.model.observation import Observation
from proxy.model.outcome import Outcome
from proxy.model.sides import Side, Stage
from proxy.model.spec import Shadow, ShadowBudget
from tests.support.engine import Running, backend, route, spec_of
from tests.support.wire import RawUpstream, Served, ok, until

GET = b"GET /a?b HTTP/1.1\r\nHost: h\r\n\r\n"


def shadowing(upstream: RawUpstream, capture: int = 1000, dice: float = 0.0) -> Running:
    methods = frozenset({"GET", "HEAD", "POST"})
    spec = spec_of(
        backend("legacy", upstream.port, build_header="X-Build"),
        backend("extracted", upstream.port, build_header="X-Build"),
        routes=(route(Stage.SHADOW, shadow=Shadow(50.0, methods)),),
        shadow=ShadowBudget(capture=capture),
    )
    return Running(spec, dice)


async def test_request_and_answer_are_captured_without_their_chunks() -> None:
    chunked = b"HTTP/1.1 200 OK\r\nX-Build: 7\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n"

    async def script(served: Served) -> None:
        await served.until(b"0\r\n\r\n")
        await served.send(chunked)

    async with RawUpstream(script) as upstream, shadowing(upstream) as proxy, await proxy.connect() as client:
        await client.send(
            b"POST /a?b HTTP/1.1\r\nHost: h\r\nX-Strangler-Shadow: 1\r\nTransfer-Encoding: chunked\r\n\r\n"
            b"5\r\nhello\r\n1\r\n!\r\n0\r\n\r\n"
        )
        await client.until(b"0\r\n\r\n")
        await until(lambda: proxy.offered, "the offer")
        exchange, decision = proxy.offered[0]
        assert decision.shadow_backend == "extracted"
        assert (exchange.request.method, exchange.request.target) == (b"POST", b"/a?b")
        assert exchange.request.body == (b"hello!", 6, True)
        names = [name.lower() for name, _ in exchange.request.headers]
        assert b"x-strangler-shadow" not in names
        assert b"x-request-id" in names
        seen = exchange.answered
        assert (seen.side, seen.backend, seen.outcome, seen.status, seen.build) == ("legacy", "legacy", "ok", 200, "7")
        assert seen.body == (b"abcde", 5, True)
        assert 0 < seen.first_byte <= seen.total


async def test_what_is_larger_than_the_cap_is_given_up_and_still_delivered() -> None:
    body = b"x" * 5000
    async with RawUpstream.answering(ok(body)) as upstream, shadowing(upstream) as proxy:
        async with await proxy.connect() as client:
            await client.send(b"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 5000\r\n\r\n" + body)
            assert (await client.answer())[1] == body
        exchange = proxy.offered[0][0]
        assert exchange.request.body == (b"", 5000, False)
        assert exchange.answered.body == (b"", 5000, False)


async def test_nothing_is_offered_when_the_die_says_no() -> None:
    async with RawUpstream.answering(ok()) as upstream, shadowing(upstream, dice=0.6) as proxy:
        async with await proxy.connect() as client:
            await client.send(GET)
            await client.answer()
        await proxy.outcome()
        assert proxy.offered == []


async def test_a_failed_answer_is_offered_as_failed() -> None:
    async def script(served: Served) -> None:
        await served.request()

    async with RawUpstream(script) as upstream, shadowing(upstream) as proxy, await proxy.connect() as client:
        await client.send(GET)
        assert (await client.answer())[0].startswith(b"HTTP/1.1 502 ")
        seen = proxy.offered[0][0].answered
        assert (seen.outcome, seen.status) == (Outcome.UPSTREAM_CLOSED, 0)
        assert len(proxy.ended) == 1


class Calls:
    """Sends captured requests through a data path and collects what it observed."""

    def __init__(self, proxy: Running) -> None:
        self.proxy = proxy
        self.seen: list[Observation] = []

    async def one(self, deadline: float = 5.0, method: bytes = b"GET") -> Observation:
        self.start(deadline, method)
        await until(lambda: self.seen, "the observation")
        await asyncio.sleep(0.01)
        assert len(self.seen) == 1
        return self.seen.pop()

    def start(self, deadline: float = 5.0, method: bytes = b"GET") -> Callable[[], None]:
        head = method + b" /c HTTP/1.1\r\nHost: h\r\n\r\n"
        return self.proxy.engine.call(
            "extracted", Side.EXTRACTED, head, b"", method=method, deadline=deadline, capture=100, done=self.seen.append
        )


async def test_a_call_observes_on_a_pool_of_its_own() -> None:
    async with RawUpstream.answering(ok(b"copy", b"X-Build: 8")) as upstream, shadowing(upstream) as proxy:
        calls = Calls(proxy)
        for _ in range(2):
            seen = await calls.one()
            assert (seen.side, seen.outcome, seen.status, seen.build) == ("extracted", "ok", 200, "8")
            assert seen.body == (b"copy", 4, True)
        assert len(upstream.connections) == 1
        assert proxy.engine.pools()["extracted"] == (0, 0, 0)


async def test_a_call_has_a_deadline_and_can_be_cancelled() -> None:
    async def script(served: Served) -> None:
        await served.rest()

    async with RawUpstream(script) as upstream, shadowing(upstream) as proxy:
        calls = Calls(proxy)
        assert (await calls.one(deadline=0.1)).outcome == "total_timeout"
        cancel = calls.start()
        cancel()
        cancel()
        assert [seen.outcome for seen in calls.seen] == ["cancelled"]


async def test_a_call_stops_reading_beyond_its_cap() -> None:
    async def script(served: Served) -> None:
        await served.head()
        await served.send(b"HTTP/1.1 200 OK\r\nContent-Length: 100000000\r\n\r\n")
        while True:
            await served.send(b"x" * 65536)

    async with RawUpstream(script) as upstream, shadowing(upstream) as proxy:
        seen = await Calls(proxy).one()
        assert (seen.outcome, seen.body.complete, seen.body.data) == ("ok", False, b"")
        await until(lambda: upstream.trouble, "the broken connection")


async def test_a_call_reads_nothing_of_a_body_that_is_announced_beyond_its_cap() -> None:
    """Whole answers, one before and one after: nothing of the large body is waited for."""

    async def script(served: Served) -> None:
        await served.head()
        await served.send(b"HTTP/1.1 200 OK\r\nX-Build: 9\r\nContent-Length: 1000000000\r\n\r\n")
        await served.until_reset()

    async with RawUpstream(script) as upstream, shadowing(upstream) as proxy:
        calls = Calls(proxy)
        for _ in range(2):
            seen = await calls.one()
            assert (seen.outcome, seen.status, seen.build) == ("ok", 200, "9")
            assert seen.body == (b"", 1000000000, False)
        assert proxy.engine.pools()["extracted"] == (0, 0, 0)


async def test_a_call_to_a_dead_backend_is_an_observation_too() -> None:
    async with RawUpstream.answering(ok()) as upstream, shadowing(upstream) as proxy:
        await upstream.stop()
        assert (await Calls(proxy).one()).outcome == "upstream_connect_refused"
