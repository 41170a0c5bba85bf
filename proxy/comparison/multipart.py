"""Multipart payloads (RFC 2046 section 5.1, RFC 7578 for forms) as trees.

The boundary says nothing. Where every part of both payloads has a name, parts are members of an object by name
(`$.avatar.body`), and a repeated name is a list; else all parts are one list (`$[*].body`). A part is an object of its
`headers` that mean something, `content-type`, `content-disposition` and `content-range`, and its `body`, compared
by its own type. base64 and quoted-printable are undone.
"""

from __future__ import annotations

import binascii
import hashlib
import re
from collections.abc import Callable
from typing import Any, NamedTuple

from proxy.comparison import header_values
from proxy.comparison.content import Undecodable
from proxy.comparison.declared import Lists
from proxy.comparison.findings import BudgetSpent

MOST_PARTS = 1000

_HEADERS = (b"content-type", b"content-disposition", b"content-range")
_FIELD = re.compile(rb"([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*((?:[^\r\n]|\r?\n[ \t])*)\r?\n")
_NAME = re.compile(rb'(?i);\s*name\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s;]+))')
_LONGEST_HEAD = 16 * 1024


END = "closing delimiter"


class Part(NamedTuple):
    headers: dict[bytes, bytes]  # names in lower case
    body: bytes

    @property
    def name(self) -> str | None:
        found = _NAME.search(self.headers.get(b"content-disposition", b""))
        return (found.group(1) or found.group(2) or b"").decode("utf-8", "replace") if found else None


class Multipart(NamedTuple):
    parts: list[Part]
    closed: bool  # else it was cut: whoever reads it cannot know that the last part is whole


def read(data: bytes, boundary: bytes) -> Multipart | None:
    """None when the payload is not delimited by `boundary`. Raises BudgetSpent and Undecodable."""
    delimiter = b"--" + boundary
    if not boundary or delimiter not in data:
        return None
    if data.count(delimiter) > MOST_PARTS:
        raise BudgetSpent
    pieces = re.split(rb"(?:\A|\r?\n)" + re.escape(delimiter) + rb"(?=--|[ \t]*\r?\n)", data)
    if len(pieces) < 2:
        return None
    close = next((at for at, piece in enumerate(pieces) if at and piece.startswith(b"--")), None)
    return Multipart([_part(piece) for piece in pieces[1:close]], close is not None)


def trees(
    left: list[Part], right: list[Part], lists: Lists, bodies: Callable[[Part, Part, Lists], tuple[Any, Any]]
) -> tuple[Any, Any]:
    """Both payloads as `json_walk.walk` takes them; `bodies` makes the trees of the bodies of two parts."""
    by_name = all(part.name is not None for part in (*left, *right)) and bool(left or right)
    ours, theirs = _grouped(left, by_name), _grouped(right, by_name)
    one: dict[str, Any] = {}
    other: dict[str, Any] = {}
    for name in ours | theirs:
        inner = lists.member(name) if by_name else lists
        mine, yours = ours.get(name, []), theirs.get(name, [])
        many = not by_name or inner.here or max(len(mine), len(yours)) > 1
        values = _values(mine, yours, inner.element() if many else inner, bodies)
        for parts, side, found in ((mine, one, values[0]), (yours, other, values[1])):
            if many and (parts or not by_name):
                side[name] = found
            elif parts:
                side[name] = found[0]
    return (one, other) if by_name else (one[""], other[""])


def shown_bytes(data: bytes) -> str:
    return f"{len(data)} bytes, sha256 {hashlib.sha256(data).hexdigest()[:12]}"


def _grouped(parts: list[Part], by_name: bool) -> dict[str, list[Part]]:
    groups: dict[str, list[Part]] = {} if by_name else {"": []}
    for part in parts:
        groups.setdefault(part.name or "" if by_name else "", []).append(part)
    return groups


def _values(
    mine: list[Part], yours: list[Part], lists: Lists, bodies: Callable[[Part, Part, Lists], tuple[Any, Any]]
) -> tuple[list[Any], list[Any]]:
    found: tuple[list[Any], list[Any]] = [], []
    for at in range(max(len(mine), len(yours))):
        one = mine[min(at, len(mine) - 1)] if mine else yours[at]
        other = yours[min(at, len(yours) - 1)] if yours else mine[at]
        trees_of_both = bodies(one, other, lists.member("body"))
        for part, parts, body, side in zip((one, other), (mine, yours), trees_of_both, found, strict=True):
            if at < len(parts):
                side.append({"headers": _said(part), "body": body})
    return found


def _said(part: Part) -> dict[str, str]:
    return {
        name.decode(): header_values.written(name, part.headers[name].decode("utf-8", "replace"))
        for name in _HEADERS
        if name in part.headers
    }


def _part(piece: bytes) -> Part:
    start = re.match(rb"[ \t]*\r?\n", piece)
    at = start.end() if start else 0
    headers: dict[bytes, bytes] = {}
    while at < _LONGEST_HEAD and (field := _FIELD.match(piece, at, at + _LONGEST_HEAD)):
        headers[field.group(1).lower()] = field.group(2).strip()
        at = field.end()
    blank = re.compile(rb"\r?\n").match(piece, at)
    body = piece[blank.end() :] if blank else piece[at:]
    return Part(headers, _plain(body, headers.get(b"content-transfer-encoding", b"").lower()))


def _plain(body: bytes, encoding: bytes) -> bytes:
    try:
        if encoding == b"base64":
            return binascii.a2b_base64(body)
        if encoding == b"quoted-printable":
            return binascii.a2b_qp(body)
    except binascii.Error as error:
        raise Undecodable(str(error)) from None
    return body
