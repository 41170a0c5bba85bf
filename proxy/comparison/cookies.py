"""Set-Cookie compared by what a browser would keep (RFC 6265bis section 5).

Cookies go by name, attributes by name in any order and case. To a browser name, domain and path together are one
cookie, and of two such in one answer it keeps the last. Those of one name for several places go by place, whatever
their order.

Paths: `header:set-cookie.session` is the cookie and its value, `header:set-cookie.session.httponly` an attribute,
`header:set-cookie.session#2` the same name for another place. That a cookie or an attribute is missing is of high risk:
no session, or one that a script can read.

How long it is kept: by `Max-Age`, then `Expires` says nothing; else by `Expires`, counted from the `Date` of its own
answer (`lifetimes`). Whether the one or the other says it does not count. A cookie that has expired is one that is
deleted: its value does not count, nor when.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import NamedTuple

from proxy.comparison.lifetimes import alike, begins, lenient_moment, seconds, until
from proxy.model.comparison import Risk

SET = "(set)"  # the value of an attribute that has none


class Cookie(NamedTuple):
    value: str
    attributes: dict[str, str]  # names in lower case

    @property
    def place(self) -> tuple[str, str]:
        return _domain(self.attributes.get("domain", "")), self.attributes.get("path", "")

    @property
    def age(self) -> int | None:
        return seconds(self.attributes.get("max-age", ""))

    def lifetime(self, begin: datetime | None) -> float | None:
        """In seconds; None for a cookie that lives as long as the browser does."""
        return until(self.attributes.get("expires", ""), begin, lenient_moment) if self.age is None else self.age

    def counting(self, as_long: bool) -> dict[str, str]:
        """The attributes to compare; `as_long` if it is known to be kept as long as the other."""
        idle = {"max-age", "expires"} if as_long else {"expires"} if self.age is not None else set()
        return {name: value for name, value in self.attributes.items() if name not in idle}


Sent = dict[str, dict[tuple[str, str], Cookie]]  # by name, then by place


class Unlike(NamedTuple):
    """A part of a header that differs; None on the side that does not have it."""

    path: str
    risk: Risk
    left: str | None
    right: str | None


def unlike(left: str, right: str, left_date: str, right_date: str) -> Iterator[Unlike]:
    """What differs between the cookies of two answers; one Set-Cookie field a line."""
    known = begins((left_date, right_date)) or (None, None)
    for name, one, other in _pairs(_cookies(left), _cookies(right)):
        path = f"header:set-cookie.{name}"
        if one is None or other is None:
            risk = Risk.HIGH if other is None else Risk.LOW
            yield Unlike(path, risk, one and one.value, other and other.value)
            continue
        mine, yours = one.lifetime(known[0]), other.lifetime(known[1])
        deleted = mine is not None and yours is not None and max(mine, yours) <= 0
        if one.value != other.value and not deleted:
            yield Unlike(path, Risk.MEDIUM, one.value, other.value)
        exact = one.age is not None and other.age is not None
        as_long = deleted or (mine == yours if exact or mine is None or yours is None else alike(mine, yours))
        yield from _attributes(path, one.counting(as_long), other.counting(as_long))


def _attributes(path: str, left: dict[str, str], right: dict[str, str]) -> Iterator[Unlike]:
    for key in left | right:
        mine, yours = left.get(key), right.get(key)
        if mine is None or yours is None:
            yield Unlike(f"{path}.{key}", Risk.HIGH if yours is None else Risk.LOW, mine, yours)
        elif not _same(key, mine, yours):
            yield Unlike(f"{path}.{key}", Risk.MEDIUM, mine, yours)


def _pairs(ours: Sent, theirs: Sent) -> Iterator[tuple[str, Cookie | None, Cookie | None]]:
    """Cookies that are the same one, under the name that paths give it."""
    for name in ours | theirs:
        mine, yours = ours.get(name, {}), theirs.get(name, {})
        if len(mine) == len(yours) == 1:
            yield name, next(iter(mine.values())), next(iter(yours.values()))
            continue
        for number, place in enumerate(sorted(mine | yours), 1):
            yield name if number == 1 else f"{name}#{number}", mine.get(place), yours.get(place)


def _cookies(fields: str) -> Sent:
    cookies: Sent = {}
    for field in fields.split("\n"):
        pair, *attributes = field.split(";")
        name, equals, value = pair.partition("=")
        if not equals:
            name, value = "", pair
        known: dict[str, str] = {}
        for attribute in attributes:
            key, _, content = attribute.partition("=")
            if key.strip():
                known[key.strip().lower()] = content.strip() or SET
        cookie = Cookie(value.strip(), known)
        cookies.setdefault(name.strip(), {})[cookie.place] = cookie
    return cookies


def _same(key: str, left: str, right: str) -> bool:
    match key:
        case "samesite":
            return left.lower() == right.lower()
        case "domain":
            return _domain(left) == _domain(right)
        case "secure" | "httponly" | "partitioned":
            return True  # being there is all they say
        case _:
            return left == right


def _domain(value: str) -> str:
    return value.lower().removeprefix(".")
