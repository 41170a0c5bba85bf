"""Values as people read them, in few characters."""

from __future__ import annotations

import math
import re
from datetime import UTC, datetime

_CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")


def clean(text: object) -> str:
    """`text` with control characters, direction marks and lone surrogates spelled out: what a client or a backend sent
    reaches the terminal through here, and must not be able to move its cursor or rewrite its lines."""
    return _CONTROL.sub(lambda found: found[0].encode("unicode_escape").decode(), str(text))


def count(number: float | None) -> str:
    """1234 -> 1,234; from a million on 1.2M."""
    if number is None:
        return "-"
    for size, letter in ((1e9, "G"), (1e6, "M")):
        if number >= size:
            return f"{number / size:.1f}{letter}"
    return f"{round(number):,}"


def latency(seconds: float | None) -> str:
    """0.0031 -> 3.1ms, 1.25 -> 1.25s; None (nothing measured) -> -."""
    if seconds is None or math.isnan(seconds):
        return "-"
    if seconds < 0.0095:
        return f"{seconds * 1000:.1f}ms"
    if seconds < 0.9995:
        return f"{seconds * 1000:.0f}ms"
    return f"{seconds:.2f}s" if seconds < 99.5 else f"{seconds:.0f}s"


def span(seconds: float) -> str:
    """A duration in its two largest units: 4m 10s, 2h 5m, 3d 4h."""
    rest = max(0, round(seconds))
    parts: list[str] = []
    for size, letter in ((86400, "d"), (3600, "h"), (60, "m"), (1, "s")):
        amount, rest = divmod(rest, size)
        if amount or (letter == "s" and not parts):
            parts.append(f"{amount}{letter}")
        elif parts:
            break
    return " ".join(parts[:2])


def percent(number: float | None) -> str:
    """5.0 -> 5%, 0.25 -> 0.25%."""
    return "-" if number is None else f"{number:g}%"


def share(part: float | None) -> str:
    """0.0123 -> 1.23%, 0.000041 -> 0.0041%: two or three digits that count."""
    return "-" if part is None else f"{100 * part:.3g}%" if part >= 0.001 else f"{100 * part:.2g}%"


def instant(value: object) -> datetime | None:
    """A time of the admin API, seconds since 1970 or ISO 8601, or None when there is none."""
    if isinstance(value, (int, float)) and value > 0:
        return datetime.fromtimestamp(value, UTC)
    if isinstance(value, str) and value:
        try:
            parsed = datetime.fromisoformat(value)
        except ValueError:
            return None
        return parsed if parsed.tzinfo else parsed.replace(tzinfo=UTC)
    return None


def clock(value: object) -> str:
    """A time of the admin API on the reader's own clock: 2026-11-30 14:05:09."""
    when = instant(value)
    return when.astimezone().strftime("%Y-%m-%d %H:%M:%S") if when else "-"


def ago(value: object, now: datetime) -> str:
    """How long before `now`: 4m 10s ago."""
    when = instant(value)
    return f"{span((now - when).total_seconds())} ago" if when else "-"


def age(value: object, now: datetime) -> str:
    """How long before `now`, in one unit: 4m, 2h, 3d."""
    when = instant(value)
    return span((now - when).total_seconds()).partition(" ")[0] if when else "-"


def counted(number: int, noun: str) -> str:
    """1 route, 2 routes, 3 matches."""
    ending = "" if number == 1 else "es" if noun.endswith(("ch", "s", "x")) else "s"
    return f"{number:,} {noun}{ending}"
