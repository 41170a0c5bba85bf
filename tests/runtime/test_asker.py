"""Questions of control: marked, counted by the second, few at once, and each one answered exactly once."""

from __future__ import annotations

import asyncio
import dataclasses
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from proxy.model.observation import EMPTY_BODY, CapturedRequest, Observation
from proxy.model.outcome import Outcome
from proxy.model.sides import Side
from proxy.model.spec import Breaker, Reasks, RoutesSpec
from proxy.runtime import asker as module
from proxy.runtime.asker import Asker
from tests.support.engine import backend, snapshot_of, spec_of
from tests.support.wire import until

REQUEST = CapturedRequest(b"GET", b"/v1/charges/ch_1", ((b"Host", b"pay.example"),), EMPTY_BODY)


class Service:
    """Answers each request with its number; holds answers back while `held`."""

    def __init__(self) -> None:
        self.heads: list[bytes] = []
        self.go = asyncio.Event()
        self.go.set()
        self.port = 0

    async def handle(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                self.heads.append(await reader.readuntil(b"\r\n\r\n"))
                number = b"%d" % len(self.heads)
                await self.go.wait()
                writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(number), number))
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()


@asynccontextmanager
async def asking(**reasks: float) -> AsyncIterator[tuple[Asker, Service, list[float]]]:
    """An asker, the one backend that it knows, and the clock that it reads."""
    service, clock = Service(), [100.0]
    server = await asyncio.start_server(service.handle, "127.0.0.1", 0)
    service.port = server.sockets[0].getsockname()[1]
    asker = Asker(snapshot_of(spec(service.port, **reasks)), clock=lambda: clock[0], dice=lambda: 0.0)
    yield asker, service, clock
    asker.close()
    service.go.set()
    server.close()
    await asyncio.sleep(0.01)


def spec(port: int, **reasks: float) -> RoutesSpec:
    return spec_of(backend("legacy", port), reasks=Reasks(**reasks), breaker=Breaker(failures=2, open_for=60.0))  # type: ignore[arg-type]  # by name


def ask(asker: Asker, name: str = "legacy", deadline: float = 5.0) -> asyncio.Future[Observation]:
    answer: asyncio.Future[Observation] = asyncio.get_running_loop().create_future()
    answer.cancel_question = asker.ask(name, Side.LEGACY, REQUEST, deadline, answer.set_result)  # type: ignore[attr-defined]
    return answer


async def test_a_question_is_marked_as_a_copy_and_answered() -> None:
    async with asking() as (asker, service, _):
        answer = await ask(asker)
        assert (answer.outcome, answer.status, answer.body.data, answer.side) == (Outcome.OK, 200, b"1", Side.LEGACY)
        assert service.heads[0].startswith(b"GET /v1/charges/ch_1 HTTP/1.1\r\n")
        assert b"\r\nX-Strangler-Shadow: 1\r\n" in service.heads[0]


async def test_no_second_sees_more_questions_than_allowed() -> None:
    async with asking(per_second=3.0) as (asker, service, clock):
        answers = [ask(asker) for _ in range(5)]
        await asyncio.gather(*answers[:3])
        assert not asker.is_free("legacy")
        clock[0] += 0.99
        asker.swap(snapshot_of(spec(service.port, per_second=3.0)))  # looks at its lanes again
        await asyncio.sleep(0)
        assert len(service.heads) == 3
        clock[0] += 0.02
        asker.swap(snapshot_of(spec(service.port, per_second=3.0)))
        await asyncio.gather(*answers)
        assert len(service.heads) == 5
        assert asker.is_free("legacy")


async def test_a_rate_below_one_is_one_question_in_so_many_seconds() -> None:
    async with asking(per_second=0.5) as (asker, _, clock):
        await ask(asker)
        clock[0] += 1.9
        assert not asker.is_free("legacy")
        clock[0] += 0.2
        assert asker.is_free("legacy")


async def test_those_who_wait_go_by_themselves_when_a_second_is_over() -> None:
    async with asking(per_second=50.0) as (asker, _, clock):
        answers = [ask(asker) for _ in range(51)]
        await asyncio.gather(*answers[:50])
        clock[0] += 1.0
        again = ask(asker)  # any news of the lane moves it on
        assert [one.outcome for one in await asyncio.gather(answers[50], again)] == [Outcome.OK, Outcome.OK]


async def test_only_a_handful_is_under_way() -> None:
    async with asking(per_second=100.0) as (asker, service, _):
        service.go.clear()
        answers = [ask(asker) for _ in range(module.UNDER_WAY + 2)]
        await until(lambda: len(service.heads) == module.UNDER_WAY, "a handful")
        assert not asker.is_free("legacy")
        service.go.set()
        assert {one.outcome for one in await asyncio.gather(*answers)} == {Outcome.OK}


async def test_zero_a_second_asks_nothing() -> None:
    async with asking(per_second=0.0) as (asker, service, _):
        assert not asker.in_force
        assert not asker.is_free("legacy")
        assert (await ask(asker)).outcome is Outcome.POOL_EXHAUSTED
        assert service.heads == []


async def test_a_backend_that_nobody_knows_is_not_asked() -> None:
    async with asking() as (asker, _, _):
        assert not asker.is_free("gone")
        assert (await ask(asker, "gone")).outcome is Outcome.POOL_EXHAUSTED


async def test_too_many_that_wait_are_turned_away(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "WAITING", 2)
    async with asking(per_second=1.0) as (asker, _, _):
        answers = [ask(asker) for _ in range(4)]
        assert (await answers[3]).outcome is Outcome.POOL_EXHAUSTED
        assert not answers[2].done()
        asker.close()
        assert (await answers[2]).outcome is Outcome.CANCELLED


async def test_a_question_can_be_cancelled_while_it_waits_and_under_way() -> None:
    async with asking(per_second=1.0) as (asker, service, _):
        service.go.clear()
        first, second = ask(asker), ask(asker)
        await until(lambda: len(service.heads) == 1, "one question")
        second.cancel_question()  # type: ignore[attr-defined]
        first.cancel_question()  # type: ignore[attr-defined]
        assert [one.outcome for one in await asyncio.gather(first, second)] == [Outcome.CANCELLED] * 2
        assert len(service.heads) == 1


async def test_a_backend_that_fails_is_left_alone() -> None:
    async with asking() as (asker, service, clock):
        service.go.clear()
        assert [(await ask(asker, deadline=0.05)).outcome for _ in range(2)] == [Outcome.TOTAL_TIMEOUT] * 2
        assert (await ask(asker)).outcome is Outcome.BREAKER_OPEN
        service.go.set()
        clock[0] += 61.0
        assert (await ask(asker)).outcome is Outcome.OK
        assert (await ask(asker)).outcome is Outcome.OK


async def test_a_new_routes_yaml_is_followed() -> None:
    async with asking(per_second=1.0) as (asker, service, _):
        await ask(asker)
        waiting = ask(asker)
        other = Service()
        server = await asyncio.start_server(other.handle, "127.0.0.1", 0)
        moved = server.sockets[0].getsockname()[1]
        asker.swap(snapshot_of(spec(moved, per_second=100.0)))
        assert (await waiting).outcome is Outcome.OK
        assert (len(service.heads), len(other.heads)) == (1, 1)
        asker.swap(
            snapshot_of(
                dataclasses.replace(spec(moved), backends={"new": backend("new", moved)}, legacy="new", routes=())
            )
        )
        assert (await ask(asker)).outcome is Outcome.POOL_EXHAUSTED
        server.close()
