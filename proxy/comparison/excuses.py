"""Rules that judge two values by what they are: is the difference of these two texts one that the rule allows?

- `tolerance`: two numbers may differ by `absolute`, or by `relative` times the larger of them; written as whole number
  or decimal, they are then the same kind of value. Two times may lie `within` so many seconds of each other: numbers
  that count seconds or milliseconds since 1970 (both in the same unit: a clock that changed its unit is no clock that
  is a little off), ISO 8601 texts and the dates of HTTP. Texts with an offset are compared as instants, two without as
  they stand; one with and one without are never near, because nobody knows how far apart they are.
- `pattern`: both values fit it, whole. It runs on RE2, in time linear in the value whatever the pattern (ReDoS).
- `any_case`: two texts may differ in upper and lower case.

Arithmetic is exact: 0.1 and 0.3 are 0.2 apart, which they are not in doubles.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Context, Decimal
from functools import lru_cache
from typing import Any, NamedTuple

import re2

from proxy.comparison.json_text import exact
from proxy.model.spec import Rule

_EXACT = Context(prec=200, Emax=10**9, Emin=-(10**9), traps=[])  # overflow gives Infinity, which is near nothing
_NUMBER = re.compile(r"[+-]?(?:\d{1,400}(?:\.\d{0,400})?|\.\d{1,400})(?:[eE][+-]?\d{1,9})?", re.ASCII)
_DATE = re.compile(r"\d{4}-?(?:\d\d|W\d\d)")  # how ISO 8601 begins
_HTTP_DATE = "%a, %d %b %Y %H:%M:%S GMT"  # RFC 9110 section 5.6.7
_LONGEST_TIME = 40  # characters
_SECONDS, _MILLISECONDS, _END = Decimal(10) ** 8, Decimal(10) ** 11, Decimal(10) ** 14  # 1973 to 5138 in either unit


class Excuse(NamedTuple):
    """`holds` says of two texts whether the rule allows their difference. `form` gives what is the same for all texts
    that the rule holds equal, None when the rule says nothing of the kind."""

    label: str
    holds: Callable[[str, str], bool]
    form: Callable[[str], str | None]


def excuse_of(rule: Rule, label: str) -> Excuse:
    """Raises re2.error for a pattern that is none; `check` has refused those before."""
    match rule.kind:
        case "pattern":
            fits = compiled(rule.pattern or "").fullmatch
            return Excuse(
                label,
                lambda one, other: bool(fits(_valid(one)) and fits(_valid(other))),
                lambda text: label if fits(_valid(text)) else None,
            )
        case "any_case":
            return Excuse(label, lambda one, other: one.casefold() == other.casefold(), str.casefold)
        case _:
            absolute, relative = _decimal(rule.absolute), _decimal(rule.relative)
            within = None if rule.within is None else _decimal(rule.within)
            return Excuse(
                label,
                lambda one, other: (
                    near(one, other, absolute, relative) or (within is not None and in_time(one, other, within))
                ),
                lambda _: None,
            )


def near(left: str, right: str, absolute: Decimal, relative: Decimal) -> bool:
    """Whether two numbers differ by at most `absolute`, or by `relative` times the larger magnitude of the two."""
    one, other = number(left), number(right)
    if one is None or other is None:
        return False
    apart = _EXACT.subtract(one, other).copy_abs()
    return apart <= absolute or apart <= _EXACT.multiply(relative, max(one.copy_abs(), other.copy_abs()))


def in_time(left: str, right: str, seconds: Decimal) -> bool:
    """Whether two times, written in the same way, are at most so far apart."""
    one, other = instant(left), instant(right)
    if one is None or other is None or one.unit != other.unit:
        return False
    return _EXACT.subtract(one.seconds, other.seconds).copy_abs() <= seconds


class Instant(NamedTuple):
    """`seconds` since 1970; `unit` is what only times written in the same way share: s, ms, offset or local."""

    seconds: Decimal
    unit: str


@lru_cache(maxsize=4096)
def instant(text: str) -> Instant | None:
    """The time that a text or number stands for; None when it is none."""
    if len(text) > _LONGEST_TIME:
        return None
    value = number(text)
    if value is not None and _SECONDS <= value < _END:
        return Instant(value, "s") if value < _MILLISECONDS else Instant(_EXACT.scaleb(value, Decimal(-3)), "ms")
    moment = _moment(text)
    if moment is None:
        return None
    since = moment.replace(tzinfo=moment.tzinfo or UTC) - datetime(1970, 1, 1, tzinfo=UTC)
    seconds = Decimal(since.days * 86400 + since.seconds) + Decimal(since.microseconds).scaleb(-6)
    return Instant(seconds, "offset" if moment.tzinfo else "local")


def number(text: str) -> Decimal | None:
    """The value of a number, written by itself or in a text; None when it is none."""
    if text[:1] in "+-.0123456789" and ((text.isascii() and text.isdigit()) or _NUMBER.fullmatch(text)):
        return exact(text)
    return None


@lru_cache(maxsize=1024)
def compiled(pattern: str) -> Any:
    """The pattern for RE2, which ships no types. Raises re2.error."""
    options = re2.Options()
    options.log_errors = False
    return re2.compile(pattern, options)


def _moment(text: str) -> datetime | None:
    try:
        if _DATE.match(text):
            return datetime.fromisoformat(text)
        if text.endswith(" GMT"):
            return datetime.strptime(text, _HTTP_DATE).replace(tzinfo=UTC)
    except (ValueError, OverflowError):
        pass
    return None


def _valid(text: str) -> str:
    """Without lone surrogates, which are no UTF-8, and RE2 reads nothing else."""
    return text if text.isascii() else text.encode("utf-8", "replace").decode()


def _decimal(value: float | None) -> Decimal:
    return Decimal(repr(value)) if value is not None else Decimal(0)
