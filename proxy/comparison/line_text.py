"""Several JSON documents in a row, as a list.

NDJSON, also called JSON lines: one document a line, ended by a line feed (a carriage return is white space of JSON, and
ends no line). Empty lines say nothing, and it does not matter whether the last line has its end.

JSON text sequences (RFC 7464): each document after a record separator, U+001E. One that does not end by itself, such as
a number, has to be followed by white space, or one that was cut would be taken for another.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from proxy.comparison import json_text

_SEPARATOR = "\x1e"
_ENDED = (*json_text.SPACE, "}", "]", '"')


def lines(text: str, spend: Callable[[int], None]) -> list[Any] | None:
    """The documents in order; None when a line is not JSON. Raises BudgetSpent."""
    spend(text.count("\n") + 1)
    return _read(text.split("\n"))


def sequence(text: str, spend: Callable[[int], None]) -> list[Any] | None:
    """The documents in order; None when the text is no sequence of them, or one was cut. Raises BudgetSpent."""
    spend(text.count(_SEPARATOR) + 1)
    before, *records = text.split(_SEPARATOR)
    if before:
        return None
    if any(record and not record.endswith(_ENDED) for record in records):
        return None
    return _read(records)


def _read(pieces: Sequence[str]) -> list[Any] | None:
    documents: list[Any] = []
    for piece in pieces:
        if written := piece.strip(json_text.SPACE):
            try:
                documents.append(json_text.read(written))
            except json_text.NotJsonError:
                return None
    return documents
