"""What the other proxies have other words for: settings of this one, and its own refusals."""

from __future__ import annotations

import http
import ipaddress
import random

import httptools
import pytest

from proxy.model.filters import PublicRewrite
from proxy.model.observation import Observation
from proxy.model.sides import Side, Stage
from proxy.model.spec import Url
from tests.support.engine import Running, backend, route, spec_of
from tests.support.wire import RawUpstream, Served, fields, ok, until

GET = b"GET /p HTTP/1.1\r\nHost: Shop.Example\r\nConnection: close\r\n"


async def test_a_backend_may_be_called_by_its_own_name() -> None:
    async with RawUpstream.answering(ok()) as upstream:
        async with Running(spec_of(backend("legacy", upstream.port, preserve_host=False))) as proxy:
            await proxy.one(GET + b"\r\n")
        head = upstream.requests[0][0]
        assert fields(head, b"Host") == [b"127.0.0.1:%d" % upstream.port]
        assert fields(head, b"X-Forwarded-Host") == [b"Shop.Example"]


@pytest.mark.parametrize(("preserve", "named"), [(False, ""), (True, ""), (False, "pay.internal")])
async def test_each_of_several_urls_is_called_by_its_own_name(preserve: bool, named: str) -> None:
    """Clients' requests and copies, however Host is written; a name that a filter gives stands above it."""
    async with RawUpstream.answering(ok()) as one, RawUpstream.answering(ok()) as other:
        urls = (Url(f"http://127.0.0.1:{other.port}", "127.0.0.1", other.port),)
        legacy = backend("legacy", one.port, preserve_host=preserve, others=urls, rewrite=PublicRewrite(named or None))
        proxy = Running(spec_of(legacy))
        proxy.dice = random.Random(7).random
        seen: list[Observation] = []
        async with proxy:
            for number in range(20):
                name = (b"Host", b"hOsT")[number % 2]
                await proxy.one(b"GET /p HTTP/1.1\r\n%b: Shop.Example\r\nConnection: close\r\n\r\n" % name)
                host = b"Shop.Example" if preserve else named.encode() or b"127.0.0.1:%d" % one.port
                proxy.engine.call(
                    "legacy",
                    Side.LEGACY,
                    b"GET /p HTTP/1.1\r\n%b: %b\r\n\r\n" % (name, host),
                    b"",
                    method=b"GET",
                    deadline=5.0,
                    capture=1000,
                    done=seen.append,
                )
                await until(lambda count=number: len(seen) > count, "the copy")  # type: ignore[misc]  # a default binds it
        for upstream in (one, other):
            assert len(upstream.requests) > 5
            kept = b"Shop.Example" if preserve else named.encode() or b"127.0.0.1:%d" % upstream.port
            assert {tuple(fields(head, b"Host")) for head, _ in upstream.requests} == {(kept,)}


async def test_a_trusted_peer_is_believed_and_appended_to() -> None:
    trusted = (ipaddress.ip_network("127.0.0.0/8"),)
    async with RawUpstream.answering(ok()) as upstream:
        async with Running(spec_of(backend("legacy", upstream.port), trusted_proxies=trusted)) as proxy:
            await proxy.one(GET + b"X-Forwarded-For: 6.6.6.6\r\nX-Forwarded-Proto: https\r\n\r\n")
        head = upstream.requests[0][0]
        assert fields(head, b"X-Forwarded-For") == [b"6.6.6.6, 127.0.0.1"]
        assert fields(head, b"X-Forwarded-Proto") == [b"https"]


async def test_a_slow_backend_takes_nothing_from_another() -> None:
    async def hang(served: Served) -> None:
        await served.head()
        await served.some()

    async with RawUpstream(hang) as slow, RawUpstream.answering(ok()) as legacy:
        backends = backend("legacy", legacy.port, connections=1), backend("extracted", slow.port, connections=1)
        async with Running(spec_of(*backends, routes=(route(Stage.LIVE, "/moved"),))) as proxy:
            for _ in range(3):  # one is being served, two wait for its connection
                await (await proxy.connect()).send(b"GET /moved HTTP/1.1\r\nHost: h\r\n\r\n")
            assert (await proxy.one(GET + b"\r\n")).endswith(b"hello")


@pytest.mark.parametrize("rest", [b"SM\r\n\r\n", b"SM\r\n\r\n\0\0\0\4\0\0\0\0\0", b""])
async def test_an_http_2_preface_gets_a_505_and_the_end(rest: bytes) -> None:
    async with RawUpstream.answering(ok()) as upstream:
        async with Running(spec_of(backend("legacy", upstream.port))) as proxy:
            got = await proxy.one(b"PRI * HTTP/2.0\r\n\r\n" + rest)
            assert got.startswith(b"HTTP/1.1 505 ")
            assert fields(got, b"Connection") == [b"close"]
            assert (await proxy.outcome()).outcome == "request_version_refused"
        assert upstream.connections == []


@pytest.mark.parametrize("target", [b"/M\xfcnchen", b"/caf\xc3\xa9?x=1", b"/?q=\xff"])
async def test_a_target_that_is_none_gets_a_400(target: bytes) -> None:
    async with RawUpstream.answering(ok()) as upstream:
        async with Running(spec_of(backend("legacy", upstream.port))) as proxy:
            got = await proxy.one(b"GET %b HTTP/1.1\r\nHost: h\r\n\r\n" % target)
            assert got.startswith(b"HTTP/1.1 400 ")
        assert upstream.connections == []


class _Deaf:
    """Callbacks that llhttp may call."""


def _is_known(method: bytes) -> bool:
    try:
        httptools.HttpRequestParser(_Deaf()).feed_data(method + b" /")
    except httptools.HttpParserError:
        return False
    return True


async def test_every_method_that_llhttp_knows_passes() -> None:
    registered = [one.value.encode() for one in http.HTTPMethod] + (
        b"ACL BIND CHECKOUT COPY LINK LOCK M-SEARCH MERGE MKACTIVITY MKCALENDAR MKCOL MOVE NOTIFY PROPFIND PROPPATCH "
        b"PURGE QUERY REBIND REPORT SEARCH SOURCE SUBSCRIBE UNBIND UNLINK UNLOCK UNSUBSCRIBE"
    ).split()
    known = [method for method in registered if _is_known(method) and method != b"CONNECT"]
    assert set(registered) - set(known) == {b"CONNECT"}
    async with RawUpstream.answering(ok()) as upstream:
        async with Running(spec_of(backend("legacy", upstream.port))) as proxy:
            for method in known:
                got = await proxy.one(method + b" /p HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n")
                assert got.startswith(b"HTTP/1.1 200 "), method
        assert [head.split(b" ")[0] for head, _ in upstream.requests] == known
