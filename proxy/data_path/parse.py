"""Heads: llhttp reads them, and what it lets through although it must not pass is refused here.

llhttp gets exactly the bytes of one head and is asked, after it returned, what it saw: so it can neither read into the
body nor stop at an Upgrade. What it accepts and RFC 9112 forbids a proxy to pass: several Host fields or none (3.2),
HTTP/1.0 with Transfer-Encoding (6.1), codings before `chunked` on requests, other protocols than HTTP, more than one
space in the request line, fragments in targets. What it refuses and answers may nevertheless hold: the same
Content-Length twice (6.3, rule 5), read on a slow path.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import NamedTuple

import httptools

from proxy.model.headers import HeaderPair
from proxy.model.heads import RequestHead, ResponseHead, Version
from proxy.model.outcome import Outcome
from proxy.routing.forwarding import passes_as_it_is, upgrade_of
from proxy.routing.paths import split_target

CHUNKED = -1
UNTIL_CLOSE = -2

_NOTED = frozenset({b"host", b"content-length", b"transfer-encoding", b"connection", b"expect", b"upgrade"})
_OTHER = b"*"  # noted for a field that may not pass as it is, and that nothing here reads
_LEARNED_LIMIT = 4096
_notes: dict[bytes, bytes] = {}  # what to note for a name as it is spelled; learned, since names repeat
_HOST = re.compile(rb"(?:\[[0-9A-Fa-f:.%]+\]|[A-Za-z0-9.\-_~%!$&'()*+;=]*)(?::[0-9]*)?")
_METHOD = re.compile(rb"[!#$%&'*+\-.^_`|~0-9A-Za-z]{1,40} ")
_REQUEST_LINE = re.compile(rb"[^ \r\n]+ [^ \r\n]+ HTTP/([0-9])(?:\.([0-9]))?\r\n")
_CONTENT_LENGTH_LINE = re.compile(rb"\r\ncontent-length:[ \t]*([0-9]+)[ \t]*(?=\r\n)", re.IGNORECASE)
_UNWELCOME = re.compile(rb"[\x00-\x08\x0a-\x1f\x7f]")


_HTTP_1_1: Version = (1, 1)
_HTTP_1_0: Version = (1, 0)
_ORDINARY = frozenset({b"keep-alive", b"close"})
_CONNECTION_LINES = (b"\r\nConnection: keep-alive\r\n", b"\r\nConnection: close\r\n")


class Refused(NamedTuple):
    """Why a message may not pass: the outcome, and the reason in words for the access line and the counters."""

    outcome: Outcome
    reason: str


class Request(NamedTuple):
    """A request head and what its framing fields say. `length` is the body's, or CHUNKED; `keep_alive` what the client
    wants; `upgrade` the protocol it asks to change to, in lower case, "" when none (h2c is not offered on)."""

    head: RequestHead
    length: int
    keep_alive: bool
    expects: bool
    upgrade: bytes


class Answer(NamedTuple):
    """An answer's head. `length` is the body's, CHUNKED or UNTIL_CLOSE; it knows about HEAD, 1xx, 204 and 304. `raw` is
    the head without its Connection field, where nothing else in it needs to change; else b""."""

    head: ResponseHead
    length: int
    keep_alive: bool
    raw: bytes


class _Sheet:
    """What llhttp's callbacks write on. One is enough: a head is read in one call."""

    __slots__ = ("complete", "headers", "noted", "reason", "target")

    headers: list[HeaderPair]
    noted: list[HeaderPair]

    def turn(self) -> None:
        self.headers = []
        self.noted = []
        self.target = b""
        self.reason = b""
        self.complete = False

    def on_url(self, target: bytes) -> None:
        self.target += target

    def on_status(self, reason: bytes) -> None:
        self.reason += reason

    def on_header(self, name: bytes, value: bytes) -> None:
        self.headers.append((name, value))
        note = _notes.get(name)
        if note is None:
            note = _learn(name)
        if note:
            self.noted.append((note, value))

    def on_headers_complete(self) -> None:
        self.complete = True


def _learn(name: bytes) -> bytes:
    lower = name.lower()
    note = lower if lower in _NOTED else b"" if passes_as_it_is(name) else _OTHER
    if len(_notes) < _LEARNED_LIMIT and len(name) <= 64:
        _notes[name] = note
    return note


_sheet = _Sheet()


def read_request(raw: bytes) -> Request | Refused:
    """Read one request head, its last CRLF CRLF included."""
    sheet = _sheet
    sheet.turn()
    parser = httptools.HttpRequestParser(sheet)
    try:
        parser.feed_data(raw)
    except httptools.HttpParserUpgrade:
        pass  # the head is complete; whether it is a tunnel is decided by the answer
    except httptools.HttpParserError as error:
        return _refused_line(raw) or Refused(Outcome.REQUEST_HEAD_INVALID, str(error))
    method = parser.get_method()
    target = sheet.target
    after_target = len(method) + 1 + len(target)
    if raw.startswith(b" HTTP/1.1\r\n", after_target):
        version = _HTTP_1_1
    elif raw.startswith(b" HTTP/1.0\r\n", after_target):
        version = _HTTP_1_0
    else:
        return _refused_line(raw) or Refused(Outcome.REQUEST_HEAD_INVALID, "malformed request line")
    if not sheet.complete:
        return Refused(Outcome.REQUEST_HEAD_INVALID, "incomplete head")
    if method == b"CONNECT":
        return Refused(Outcome.REQUEST_METHOD_REFUSED, "CONNECT")
    if b"#" in target or (target[:1] != b"/" and not _is_other_form(method, target)):
        return Refused(Outcome.REQUEST_HEAD_INVALID, "malformed target")
    return _request(RequestHead(method, target, version, sheet.headers), sheet.noted)


def _refused_line(raw: bytes) -> Refused | None:
    """The better reason, where the request line alone gives one."""
    matched = _REQUEST_LINE.match(raw)
    if matched is None:
        return None
    if raw.startswith(b"CONNECT "):
        return Refused(Outcome.REQUEST_METHOD_REFUSED, "CONNECT")
    if (matched[1], matched[2]) not in ((b"1", b"0"), (b"1", b"1")):
        return Refused(Outcome.REQUEST_VERSION_REFUSED, "HTTP version")
    if _METHOD.match(raw):
        try:
            httptools.HttpRequestParser(_Sheet()).feed_data(raw[: raw.index(b" ") + 1])
        except httptools.HttpParserInvalidMethodError:
            return Refused(Outcome.REQUEST_METHOD_UNKNOWN, "unknown method")
    return None


def _request(head: RequestHead, noted: list[HeaderPair]) -> Request | Refused:
    hosts = 0
    length = 0
    codings = 0
    keep_alive = head.version == (1, 1)
    closes = False  # wins wherever it is said (RFC 9112 section 9.3)
    expects = False
    upgrading = False
    for name, value in noted:
        if name == b"host":
            hosts += 1
            if not _is_host(value):
                return Refused(Outcome.REQUEST_HEAD_INVALID, "malformed Host")
        elif name == b"connection":
            members = _members(value)
            closes = closes or b"close" in members
            keep_alive = keep_alive or b"keep-alive" in members
        elif name == b"content-length":
            length = int(value)  # llhttp allows digits only, once, and not beside Transfer-Encoding
        elif name == b"transfer-encoding":
            codings += 1
            if value.strip(b" \t").lower() != b"chunked" or codings > 1:
                return Refused(Outcome.REQUEST_HEAD_INVALID, "Transfer-Encoding other than chunked")
            length = CHUNKED
        elif name == b"expect":
            expects = value.strip(b" \t").lower() == b"100-continue"
        elif name == b"upgrade":
            upgrading = True
    if head.version == (1, 0):
        if codings:
            return Refused(Outcome.REQUEST_HEAD_INVALID, "Transfer-Encoding in HTTP/1.0")
        expects = False
        upgrading = False
    elif not hosts:
        return Refused(Outcome.REQUEST_HEAD_INVALID, "no Host")
    if hosts > 1:
        return Refused(Outcome.REQUEST_HEAD_INVALID, "several Host fields")
    upgrade = upgrade_of(head.headers) if upgrading else None
    return Request(head, length, keep_alive and not closes, expects and length != 0, upgrade or b"")


def _is_other_form(method: bytes, target: bytes) -> bool:
    """`OPTIONS *`, or an http URI whose authority may stand in the Host field that it replaces (RFC 9110 section 4.2.1:
    one with an empty host is invalid). A URI of another scheme would be read as a path by one, as a URI by the next."""
    if target == b"*":
        return method == b"OPTIONS"
    authority = split_target(target)[0]
    return authority is not None and authority[:1] not in (b"", b":") and _is_host(authority)


@lru_cache(1024)
def _is_host(value: bytes) -> bool:
    return _HOST.fullmatch(value.rstrip(b" \t")) is not None


@lru_cache(256)
def _members(value: bytes) -> frozenset[bytes]:
    """The options of a Connection field."""
    return frozenset(member.strip() for member in value.lower().split(b","))


def head_may_follow(part: bytes | bytearray) -> bool:
    """False when an unfinished head can already be seen to be wrong: a bare LF, or bytes no head may hold. It saves a
    client that sends `\\n` alone, or that asked a backend which does, from waiting for a time-out."""
    return part.count(b"\n") == part.count(b"\r\n") and b"\x00" not in part


def read_answer(raw: bytes, method: bytes) -> Answer | Refused:
    """Read one answer head to a request of this method."""
    sheet = _sheet
    sheet.turn()
    parser = httptools.HttpResponseParser(sheet)
    try:
        parser.feed_data(raw)
    except httptools.HttpParserUpgrade:
        pass
    except httptools.HttpParserError as error:
        merged = _without_repeated_length(raw)
        if merged is None:
            return Refused(Outcome.UPSTREAM_HEAD_INVALID, str(error))
        return read_answer(merged, method)
    if raw.startswith(b"HTTP/1.1 "):
        version = _HTTP_1_1
    elif raw.startswith(b"HTTP/1.0 "):
        version = _HTTP_1_0
    else:
        return Refused(Outcome.UPSTREAM_HEAD_INVALID, "HTTP version")
    reason = sheet.reason
    if not sheet.complete or (reason != b"OK" and _UNWELCOME.search(reason)):
        return Refused(Outcome.UPSTREAM_HEAD_INVALID, "malformed status line")
    return _answer(ResponseHead(version, parser.get_status_code(), reason, sheet.headers), sheet.noted, method, raw)


def _answer(head: ResponseHead, noted: list[HeaderPair], method: bytes, raw: bytes) -> Answer | Refused:
    length = UNTIL_CLOSE
    codings = 0
    keep_alive = head.version == _HTTP_1_1
    closes = False
    if not keep_alive:
        raw = b""  # the status line changes
    for name, value in noted:
        if name == b"content-length":
            length = int(value)
        elif name == b"connection":
            members = _members(value)
            closes = closes or b"close" in members
            keep_alive = keep_alive or b"keep-alive" in members
            raw = _without_connection(raw) if members <= _ORDINARY else b""
        elif name == b"transfer-encoding":
            codings += 1
            if value.strip(b" \t").lower() != b"chunked" or codings > 1 or head.version == _HTTP_1_0:
                return Refused(Outcome.UPSTREAM_HEAD_INVALID, "Transfer-Encoding other than chunked")
            length = CHUNKED
        elif name is _OTHER or name == b"upgrade":
            raw = b""
    status = head.status
    if method == b"HEAD" or status < 200 or status == 204 or status == 304:
        length = 0
    return Answer(head, length, keep_alive and not closes and length != UNTIL_CLOSE, raw)


def _without_connection(raw: bytes) -> bytes:
    """The head without a Connection line of the two common spellings; b"" when it is another."""
    for line in _CONNECTION_LINES:
        at = raw.find(line)
        if at > 0:
            return raw[:at] + raw[at + len(line) - 2 :]
    return b""


def _without_repeated_length(raw: bytes) -> bytes | None:
    """The head with a repeated, equal Content-Length said once; None when that is not what is wrong with it."""
    found = list(_CONTENT_LENGTH_LINE.finditer(raw))
    if len(found) < 2 or len({matched[1] for matched in found}) > 1:
        return None
    for matched in reversed(found[1:]):
        raw = raw[: matched.start()] + raw[matched.end() :]
    return raw
