"""Location compared by its parts (RFC 9110 section 10.2.2, RFC 3986): where a client is sent is an answer in itself.

Paths: `header:location.scheme`, `.host`, `.port`, `.path`, `.query.NAME` and `.fragment`. Equal are two of another
case in scheme or host, with or without the default port, with other escapes of the same characters, and with query
parameters in another order.

A relative reference says less than an absolute one: what it leaves out is filled in by the client with what it asked
for, and that is not known here. So the two are told apart, at the host or at the scheme, and the rest is compared all
the same.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from urllib.parse import parse_qsl, quote, unquote, urlsplit

from proxy.comparison.cookies import Unlike
from proxy.model.comparison import Risk

_DEFAULT_PORTS = {"http": 80, "https": 443}
_ORIGIN = frozenset({"scheme", "port", "user"})
MOST_PARAMETERS = 500


def unlike(left: str, right: str) -> Iterator[Unlike]:
    """What differs between two values of Location; the whole of them when one cannot be read."""
    ours, theirs = _parts(left), _parts(right)
    if ours is None or theirs is None:
        if left != right:
            yield Unlike("header:location", Risk.MEDIUM, left, right)
        return
    both_absolute = "host" in ours and "host" in theirs
    for name in ours | theirs:
        if name in _ORIGIN and not both_absolute and ("host" in ours or "host" in theirs):
            continue  # the host tells it
        one, other = ours.get(name), theirs.get(name)
        if one != other:
            risk = Risk.HIGH if other is None else Risk.LOW if one is None else Risk.MEDIUM
            yield Unlike(f"header:location.{name}", risk, _shown(one), _shown(other))


def _shown(part: str | tuple[str, ...] | None) -> str | None:
    return ", ".join(part) if isinstance(part, tuple) else part


def _parts(value: str) -> dict[str, str | tuple[str, ...]] | None:
    try:
        split = urlsplit(value)
        port = split.port
        query = parse_qsl(split.query, keep_blank_values=True, max_num_fields=MOST_PARAMETERS, errors="surrogateescape")
    except ValueError:
        return None
    if split.query and not query:
        return None
    parts: dict[str, str | tuple[str, ...]] = {}
    if split.scheme:
        parts["scheme"] = split.scheme.lower()
    if split.netloc:
        parts["host"] = (split.hostname or "").lower()
        if port is not None and port != _DEFAULT_PORTS.get(split.scheme.lower()):
            parts["port"] = str(port)
        if split.username is not None:
            parts["user"] = split.netloc.rpartition("@")[0]
    path = _SLASHES.sub(_same_escapes, split.path)
    parts["path"] = path or ("/" if split.netloc else "")
    values: dict[str, list[str]] = {}
    for name, content in query:
        values.setdefault(name, []).append(content)
    for name, contents in values.items():
        parts[f"query.{name}"] = contents[0] if len(contents) == 1 else tuple(contents)
    if split.fragment:
        parts["fragment"] = unquote(split.fragment)
    return parts


_SLASHES = re.compile(r"[^/]+")  # an escaped slash is not a slash


def _same_escapes(segment: re.Match[str]) -> str:
    return quote(unquote(segment.group(), errors="surrogateescape"), safe="!$&'()*+,;=:@~", errors="surrogateescape")
