"""The changes that docs/transparency.md admits to, and no other: what the backend and the client must see instead."""

from __future__ import annotations

from tests.transparency.differential import Heard, Result
from tests.transparency.messages import FORWARDING, HOP, HOP_TRAILERS, Exchange, Field, Message

Lines = list[bytes]
IDEMPOTENT = frozenset(b"GET HEAD OPTIONS TRACE PUT DELETE PROPFIND REPORT SEARCH QUERY".split())


def stripped(fields: tuple[Field, ...] | list[Field]) -> Lines:
    """One space after the colon, none at the end: white space is no part of a value (RFC 9112 section 5.1)."""
    return [name + b": " + rest.strip(b" \t") for name, rest in fields]


def lines_of(head: bytes) -> tuple[bytes, Lines]:
    first, *rest = head.removesuffix(b"\r\n\r\n").split(b"\r\n")
    return first, stripped([(name, value) for name, _, value in (line.partition(b":") for line in rest)])


def end_to_end(message: Message) -> list[Field]:
    """Less the fields of one hop, those that Connection names, and the proxy's own."""
    options = {option.strip().lower() for line in message.named(b"connection") for option in line.split(b",")}
    return [
        (name, rest)
        for name, rest in message.fields
        if name.lower() not in HOP | options and not name.lower().startswith(b"x-strangler-")
    ]


def documented_request(request: Message) -> tuple[bytes, Lines]:
    """The head at the backend, less the six forwarding fields that the proxy adds."""
    method, target, _ = request.line.split(b" ")
    named = None
    if target.startswith(b"http://"):
        authority, slash, path = target.removeprefix(b"http://").partition(b"/")
        named, target = authority, slash + path
    fields = [
        (name, b" " + named if named is not None and name.lower() == b"host" else rest)
        for name, rest in end_to_end(request)
        if name.lower().replace(b"_", b"-") not in FORWARDING
    ]
    lines = stripped(fields)
    if any(b"trailers" in te for te in request.named(b"te")):
        lines += [b"TE: trailers", b"Connection: TE"]
    return b"%b %b HTTP/1.1" % (method, target), lines


def documented_body(message: Message) -> bytes:
    """Bytes as they came; of the trailers those that may pass."""
    if not message.trailers:
        return message.body
    section = b"".join(name + b":" + rest + b"\r\n" for name, rest in message.trailers) + b"\r\n"
    kept = [
        pair
        for pair in message.trailers
        if pair[0].lower() not in HOP_TRAILERS and not pair[0].lower().startswith(b"x-strangler-")
    ]
    lines = [name + b": " + rest.lstrip(b" \t") + b"\r\n" for name, rest in kept]
    return message.body.removesuffix(section) + b"".join(lines) + b"\r\n"


def documented_answer(exchange: Exchange) -> list[tuple[bytes, Lines, bytes]]:
    """Line, fields without Connection, and body of each message that the client must get."""
    old = exchange.request.line.endswith(b" HTTP/1.0")
    answer = exchange.answer
    fields, body = said_once(end_to_end(answer)), documented_body(answer)
    if exchange.method == b"HEAD":
        body = b""
    elif old and answer.named(b"transfer-encoding"):
        fields = [pair for pair in fields if pair[0].lower() not in (b"transfer-encoding", b"trailer")]
        body = payload(answer.body)
    messages = [] if old else [(hint.line, stripped(end_to_end(hint)), b"") for hint in exchange.interim]
    return [*messages, (answer.line.replace(b"HTTP/1.0", b"HTTP/1.1"), stripped(fields), body)]


def said_once(fields: list[Field]) -> list[Field]:
    """An equal Content-Length is left where it is said first."""
    lengths = [pair for pair in fields if pair[0].lower() == b"content-length"]
    return [pair for pair in fields if not any(pair is again for again in lengths[1:])]


def payload(chunks: bytes) -> bytes:
    data, at = b"", 0
    while True:
        line = chunks.index(b"\r\n", at)
        size = int(chunks[at:line].partition(b";")[0], 16)
        if not size:
            return data
        data += chunks[line + 2 : line + 2 + size]
        at = line + 2 + size + 2


def check_heard(exchange: Exchange, heard: Heard, whole: bool) -> None:
    """The backend got this request; `whole` where nothing stopped it from coming."""
    line, lines = lines_of(heard.head)
    added = [one for one in lines if one.partition(b":")[0].lower() in FORWARDING]
    assert (line, [one for one in lines if one not in added]) == documented_request(exchange.request)
    assert sorted(one.partition(b":")[0].lower() for one in added) == sorted(FORWARDING)
    assert not any(b"6.6.6.6" in one or b"evil" in one for one in added), added
    body = documented_body(exchange.request)
    assert heard.body == body if whole else body.startswith(heard.body)


def check_got(exchange: Exchange, got: bytes, result: Result) -> bytes | None:
    """The client got this exchange's answer: returns what follows it, None when the connection ended in it."""
    messages = documented_answer(exchange)
    if exchange.broken_at is not None:
        got = without_interim(got, messages[:-1])
        messages = messages[-1:]
    for line, fields, body in messages:
        end = got.find(b"\r\n\r\n") + 4
        if end < 4:
            _broke_off(exchange, got, result, whole=False)
            return None
        seen_line, seen = lines_of(got[:end])
        if exchange.broken_at is not None and seen_line == b"HTTP/1.1 502 Bad Gateway" and seen_line != line:
            return None
        connection = [one for one in seen if one.startswith(b"Connection: ")]
        assert (seen_line, [one for one in seen if one not in connection]) == (line, fields)
        assert connection in ([], [b"Connection: close"], [b"Connection: keep-alive"])
        got = got[end:]
        if not got.startswith(body):
            assert body.startswith(got), (got, body)
            _broke_off(exchange, got, result, whole=False)
            return None
        got = got[len(body) :]
    if exchange.broken_at is not None:
        _broke_off(exchange, got, result, whole=exchange.broken_at == len(exchange.said))
        return None
    return got


def without_interim(got: bytes, interim: list[tuple[bytes, Lines, bytes]]) -> bytes:
    """What follows the interim answers: of an exchange that breaks off, each try passes its own on."""
    said = [(line, fields) for line, fields, _ in interim]
    while (end := got.find(b"\r\n\r\n") + 4) >= 4 and lines_of(got[:end]) in said:
        got = got[end:]
    return got


def _broke_off(exchange: Exchange, got: bytes, result: Result, whole: bool) -> None:
    """Only where the upstream or the client broke off; and then the client can tell."""
    assert exchange.broken_at is not None, f"the answer ends in {got!r}"
    framed = exchange.answer.named(b"content-length") or exchange.answer.named(b"transfer-encoding")
    old = exchange.request.line.endswith(b" HTTP/1.0") and exchange.answer.named(b"transfer-encoding")
    if not framed or (old and not whole):
        bodyless = exchange.method == b"HEAD" or exchange.answer.line[8:13] in (b" 204 ", b" 304 ")
        assert result.reset or bodyless, "looks like a whole answer"
