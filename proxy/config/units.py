"""Durations, sizes and percents: text to number and number to text.

`parse_*` return None for text that is not one. Text from `*_text` reads back as the same number.
"""

from __future__ import annotations

import math
import re

_SECONDS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
_BYTES = {"B": 1, "KB": 1024, "MB": 1024**2, "GB": 1024**3, "TB": 1024**4}
_DURATION = re.compile(r"(?:[0-9]{1,9}(?:\.[0-9]{1,9})?(?:ms|s|m|h|d))+", re.ASCII)
_PIECE = re.compile(r"([0-9.]+)(ms|s|m|h|d)")
_SIZE = re.compile(r"([0-9]{1,15}(?:\.[0-9]{1,6})?)\s?(B|[KMGT]i?B)?", re.IGNORECASE | re.ASCII)
_PERCENT = re.compile(r"([0-9]{1,9}(?:\.[0-9]{1,12})?)\s?%?", re.ASCII)


def parse_duration(text: str) -> float | None:
    """`250ms`, `1.5s`, `1m30s`, `2h`, `30d` in seconds. A bare number is refused: nobody knows its unit."""
    if not _DURATION.fullmatch(text):
        return None
    return math.fsum(float(number) * _SECONDS[unit] for number, unit in _PIECE.findall(text))


def duration_text(seconds: float) -> str:
    """`1m30s` for 90."""
    if seconds < 1:
        return f"{seconds * 1000:.12g}ms" if seconds else "0s"
    parts = []
    for unit in ("d", "h", "m"):
        count, seconds = divmod(seconds, _SECONDS[unit])
        if count:
            parts.append(f"{count:.0f}{unit}")
    if seconds or not parts:
        parts.append(f"{seconds:.12g}s")
    return "".join(parts)


def parse_size(text: str) -> int | None:
    """`64KB`, `1.5MB`, `512B` or `65536` in bytes; K is 1024, as every proxy counts, and KiB means the same."""
    found = _SIZE.fullmatch(text)
    if not found:
        return None
    unit = (found[2] or "B").upper().replace("I", "")
    return int(float(found[1]) * _BYTES[unit])


def size_text(size: int) -> str:
    """`64KB` for 65536; the largest unit that divides it."""
    for unit in ("TB", "GB", "MB", "KB"):
        if size and size % _BYTES[unit] == 0:
            return f"{size // _BYTES[unit]}{unit}"
    return f"{size}B"


def parse_percent(text: str) -> float | None:
    """`5%` or `5` is 5.0; a bare number is percent too, never a fraction."""
    found = _PERCENT.fullmatch(text)
    return float(found[1]) if found else None


def percent_text(percent: float) -> str:
    return f"{percent:.12g}%"
