"""Header fields as they were on the wire: order, case and repetition kept (RFC 9110 section 5).

Names are compared in lower case; `name` arguments are given in lower case already, so that the hot path never
lowers a constant.
"""

from __future__ import annotations

from collections.abc import Sequence

HeaderPair = tuple[bytes, bytes]
Headers = Sequence[HeaderPair]


def first(headers: Headers, name: bytes) -> bytes | None:
    """The value of the first field called `name` (lower case), or None."""
    length = len(name)
    for key, value in headers:
        if len(key) == length and key.lower() == name:
            return value
    return None


def every(headers: Headers, name: bytes) -> list[bytes]:
    """All values of fields called `name` (lower case), in order."""
    length = len(name)
    return [value for key, value in headers if len(key) == length and key.lower() == name]


def tokens(headers: Headers, name: bytes) -> list[bytes]:
    """The comma-separated members of all fields called `name`, trimmed and in lower case; empty members dropped."""
    members: list[bytes] = []
    for value in every(headers, name):
        members.extend(token for part in value.split(b",") if (token := part.strip().lower()))
    return members


def cookie(headers: Headers, name: bytes) -> bytes | None:
    """The value of the request cookie `name` (RFC 6265 section 4.2), or None. Quotes stay part of the value."""
    for value in every(headers, b"cookie"):
        if value.find(name) < 0:
            continue
        for part in value.split(b";"):
            key, separator, content = part.strip().partition(b"=")
            if separator and key == name:
                return content
    return None
