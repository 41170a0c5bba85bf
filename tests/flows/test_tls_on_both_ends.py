"""TLS at the public port and to backends: what passes is the same, what fails is an outcome."""

from __future__ import annotations

import asyncio
import shutil
import socket
import ssl

import pytest

from proxy.data_path import tls
from proxy.model.spec import Backend, BackendTls, Certificate, Limits, Listen
from tests.support.certificates import Authority
from tests.support.engine import Running, backend, snapshot_of, spec_of
from tests.support.wire import PATIENCE, RawUpstream, Served, Wire, fields, ok, until

REQUEST = b"GET /a%7Eb?x=%20 HTTP/1.1\r\nHost: shop.example\r\n\r\n"
ASK = b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("authority"))


def certificate(authority: Authority, name: str, *hosts: str, shown_for: tuple[str, ...] = ()) -> Certificate:
    pem, key = authority.sign(name, *hosts)
    return Certificate(str(pem), str(key), shown_for)


def common_name(wire: Wire) -> str:
    subject = wire.writer.get_extra_info("peercert")["subject"]
    return str(dict(pair for group in subject for pair in group)["commonName"])


async def test_an_exchange_is_the_same_and_the_backend_learns_the_scheme(authority: Authority) -> None:
    listen = Listen((certificate(authority, "front", "shop.example"),))
    async with RawUpstream.answering(ok(b"h", b"Set-Cookie: a=1", b"set-cookie: b=2")) as upstream:
        async with Running(spec_of(backend("legacy", upstream.port), listen=listen)) as proxy:
            wire = await proxy.connect(ssl=authority.client(), server_hostname="shop.example")
            for _ in range(2):
                await wire.send(REQUEST)
                assert await wire.answer() == (
                    b"HTTP/1.1 200 OK\r\nSet-Cookie: a=1\r\nset-cookie: b=2\r\nContent-Length: 1\r\n\r\n",
                    b"h",
                )
            for head, _ in upstream.requests:
                assert head.startswith(b"GET /a%7Eb?x=%20 HTTP/1.1\r\nHost: shop.example\r\n")
                assert fields(head, b"x-forwarded-proto") == [b"https"]
                assert fields(head, b"x-forwarded-for") == [b"127.0.0.1"]
    assert [ended.outcome for ended in proxy.ended] == ["ok", "ok"]


@pytest.mark.filterwarnings("ignore:ssl.TLSVersion.TLSv1")  # that it is deprecated is the point
async def test_only_http_1_1_is_agreed_on_and_nothing_older_than_tls_1_2(authority: Authority) -> None:
    listen = Listen((certificate(authority, "front", "shop.example"),))
    async with Running(spec_of(backend("legacy", 1), listen=listen)) as proxy:
        modern = authority.client()
        modern.set_alpn_protocols(["h2", "http/1.1"])
        wire = await proxy.connect(ssl=modern, server_hostname="shop.example")
        assert wire.writer.get_extra_info("ssl_object").selected_alpn_protocol() == "http/1.1"
        old = authority.client()
        old.minimum_version = ssl.TLSVersion.TLSv1
        old.maximum_version = ssl.TLSVersion.TLSv1_1
        old.set_ciphers("ALL:@SECLEVEL=0")
        with pytest.raises((ssl.SSLError, ConnectionError)):
            await proxy.connect(ssl=old, server_hostname="shop.example")
        assert (await proxy.outcome()).outcome == "request_tls_failed"


@pytest.mark.parametrize(
    ("asked", "shown"),
    [("shop.example", "first"), ("API.example", "second"), ("x.api.example", "third"), ("a.b.api.example", "first")],
)
async def test_the_certificate_is_the_one_for_the_host(authority: Authority, asked: str, shown: str) -> None:
    every = ("shop.example", "api.example", "*.api.example", "a.b.api.example")
    listen = Listen(
        (
            certificate(authority, "first", *every),
            certificate(authority, "second", *every, shown_for=("api.example",)),
            certificate(authority, "third", *every, shown_for=("*.api.example",)),
        )
    )
    async with Running(spec_of(backend("legacy", 1), listen=listen)) as proxy:
        assert common_name(await proxy.connect(ssl=authority.client(), server_hostname=asked)) == shown


async def test_who_names_no_host_is_shown_the_first(authority: Authority) -> None:
    listen = Listen((certificate(authority, "first", "127.0.0.1"),))
    async with Running(spec_of(backend("legacy", 1), listen=listen)) as proxy:
        wire = await proxy.connect(ssl=authority.client(), server_hostname="127.0.0.1")  # an address is never sent
        assert common_name(wire) == "first"


async def test_a_renewed_certificate_is_for_new_connections_and_a_bad_one_for_none(
    authority: Authority, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tls, "LOOK", 0.1)
    shown = certificate(authority, "front", "shop.example")
    spare = Authority(authority.folder / "spare", "spare")
    pem, key = spare.sign("renewed", "shop.example")
    async with RawUpstream.answering(ok()) as upstream:
        async with Running(spec_of(backend("legacy", upstream.port), listen=Listen((shown,)))) as proxy:
            old = await proxy.connect(ssl=authority.client(), server_hostname="shop.example")
            # 1. A certificate without its key: the old pair stays, the trouble is told.
            shutil.copy(pem, shown.certificate)
            await until(lambda: proxy.told, "the trouble to be told")
            assert "key values mismatch" in proxy.told[0][1]
            assert [trouble != "" for _, trouble in proxy.told] == [True]
            assert common_name(await proxy.connect(ssl=authority.client(), server_hostname="shop.example")) == "front"
            # 2. The key follows.
            shutil.copy(key, shown.key)
            await until(lambda: len(proxy.told) == 2, "the reload to be told")
            assert proxy.told[1][1] == ""
            assert proxy.engine.keyring.ok
            assert common_name(await proxy.connect(ssl=spare.client(), server_hostname="shop.example")) == "renewed"
            await old.send(REQUEST)
            assert (await old.answer())[1] == b"hello"


async def test_tls_begins_and_ends_with_an_edit(authority: Authority) -> None:
    listen = Listen((certificate(authority, "front", "shop.example"),))
    async with RawUpstream.answering(ok()) as upstream:
        plain = spec_of(backend("legacy", upstream.port))
        async with Running(plain) as proxy:
            early = await proxy.connect()
            proxy.engine.swap(snapshot_of(spec_of(backend("legacy", upstream.port), listen=listen)))
            await proxy.doors.follow()
            late = await proxy.connect(ssl=authority.client(), server_hostname="shop.example")
            proxy.engine.swap(snapshot_of(plain))
            await proxy.doors.follow()
            last = await proxy.connect()
            for wire in (early, late, last):
                await wire.send(REQUEST)
                assert (await wire.answer())[1] == b"hello"


async def test_a_refused_upload_still_gets_its_answer(authority: Authority) -> None:
    """Bytes that nobody reads must not turn the end of the connection into a reset, which would overtake the answer."""
    listen = Listen((certificate(authority, "front", "shop.example"),))

    def upload(port: int) -> bytes:
        raw = socket.create_connection(("127.0.0.1", port), PATIENCE)
        with authority.client().wrap_socket(raw, server_hostname="shop.example") as wire:
            wire.sendall(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n")
            for _ in range(32):
                wire.sendall(b"x" * 65536)
            return b"".join(iter(lambda: wire.recv(65536), b""))

    async with Running(spec_of(backend("legacy", 1), listen=listen)) as proxy:
        assert (await asyncio.to_thread(upload, proxy.port)).startswith(b"HTTP/1.1 400 ")


async def test_a_handshake_that_never_ends_is_ended(authority: Authority) -> None:
    listen = Listen((certificate(authority, "front", "shop.example"),))
    async with Running(spec_of(backend("legacy", 1), listen=listen, limits=Limits(head_timeout=0.2))) as proxy:
        wire = await proxy.connect()
        await wire.send(b"\x16\x03\x01")
        ended = await proxy.outcome()
        assert (ended.outcome, ended.why) == ("request_tls_failed", "not done within 0.2 s")
        with pytest.raises((AssertionError, ConnectionError)):
            await wire.head()


async def test_plain_http_at_a_tls_port_is_recorded_and_a_silent_close_is_not(authority: Authority) -> None:
    listen = Listen((certificate(authority, "front", "shop.example"),))
    async with Running(spec_of(backend("legacy", 1), listen=listen)) as proxy:
        (await proxy.connect()).close()
        await (await proxy.connect()).send(REQUEST)
        ended = await proxy.outcome()
        assert (ended.outcome, ended.why, ended.code) == ("request_tls_failed", "http request", 0)
        assert len(proxy.ended) == 1


# to backends


def tls_backend(port: int, **settings: object) -> Backend:
    return backend("legacy", port, url=f"https://127.0.0.1:{port}", tls=BackendTls(**settings))  # type: ignore[arg-type]  # fields by name


async def test_a_backend_is_verified_and_its_connection_kept(authority: Authority) -> None:
    server = authority.server("service", "service.internal")
    async with RawUpstream.answering(ok(), tls=server) as upstream:
        one = tls_backend(upstream.port, ca=str(authority.ca), server_name="service.internal")
        async with Running(spec_of(one)) as proxy:
            wire = await proxy.connect()
            for method in (b"GET", b"POST"):
                await wire.send(method + b" / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nhi")
                assert (await wire.answer())[1] == b"hello"
    assert len(upstream.connections) == 1
    assert [body for _, body in upstream.requests] == [b"hi", b"hi"]


@pytest.mark.parametrize(
    ("settings", "why"),
    [
        ({}, "certificate verify failed: unable to get local issuer certificate"),
        ({"ca": "{ca}", "server_name": "other.internal"}, "Hostname mismatch"),
        ({"ca": "/nowhere/ca.pem"}, "ca /nowhere/ca.pem can't be read: No such file or directory"),
    ],
)
async def test_a_backend_that_cannot_be_believed_is_an_outcome(
    authority: Authority, settings: dict[str, str], why: str
) -> None:
    server = authority.server("service", "service.internal")
    given = {key: value.format(ca=authority.ca) for key, value in settings.items()}
    async with RawUpstream.answering(ok(), tls=server) as upstream:
        async with Running(spec_of(tls_backend(upstream.port, **given))) as proxy:
            answer = await proxy.one(ASK)
            assert answer.startswith(b"HTTP/1.1 502 ")
            assert b'"outcome":"upstream_tls_failed"' in answer
            assert why in (await proxy.outcome()).why
    assert upstream.requests == []


async def test_a_backend_may_ask_who_we_are(authority: Authority) -> None:
    server = authority.server("service", "127.0.0.1", asks=True)
    pem, key = authority.sign("proxy", "proxy.internal", password="open sesame")
    shown = {"certificate": str(pem), "key": str(key), "password": "open sesame"}
    async with RawUpstream.answering(ok(), tls=server) as upstream:
        async with Running(spec_of(tls_backend(upstream.port, ca=str(authority.ca), **shown))) as proxy:
            assert (await proxy.one(ASK)).startswith(b"HTTP/1.1 200 ")


async def test_a_backend_that_refuses_us_is_an_outcome(authority: Authority) -> None:
    """With TLS 1.3 its refusal comes after the handshake, in place of an answer."""
    server = authority.server("service", "127.0.0.1", asks=True)
    listener = socket.create_server(("127.0.0.1", 0))

    def refuse() -> None:
        connection, _ = listener.accept()
        raw = connection.dup()
        with pytest.raises(ssl.SSLError, match="did not return a certificate"):
            server.wrap_socket(connection, server_side=True)
        raw.recv(65536)  # what was sent meanwhile: a reset would overtake the refusal
        raw.close()

    refusing = asyncio.create_task(asyncio.to_thread(refuse))
    async with Running(spec_of(tls_backend(listener.getsockname()[1], ca=str(authority.ca)))) as proxy:
        assert (await proxy.one(ASK)).startswith(b"HTTP/1.1 502 ")
        ended = await proxy.outcome()
        assert (ended.outcome, ended.why) == ("upstream_tls_failed", "tlsv13 alert certificate required")
    await refusing
    listener.close()


async def test_plain_http_where_tls_was_expected_is_an_outcome(authority: Authority) -> None:
    async def script(served: Served) -> None:
        await served.some()
        await served.send(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")

    async with RawUpstream(script) as upstream, Running(spec_of(tls_backend(upstream.port))) as proxy:
        answer = await proxy.one(ASK)
        assert b"upstream_tls_failed" in answer


@pytest.mark.parametrize(("clean", "outcome"), [(True, "ok"), (False, "upstream_body_cut")])
async def test_a_body_that_ends_with_the_connection_is_whole_only_with_a_close_notify(
    authority: Authority, clean: bool, outcome: str
) -> None:
    """RFC 9112 section 9.8: anybody on the way can end a TCP connection, only the backend can end TLS."""

    async def script(served: Served) -> None:
        await served.request()
        await served.send(b"HTTP/1.1 200 OK\r\n\r\nhalf")
        if not clean:
            raw = served.writer.get_extra_info("socket").dup()
            await asyncio.sleep(0.05)
            raw.shutdown(1)
            raw.close()
            await asyncio.sleep(0.2)

    server = authority.server("service", "127.0.0.1")
    async with RawUpstream(script, server) as upstream:
        async with Running(spec_of(tls_backend(upstream.port, ca=str(authority.ca)))) as proxy:
            wire = await proxy.connect()
            await wire.send(b"GET / HTTP/1.0\r\n\r\n")
            if clean:
                assert (await wire.rest()).endswith(b"half")
            else:
                await wire.until_reset()
            assert (await proxy.outcome()).outcome == outcome


async def test_while_memory_is_tight_a_large_answer_still_passes_whole_over_tls_on_both_ends(
    authority: Authority,
) -> None:
    """It begins and ends to be tight while the client reads nothing."""
    answer = ok(bytes(range(256)) * 64 * 1024)

    async def script(served: Served) -> None:
        while True:
            await served.head()
            served.writer.write(answer)

    listen = Listen((certificate(authority, "tight", "shop.example"),))
    async with RawUpstream(script, tls=authority.server("tight-backend", "127.0.0.1")) as upstream:
        believes = BackendTls(ca=str(authority.ca))
        spec = spec_of(backend("legacy", upstream.port, tls=believes), listen=listen, limits=Limits(memory=1000))
        async with Running(spec) as proxy:
            shedding = proxy.engine.shedding
            shedding.close()  # from here on the test says how much there is
            shedding.look(1)
            wire = await proxy.connect(ssl=authority.client(), server_hostname="shop.example")
            for changes in ((900, 900), (900, 1), (1, 900)):
                wire.writer.transport.pause_reading()  # type: ignore[attr-defined]  # a read transport too
                await wire.send(REQUEST)
                await until(lambda: proxy.engine.clients)
                (client,) = proxy.engine.clients
                await until(lambda: client.transport.get_write_buffer_size() > 1, "the client to be full")  # noqa: B023 - awaited here
                for memory in changes:
                    shedding.look(memory)
                wire.writer.transport.resume_reading()  # type: ignore[attr-defined]  # a read transport too
                pieces: list[bytes] = []
                while sum(map(len, pieces)) < len(answer):
                    pieces.append(await wire.some())
                assert b"".join(pieces) == answer
