"""The heads that are sent on, byte for byte."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.model.headers import HeaderPair
from proxy.model.heads import RequestHead, ResponseHead
from proxy.model.observation import EMPTY_BODY, CapturedBody, CapturedRequest
from proxy.model.spec import Backend
from proxy.routing.forwarding import (
    Peer,
    authority_of,
    client_head,
    copy_head,
    peer_of,
    request_id_of,
    sent_headers,
    upgrade_of,
    upstream_head,
    with_host,
)

PEER = peer_of("203.0.113.7", trusted=False)
TRUSTED = peer_of("10.0.0.2", trusted=True)
TRACE = b"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
ADDED = [
    b"X-Forwarded-For: 203.0.113.7",
    b"X-Forwarded-Proto: http",
    b"X-Forwarded-Host: shop.test",
    b'Forwarded: for=203.0.113.7;proto=http;host="shop.test"',
    b"X-Request-Id: made",
    b"traceparent: made",
]


def sent(
    *headers: HeaderPair,
    method: bytes = b"GET",
    target: bytes = b"/x",
    host: bytes | None = b"shop.test",
    peer: Peer = PEER,
    preserve_host: bool = True,
    framing: bytes | None = None,
    upgrade: bool = False,
) -> list[bytes]:
    fields = ([(b"Host", host)] if host is not None else []) + list(headers)
    raw = upstream_head(
        RequestHead(method, target, (1, 1), fields),
        peer,
        authority=b"127.0.0.1:8101",
        preserve_host=preserve_host,
        request_id=b"made",
        traceparent=b"made",
        framing=framing,
        upgrade=upgrade,
    )
    assert raw.endswith(b"\r\n\r\n")
    return raw[:-4].split(b"\r\n")


def test_everything_end_to_end_keeps_bytes_order_case_and_repetition() -> None:
    headers = [
        (b"COOKIE", b"a=1; b=\xe9"),
        (b"accept", b"*/*"),
        (b"X-a", b"2"),
        (b"x-A", b""),
        (b"Content-Length", b"3"),
        (b"Expect", b"100-continue"),
    ]
    lines = sent(*headers, target=b"/%7Euser//x/%2e?a=%20#")
    assert lines == [
        b"GET /%7Euser//x/%2e?a=%20# HTTP/1.1",
        b"Host: shop.test",
        *(name + b": " + value for name, value in headers),
        *ADDED,
    ]


@pytest.mark.parametrize(
    "field",
    [
        (b"Connection", b"close"),
        (b"connection", b"Keep-Alive"),
        (b"Keep-Alive", b"timeout=5"),
        (b"Proxy-Connection", b"keep-alive"),
        (b"Upgrade", b"h2c"),
        (b"HTTP2-Settings", b"AAMAAABkAAQAAP__"),
        (b"TE", b"gzip"),
        (b"X-Strangler-Shadow", b"1"),
        (b"x-strangler-anything", b"1"),
        (b"X_Strangler_Shadow", b"1"),
        (b"X_Forwarded_For", b"6.6.6.6"),
        (b"X-Forwarded_For", b"6.6.6.6"),
        (b"x-forwarded-for", b"6.6.6.6"),
        (b"X-Forwarded-Proto", b"https"),
        (b"X-Forwarded-Host", b"evil"),
        (b"Forwarded", b"for=6.6.6.6"),
        (b"X-Request-Id", b"with space"),
        (b"X-Request-Id", b"x" * 129),
        (b"X-Request-Id", b""),
        (b"traceparent", b"00-" + b"0" * 32 + b"-b7ad6b7169203331-01"),
        (b"traceparent", b"nonsense"),
        (b"tracestate", b"a=b"),
    ],
)
def test_fields_that_end_here_from_a_peer_that_is_not_trusted(field: HeaderPair) -> None:
    assert sent((b"A", b"1"), field, (b"B", b"2"))[2:] == [b"A: 1", b"B: 2", *ADDED]


def test_fields_that_connection_names_end_here_but_never_those_that_frame_or_address() -> None:
    lines = sent(
        (b"Secret", b"1"),
        (b"Content-Length", b"3"),
        (b"Connection", b"keep-alive, secret, Content-Length , host, x-forwarded-for"),
        (b"SECRET", b"2"),
        (b"Secrets", b"3"),
        method=b"POST",
    )
    assert lines[1:] == [b"Host: shop.test", b"Content-Length: 3", b"Secrets: 3", *ADDED]


def test_te_trailers_passes_and_is_named() -> None:
    lines = sent((b"TE", b"gzip, trailers"), (b"Connection", b"TE, close"))
    assert lines[2:4] == [b"TE: trailers", b"Connection: TE"]


def test_a_trusted_peer_is_believed_and_appended_to() -> None:
    lines = sent(
        (b"X-Forwarded-For", b"198.51.100.1"),
        (b"X-FORWARDED-FOR", b"10.0.0.9"),
        (b"X-Forwarded-Proto", b"https"),
        (b"X-Forwarded-Host", b"public.test"),
        (b"Forwarded", b"for=198.51.100.1"),
        peer=TRUSTED,
    )
    assert lines[2:] == [
        b"X-Forwarded-For: 198.51.100.1, 10.0.0.9, 10.0.0.2",
        b"X-Forwarded-Proto: https",
        b"X-Forwarded-Host: public.test",
        b'Forwarded: for=198.51.100.1, for=10.0.0.2;proto=http;host="shop.test"',
        *ADDED[4:],
    ]


def test_a_trusted_peer_that_says_nothing_is_the_first_hop() -> None:
    expected = [line.replace(b"203.0.113.7", b"10.0.0.2") for line in ADDED]
    assert sent(peer=TRUSTED)[2:] == expected
    assert sent((b"TE", b"gzip"), peer=TRUSTED)[2:] == expected


def test_an_ipv6_peer_is_quoted_in_forwarded() -> None:
    lines = sent(peer=peer_of("fe80::1%eth0", trusted=False, scheme=b"https"))
    assert lines[2:4] == [b"X-Forwarded-For: fe80::1", b"X-Forwarded-Proto: https"]
    assert lines[5] == b'Forwarded: for="[fe80::1]";proto=https;host="shop.test"'


def test_a_host_that_cannot_be_quoted_is_not_repeated() -> None:
    assert sent(host=b'a";for=6.6.6.6')[-3] == b"Forwarded: for=203.0.113.7;proto=http"


def test_sane_ids_and_trace_contexts_pass_in_their_place() -> None:
    fields = [(b"X-Request-ID", b"abc-1"), (b"tracestate", b"a=b"), (b"Traceparent", TRACE), (b"Z", b"1")]
    lines = sent(*fields)
    assert lines[2:] == [*(name + b": " + value for name, value in fields), *ADDED[:4]]
    assert request_id_of(fields) == b"abc-1"
    assert request_id_of([(b"x-request-id", b"a b"), (b"X-Request-Id", b"ok"), (b"X-Request-Id", b"no")]) == b"ok"


def test_two_trace_parents_are_none() -> None:
    assert sent((b"traceparent", TRACE), (b"traceparent", TRACE), (b"tracestate", b"a=b"))[2:] == ADDED


@pytest.mark.parametrize(
    ("target", "method", "line", "host"),
    [
        (b"http://other.test:81/p?q", b"GET", b"GET /p?q HTTP/1.1", b"other.test:81"),
        (b"http://other.test", b"GET", b"GET / HTTP/1.1", b"other.test"),
        (b"http://other.test", b"OPTIONS", b"OPTIONS * HTTP/1.1", b"other.test"),
        (b"http://other.test/", b"OPTIONS", b"OPTIONS / HTTP/1.1", b"other.test"),
        (b"*", b"OPTIONS", b"OPTIONS * HTTP/1.1", b"shop.test"),
    ],
)
def test_an_absolute_target_becomes_origin_form_and_its_authority_the_host(
    target: bytes, method: bytes, line: bytes, host: bytes
) -> None:
    lines = sent(target=target, method=method)
    assert lines[:2] == [line, b"Host: " + host]
    assert b"X-Forwarded-Host: " + host in lines
    assert sent(target=target, method=method, host=None)[1] == b"Host: " + (
        host if target != b"*" else b"127.0.0.1:8101"
    )


def test_host_is_the_backends_own_where_asked_or_where_there_is_none() -> None:
    lines = sent(preserve_host=False)
    assert lines[1] == b"Host: 127.0.0.1:8101"
    assert b"X-Forwarded-Host: shop.test" in lines
    assert sent(preserve_host=False, target=b"http://h/")[1] == b"Host: 127.0.0.1:8101"
    without = sent(host=None)
    assert without[1] == b"Host: 127.0.0.1:8101"
    assert not any(line.startswith(b"X-Forwarded-Host") for line in without)


def test_framing_is_replaced_where_asked() -> None:
    fields = [(b"Transfer-Encoding", b"chunked"), (b"Trailer", b"X"), (b"A", b"1")]
    assert sent(*fields)[2:5] == [b"Transfer-Encoding: chunked", b"Trailer: X", b"A: 1"]
    assert sent(*fields, framing=b"Content-Length: 5")[2:4] == [b"A: 1", b"Content-Length: 5"]
    assert sent(*fields, framing=b"")[2:] == [b"A: 1", *ADDED]


def test_an_upgrade_passes_only_as_one() -> None:
    fields = [(b"Connection", b"keep-alive, Upgrade"), (b"Upgrade", b"WebSocket"), (b"Sec-WebSocket-Key", b"k")]
    assert upgrade_of(fields) == b"websocket"
    assert sent(*fields, upgrade=True)[2:5] == [b"Upgrade: WebSocket", b"Sec-WebSocket-Key: k", b"Connection: Upgrade"]
    assert sent(*fields)[2:] == [b"Sec-WebSocket-Key: k", *ADDED]
    assert upgrade_of(fields[1:]) is None
    assert upgrade_of([(b"Connection", b"Upgrade, HTTP2-Settings"), (b"Upgrade", b"h2c")]) is None


token = st.sampled_from([b"Accept", b"x-thing", b"Cookie", b"X-Strangler-Z", b"Connection", b"connection", b"A-B"])
value = st.sampled_from([b"1", b"close", b"x-thing", b"a-b, x-thing", b"", b"a: b"])


@given(st.lists(st.tuples(token, value), max_size=8))
def test_what_is_sent_is_what_came_without_what_ends_here(fields: list[HeaderPair]) -> None:
    named = {
        part.strip().lower() for name, said in fields if name.lower() == b"connection" for part in said.split(b",")
    }
    kept = [
        (name, said)
        for name, said in fields
        if name.lower() not in named | {b"connection"} and not name.lower().startswith(b"x-strangler")
    ]
    raw = b"\r\n".join(sent(*fields)) + b"\r\n\r\n"
    assert sent_headers(raw)[1 : len(kept) + 1] == kept
    assert len(sent_headers(raw)) == len(kept) + 1 + len(ADDED)


def copied(body: CapturedBody, *headers: HeaderPair, preserve_host: bool = True) -> list[bytes]:
    request = CapturedRequest(b"POST", b"/x", [(b"Host", b"shop.test"), *headers], body)
    return copy_head(request, authority=b"s:1", preserve_host=preserve_host).split(b"\r\n")


def test_a_copy_is_marked_and_framed_by_what_was_captured() -> None:
    chunked = [(b"Transfer-Encoding", b"chunked"), (b"Trailer", b"T"), (b"Expect", b"100-continue"), (b"A", b"1")]
    mark = b"X-Strangler-Shadow: 1"
    assert copied(CapturedBody(b"abc", 3, True), *chunked) == [
        b"POST /x HTTP/1.1",
        b"Host: shop.test",
        b"A: 1",
        b"Content-Length: 3",
        mark,
        b"",
        b"",
    ]
    assert copied(EMPTY_BODY, (b"Content-Length", b"0"))[2:4] == [b"Content-Length: 0", mark]
    assert copied(EMPTY_BODY)[2] == mark
    assert copied(EMPTY_BODY, preserve_host=False)[1] == b"Host: s:1"
    absolute = CapturedRequest(b"GET", b"http://h/p", [(b"Host", b"h")], EMPTY_BODY)
    assert copy_head(absolute, authority=b"s:1", preserve_host=True).startswith(b"GET /p HTTP/1.1\r\nHost: h\r\n")


def answered(*headers: HeaderPair, **options: object) -> list[bytes]:
    head = ResponseHead((1, 0), 200, b"Fine", headers)
    raw = client_head(head, **options)  # type: ignore[arg-type]  # keywords of client_head by name
    assert raw.endswith(b"\r\n\r\n")
    return raw[:-4].split(b"\r\n")


def test_an_answer_keeps_its_bytes_and_gets_nothing_invented() -> None:
    fields = [
        (b"Set-Cookie", b"a=1"),
        (b"set-cookie", b"b=2"),
        (b"Location", b"http://x/\xe9"),
        (b"transfer-encoding", b"chunked"),
        (b"X-Request-Id", b"any thing"),
        (b"X-Forwarded-For", b"1"),
        (b"Expect", b"x"),
        (b"Host", b"x"),
    ]
    assert answered(*fields) == [b"HTTP/1.1 200 Fine", *(name + b": " + said for name, said in fields)]


def test_an_answer_loses_hop_fields_the_build_and_what_is_ours() -> None:
    lines = answered(
        (b"Connection", b"close, X-Hop"),
        (b"x-hop", b"1"),
        (b"Keep-Alive", b"timeout=5"),
        (b"X-BUILD", b"7"),
        (b"X-Strangler-Note", b"1"),
        (b"Upgrade", b"h2c"),
        (b"A", b"1"),
        build_header=b"x-build",
        connection=b"keep-alive",
    )
    assert lines[1:] == [b"A: 1", b"Connection: keep-alive"]
    assert answered((b"Server", b"7"), build_header=b"server") == [b"HTTP/1.1 200 Fine"]


def test_an_answer_can_be_framed_anew_and_can_switch_protocols() -> None:
    assert answered((b"Transfer-Encoding", b"chunked"), framing=b"")[1:] == []
    assert answered((b"Content-Length", b"5"), framing=b"Content-Length: 6")[1:] == [b"Content-Length: 6"]
    fields = [(b"Upgrade", b"websocket"), (b"Connection", b"Upgrade")]
    assert answered(*fields, upgrade=True, connection=b"Upgrade")[1:] == [b"Upgrade: websocket", b"Connection: Upgrade"]


def test_an_empty_reason_keeps_its_space() -> None:
    assert client_head(ResponseHead((1, 1), 204, b"", [])) == b"HTTP/1.1 204 \r\n\r\n"


@pytest.mark.parametrize(
    ("host", "port", "authority"),
    [("a.test", 80, b"a.test"), ("a.test", 8101, b"a.test:8101"), ("::1", 81, b"[::1]:81")],
)
def test_the_backends_own_authority(host: str, port: int, authority: bytes) -> None:
    assert authority_of(Backend("b", "http://b", host, port)) == authority


@pytest.mark.parametrize(
    ("sent", "becomes"),
    [
        (b"GET / HTTP/1.1\r\nHost: a:1\r\n\r\n", b"GET / HTTP/1.1\r\nHost: b:22\r\n\r\n"),
        (b"GET / HTTP/1.1\r\nX: y\r\nhOST: a:1\r\n\r\n", b"GET / HTTP/1.1\r\nX: y\r\nhOST: b:22\r\n\r\n"),
        (b"GET / HTTP/1.1\r\nHost: named\r\n\r\n", b"GET / HTTP/1.1\r\nHost: named\r\n\r\n"),
        (b"GET / HTTP/1.1\r\nHost: a:11\r\n\r\n", b"GET / HTTP/1.1\r\nHost: a:11\r\n\r\n"),
        (b"GET / HTTP/1.1\r\nX-Host: a:1\r\nHost: z\r\n\r\n\r\nHost: a:1\r\n",) * 2,
    ],
)
def test_a_host_that_was_given_for_another_url_is_replaced(sent: bytes, becomes: bytes) -> None:
    assert with_host(sent, b"a:1", b"b:22") == becomes
