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
from itertools import product
from typing import NamedTuple

from proxy.model.headers import HeaderPair, Headers
from proxy.model.heads import RequestHead, ResponseHead
from proxy.model.observation import CapturedRequest
from proxy.model.spec import Backend
from proxy.routing.paths import split_target

SHADOW_MARK = b"X-Strangler-Shadow: 1"


class Peer(NamedTuple):
    """Who is at the other end of a client connection; made once per connection by `peer_of`."""

    ip: str
    trusted: bool
    scheme: bytes
    address_line: bytes  # X-Forwarded-For and X-Forwarded-Proto for a peer that is not believed
    element: bytes  # its Forwarded element without host


# What a field is to a proxy. Plain ints in the order in which the pass asks: an enum's comparisons cost twice as much.
_PLAIN, _HOST, _CONNECTION, _HOP, _TE, _UPGRADE, _FRAMING, _OURS, _EXPECT = range(9)
_FORWARDED_FOR, _FORWARDED_PROTO, _FORWARDED_HOST, _FORWARDED, _REQUEST_ID, _TRACEPARENT, _TRACESTATE = range(9, 16)

_SPECIAL = {
    b"host": _HOST,
    b"connection": _CONNECTION,
    b"keep-alive": _HOP,
    b"proxy-connection": _HOP,
    b"http2-settings": _HOP,
    b"te": _TE,
    b"upgrade": _UPGRADE,
    b"content-length": _FRAMING,
    b"transfer-encoding": _FRAMING,
    b"trailer": _FRAMING,
    b"x-forwarded-for": _FORWARDED_FOR,
    b"x-forwarded-proto": _FORWARDED_PROTO,
    b"x-forwarded-host": _FORWARDED_HOST,
    b"forwarded": _FORWARDED,
    b"x-request-id": _REQUEST_ID,
    b"traceparent": _TRACEPARENT,
    b"tracestate": _TRACESTATE,
    b"expect": _EXPECT,
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
_OUR_NAMES = (b"x-strangler-", b"x_strangler_", b"x-strangler_", b"x_strangler-")
_NEVER_NOMINATED = frozenset(
    {b"host", b"content-length", b"transfer-encoding", b"x-request-id", b"traceparent", b"tracestate"}
)
_ORDINARY_OPTIONS = frozenset({b"", b"keep-alive", b"close", b"upgrade", b"te", b"http2-settings"})

_KINDS: dict[bytes, int] = {}
for _name in (*_SPECIAL, *_COMMON):
    for _spelling in (_name, _name.title(), _name.upper()):
        _KINDS[_spelling] = _SPECIAL.get(_name, _PLAIN)

_HOST_LINE = re.compile(rb"\r\nhost: ", re.IGNORECASE)
_QUOTE, _BACKSLASH = b'"\\'
_TOKEN = b"!#$%&'*+-.^_`|~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_VALID_TRACEPARENT = re.compile(rb"(?!ff)[0-9a-f]{2}-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}(?:-.*)?")


def _classify(name: bytes) -> int:
    lower = name.lower()
    if lower in _UNDERSCORED or lower.startswith(_OUR_NAMES):
        return _OURS
    return _SPECIAL.get(lower, _PLAIN)


def passes_as_it_is(name: bytes) -> bool:
    """True when `client_head` sends a field of this name on unchanged, whatever else is in the head: an answer of
    only such fields need not be written anew."""
    kind = _KINDS.get(name)
    return (_classify(name) if kind is None else kind) not in (_CONNECTION, _HOP, _UPGRADE, _OURS)


def peer_of(ip: str, *, trusted: bool, scheme: bytes = b"http") -> Peer:
    """The peer of one client connection. `ip` as the socket names it, "" at a Unix socket (RFC 7239 section 6.2:
    `unknown`); `trusted` from `Snapshot.is_trusted(ip)`."""
    address = ip.partition("%")[0].encode()
    node = b'"[%b]"' % address if b":" in address else address or b"unknown"
    line = b"X-Forwarded-For: %b\r\n" % address if address else b""
    return Peer(ip, trusted, scheme, line + b"X-Forwarded-Proto: " + scheme, b"for=%b;proto=%b" % (node, scheme))


def authority_of(backend: Backend) -> bytes:
    """The backend's own `host:port`, as a Host field has it: the usual port of its scheme is left out. `localhost` for
    a Unix socket, as other proxies and curl say."""
    if backend.socket is not None:
        return b"localhost"
    host = f"[{backend.host}]" if ":" in backend.host else backend.host
    return (host if backend.port == (443 if backend.tls else 80) else f"{host}:{backend.port}").encode()


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
        size = len(name)
        if size == 7 and name.lower() == b"upgrade":
            protocol = value.strip().lower()
        elif size == 10 and name.lower() == b"connection" and b"upgrade" in value.lower():
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
    method, target, _, headers = head
    named: bytes | None = None
    if target[:1] != b"/":
        named, target = _origin_form(method, target)
    lines = [b"%b %b HTTP/1.1" % (method, target)]
    append, kind_of, colon = lines.append, _KINDS.get, b": ".join
    host = named
    has_host = has_id = False
    rare: list[tuple[int, HeaderPair]] = []
    for pair in headers:
        kind = kind_of(pair[0])
        if kind is None:
            kind = _classify(pair[0])
        if not kind:
            append(colon(pair))
        elif kind == _HOST:
            has_host = True
            host = named or pair[1]
            append(pair[0] + b": " + (host if preserve_host else authority))
        elif kind == _FRAMING:
            if framing is None:
                append(colon(pair))
        elif kind == _CONNECTION:
            if pair[1].lower() not in _ORDINARY_OPTIONS:
                rare.append((kind, pair))
        elif kind == _REQUEST_ID:
            if not has_id and _is_sane_id(pair[1]):
                has_id = True
                append(colon(pair))
        elif kind != _HOP and kind != _OURS:
            rare.append((kind, pair))
            if kind == _EXPECT or kind >= _TRACEPARENT or (kind == _UPGRADE and upgrade):
                append(colon(pair))
    if not has_host:
        lines.insert(1, b"Host: " + (named if named and preserve_host else authority))
    has_trace = _mend(lines, rare, upgrade=upgrade) if rare else False
    if framing:
        append(framing)
    _append_forwarded(lines, rare, peer, host)
    if not has_id:
        append(b"X-Request-Id: " + request_id)
    if not has_trace:
        append(b"traceparent: " + traceparent)
    append(b"\r\n")
    return b"\r\n".join(lines)


def with_host(sent: bytes, was: bytes, now: bytes) -> bytes:
    """A message as it was made for a backend, with the Host `now` in place of `was`; as it is where it has another."""
    line = _HOST_LINE.search(sent)
    at = line.end() if line is not None else 0
    return sent[:at] + now + sent[at + len(was) :] if sent.startswith(was + b"\r\n", at) else sent


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
    lines = [b"%b %b HTTP/1.1" % (request.method, _origin_form(request.method, request.target)[1])]
    framed = bool(request.body.data)
    for pair in request.headers:
        kind = _KINDS.get(pair[0])
        if kind is None:
            kind = _classify(pair[0])
        if kind == _HOST and not preserve_host:
            lines.append(pair[0] + b": " + authority)
        elif kind == _FRAMING:
            framed = framed or pair[0].lower() != b"trailer"
        elif kind not in _NOT_IN_COPIES:
            lines.append(b": ".join(pair))
    if framed:
        lines.append(b"Content-Length: %d" % len(request.body.data))
    lines += (SHADOW_MARK, b"\r\n")
    return b"\r\n".join(lines)


_NOT_IN_COPIES = frozenset({_CONNECTION, _HOP, _TE, _UPGRADE, _FRAMING, _OURS, _EXPECT})


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
    rare: list[tuple[int, HeaderPair]] = []
    for pair in head.headers:
        name = pair[0]
        if len(name) == build_length and name.lower() == build_header:
            continue
        kind = kind_of(name)
        if kind is None:
            kind = _classify(name)
        if not kind:
            append(colon(pair))
        elif kind == _FRAMING:
            if framing is None:
                append(colon(pair))
        elif kind == _CONNECTION:
            if pair[1].lower() not in _ORDINARY_OPTIONS:
                rare.append((kind, pair))
        elif kind == _UPGRADE:
            if upgrade:
                append(colon(pair))
        elif kind != _HOP and kind != _OURS:
            append(colon(pair))
    if rare:
        _drop_nominated(lines, rare)
    if framing:
        append(framing)
    if connection is not None:
        append(b"Connection: " + connection)
    append(b"\r\n")
    return b"\r\n".join(lines)


def _origin_form(method: bytes, target: bytes) -> tuple[bytes | None, bytes]:
    named, local = split_target(target)
    if method == b"OPTIONS" and target.count(b"/") == 2 and local == b"/":
        return named, b"*"  # RFC 9112 section 3.2.4: `OPTIONS http://host` asks about the server
    return named, local


def _is_sane_id(value: bytes) -> bool:
    return 0 < len(value) <= 128 and not value.translate(None, _TOKEN)


def _mend(lines: list[bytes], fields: list[tuple[int, HeaderPair]], *, upgrade: bool) -> bool:
    """What the pass could not decide field by field; True when the client's trace context stands."""
    options = [b"Upgrade"] if upgrade else []
    if any(kind == _TE and b"trailers" in pair[1].lower() for kind, pair in fields):
        lines.append(b"TE: trailers")
        options.append(b"TE")
    _drop_nominated(lines, fields)
    traces = [pair for kind, pair in fields if kind == _TRACEPARENT]
    has_trace = len(traces) == 1 and _VALID_TRACEPARENT.fullmatch(traces[0][1]) is not None
    if not has_trace:  # W3C Trace Context section 3.3: without a valid parent the state is void too
        void = {b": ".join(pair) for kind, pair in fields if kind in (_TRACEPARENT, _TRACESTATE)}
        if void:
            lines[1:] = [line for line in lines[1:] if line not in void]
    if options:
        lines.append(b"Connection: " + b", ".join(options))
    return has_trace


def _drop_nominated(lines: list[bytes], fields: list[tuple[int, HeaderPair]]) -> None:
    nominated: set[bytes] = set()
    for kind, pair in fields:
        if kind == _CONNECTION:
            nominated.update(option.strip().lower() for option in pair[1].split(b","))
    nominated -= _ORDINARY_OPTIONS
    nominated -= _NEVER_NOMINATED
    if nominated:
        lines[1:] = [line for line in lines[1:] if line.partition(b":")[0].lower() not in nominated]


def _is_quotable(host: bytes) -> bool:
    return _QUOTE not in host and _BACKSLASH not in host


def _append_forwarded(lines: list[bytes], rare: list[tuple[int, HeaderPair]], peer: Peer, host: bytes | None) -> None:
    if rare and peer.trusted:
        _extend_chain(lines, rare, peer, host)
        return
    lines.append(peer.address_line)
    if host and _is_quotable(host):
        lines.append(b'X-Forwarded-Host: %b\r\nForwarded: %b;host="%b"' % (host, peer.element, host))
    else:
        lines.append(b"Forwarded: " + peer.element)


def _extend_chain(lines: list[bytes], fields: list[tuple[int, HeaderPair]], peer: Peer, host: bytes | None) -> None:
    """Append this hop to what a trusted peer says; its own word on scheme and host stands."""
    said: dict[int, list[bytes]] = {}
    for kind, pair in fields:
        said.setdefault(kind, []).append(pair[1])
    chain = [*said.get(_FORWARDED_FOR, ()), *([peer.ip.partition("%")[0].encode()] if peer.ip else ())]
    if chain:
        lines.append(b"X-Forwarded-For: " + b", ".join(chain))
    lines.append(b"X-Forwarded-Proto: " + b", ".join(said.get(_FORWARDED_PROTO, [peer.scheme])))
    quotable = host if host and _is_quotable(host) else None
    hosts = said.get(_FORWARDED_HOST) or ([quotable] if quotable else [])
    if hosts:
        lines.append(b"X-Forwarded-Host: " + b", ".join(hosts))
    own = b'%b;host="%b"' % (peer.element, quotable) if quotable else peer.element
    lines.append(b"Forwarded: " + b", ".join((*said.get(_FORWARDED, ()), own)))
