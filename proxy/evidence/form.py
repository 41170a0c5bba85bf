"""One printable value read: what form it has (uuid, time, url, number, text), and its amount.

Values come in the printable form of a difference: strings in quotes, numbers bare, long texts cut.
"""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime, timedelta, timezone
from email.utils import parsedate_to_datetime
from functools import lru_cache
from math import isinf
from typing import NamedTuple

LATER = 10.0  # seconds that the extracted side may be asked after legacy

_UUID = re.compile(r"[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-([0-9a-fA-F])[0-9a-fA-F]{3}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}")
_TIME = re.compile(
    r"(\d{4})-(\d\d)-(\d\d)(?:([Tt ])(\d\d):(\d\d)(?::(\d\d)(?:[.,](\d{1,9}))?)?\s?([Zz]|[+-]\d\d(?::?\d\d)?)?)?"
)
_URL = re.compile(r"(https?)://(?:[^/?#\s@]*@)?([^/?#\s@]+)")
_NUMBER = re.compile(r"-?\d{1,40}(?:\.(\d{1,40}))?([eE][+-]?\d{1,3})?")
_COUNT = re.compile(r"(\d{1,12}) (?:elements|members)")
_HTTP_DATE = re.compile(r"[A-Z][a-z]{2}, \d\d [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d GMT")
_EPOCHS = ((1e9, 4e9, 1.0), (1e12, 4e12, 1e3), (1e15, 4e15, 1e6), (1e18, 4e18, 1e9))


class Form(NamedTuple):
    """One value read: `name` of its form, `amount` for numbers and times (times in seconds since 1970), `places` of
    decimals, `slack` in units of the amount for the time between two questions, `text` when letters and length say
    something."""

    name: str
    amount: float | None = None
    places: int = 0
    slack: float = 0.0
    text: str | None = None


@lru_cache(maxsize=4096)
def form_of(shown: str) -> Form:
    """The form of a printable value."""
    if not shown:
        return Form("absent")
    if "…" in shown:
        return Form("long text")
    text = shown
    if shown[0] == '"' and shown[-1] == '"' and len(shown) > 1:
        try:
            text = str(json.loads(shown)) if "\\" in shown else shown[1:-1]
        except ValueError:
            return Form("long text")
    elif shown in ("true", "false", "null"):
        return Form("null" if shown == "null" else "boolean")
    known = _number(text, quoted=text is not shown) or _time(text)
    if known is not None:
        return known
    if len(text) == 36 and (found := _UUID.fullmatch(text)):
        case = "lower" if text == text.lower() else "upper" if text == text.upper() else "mixed"
        return Form(f"uuid {found[1]} {case}")
    if found := _URL.match(text):
        return Form(f"url {found[1]}://{found[2]}")
    return Form("text", text=text)


def _number(text: str, quoted: bool) -> Form | None:
    if not text or text[0] not in "-0123456789":
        return None
    if text[-1] == "s" and (found := _COUNT.fullmatch(text)):
        return Form("count", float(found[1]))
    found = _NUMBER.fullmatch(text)
    if not found or (quoted and found[2]):  # 12e45 in quotes is a hex id
        return None
    amount, places = float(text), len(found[1] or "")
    if isinf(amount):
        return Form("number")
    slack = next((LATER * unit for low, high, unit in _EPOCHS if low <= abs(amount) < high), 0.0)
    return Form("digits" if quoted else "number", amount, places, slack, text if quoted and not places else None)


def _time(text: str) -> Form | None:
    if text.endswith("GMT") and _HTTP_DATE.fullmatch(text):
        try:
            return Form("http date", parsedate_to_datetime(text).timestamp(), 0, LATER)
        except ValueError:
            return None
    found = _TIME.fullmatch(text)
    if not found:
        return None
    year, month, day, middle, hour, minute, second, fraction, offset = found.groups()
    try:
        zone = _zone(offset)
        at = datetime(int(year), int(month), int(day), int(hour or 0), int(minute or 0), int(second or 0), tzinfo=zone)
    except ValueError:
        return None
    if middle is None:
        return Form("date", at.timestamp(), 0, LATER)
    amount = at.timestamp() + float(f"0.{fraction or 0}")
    name = f"time with {middle!r}, {'no offset' if offset is None else 'offset ' + offset}"
    return Form(name + (", no seconds" if second is None else ""), amount, len(fraction or ""), LATER)


def _zone(offset: str | None) -> timezone:
    if offset is None or offset in "Zz":
        return UTC
    digits = offset[1:].replace(":", "").ljust(4, "0")
    apart = timedelta(hours=int(digits[:2]), minutes=int(digits[2:]))
    return timezone(-apart if offset[0] == "-" else apart)
