"""The heads that are sent on: to a backend, with a shadow copy, and back to the client.

A gateway speaks for itself on each connection (RFC 9110 section 7.6.1): fields about one hop, and those that
`Connection` names, end here, in both directions; everything else keeps its bytes, order, case and repetition. A client
must not use `Connection` to take away what frames or addresses a message, so those names cannot be nominated.

Added are only the documented forwarding fields. Where the peer is one of `trusted_proxies` it is believed and appended
to; from anybody else they are replaced, also in spellings with `_`, which CGI-like servers read as `-`. No `Via` and no
`Server` are added: clients and applications must not be able to tell that the proxy is there. X-Strangler-* is ours
alone and passes in neither direction.

These functions run for every message. One dictionary look-up by raw spelling sorts a field; what is rare is mended
after the pass.
"""

from __future__ import annotations

import re
from enum import IntEnum
from itertools import product
from typing import NamedTuple

from proxy.model.headers import HeaderPair, Headers
from proxy.model.heads import RequestHead, ResponseHead
from proxy.model.observation import CapturedRequest
from proxy.routing.paths import split_target

SHADOW_MARK = b"X-Strangler-Shadow: 1"


class Peer(NamedTuple):
    """Who is at the other end of a client connection; made once per connection by `peer_of`."""

    ip: str
    trusted: bool
    scheme: bytes
    address_line: bytes  # X-Forwarded-For and X-Forwarded-Proto for a peer that is not believed
    element: bytes  # its Forwarded element without host


class _Field(IntEnum):
    PLAIN = 0
    HOST = 1
    CONNECTION = 2
    HOP = 3
    TE = 4
    UPGRADE = 5
    FRAMING = 6
    FORWARDED_FOR = 7
    FORWARDED_PROTO = 8
    FORWARDED_HOST = 9
    FORWARDED = 10
    REQUEST_ID = 11
    TRACEPARENT = 12
    TRACESTATE = 13
    OURS = 14
    EXPECT = 15


_SPECIAL = {
    b"host": _Field.HOST,
    b"connection": _Field.CONNECTION,
    b"keep-alive": _Field.HOP,
    b"proxy-connection": _Field.HOP,
    b"http2-settings": _Field.HOP,
    b"te": _Field.TE,
    b"upgrade": _Field.UPGRADE,
    b"content-length": _Field.FRAMING,
    b"transfer-encoding": _Field.FRAMING,
    b"trailer": _Field.FRAMING,
    b"x-forwarded-for": _Field.FORWARDED_FOR,
    b"x-forwarded-proto": _Field.FORWARDED_PROTO,
    b"x-forwarded-host": _Field.FORWARDED_HOST,
    b"forwarded": _Field.FORWARDED,
    b"x-request-id": _Field.REQUEST_ID,
    b"traceparent": _Field.TRACEPARENT,
    b"tracestate": _Field.TRACESTATE,
    b"expect": _Field.EXPECT,
}
_COMMON = (
    b"accept accept-encoding accept-language accept-ranges access-control-allow-origin age authorization cache-control "
    b"content-disposition content-encoding content-language content-type cookie date dnt etag expires idempotency-key "
    b"if-match if-modified-since if-none-match last-modified link location origin pragma range referer retry-after "
    b"sec-fetch-dest sec-fetch-mode sec-fetch-site server set-cookie strict-transport-security "
    b"upgrade-insecure-requests user-agent vary www-authenticate x-api-key x-content-type-options x-frame-options "
    b"x-requested-with"
).split()
_FORGEABLE = (b"x-forwarded-for", b"x-forwarded-proto", b"x-forwarded-host")
_UNDERSCORED = {
    b"x%bforwarded%b%b" % (one, two, name.rpartition(b"-")[2])
    for name in _FORGEABLE
    for one, two in product((b"-", b"_"), repeat=2)
} - set(_FORGEABLE)
_OURS = (b"x-strangler-", b"x_strangler_", b"x-strangler_", b"x_strangler-")
_NEVER_NOMINATED = frozenset(
    {b"host", b"content-length", b"transfer-encoding", b"x-request-id", b"traceparent", b"tracestate"}
)
_ORDINARY_OPTIONS = frozenset({b"", b"keep-alive", b"close", b"upgrade", b"te", b"http2-settings"})

_KINDS: dict[bytes, _Field] = {}
for _name in (*_SPECIAL, *_COMMON):
    for _spelling in (_name, _name.title(), _name.upper()):
        _KINDS[_spelling] = _SPECIAL.get(_name, _Field.PLAIN)

_TOKEN = b"!#$%&'*+-.^_`|~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_TRACEPARENT = re.compile(rb"(?!ff)[0-9a-f]{2}-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}(?:-.*)?")


def _classify(name: bytes) -> _Field:
    lower = name.lower()
    if lower in _UNDERSCORED or lower.startswith(_OURS):
        return _Field.OURS
    return _SPECIAL.get(lower, _Field.PLAIN)


def peer_of(ip: str, *, trusted: bool, scheme: bytes = b"http") -> Peer:
    """The peer of one client connection. `ip` as the socket names it; `trusted` from `Snapshot.is_trusted(ip)`."""
    address = ip.partition("%")[0].encode()
    node = b'"[%b]"' % address if b":" in address else address
    return Peer(
        ip,
        trusted,
        scheme,
        b"X-Forwarded-For: %b\r\nX-Forwarded-Proto: %b" % (address, scheme),
        b"for=%b;proto=%b" % (node, scheme),
    )


def request_id_of(headers: Headers) -> bytes | None:
    """The client's X-Request-Id if it is sane (token characters, at most 128), else None: the proxy makes one.

    What this returns is what `upstream_head` keeps; the same value belongs in the access line and the error page.
    """
    for name, value in headers:
        if len(name) == 12 and name.lower() == b"x-request-id" and _is_sane_id(value):
            return value
    return None


def upgrade_of(headers: Headers) -> bytes | None:
    """The protocol that the client asks to switch to, in lower case, or None (RFC 9110 section 7.8).

    Both fields are needed: `Upgrade` and a `Connection` that names it. `h2c` is no upgrade here: it is ignored, as the
    RFC allows, and never forwarded, since a tunnel would hide the requests inside it.
    """
    protocol: bytes | None = None
    named = False
    for name, value in headers:
        if len(name) == 7 and name.lower() == b"upgrade":
            protocol = value.strip().lower()
        elif len(name) == 10 and name.lower() == b"connection" and b"upgrade" in value.lower():
            named = True
    return protocol if named and protocol and not protocol.startswith(b"h2c") else None


def upstream_head(
    head: RequestHead,
    peer: Peer,
    *,
    authority: bytes,
    preserve_host: bool,
    request_id: bytes,
    traceparent: bytes,
    framing: bytes | None = None,
    upgrade: bool = False,
) -> bytes:
    """The head to send to a backend, ending in the empty line.

    `authority` is the backend's own `host:port`, sent as Host when `preserve_host` is false or the request has none
    (HTTP/1.0). `request_id` and `traceparent` are used where the client sent none or an invalid one. `framing` is None
    to keep Content-Length, Transfer-Encoding and Trailer as they came, else the line (no line end) that replaces them,
    b"" for none. `upgrade` keeps the Upgrade field (only where `upgrade_of` says there is one).
    """
    named, local = (None, head.target) if head.target[:1] == b"/" else split_target(head.target)
    if named is not None and head.method == b"OPTIONS" and head.target.count(b"/") == 2 and b"?" not in local:
        local = b"*"  # RFC 9112 section 3.2.4
    lines = [b"%b %b HTTP/1.1" % (head.method, local)]
    append, kind_of, colon = lines.append, _KINDS.get, b": ".join
    asked_host: bytes | None = None
    has_id = False
    mend: list[tuple[int, HeaderPair]] = []
    believed: list[tuple[int, HeaderPair]] = []
    for pair in head.headers:
        name = pair[0]
        kind = kind_of(name)
        if kind is None:
            kind = _classify(name)
        if kind == 0:
            append(colon(pair))
        elif kind == 1:
            asked_host = named if named is not None else pair[1]
            append(name + b": " + (asked_host if preserve_host else authority))
        elif kind == 6:
            if framing is None:
                append(colon(pair))
        elif kind == 15:
            append(colon(pair))
        elif kind == 11:
            if not has_id and _is_sane_id(pair[1]):
                has_id = True
                append(colon(pair))
        elif 7 <= kind <= 10:
            believed.append((kind, pair))
        elif kind != 14 and kind != 3:
            mend.append((kind, pair))
            if kind >= 12 or (kind == 5 and upgrade):
                append(colon(pair))
    if asked_host is None:
        asked_host = named
        lines.insert(1, b"Host: " + (named if named is not None and preserve_host else authority))
    has_trace = _mend(lines, mend, upgrade=upgrade) if mend else False
    if framing:
        append(framing)
    if peer.trusted and believed:
        _extend_chain(lines, believed, peer, asked_host)
    else:
        append(peer.address_line)
        _append_host(lines, asked_host, peer.element)
    if not has_id:
        append(b"X-Request-Id: " + request_id)
    if not has_trace:
        append(b"traceparent: " + traceparent)
    append(b"\r\n")
    return b"\r\n".join(lines)


def sent_headers(sent: bytes) -> list[HeaderPair]:
    """The fields of a head that `upstream_head` made: what a `CapturedRequest` keeps."""
    pairs: list[HeaderPair] = []
    for line in sent.split(b"\r\n")[1:-2]:
        name, _, value = line.partition(b": ")
        pairs.append((name, value))
    return pairs


def copy_head(request: CapturedRequest, *, authority: bytes, preserve_host: bool) -> bytes:
    """The head of a shadow copy of a captured request, marked `X-Strangler-Shadow: 1`, ending in the empty line.

    The captured body is sent whole, its chunking undone, so it gets a Content-Length wherever the request had a body
    or announced one, and neither Expect nor TE nor Trailer.
    """
    lines = [b"%b %b HTTP/1.1" % (request.method, request.target)]
    framed = bool(request.body.data)
    for pair in request.headers:
        kind = _KINDS.get(pair[0])
        if kind is None:
            kind = _classify(pair[0])
        if kind == _Field.HOST and not preserve_host:
            lines.append(pair[0] + b": " + authority)
        elif kind == _Field.FRAMING:
            framed = framed or pair[0].lower() != b"trailer"
        elif kind not in _NOT_IN_COPIES:
            lines.append(b": ".join(pair))
    if framed:
        lines.append(b"Content-Length: %d" % len(request.body.data))
    lines += (SHADOW_MARK, b"\r\n")
    return b"\r\n".join(lines)


_NOT_IN_COPIES = frozenset(
    {_Field.CONNECTION, _Field.HOP, _Field.TE, _Field.UPGRADE, _Field.FRAMING, _Field.OURS, _Field.EXPECT}
)


def client_head(
    head: ResponseHead,
    *,
    build_header: bytes | None = None,
    connection: bytes | None = None,
    framing: bytes | None = None,
    upgrade: bool = False,
) -> bytes:
    """The head to send to the client, ending in the empty line; for interim (1xx) answers too.

    `build_header` is the backend's, in lower case, and is taken out. `connection` is the option to send (b"close",
    b"keep-alive" for an HTTP/1.0 client, b"Upgrade" with a 101), None for no such field. `framing` as in
    `upstream_head`. `upgrade` keeps the Upgrade field (a 101, or a 426 that names what is required).
    """
    lines = [b"HTTP/1.1 %d %b" % (head.status, head.reason)]
    build_length = len(build_header) if build_header else 0
    append, kind_of, colon = lines.append, _KINDS.get, b": ".join
    mend: list[tuple[int, HeaderPair]] = []
    for pair in head.headers:
        name = pair[0]
        kind = kind_of(name)
        if kind is None:
            kind = _classify(name)
        if len(name) == build_length and name.lower() == build_header:
            continue
        if kind == 0:
            append(colon(pair))
        elif kind == 6:
            if framing is None:
                append(colon(pair))
        elif kind == 2:
            mend.append((kind, pair))
        elif kind == 5:
            if upgrade:
                append(colon(pair))
        elif kind != 3 and kind != 14:
            append(colon(pair))
    if mend:
        _drop_nominated(lines, mend)
    if framing:
        append(framing)
    if connection is not None:
        append(b"Connection: " + connection)
    append(b"\r\n")
    return b"\r\n".join(lines)


def _is_sane_id(value: bytes) -> bool:
    return 0 < len(value) <= 128 and not value.translate(None, _TOKEN)


def _mend(lines: list[bytes], fields: list[tuple[int, HeaderPair]], *, upgrade: bool) -> bool:
    """What the pass could not decide field by field; True when the client's trace context stands."""
    options = [b"Upgrade"] if upgrade else []
    if any(kind == _Field.TE and b"trailers" in pair[1].lower() for kind, pair in fields):
        lines.append(b"TE: trailers")
        options.append(b"TE")
    _drop_nominated(lines, fields)
    traces = [pair for kind, pair in fields if kind == _Field.TRACEPARENT]
    has_trace = len(traces) == 1 and _TRACEPARENT.fullmatch(traces[0][1]) is not None
    if not has_trace:  # W3C Trace Context section 3.3: without a valid parent the state is void too
        void = {b": ".join(pair) for kind, pair in fields if kind in (_Field.TRACEPARENT, _Field.TRACESTATE)}
        if void:
            lines[1:] = [line for line in lines[1:] if line not in void]
    if options:
        lines.append(b"Connection: " + b", ".join(options))
    return has_trace


def _drop_nominated(lines: list[bytes], fields: list[tuple[int, HeaderPair]]) -> None:
    nominated: set[bytes] = set()
    for kind, pair in fields:
        if kind == _Field.CONNECTION:
            nominated.update(option.strip().lower() for option in pair[1].split(b","))
    nominated -= _ORDINARY_OPTIONS
    nominated -= _NEVER_NOMINATED
    if nominated:
        lines[1:] = [line for line in lines[1:] if line.partition(b":")[0].lower() not in nominated]


def _append_host(lines: list[bytes], host: bytes | None, element: bytes) -> None:
    if host and b'"' not in host and b"\\" not in host:
        lines.append(b'X-Forwarded-Host: %b\r\nForwarded: %b;host="%b"' % (host, element, host))
    else:
        lines.append(b"Forwarded: " + element)


def _extend_chain(lines: list[bytes], fields: list[tuple[int, HeaderPair]], peer: Peer, host: bytes | None) -> None:
    """Append this hop to what a trusted peer says; its own word on scheme and host stands."""
    said: dict[int, list[bytes]] = {}
    for kind, pair in fields:
        said.setdefault(kind, []).append(pair[1])
    own_for, own_proto = (line.partition(b": ")[2] for line in peer.address_line.split(b"\r\n"))
    chain = b", ".join((*said.get(_Field.FORWARDED_FOR, ()), own_for))
    lines.append(b"X-Forwarded-For: " + chain)
    lines.append(b"X-Forwarded-Proto: " + b", ".join(said.get(_Field.FORWARDED_PROTO, [own_proto])))
    quotable = host if host and b'"' not in host and b"\\" not in host else None
    hosts = said.get(_Field.FORWARDED_HOST) or ([quotable] if quotable else [])
    if hosts:
        lines.append(b"X-Forwarded-Host: " + b", ".join(hosts))
    own = b'%b;host="%b"' % (peer.element, quotable) if quotable else peer.element
    lines.append(b"Forwarded: " + b", ".join((*said.get(_Field.FORWARDED, ()), own)))
