"""TRANSPARENCY row 23: the handshake decides, then bytes pass untouched both ways."""

from __future__ import annotations

from tests.support.engine import Running, backend, spec_of
from tests.support.wire import PATIENCE, RawUpstream, Served, fields, ok, until

HANDSHAKE = (
    b"GET /live HTTP/1.1\r\nHost: h\r\nConnection: keep-alive, Upgrade\r\nUpgrade: websocket\r\n"
    b"Sec-WebSocket-Key: x\r\nSec-WebSocket-Version: 13\r\n\r\n"
)
SWITCH = (
    b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: y\r\n\r\n"
)


def running(upstream: RawUpstream) -> Running:
    return Running(spec_of(backend("legacy", upstream.port, idle_timeout=PATIENCE, timeout=PATIENCE)))


async def test_bytes_pass_both_ways_until_both_have_ended() -> None:
    async def script(served: Served) -> None:
        upstream.requests.append((await served.head(), b""))
        await served.send(SWITCH + b"\x81\x05first")
        while data := await served.some():
            await served.send(data[::-1])
        await served.send(b"bye")

    upstream = RawUpstream(script)
    async with upstream, running(upstream) as proxy, await proxy.connect() as client:
        await client.send(HANDSHAKE)
        head = await client.head()
        assert head.startswith(b"HTTP/1.1 101 Switching Protocols\r\n")
        assert fields(head, b"Upgrade") == [b"websocket"]
        assert fields(head, b"Connection") == [b"Upgrade"]
        assert fields(head, b"Sec-WebSocket-Accept") == [b"y"]
        assert await client.exactly(7) == b"\x81\x05first"
        await client.send(b"\x00\xff\r\n\r\nraw")
        assert await client.exactly(9) == b"war\n\r\n\r\xff\x00"
        assert fields(upstream.requests[0][0], b"Upgrade") == [b"websocket"]
        client.eof()
        assert await client.rest() == b"bye"
        ended = await proxy.outcome()
        assert (ended.outcome, ended.code, ended.request_bytes) == ("tunnelled", 101, 9)
        assert upstream.trouble == []


async def test_a_refused_handshake_is_an_ordinary_answer() -> None:
    async with RawUpstream.answering(ok(b"no")) as upstream, running(upstream) as proxy:
        async with await proxy.connect() as client:
            for _ in range(2):
                await client.send(HANDSHAKE)
                assert (await client.answer())[1] == b"no"


async def test_a_tunnel_ends_when_either_end_breaks() -> None:
    async def script(served: Served) -> None:
        await served.head()
        await served.send(SWITCH)
        if served.number:
            served.reset()
        else:
            await served.rest()

    async with RawUpstream(script) as upstream, running(upstream) as proxy:
        client = await proxy.connect()
        await client.send(HANDSHAKE)
        await client.head()
        client.reset()
        assert (await proxy.outcome(0)).outcome == "tunnelled"
        other = await proxy.connect()
        await other.send(HANDSHAKE)
        assert (await proxy.outcome(1)).outcome == "tunnelled"
        other.close()
        await until(lambda: not proxy.engine.clients, "the clients' end")
        assert proxy.engine.pools()["legacy"] == (0, 0, 0)


async def test_h2c_is_not_offered_on() -> None:
    async with RawUpstream.answering(ok()) as upstream, running(upstream) as proxy:
        async with await proxy.connect() as client:
            await client.send(b"GET / HTTP/1.1\r\nHost: h\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\n"
                              b"HTTP2-Settings: AAMAAABkAAQAAP__\r\n\r\n")  # fmt: skip
            assert (await client.answer())[1] == b"hello"
        assert b"pgrade" not in upstream.requests[0][0]
        assert b"HTTP2" not in upstream.requests[0][0]
