"""Payloads without structure: text by its first difference, bytes by their digest.

Where two short texts have as many lines, those that differ are told beside the difference, for what only two lines say
together: the reference in the first one and in the last.
"""

from __future__ import annotations

import hashlib

from proxy.comparison import pdf
from proxy.comparison.findings import Findings, first_difference, shown_pair
from proxy.model.comparison import Difference, Kind, Line, Risk

LONGEST = 16_384  # characters of a text that is told line by line
LINES = 12  # that are told
WIDEST = 200  # characters of a line


def texts(left: str, right: str, found: Findings) -> None:
    """One difference at most, shown as the line that it is in: where two texts part, everything after it may be
    shifted."""
    if left == right:
        return
    at = first_difference(left, right)
    start = left.rfind("\n", 0, at) + 1
    line, column = left.count("\n", 0, start) + 1, at - start + 1
    ours, theirs = shown_pair(_line(left, start), _line(right, start))
    found.add(Difference("body", Kind.BODY, Risk.MEDIUM, ours, theirs, f"body:{line}:{column}"))
    if len(left) <= LONGEST and len(right) <= LONGEST:
        found.lines += _lines(left[start:], right[start:], line)


def _lines(left: str, right: str, number: int) -> list[Line]:
    """What differs from the line `number` on, which both begin with."""
    end = "\n" if "\n" in left else "\r"
    if left.count(end) != right.count(end):
        return []
    told: list[Line] = []
    for _ in range(LINES):
        if left == right:
            break
        at = first_difference(left, right)
        start = left.rfind(end, 0, at) + 1
        number += left.count(end, 0, start)
        one, _, left = left[start:].partition(end)
        other, _, right = right[start:].partition(end)
        if len(one) <= WIDEST and len(other) <= WIDEST:
            told.append(Line("body", number, one, other))
        number += 1
    return told


def _line(text: str, start: int) -> str:
    """To its end, and with that: one side may lack it."""
    end = text.find("\n", start)
    return text[start:] if end < 0 else text[start : end + 1]


def byte_strings(left: bytes, right: bytes, found: Findings) -> None:
    if left != right:
        label = pdf.LABEL if pdf.same_but_for_dates(left, right) else ""
        found.add(Difference("body", Kind.BODY, Risk.MEDIUM, _named(left), _named(right), "body", label))


def _named(data: bytes) -> str:
    return f"{len(data)} bytes, sha256 {hashlib.sha256(data).hexdigest()[:12]}"
