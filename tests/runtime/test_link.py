"""Frames arrive whole and in order, however the socket cuts them."""

from __future__ import annotations

import asyncio
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from proxy.runtime.link import FRAME, ROUGHLY, SMALL, Kind, Link, around, middle_of, pack, unpack


def a_link(got: list[tuple[Kind, object]]) -> Link:
    return Link(lambda link, kind, payload: got.append((kind, unpack(payload))), lambda link: None)


@given(st.lists(st.binary(max_size=300), min_size=1, max_size=5), st.integers(1, 40))
def test_frames_survive_any_cut(payloads: list[bytes], step: int) -> None:
    stream = b""
    for payload in payloads:
        packed = pack(payload)
        stream += FRAME.pack(len(packed), Kind.TICK) + packed
    got: list[tuple[Kind, object]] = []
    link = a_link(got)
    for at in range(0, len(stream), step):
        link.data_received(stream[at : at + step])
    assert got == [(Kind.TICK, payload) for payload in payloads]


async def test_a_link_that_is_down_or_far_behind_takes_nothing(tmp_path: Path) -> None:
    assert not a_link([]).is_open
    connected: asyncio.Queue[asyncio.BaseTransport] = asyncio.Queue()

    class Deaf(asyncio.Protocol):
        def connection_made(self, transport: asyncio.BaseTransport) -> None:
            transport.pause_reading()  # type: ignore[attr-defined]  # a socket's transport has it
            connected.put_nowait(transport)

    loop = asyncio.get_running_loop()
    server = await loop.create_unix_server(Deaf, str(tmp_path / "link"))
    link = a_link([])
    await loop.create_unix_connection(lambda: link, str(tmp_path / "link"))
    other = await connected.get()
    sent = 0
    while link.is_open:
        link.send(Kind.TICK, b"x" * 100_000)
        sent += 1
        assert sent < 1000
    assert sent >= 10
    other.close()
    link.close()
    server.close()
    await server.wait_closed()


@given(*(st.binary(max_size=40) for _ in range(4)), st.sampled_from([0, SMALL, 5 * SMALL]))
def test_of_a_large_body_only_what_differs_from_the_other_crosses(
    start: bytes, one: bytes, other: bytes, end: bytes, common: int
) -> None:
    body, against = start + b"x" * common + one + end, start + b"x" * common + other + end
    middle = middle_of(body, against)
    assert around(middle, against) == body
    if common:
        assert len(middle[1]) <= len(one) + 2 * ROUGHLY
