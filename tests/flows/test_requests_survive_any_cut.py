"""Network packets end anywhere: the same conversation, cut at random places, is the same conversation."""

from __future__ import annotations

import asyncio
import random
from itertools import pairwise

import pytest

from tests.support.engine import Running, backend, spec_of
from tests.support.wire import RawUpstream, Served, fields, length_of


def conversation(dice: random.Random) -> tuple[bytes, list[tuple[bytes, bytes]]]:
    """Pipelined requests as one string of bytes, and each one's target and body as it must arrive."""
    wire = b""
    expected: list[tuple[bytes, bytes]] = []
    for number in range(dice.randint(1, 8)):
        target = b"/%d" % number
        payload = b"p%d" % number * dice.randint(0, 2000)
        match dice.choice(("get", "length", "chunked")):
            case "get":
                line, body = b"GET", b""
                framing = b""
            case "length":
                line, body = b"PUT", payload
                framing = b"Content-Length: %d\r\n" % len(payload)
            case _:
                line = b"PUT"
                framing = b"Transfer-Encoding: chunked\r\n"
                body = b"%x;a=b\r\n%b\r\n" % (len(payload), payload) if payload else b""
                body += b"0\r\n\r\n"
        wire += line + b" " + target + b" HTTP/1.1\r\nHost: h\r\n" + framing + b"\r\n" + body
        expected.append((target, body))
    return wire, expected


def pieces(dice: random.Random, data: bytes) -> list[bytes]:
    places = sorted({0, len(data), *(dice.randrange(len(data)) for _ in range(dice.randint(0, 30)))})
    return [data[start:end] for start, end in pairwise(places)]


@pytest.mark.parametrize("seed", range(12))
async def test_any_cut_of_requests_and_answers_gives_the_same_answers(seed: int) -> None:
    dice = random.Random(seed)
    seen: list[tuple[bytes, bytes]] = []

    async def script(served: Served) -> None:
        while True:
            head = await served.head()
            if fields(head, b"Transfer-Encoding"):
                body = await served.until(b"0\r\n\r\n")
            else:
                body = await served.exactly(length_of(head))
            target = head.split(b" ")[1]
            seen.append((target, body))
            answer = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n%x\r\n%b\r\n0\r\n\r\n" % (
                len(target),
                target,
            )
            for piece in pieces(dice, answer):
                await served.send(piece)
                await asyncio.sleep(0)

    wire, expected = conversation(dice)
    async with RawUpstream(script) as upstream, Running(spec_of(backend("legacy", upstream.port))) as proxy:
        async with await proxy.connect() as client:
            for piece in pieces(dice, wire):
                await client.send(piece)
                await asyncio.sleep(0)
            for target, _ in expected:
                assert (await client.until(b"0\r\n\r\n")).endswith(b"\r\n%b\r\n0\r\n\r\n" % target)
        assert seen == expected
        assert {ended.outcome for ended in proxy.ended} == {"ok"}
