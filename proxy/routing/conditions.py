"""Conditions beyond the path: host, headers, query parameters; and patterns that can be shipped to another process.

Patterns run on google-re2, whose time is linear in the text: a pattern in routes.yaml must not become a way to stop the
proxy (ReDoS). They match the whole value. A field sent on several lines is one value joined by commas (RFC 9110 section
5.3); of a repeated query parameter the first counts, as in Gateway API.
"""

from __future__ import annotations

from urllib.parse import unquote_to_bytes

import re2

from proxy.model.headers import Headers, every
from proxy.model.heads import RequestHead
from proxy.model.spec import Match, ValueMatch, ValueType


class Pattern:
    """A compiled regular expression over bytes; pickled as its text and compiled anew when unpickled."""

    __slots__ = ("_fullmatch", "text")

    def __init__(self, text: str) -> None:
        self.text = text
        self._fullmatch = re2.compile(text.encode()).fullmatch

    def matches(self, value: bytes) -> bool:
        return self._fullmatch(value) is not None

    def __reduce__(self) -> tuple[type[Pattern], tuple[str]]:
        return Pattern, (self.text,)


class Condition:
    """One header or query parameter that must have a value."""

    __slots__ = ("expected", "name", "name_text", "pattern")

    def __init__(self, match: ValueMatch, *, fold_name: bool) -> None:
        name = match.name.lower() if fold_name else match.name
        self.name_text = match.name
        self.name = name.encode()
        self.expected = match.value.encode()
        self.pattern = Pattern(match.value) if match.type is ValueType.REGEX else None

    def holds(self, value: bytes | None) -> bool:
        if value is None:
            return False
        return self.pattern.matches(value) if self.pattern is not None else value == self.expected


class Conditions:
    """All the header and query conditions of one match."""

    __slots__ = ("_headers", "_query")

    def __init__(self, match: Match) -> None:
        self._headers = tuple(Condition(one, fold_name=True) for one in match.headers)
        self._query = tuple(Condition(one, fold_name=False) for one in match.query)

    def unmet(self, head: RequestHead) -> str:
        """The first condition that does not hold, in words; "" when all hold."""
        for condition in self._headers:
            if not condition.holds(header_value(head.headers, condition.name)):
                return f"header {condition.name_text} is not {condition.expected.decode()}"
        for condition in self._query:
            if not condition.holds(query_value(head.target, condition.name)):
                return f"query parameter {condition.name_text} is not {condition.expected.decode()}"
        return ""


def header_value(headers: Headers, name: bytes) -> bytes | None:
    """All lines of the field `name` (lower case) joined, None when there is none."""
    values = every(headers, name)
    return b", ".join(values) if values else None


def query_value(target: bytes, name: bytes) -> bytes | None:
    """The first value of a query parameter, decoded as a form is (`+` is a space), or None."""
    for part in target.partition(b"?")[2].partition(b"#")[0].split(b"&"):
        key, _, value = part.partition(b"=")
        if key == name or _form_decoded(key) == name:
            return _form_decoded(value)
    return None


def request_host(headers: Headers, authority: bytes | None) -> bytes:
    """The host that a request asks for: lower case, without port and trailing dot; b"" when it names none."""
    host = authority
    if host is None:
        host = next((value for name, value in headers if len(name) == 4 and name.lower() == b"host"), b"")
    host = host.strip().lower()
    name = host[: host.find(b"]") + 1] if host[:1] == b"[" else host.partition(b":")[0]
    return name[:-1] if name[-1:] == b"." else name


def _form_decoded(text: bytes) -> bytes:
    return unquote_to_bytes(text.replace(b"+", b" ")) if b"%" in text or b"+" in text else text
