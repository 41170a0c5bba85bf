"""The chosen headers, compared by what they mean.

Most are one value, equal or not; several fields of one name are one list (RFC 9110 section 5.3). What of other headers
says the same: `header_values`. Cookies: `cookies`. Location: `location`.

Which headers: those the route names, by default `content-type`; and `Location` of every 3xx answer, asked for or not,
because that is what such an answer says. `Set-Cookie` only where a route names it: every new session would
be a mismatch.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache

from proxy.comparison import cookies, location
from proxy.comparison.cookies import Unlike
from proxy.comparison.findings import Findings, capped, printable
from proxy.comparison.header_values import same
from proxy.comparison.rules import Rules
from proxy.model.comparison import Difference, Kind, Risk
from proxy.model.headers import Headers

LOCATION, SET_COOKIE = b"location", b"set-cookie"
_ALWAYS = frozenset({b"content-type", b"content-encoding"})  # what reading the body needs
Named = dict[bytes, bytes]  # values by lower-case name


def wanted(chosen: tuple[bytes, ...], status: int) -> frozenset[bytes]:
    """The names to read from an answer: the chosen ones, and those that the status and the body ask for."""
    return _wanted(chosen, _tells_where(status))


def named(headers: Headers, names: frozenset[bytes]) -> Named:
    """The values of `names`, several fields of one name joined; cookies by line feeds, which no value holds."""
    values: Named = {}
    for key, value in headers:
        name = key.lower()
        if name in names:
            if name in values:
                values[name] += (b"\n" if name == SET_COOKIE else b", ") + value.strip()
            else:
                values[name] = value.strip()
    return values


def compare_headers(
    ours: Named, theirs: Named, dates: tuple[str, str], status: int, rules: Rules, found: Findings
) -> None:
    """Adds what differs in the chosen headers; `dates` are the values of Date, "" for none."""
    chosen = (*rules.headers, LOCATION) if _tells_where(status) and LOCATION not in rules.headers else rules.headers
    for name in chosen:
        one, other = ours.get(name), theirs.get(name)
        if one == other:
            continue
        path = f"header:{name.decode('latin-1')}"
        if one is None or other is None:
            risk = Risk.HIGH if other is None else Risk.LOW
            found.add(Difference(path, Kind.HEADER, risk, _shown(one), _shown(other), path))
        else:
            _values(name, path, one.decode("latin-1"), other.decode("latin-1"), dates, rules, found)


def _values(
    name: bytes, path: str, left: str, right: str, dates: tuple[str, str], rules: Rules, found: Findings
) -> None:
    """A rule for the whole header comes first: it judges whole values, and what it allows is not taken apart."""
    parts = list(_unlike(name, path, left, right, dates))
    if parts and (label := rules.excuse(path, left, right, found)):
        found.add(Difference(path, Kind.HEADER, Risk.MEDIUM, _text(left), _text(right), path, label))
        return
    for part in parts:
        label = ""
        if part.path != path and part.left is not None and part.right is not None:
            label = rules.excuse(part.path, part.left, part.right, found)
        ours, theirs = _text(part.left), _text(part.right)
        found.add(Difference(part.path, Kind.HEADER, part.risk, ours, theirs, part.path, label))


def _unlike(name: bytes, path: str, left: str, right: str, dates: tuple[str, str]) -> Iterator[Unlike]:
    if name == SET_COOKIE:
        yield from cookies.unlike(left, right, *dates)
    elif name == LOCATION:
        yield from location.unlike(left, right)
    elif not same(name, left, right, dates):
        yield Unlike(path, Risk.MEDIUM, left, right)


@lru_cache(maxsize=1024)
def _wanted(chosen: tuple[bytes, ...], tells_where: bool) -> frozenset[bytes]:
    return frozenset(chosen) | _ALWAYS | ({LOCATION} if tells_where else frozenset())


def _tells_where(status: int) -> bool:
    return 300 <= status < 400


def _shown(value: bytes | None) -> str:
    return "" if value is None else _text(value.decode("latin-1"))


def _text(value: str | None) -> str:
    return "" if value is None else capped(printable(value)[1:-1])
