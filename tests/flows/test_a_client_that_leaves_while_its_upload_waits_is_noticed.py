"""TRANSPARENCY row 19: while a backend does not take an upload, its client is not read, and yet seen to leave."""

from __future__ import annotations

import asyncio
import select
import socket
from pathlib import Path

import pytest

from proxy.data_path.client import Client
from proxy.model.spec import Certificate, Limits, Listen
from tests.support.certificates import Authority
from tests.support.engine import Running, backend, spec_of
from tests.support.wire import RawUpstream, Served, Wire, ok, until

BIG = 64 * 1024 * 1024
PIECE = b"x" * 32 * 1024
UPLOAD = b"POST /upload HTTP/1.1\r\nHost: h\r\nContent-Length: %d\r\n\r\n"
SWITCH = b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n"
LONG = 1000.0  # no time-out of a backend or a client ends these exchanges


class Deaf:
    """A backend that reads heads, answers one that asks for an upgrade, and takes nothing more until `go_on`."""

    def __init__(self) -> None:
        self.go_on = asyncio.Event()
        self.taken = 0

    async def __call__(self, served: Served) -> None:
        head = await served.head()
        if b"Upgrade" in head:
            await served.send(SWITCH)
        served.writer.transport.pause_reading()  # type: ignore[attr-defined]  # a transport that reads
        await self.go_on.wait()
        served.writer.transport.resume_reading()  # type: ignore[attr-defined]  # a transport that reads
        while data := await served.some():
            self.taken += len(data)
            if self.taken >= BIG:
                await served.send(ok(b"all"))


def running(upstream: RawUpstream, listen: Listen | None = None, room: int = 16 * 1024, **limits: float) -> Running:
    """`room` is what the backend's kernel takes of each connection before it is read, 0 for as much as it likes."""
    assert upstream._server is not None
    for listener in upstream._server.sockets if room else ():
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, room)
    legacy = backend("legacy", upstream.port, timeout=LONG, connections=1)
    return Running(spec_of(legacy, limits=Limits(**{"body_timeout": LONG, **limits}), listen=listen or Listen()))  # type: ignore[arg-type]  # fields by name


def leave(wire: Wire, how: str) -> None:
    if how == "reset":
        wire.reset()
    elif how == "half":
        wire.eof()
    else:
        wire.writer.transport.abort()


async def send_until_paused(proxy: Running, wire: Wire, head: bytes = UPLOAD % BIG) -> Client:
    """Piece by piece, so that little more waits in the client's kernel than its end."""
    wire.writer.write(head)
    name = wire.writer.get_extra_info("sockname")
    found: list[Client] = []
    while not found:
        await asyncio.sleep(0.001)
        found = [one for one in proxy.engine.clients if one.transport.get_extra_info("peername") == name]
    (client,) = found
    while not client._read_paused:
        await wire.send(PIECE)
        await asyncio.sleep(0.001)
    return client


def broken(served: Served) -> bool:
    """What a backend that reads nothing can know of a connection that was cut."""
    look = select.poll()
    look.register(served.writer.get_extra_info("socket").fileno(), 0)
    return bool(look.poll(0))


@pytest.mark.usefixtures("small_kernel")
@pytest.mark.parametrize("how", ["close", "half", "reset"])
async def test_a_client_that_leaves_ends_the_upload_that_waits(how: str) -> None:
    deaf = Deaf()
    async with RawUpstream(deaf) as upstream, running(upstream) as proxy, await proxy.connect() as wire:
        await send_until_paused(proxy, wire)
        leave(wire, how)
        ended = await proxy.outcome()
        assert (ended.outcome, ended.side, ended.code) == ("client_gone", "legacy", 0)
        assert not proxy.engine.clients
        await until(lambda: broken(upstream.connections[0]), "the backend to be told, though it reads nothing")


@pytest.mark.usefixtures("small_kernel")
@pytest.mark.parametrize("how", ["close", "reset"])
async def test_so_does_one_that_leaves_over_tls(how: str, tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    pem, key = authority.sign("front", "shop.example")
    listen = Listen((Certificate(str(pem), str(key)),))
    async with RawUpstream(Deaf()) as upstream, running(upstream, listen) as proxy:
        wire = await proxy.connect(ssl=authority.client(), server_hostname="shop.example")
        await send_until_paused(proxy, wire)
        for _ in range(10):
            await wire.send(PIECE)  # the loop reads as much on, and only then stops to read the connection
        leave(wire, how)
        assert (await proxy.outcome()).outcome == "client_gone"
        await until(lambda: broken(upstream.connections[0]), "the backend to be told")


@pytest.mark.usefixtures("small_kernel")
async def test_so_does_one_that_still_waits_for_a_connection() -> None:
    async with RawUpstream(Deaf()) as upstream, running(upstream) as proxy:
        first, second = await proxy.connect(), await proxy.connect()
        await send_until_paused(proxy, first)
        await send_until_paused(proxy, second)
        pool = proxy.engine.view.pools["legacy"]
        assert pool.counts == (0, 1, 1)
        leave(second, "close")
        ended = await proxy.outcome()
        assert (ended.outcome, pool.counts) == ("client_gone", (0, 1, 0))
        leave(first, "reset")
        await proxy.outcome(1)


@pytest.mark.usefixtures("small_kernel")
async def test_a_reset_ends_a_tunnel_that_waits_and_a_half_close_does_not() -> None:
    """In a tunnel the end of one direction is passed on, behind the bytes that wait."""
    deaf = Deaf()
    async with RawUpstream(deaf) as upstream, running(upstream) as proxy, await proxy.connect() as wire:
        head = b"GET /ws HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n"
        wire.writer.write(head)
        assert (await wire.head()).startswith(b"HTTP/1.1 101 ")
        client = await send_until_paused(proxy, wire, b"")
        leave(wire, "half")
        await looked_at(proxy, client)
        await looked_at(proxy, client)
        assert (proxy.ended, broken(upstream.connections[0])) == ([], False)
        leave(wire, "reset")
        assert (await proxy.outcome()).outcome == "tunnelled"
        await until(lambda: broken(upstream.connections[0]), "the backend to be told")


async def looked_at(proxy: Running, client: Client) -> None:
    """The client, once more, by the wheel."""
    due = client.deadline
    await until(lambda: client.deadline > due, "another look")
    assert client in proxy.engine.clients


async def test_a_client_that_stays_is_looked_at_and_left_alone() -> None:
    """However long the backend takes; and then it has the whole of its own time for what is left."""
    deaf = Deaf()
    async with RawUpstream(deaf) as upstream, running(upstream, room=0, body_timeout=60.0) as proxy:
        async with await proxy.connect() as wire:
            client = await send_until_paused(proxy, wire)
            for _ in range(3):
                await looked_at(proxy, client)
            assert client.deadline < proxy.engine.wheel.now + 2
            deaf.go_on.set()
            await until(lambda: not client._read_paused, "the upload to go on")
            assert client.deadline > proxy.engine.wheel.now + 50
            wire.writer.write(b"x" * BIG)
            assert (await wire.answer())[1] == b"all"
