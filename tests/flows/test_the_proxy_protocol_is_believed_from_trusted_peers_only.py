"""A balancer that passes bytes on says who the client is, and only it may."""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import Callable
from pathlib import Path

import pytest

from proxy.model.sides import Stage
from proxy.model.spec import Canary, Certificate, CohortKey, Limits, Listen, Person, PersonKind, RoutesSpec
from tests.data_path.test_proxy_protocol import FROM4, PORTS, TLVS, TO4, v2
from tests.support.certificates import Authority
from tests.support.engine import Running, backend, route, spec_of
from tests.support.wire import PATIENCE, RawUpstream, fields, ok, until

REQUEST = b"GET / HTTP/1.1\r\nHost: a\r\nX-Forwarded-For: 203.0.113.9\r\nConnection: close\r\n\r\n"
V1 = b"PROXY TCP4 192.0.2.7 10.0.0.1 12345 443\r\n"


def spec(port: int, *trusted: str, **settings: object) -> RoutesSpec:
    listen = Listen(proxy_protocol=True)
    return spec_of(backend("legacy", port), **{"trusted_proxies": trusted, "listen": listen, **settings})  # type: ignore[arg-type]  # fields by name


@pytest.mark.parametrize(
    ("header", "ip"),
    [
        (V1, b"192.0.2.7"),
        (b"PROXY TCP6 2001:db8::7 ::1 1 2\r\n", b"2001:db8::7"),
        (v2(0x21, 0x11, FROM4 + TO4 + PORTS + TLVS), b"192.0.2.7"),
    ],
)
@pytest.mark.parametrize("split", [False, True])
async def test_the_client_is_who_the_header_names(header: bytes, ip: bytes, split: bool) -> None:
    async with RawUpstream.answering(ok()) as upstream:
        async with Running(spec(upstream.port, "127.0.0.0/8")) as proxy:
            wire = await proxy.connect()
            pieces = [(header + REQUEST)[at : at + 1] for at in range(len(header))] if split else [header]
            for piece in pieces:
                await wire.send(piece)
            await wire.send(REQUEST)
            assert (await wire.rest()).startswith(b"HTTP/1.1 200 ")
        (head, _), *_ = upstream.requests
        assert fields(head, b"x-forwarded-for") == [ip]  # what the client says of itself is replaced
        assert (await proxy.outcome()).client == ip.decode()


@pytest.mark.parametrize("header", [b"PROXY UNKNOWN\r\n", v2(0x20, 0, b"")])
async def test_the_balancers_own_connections_stand_for_themselves(header: bytes) -> None:
    async with RawUpstream.answering(ok()) as upstream:
        async with Running(spec(upstream.port, "127.0.0.1")) as proxy:
            assert (await proxy.one(header + REQUEST)).startswith(b"HTTP/1.1 200 ")
        assert fields(upstream.requests[0][0], b"x-forwarded-for") == [b"203.0.113.9, 127.0.0.1"]


async def test_the_cohort_is_the_clients_not_the_balancers() -> None:
    people = (Person(PersonKind.CLIENT_IP, "", "192.0.2.7"),)
    moved = route(Stage.CANARY, canary=Canary(0.0, CohortKey(PersonKind.CLIENT_IP), include=people))
    async with RawUpstream.answering(ok(b"old")) as legacy, RawUpstream.answering(ok(b"new")) as extracted:
        both = (backend("legacy", legacy.port), backend("extracted", extracted.port))
        listen = Listen(proxy_protocol=True)
        async with Running(spec_of(*both, routes=(moved,), trusted_proxies=("127.0.0.1",), listen=listen)) as proxy:
            assert (await proxy.one(V1 + REQUEST)).endswith(b"new")
            assert (await proxy.one(V1.replace(b"2.7", b"2.8") + REQUEST)).endswith(b"old")


@pytest.mark.parametrize(
    ("sent", "why"),
    [
        (REQUEST, "no PROXY protocol header"),
        (b"PROXY TCP4 nobody 10.0.0.1 1 2\r\n" + REQUEST, "a v1 header with an odd address or port"),
        (v2(0x21, 0x31, bytes(216)), "a v2 header of a family that is not TCP over IPv4 or IPv6"),
    ],
)
async def test_a_trusted_peer_must_send_one(sent: bytes, why: str) -> None:
    async with Running(spec(1, "127.0.0.1")) as proxy:
        wire = await proxy.connect()
        await wire.send(sent)
        ended = await proxy.outcome()
        assert (ended.outcome, ended.code, ended.why) == ("request_proxy_header_invalid", 0, why)
        with pytest.raises((AssertionError, ConnectionError)):
            await wire.head()


@pytest.mark.parametrize("sent", [V1 + REQUEST, v2(0x21, 0x11, FROM4 + TO4 + PORTS) + REQUEST])
async def test_from_anybody_else_one_is_refused(sent: bytes) -> None:
    async with RawUpstream.answering(ok()) as upstream:
        async with Running(spec(upstream.port, "10.0.0.0/8")) as proxy:
            assert (await proxy.one(sent)).startswith(b"HTTP/1.1 400 ")
            assert (await proxy.outcome()).client == "127.0.0.1"
            assert (await proxy.one(REQUEST)).startswith(b"HTTP/1.1 200 ")
        assert len(upstream.requests) == 1


async def test_without_the_setting_one_is_refused_from_trusted_peers_too() -> None:
    async with Running(spec(1, "127.0.0.1", listen=Listen())) as proxy:
        assert (await proxy.one(V1 + REQUEST)).startswith(b"HTTP/1.1 400 ")


@pytest.mark.parametrize("sent", [b"", b"PROXY TCP4 192", v2(0x21, 0x11, FROM4)[:-1]])
async def test_a_header_that_never_ends_is_ended(sent: bytes) -> None:
    async with Running(spec(1, "127.0.0.1", limits=Limits(head_timeout=0.2))) as proxy:
        wire = await proxy.connect()
        if sent:
            await wire.send(sent)
        ended = await proxy.outcome()
        assert (ended.outcome, ended.why) == ("request_proxy_header_invalid", "not done within 0.2 s")


def over_tls_after(header: bytes, port: int, context: ssl.SSLContext, request: bytes) -> bytes:
    """What is answered when the header leaves in one piece with the first bytes of the handshake."""
    received, sent = ssl.MemoryBIO(), ssl.MemoryBIO()
    tls = context.wrap_bio(received, sent, server_hostname="shop.example")
    with socket.create_connection(("127.0.0.1", port), timeout=PATIENCE) as wire:
        before = header

        def go_on(step: Callable[[], bytes | int | None]) -> bytes | int | None:
            nonlocal before
            while True:
                try:
                    done = step()
                except ssl.SSLWantReadError:
                    wire.sendall(before + sent.read())
                    before = b""
                    received.write(wire.recv(65536))
                else:
                    wire.sendall(sent.read())
                    return done

        go_on(tls.do_handshake)
        go_on(lambda: tls.write(request))
        answer = go_on(lambda: tls.read(65536))
    assert isinstance(answer, bytes)
    return answer


async def test_a_header_before_tls_in_one_piece_with_it(tmp_path: Path) -> None:
    """The header and the first bytes of the handshake may arrive together: not one of them may be lost."""
    authority = Authority(tmp_path)
    pem, key = authority.sign("front", "shop.example")
    listen = Listen((Certificate(str(pem), str(key)),), proxy_protocol=True)
    async with RawUpstream.answering(ok()) as upstream:
        async with Running(spec(upstream.port, "127.0.0.1", listen=listen)) as proxy:
            answer = await asyncio.to_thread(over_tls_after, V1, proxy.port, authority.client(), REQUEST)
            assert answer.startswith(b"HTTP/1.1 200 ")
        assert fields(upstream.requests[0][0], b"x-forwarded-for") == [b"192.0.2.7"]
        assert fields(upstream.requests[0][0], b"x-forwarded-proto") == [b"https"]


async def test_those_on_their_way_in_count_as_connections() -> None:
    async with Running(spec(1, "127.0.0.1", limits=Limits(connections=2))) as proxy:
        early = [await proxy.connect() for _ in range(2)]
        late = await proxy.connect()
        assert await late.rest() == b""
        assert (await proxy.outcome()).outcome == "pool_exhausted"
        for wire in early:
            wire.close()
        await until(lambda: len(proxy.ended) == 1)
