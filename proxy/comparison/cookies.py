"""Set-Cookie compared by what a browser would keep (RFC 6265 section 5.2).

Cookies go by name, attributes by name in any order and case.

Paths: `header:set-cookie.session` is the cookie and its value, `header:set-cookie.session.httponly` an attribute.
That a cookie or an attribute is missing is of high risk: no session, or one that a script can read.

`Expires` counts from the `Date` of its own answer where both answers have one, since two answers are never made at the
same moment; two seconds either way are the rounding of the two clocks. What has expired has expired: a cookie deleted
with a date of 1970 and one deleted with yesterday's are the same.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import NamedTuple

from proxy.model.comparison import Risk

ROUNDING = 2  # seconds
SET = "(set)"  # the value of an attribute that has none
_DATELESS = datetime(1970, 1, 1, tzinfo=UTC)


class Cookie(NamedTuple):
    value: str
    attributes: dict[str, str]  # names in lower case


class Unlike(NamedTuple):
    """A part of a header that differs; None on the side that does not have it."""

    path: str
    risk: Risk
    left: str | None
    right: str | None


def unlike(left: str, right: str, left_date: str, right_date: str) -> Iterator[Unlike]:
    """What differs between the cookies of two answers; one Set-Cookie field a line."""
    ours, theirs = _cookies(left), _cookies(right)
    for name in ours | theirs:
        path = f"header:set-cookie.{name}"
        one, other = ours.get(name), theirs.get(name)
        if one is None or other is None:
            risk = Risk.HIGH if other is None else Risk.LOW
            yield Unlike(path, risk, one and one.value, other and other.value)
            continue
        if one.value != other.value:
            yield Unlike(path, Risk.MEDIUM, one.value, other.value)
        for key in one.attributes | other.attributes:
            mine, yours = one.attributes.get(key), other.attributes.get(key)
            if mine is None or yours is None:
                yield Unlike(f"{path}.{key}", Risk.HIGH if yours is None else Risk.LOW, mine, yours)
            elif not _same(key, mine, yours, left_date, right_date):
                yield Unlike(f"{path}.{key}", Risk.MEDIUM, mine, yours)


def _cookies(fields: str) -> dict[str, Cookie]:
    """By name; the second cookie of one name (for another path, say) is called `name#2`."""
    cookies: dict[str, Cookie] = {}
    met: Counter[str] = Counter()
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
        name = name.strip()
        met[name] += 1
        cookies[name if met[name] == 1 else f"{name}#{met[name]}"] = Cookie(value.strip(), known)
    return cookies


def _same(key: str, left: str, right: str, left_date: str, right_date: str) -> bool:
    match key:
        case "expires":
            return left == right or _same_lifetime(left, right, left_date, right_date)
        case "max-age":
            return left == right or (_is_number(left) and _is_number(right) and int(left) == int(right))
        case "samesite":
            return left.lower() == right.lower()
        case "domain":
            return left.lower().lstrip(".") == right.lower().lstrip(".")
        case "secure" | "httponly" | "partitioned":
            return True  # being there is all they say
        case _:
            return left == right


def _same_lifetime(left: str, right: str, left_date: str, right_date: str) -> bool:
    one, other = _date(left), _date(right)
    if one is None or other is None:
        return False
    ours, theirs = _date(left_date), _date(right_date)
    if ours is None or theirs is None:
        ours = theirs = _DATELESS
    mine, yours = (one - ours).total_seconds(), (other - theirs).total_seconds()
    return abs(mine - yours) <= ROUNDING or (mine <= 0 and yours <= 0)


def _is_number(text: str) -> bool:
    return text.lstrip("-").isdecimal() and text.isascii() and len(text) < 16


def _date(text: str) -> datetime | None:
    try:
        moment = parsedate_to_datetime(text)
    except (ValueError, IndexError, TypeError, OverflowError):
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
