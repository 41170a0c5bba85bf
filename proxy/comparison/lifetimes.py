"""Moments in headers (RFC 9110 section 5.6.7), and how long after its answer each is.

Two answers are never made at the same moment. So a moment is counted from the `Date` of its own answer where both have
one, and two seconds either way are the rounding of the two clocks. What has expired has expired, an hour or forty years
ago.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

ROUNDING = 2  # seconds

_HTTP_DATE = re.compile(
    r"[A-Z][a-z]{2}, \d\d [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d GMT"
    r"|[A-Z][a-z]+day, \d\d-[A-Z][a-z]{2}-\d\d \d\d:\d\d:\d\d GMT"
    r"|[A-Z][a-z]{2} [A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d \d{4}"
)
_DATELESS = datetime(1970, 1, 1, tzinfo=UTC)
_SECONDS = re.compile(r"-?[0-9]{1,15}")


def moment(text: str) -> datetime | None:
    """Any of the three forms of HTTP. None for what is no moment to a cache, such as `+0000` for `GMT`."""
    return lenient_moment(text) if _HTTP_DATE.fullmatch(text) else None


def lenient_moment(text: str) -> datetime | None:
    """What browsers take in a cookie, too (RFC 6265 section 5.1.1)."""
    try:
        found = parsedate_to_datetime(text)
    except (ValueError, IndexError, TypeError, OverflowError):
        return None
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def seconds(text: str) -> int | None:
    """A number of seconds, such as in `Max-Age`."""
    return int(text) if _SECONDS.fullmatch(text) else None


def begins(dates: tuple[str, str]) -> tuple[datetime, datetime] | None:
    """What moments in two answers count from, by their values of Date; None where that is not known of both."""
    one, other = moment(dates[0]), moment(dates[1])
    return None if one is None or other is None else (one, other)


def until(text: str, begin: datetime | None, read: Callable[[str], datetime | None] = moment) -> float | None:
    """Seconds until the moment; without `begin` since 1970, to compare it with another such."""
    found = read(text)
    return None if found is None else (found - (begin or _DATELESS)).total_seconds()


def alike(one: float, other: float) -> bool:
    """Whether two lifetimes in seconds are the same to a client."""
    return abs(one - other) <= ROUNDING or (one <= 0 and other <= 0)
