"""The heads of HTTP/1.x messages as the parser read them, raw bytes kept."""

from __future__ import annotations

from typing import NamedTuple

from proxy.model.headers import Headers

Version = tuple[int, int]


class RequestHead(NamedTuple):
    """A request head. `target` and `headers` are the bytes of the wire, never re-encoded.

    A NamedTuple because it is made once per request: construction is the cheapest that Python offers.
    """

    method: bytes
    target: bytes
    version: Version
    headers: Headers


class ResponseHead(NamedTuple):
    """A response head; `reason` may be empty."""

    version: Version
    status: int
    reason: bytes
    headers: Headers
