"""A Unix socket in place of a port: to clients, and to backends."""

from __future__ import annotations

import dataclasses
import socket
from pathlib import Path

import pytest

from proxy.model.spec import Backend
from tests.support.engine import Running, spec_of
from tests.support.wire import RawUpstream, connect_unix, fields, ok

REQUEST = b"GET /a HTTP/1.1\r\nHost: shop.example\r\nX-Forwarded-For: 203.0.113.9\r\nConnection: close\r\n\r\n"


def at(path: Path, **settings: object) -> Backend:
    one = Backend("legacy", f"unix:{path}", "", 0, socket=str(path))
    return dataclasses.replace(one, **settings)  # type: ignore[arg-type]  # fields by name


@pytest.mark.parametrize(("preserve", "host"), [(True, b"shop.example"), (False, b"localhost")])
async def test_a_backend_at_a_unix_socket(tmp_path: Path, preserve: bool, host: bytes) -> None:
    upstream = RawUpstream.answering(ok())
    await upstream.start_unix(tmp_path / "service.sock")
    async with Running(spec_of(at(tmp_path / "service.sock", preserve_host=preserve))) as proxy:
        assert (await proxy.one(REQUEST)).endswith(b"\r\n\r\nhello")
    assert fields(upstream.requests[0][0], b"host") == [host]
    await upstream.stop()


async def test_a_backend_that_is_not_there_is_an_outcome(tmp_path: Path) -> None:
    async with Running(spec_of(at(tmp_path / "nobody.sock"))) as proxy:
        assert (await proxy.one(REQUEST)).startswith(b"HTTP/1.1 502 ")
        ended = await proxy.outcome()
        assert (ended.outcome, ended.why) == ("upstream_connect_refused", "No such file or directory")


@pytest.mark.parametrize(
    ("trusted", "chain", "forwarded"),
    [
        (("unix",), [b"203.0.113.9"], b'for=unknown;proto=http;host="shop.example"'),
        ((), [], b'for=unknown;proto=http;host="shop.example"'),
    ],
)
async def test_a_client_at_a_unix_socket_has_no_address(
    tmp_path: Path, trusted: tuple[str, ...], chain: list[bytes], forwarded: bytes
) -> None:
    """What a front server at the socket says of its clients counts only where `trusted_proxies` names `unix`."""
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(str(tmp_path / "front.sock"))
    listener.listen(16)
    async with RawUpstream.answering(ok()) as upstream:
        legacy = Backend("legacy", f"http://127.0.0.1:{upstream.port}", "127.0.0.1", upstream.port)
        async with Running(spec_of(legacy, trusted_proxies=trusted), listener=listener):
            async with await connect_unix(tmp_path / "front.sock") as wire:
                await wire.send(REQUEST)
                assert (await wire.rest()).endswith(b"\r\n\r\nhello")
        head = upstream.requests[0][0]
    assert fields(head, b"x-forwarded-for") == chain
    assert fields(head, b"forwarded") == [forwarded]
