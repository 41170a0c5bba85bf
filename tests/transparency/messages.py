"""Requests and upstream answers made at random, and what the proxy is documented to make of each.

`documented_request` and `documented_answer` are the whole list of changes, written from docs/transparency.md and not
from the code: what they do not say, the proxy may not do.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from hypothesis import strategies as st

from proxy.model.sides import Stage

Field = tuple[bytes, bytes]  # a name, and all that follows the colon

FORWARDING = frozenset(
    {b"x-forwarded-for", b"x-forwarded-proto", b"x-forwarded-host", b"forwarded", b"x-request-id", b"traceparent"}
)
HOP = frozenset({b"connection", b"keep-alive", b"proxy-connection", b"te", b"upgrade", b"http2-settings"})
HOP_TRAILERS = frozenset(
    {b"connection", b"keep-alive", b"proxy-connection", b"te", b"trailer", b"upgrade", b"proxy-authorization"}
)
CASE = b"X-Case"  # names the exchange, so that the upstream knows which answer is meant


@dataclass(frozen=True, slots=True)
class Message:
    """`chunks` is None where a length or nothing frames the body; a chunk is its size line's extras and its payload."""

    line: bytes
    fields: tuple[Field, ...]
    body: bytes = b""
    trailers: tuple[Field, ...] = ()

    @property
    def head(self) -> bytes:
        return b"\r\n".join((self.line, *(name + b":" + rest for name, rest in self.fields), b"", b""))

    @property
    def raw(self) -> bytes:
        return self.head + self.body

    def named(self, name: bytes) -> list[bytes]:
        return [rest.strip(b" \t") for key, rest in self.fields if key.lower() == name]


@dataclass(frozen=True, slots=True)
class Exchange:
    """One request and what the upstream does with it. `cuts` are where the pieces of request and answer end. `early`:
    the answer begins before the body is read. `broken_at`: the upstream resets after so many bytes of its answer."""

    request: Message
    interim: tuple[Message, ...]
    answer: Message
    cuts: tuple[int, ...]
    early: bool = False
    broken_at: int | None = None
    ends: bool = False  # the upstream closes after the answer: its body has no other end
    is_last: bool = False

    @property
    def method(self) -> bytes:
        return self.request.line.partition(b" ")[0]

    @property
    def said(self) -> bytes:
        """All that the upstream would say."""
        body = b"" if self.method == b"HEAD" else self.answer.body
        return b"".join(message.raw for message in self.interim) + self.answer.head + body


@dataclass(frozen=True, slots=True)
class Conversation:
    """What one client says on one connection, all of it ahead. `leaves_at`: it resets after so many bytes. `stage` of
    the one route: `shadow`, its requests and answers are captured for a copy; `live`, they are kept and held, so that
    legacy may step in (the same upstream, which breaks as it did before)."""

    exchanges: tuple[Exchange, ...]
    cuts: tuple[int, ...]
    stage: Stage = Stage.LEGACY
    leaves_at: int | None = None

    @property
    def said(self) -> bytes:
        return b"".join(exchange.request.raw for exchange in self.exchanges)


LARGE = (1000, 20_000, 66_000, 300_000)  # around what is kept and held, and beyond what is read at once
token = st.text("abcXYZ019-_.!~", min_size=1, max_size=8).map(str.encode)
space = st.sampled_from([b" ", b" ", b" ", b"", b"  ", b"\t"])
value = st.one_of(
    st.sampled_from(
        [b"", b"1", b"a, b", b'"quoted, \\" text"', b"a=1; b=2", b"\xfc\xff", b"x" * 300, b'W/"1"', b"a  b\tc"]
    ),
    st.binary(max_size=12).map(lambda raw: bytes(byte for byte in raw if byte >= 0x20 and byte != 0x7F).strip()),
)
rest_of_line = st.tuples(space, value, st.sampled_from([b"", b"", b" ", b"\t"])).map(b"".join)
NAMES = b"Accept accept ACCEPT Cookie cookie User-Agent X-A x-a X_A Authorization Content-Type Etag Via".split()
ANSWER_NAMES = b"Set-Cookie set-cookie Server Date Content-Type Content-Encoding Vary ETag Link X-A x-a Via Age".split()
request_field = st.tuples(st.one_of(st.sampled_from(NAMES), token.map(lambda name: b"X-" + name)), rest_of_line)
answer_field = st.tuples(st.one_of(st.sampled_from(ANSWER_NAMES), token.map(lambda name: b"X-" + name)), rest_of_line)
hop_field = st.sampled_from(
    [
        (b"Keep-Alive", b" timeout=5"),
        (b"Proxy-Connection", b" keep-alive"),
        (b"Connection", b" X-Named"),
        (b"connection", b"keep-alive, x-nAmed , foo"),
        (b"X-Named", b" 1"),
        (b"x-named", b"2"),
        (b"X-Strangler-Shadow", b" 1"),
    ]
)
request_hop = st.one_of(
    hop_field,
    st.sampled_from(
        [
            (b"X-Forwarded-For", b" 6.6.6.6"),
            (b"x-forwarded-host", b" evil"),
            (b"X_Forwarded_For", b" 6.6.6.6"),
            (b"Forwarded", b" for=6.6.6.6"),
            (b"TE", b" trailers, deflate;q=0.5"),
            (b"Expect", b" 100-continue"),
        ]
    ),
)
path = st.text("abz019-._~%2FeE/;=&?+'(){}|\"\\^`<>@:,*$!", max_size=24).map(lambda text: b"/" + text.encode())
# what the router may read in several ways is refused by a route with two sides; there is one side here
method = st.sampled_from(
    b"GET GET HEAD POST PUT PATCH DELETE OPTIONS PURGE PROPFIND REPORT QUERY M-SEARCH TRACE".split()
)
extension = st.sampled_from([b"", b"", b"", b";a", b";name=value", b';q="a;b\\"c"'])
size_prefix = st.sampled_from([b"", b"", b"0", b"000"])
trailer = st.tuples(
    st.sampled_from([b"X-Sum", b"x-sum", b"Server-Timing", b"Keep-Alive", b"Connection", b"X-Strangler-Side"]),
    rest_of_line,
)


@st.composite
def chunked(draw: st.DrawFn) -> tuple[bytes, tuple[Field, ...]]:
    """The body on the wire, and its trailers."""
    wire = b""
    for payload in draw(st.lists(st.binary(min_size=1, max_size=40), max_size=4)):
        if draw(st.sampled_from([False] * 11 + [True])):
            payload = payload * (draw(st.sampled_from(LARGE)) // len(payload) + 1)
        size = b"%x" % len(payload)
        size = size.upper() if draw(st.booleans()) else size
        wire += draw(size_prefix) + size + draw(extension) + b"\r\n" + payload + b"\r\n"
    trailers = tuple(draw(st.lists(trailer, max_size=2)))
    wire += draw(st.sampled_from([b"0", b"000"])) + draw(extension) + b"\r\n"
    return wire + b"".join(name + b":" + rest + b"\r\n" for name, rest in trailers) + b"\r\n", trailers


@st.composite
def framed(draw: st.DrawFn, fields: list[Field], kinds: list[str]) -> tuple[list[Field], bytes, tuple[Field, ...], str]:
    """The fields with those that frame a body somewhere among them, the body, its trailers, and the kind."""
    kind = draw(st.sampled_from(kinds))
    body = b""
    trailers: tuple[Field, ...] = ()
    added: list[Field] = []
    if kind == "length":
        body = draw(st.binary(max_size=200))
        if body and draw(st.sampled_from([False] * 5 + [True])):
            body = body * (draw(st.sampled_from(LARGE)) // len(body) + 1)
        added = [(draw(st.sampled_from([b"Content-Length", b"content-length"])), draw(space) + b"%d" % len(body))]
    elif kind == "chunked":
        body, trailers = draw(chunked())
        added = [(draw(st.sampled_from([b"Transfer-Encoding", b"TRANSFER-encoding"])), draw(space) + b"chunked")]
    elif kind == "close":
        body = draw(st.binary(max_size=200))
    at = draw(st.integers(0, len(fields)))
    return [*fields[:at], *added, *fields[at:]], body, trailers, kind


@st.composite
def exchanges(draw: st.DrawFn, number: int, last: bool) -> Exchange:
    """The last one on its connection asks for the end, so that both ways are read until there is one."""
    verb = draw(method)
    old = last and draw(st.sampled_from([False, False, False, True]))
    target = draw(path)
    host = draw(st.sampled_from([b"h", b"Shop.Example:8443", b"[::1]:80"]))
    if draw(st.sampled_from([False] * 7 + [True])):
        target = b"http://named.example" + target
    if verb == b"OPTIONS" and draw(st.booleans()):
        target = b"*"
    fields = draw(st.lists(st.one_of(request_field, request_field, request_hop), max_size=6))
    fields, body, trailers, _ = draw(framed(fields, ["none", "none", "length"] + ([] if old else ["chunked"])))
    fields += [(draw(st.sampled_from([b"Host", b"host", b"HOST"])), draw(space) + host), (CASE, b" %d" % number)]
    fields = list(draw(st.permutations(fields)))
    if last and (not old or any(b"keep-alive" in rest for _, rest in fields)):
        fields.insert(draw(st.integers(0, len(fields))), (b"Connection", b" close"))
    request = Message(b"%b %b HTTP/1.%d" % (verb, target, not old), tuple(fields), body, trailers)

    status = draw(st.sampled_from([200, 200, 200, 201, 204, 206, 302, 304, 400, 404, 500, 503, 599]))
    kinds = ["none", "length"] if status in (204, 304) or verb == b"HEAD" else ["length"]
    ancient = last and draw(st.sampled_from([False] * 7 + [True]))  # an HTTP/1.0 answer, which knows no chunks
    kinds += ["chunked"] if "none" not in kinds and not ancient else []
    kinds += ["close"] if last else []
    fields = draw(st.lists(st.one_of(answer_field, answer_field, hop_field), max_size=6))
    bodyless = status in (204, 304)
    fields, body, trailers, kind = draw(framed(fields, ["none"] if status == 204 else kinds))
    reason = draw(st.sampled_from([b"OK", b"", b"Alles in Ordnung", b"\xfcber"]))
    if kind == "length" and draw(st.sampled_from([False] * 7 + [True])):
        fields.append((b"Content-Length", b" %d" % len(body)))  # sloppy, and safe
    line = b"HTTP/1.%d %d %b" % (not ancient, status, reason)
    answer = Message(line, tuple(fields), b"" if bodyless else body, trailers)
    interim = draw(st.lists(st.sampled_from([100, 102, 103]), max_size=2)) if draw(st.booleans()) else []
    hints = tuple(Message(b"HTTP/1.1 %d Wait" % code, ((b"Link", b" </a>; rel=preload"),)) for code in interim)
    made = Exchange(
        request,
        hints,
        answer,
        tuple(sorted(draw(st.lists(st.integers(1, 400), max_size=4)))),
        ends=kind == "close" or (last and draw(st.booleans())),
        is_last=last,
    )
    if last and draw(st.sampled_from([False, False, False, True])):
        head = made.said.index(made.answer.line) + len(made.answer.head)
        return replace(
            made, broken_at=draw(st.one_of(st.just(0), st.integers(0, head), st.integers(head, len(made.said))))
        )
    if last and made.request.body and draw(st.booleans()):
        return replace(made, early=True)
    return made


@st.composite
def conversations(draw: st.DrawFn) -> Conversation:
    count = draw(st.integers(1, 4))
    made = [draw(exchanges(number, number == count - 1)) for number in range(count)]
    cuts = tuple(sorted(draw(st.lists(st.integers(1, 600), max_size=5))))
    whole = Conversation(tuple(made), cuts, draw(st.sampled_from([Stage.LEGACY, Stage.SHADOW, Stage.LIVE])))
    if draw(st.sampled_from([False] * 7 + [True])):
        return replace(whole, leaves_at=draw(st.integers(0, len(whole.said))))
    return whole
