"""Several urls of one backend: load goes to all of them, one that dies or is sick is left and comes back, and no client
whose request may be sent twice notices."""

from __future__ import annotations

import asyncio
import dataclasses
import random
from collections import Counter
from pathlib import Path

import pytest

from proxy.model.sides import Side, Stage
from proxy.model.spec import Backend, Breaker, Health, RoutesSpec, Url
from tests.support.engine import Running, backend, route, snapshot_of, spec_of
from tests.support.wire import RawUpstream, Served, ok, until

GET = b"GET / HTTP/1.1\r\nHost: h\r\n\r\n"
POST = b"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 4\r\n\r\nbody"
DEAD = 1  # a port that nobody listens on


def at(*ports: int, **settings: object) -> Backend:
    others = tuple(Url(f"http://127.0.0.1:{port}", "127.0.0.1", port) for port in ports[1:])
    return backend("legacy", ports[0], others=others, **{"timeout": 1.0, "connect_timeout": 1.0, **settings})


def alone(*ports: int, open_for: float = 60.0, failures: int = 3, **settings: object) -> RoutesSpec:
    return spec_of(at(*ports, **settings), breaker=Breaker(failures=failures, open_for=open_for))


def by_lot(spec: RoutesSpec) -> Running:
    """With dice that fall differently each time, and the same in each run."""
    proxy = Running(spec)
    proxy.dice = random.Random(7).random
    return proxy


async def ask(proxy: Running, times: int, raw: bytes = GET) -> Counter[bytes]:
    """What one client got: bodies, or the status of what was no 200."""
    got: Counter[bytes] = Counter()
    async with await proxy.connect() as client:
        for _ in range(times):
            await client.send(raw)
            head, body = await client.answer()
            got[body if head.startswith(b"HTTP/1.1 200") else head[9:12]] += 1
    return got


async def test_requests_go_to_all_urls() -> None:
    async with (
        RawUpstream.answering(ok(b"a")) as a,
        RawUpstream.answering(ok(b"b")) as b,
        by_lot(alone(a.port, b.port)) as proxy,
    ):
        got = await ask(proxy, 100)
        assert got[b"a"] + got[b"b"] == 100
        assert min(got.values()) >= 30


async def test_the_busier_url_gets_less() -> None:
    go_on = asyncio.Event()

    async def slow(served: Served) -> None:
        while True:
            await served.request()
            await go_on.wait()
            await served.send(ok(b"slow"))

    async with RawUpstream(slow) as a, RawUpstream.answering(ok(b"fast")) as b:
        async with by_lot(alone(a.port, b.port, timeout=5.0)) as proxy:
            waiting = [await proxy.connect() for _ in range(4)]
            for client in waiting:
                await client.send(GET)
            await until(lambda: len(a.connections) > 0, "a request at the slow one")
            assert (await ask(proxy, 50))[b"fast"] == 50, "one request is enough to be busier"
            go_on.set()
            for client in waiting:
                assert (await client.answer())[1] in (b"slow", b"fast")


@pytest.mark.parametrize("raw", [GET, POST], ids=["read", "write"])
async def test_a_url_that_nobody_listens_on_is_not_noticed_and_soon_left(raw: bytes) -> None:
    async with RawUpstream.answering(ok(b"a")) as a, by_lot(alone(a.port, DEAD)) as proxy:
        assert await ask(proxy, 60, raw) == {b"a": 60}, "what was never sent may go elsewhere, a write too"
        kinds = [str(event.kind) for event in proxy.events]
        assert kinds.count("url_ejected") == 1
        assert kinds.count("retry") == 3, "after so many failures in a row"
        assert proxy.engine.urls()["legacy"][1][1:] == (True, True)


async def test_a_url_dies_and_comes_back_and_no_reader_notices() -> None:
    async with RawUpstream.answering(ok(b"a")) as a, RawUpstream.answering(ok(b"b")) as b:
        async with by_lot(alone(a.port, b.port, open_for=0.2)) as proxy:
            stop = asyncio.Event()
            got: Counter[bytes] = Counter()

            async def reads() -> None:
                while not stop.is_set():
                    got.update(await ask(proxy, 5))

            readers = [asyncio.create_task(reads()) for _ in range(8)]
            await until(lambda: got[b"b"] > 50, "load")
            await b.stop()
            await until(lambda: "url_ejected" in {event.kind for event in proxy.events}, "its ejection")
            left = got[b"b"]
            await b.start(b.port)
            await until(lambda: got[b"b"] > left + 50, "its return")
            stop.set()
            await asyncio.gather(*readers)
            assert set(got) == {b"a", b"b"}, got
            assert [event.kind for event in proxy.events if event.kind == "url_returned"]


async def test_a_service_that_dies_within_a_small_answer_is_not_seen() -> None:
    async def dies(served: Served) -> None:
        await served.request()
        await served.send(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf")

    async with RawUpstream.answering(ok(b"whole")) as a, RawUpstream(dies) as b, by_lot(alone(a.port, b.port)) as proxy:
        assert await ask(proxy, 30) == {b"whole": 30}


async def test_a_write_that_was_sent_fails_rather_than_being_done_twice() -> None:
    async def dies(served: Served) -> None:
        b.requests.append(await served.request())

    async with RawUpstream.answering(ok(b"a")) as a, RawUpstream(dies) as b, by_lot(alone(a.port, b.port)) as proxy:
        got: Counter[bytes] = Counter()
        for _ in range(30):
            got.update(await ask(proxy, 1, POST))
        assert got[b"502"] == len(b.requests) == 3, "until it was ejected"
        assert got[b"a"] == 27


async def test_when_both_are_dead_the_client_is_told_and_the_breaker_opens() -> None:
    spec = spec_of(
        backend("legacy", DEAD),
        Backend("extracted", "", "127.0.0.1", DEAD, others=(Url("http://127.0.0.1:2", "127.0.0.1", 2),)),
        routes=(route(Stage.LIVE, "/"),),
        breaker=Breaker(failures=4, open_for=60.0),
    )
    async with RawUpstream.answering(ok(b"legacy")) as legacy:
        spec.backends["legacy"] = backend("legacy", legacy.port)
        async with by_lot(spec) as proxy:
            assert await ask(proxy, 20) == {b"legacy": 20}
            assert proxy.breaker("extracted").open
            assert proxy.ended[-1].fell_back == "breaker_open"


class Sick(RawUpstream):
    """Answers requests with its name, and /up as it feels."""

    def __init__(self, name: bytes) -> None:
        super().__init__(self._serve)
        self.name = name
        self.feels = b"200"
        self.checks = 0

    async def _serve(self, served: Served) -> None:
        while True:
            head, _ = await served.request()
            if head.startswith(b"GET /up "):
                self.checks += 1
                assert b"User-Agent: strangler-health\r\n" in head
                if self.feels == b"hangs":
                    await served.rest()
                await served.send(b"HTTP/1.1 %b X\r\nContent-Length: 2\r\n\r\nok" % self.feels)
            else:
                await served.send(ok(self.name))


HEALTH = Health("/up", interval=0.1, timeout=10.0, unhealthy_after=2, healthy_after=2)


@pytest.mark.parametrize("feels", [b"503", b"404", b"hangs"])
async def test_a_url_that_fails_its_health_checks_is_left_and_returns(feels: bytes) -> None:
    a, b = Sick(b"a"), Sick(b"b")
    health = dataclasses.replace(HEALTH, timeout=1.0) if feels == b"hangs" else HEALTH
    async with a, b, by_lot(alone(a.port, b.port, health=health)) as proxy:
        await until(lambda: a.checks and b.checks, "checks without any traffic")
        b.feels = feels
        await until(lambda: not proxy.engine.urls()["legacy"][1][1], "it to be left")
        assert await ask(proxy, 30) == {b"a": 30}
        b.feels = b"204"
        await until(lambda: proxy.engine.urls()["legacy"][1][1], "its return")
        assert (await ask(proxy, 60))[b"b"] > 10
        told = [event for event in proxy.events if event.kind in ("url_unhealthy", "url_healthy")]
        assert [event.kind for event in told] == ["url_unhealthy", "url_healthy"]
        why = {b"hangs": "total_timeout"}.get(feels, feels.decode())
        assert told[0].why == f"GET /up: {why}"
        assert len(a.connections) <= 3, "checks use one connection again and again"


async def test_when_no_url_is_healthy_legacy_answers_and_who_has_no_legacy_is_served_all_the_same() -> None:
    service = Sick(b"extracted")
    async with RawUpstream.answering(ok(b"legacy")) as legacy, service:
        spec = spec_of(
            backend("legacy", legacy.port),
            backend("extracted", service.port, health=HEALTH),
            routes=(route(Stage.LIVE, "/"), route(Stage.RETIRED, "/gone", name="gone")),
        )
        async with by_lot(spec) as proxy:
            assert await ask(proxy, 5) == {b"extracted": 5}
            service.feels = b"500"
            await until(lambda: proxy.breaker("extracted").open, "the breaker")
            assert await ask(proxy, 5) == {b"legacy": 5}
            assert proxy.ended[-1].fell_back == "breaker_open"
            assert await ask(proxy, 5, b"GET /gone HTTP/1.1\r\nHost: h\r\n\r\n") == {b"extracted": 5}
            assert proxy.breaker("extracted").open, "the checks know better"
            service.feels = b"200"
            await until(lambda: not proxy.breaker("extracted").open, "its return")
            assert await ask(proxy, 5) == {b"extracted": 5}


async def test_an_edit_keeps_what_is_known_of_urls_and_ends_checks_that_are_no_longer_wanted() -> None:
    a, b = Sick(b"a"), Sick(b"b")
    async with a, b, by_lot(alone(a.port, b.port, health=HEALTH)) as proxy:
        b.feels = b"503"
        await until(lambda: not proxy.engine.urls()["legacy"][1][1], "it to be left")
        proxy.engine.swap(snapshot_of(proxy.spec))
        assert not proxy.engine.urls()["legacy"][1][1]
        proxy.engine.swap(snapshot_of(alone(a.port, b.port)))
        assert proxy.engine.urls()["legacy"][1][1], "nobody asks any more"
        seen = a.checks
        assert (await ask(proxy, 60))[b"b"] > 10
        await asyncio.sleep(0.3)
        assert a.checks <= seen + 1


async def test_a_check_that_ends_after_the_edit_that_ended_checks_says_nothing() -> None:
    eager = Health("/up", interval=0.2, timeout=0.2, unhealthy_after=1)
    service = Sick(b"a")
    service.feels = b"hangs"
    async with service, by_lot(alone(service.port, health=eager)) as proxy:
        await until(lambda: service.checks, "a check under way")
        proxy.engine.swap(snapshot_of(alone(service.port)))
        assert await ask(proxy, 5) == {b"a": 5}
        await asyncio.sleep(0.3)  # the time-out of that check
        assert not proxy.breaker("legacy").open
        assert proxy.events == []


async def test_copies_leave_a_dead_url_too() -> None:
    async with RawUpstream.answering(ok(b"a")) as a, by_lot(alone(a.port, DEAD)) as proxy:
        seen: list[str] = []
        for number in range(41):
            proxy.engine.call(
                "legacy",
                Side.LEGACY,
                b"GET / HTTP/1.1\r\nHost: h\r\n\r\n",
                b"",
                method=b"GET",
                deadline=60.0,
                capture=1000,
                done=lambda observation: seen.append(str(observation.outcome)),
            )
            await until(lambda count=number: len(seen) > count, "the copy")  # type: ignore[misc]  # a default binds it
        assert seen.count("upstream_connect_refused") == 3
        assert set(seen[-20:]) == {"ok"}
        assert not proxy.breaker("legacy").open


async def test_tunnels_and_large_uploads_go_to_one_of_them(tmp_path: Path) -> None:
    switched = b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: raw\r\nConnection: Upgrade\r\n\r\n"

    async def script(served: Served) -> None:
        while True:
            head, body = await served.request()
            if b"Upgrade: raw" in head:
                await served.send(switched + b"hello")
                await served.send(await served.exactly(4))
                return
            await served.send(ok(b"%d" % len(body)))

    over_tcp, over_unix = RawUpstream(script), RawUpstream(script)
    path = tmp_path / "backend"
    await over_unix.start_unix(path)
    async with over_tcp:
        both = alone(over_tcp.port, concurrency=2)
        unix = Url(f"unix:{path}", "", 0, str(path))
        both.backends["legacy"] = dataclasses.replace(both.backends["legacy"], others=(unix,))
        async with by_lot(both) as proxy:
            for _ in range(8):  # more than `concurrency`: a tunnel is not under way any more
                client = await proxy.connect()
                await client.send(b"GET / HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\nUpgrade: raw\r\n\r\n")
                assert await client.head() == switched
                assert await client.exactly(5) == b"hello"
            large = b"x" * 300_000
            got = await ask(proxy, 20, b"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 300000\r\n\r\n" + large)
            assert got == {b"300000": 20}
            assert over_tcp.connections
            assert over_unix.connections
            for wire in proxy.wires:
                wire.close()
            await until(lambda: len(proxy.ended) == 28, "the tunnels to end")
    await over_unix.stop()
