"""Streams of events as lists: server-sent events (WHATWG HTML section 9.2) and NDJSON, one JSON document a line.

An event is an object of the fields it has: `event`, `id`, `retry`, `data`. Data that is a JSON object or array is read
as such, so that a rule can name a field: `$[*].data.total`. Comments are there to keep a connection open and are
ignored. A last event without the empty line that would end it is an event here: it was sent.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from proxy.comparison import json_text

Spend = Callable[[int], None]

_LINE = re.compile(r"([^\r\n]*)(\r\n|\n|\r|\Z)")
_EVENT_FIELD = re.compile(r"(?:data|event|id|retry|)(?::|$|[\r\n])")


def events(text: str, spend: Spend) -> list[dict[str, Any]] | None:
    """The events in order; None when the text does not begin like a stream of them. Raises BudgetSpent."""
    if not _EVENT_FIELD.match(text):
        return None
    found: list[dict[str, Any]] = []
    event: dict[str, Any] = {}
    data: list[str] = []
    for line in _LINE.finditer(text):
        spend(1)
        written = line.group(1)
        if written:
            name, _, value = written.partition(":")
            value = value.removeprefix(" ")
            if name == "data":
                data.append(value)
            elif name in ("event", "id", "retry"):
                event[name] = value
        elif data or event:
            found.append(_event(event, data))
            event, data = {}, []
    return found


def lines(text: str, spend: Spend) -> list[Any] | None:
    """The documents in order; None when a line is not JSON. Empty lines are skipped. Raises BudgetSpent."""
    documents: list[Any] = []
    for line in _LINE.finditer(text):
        spend(1)
        if written := line.group(1).strip(json_text.SPACE):
            try:
                documents.append(json_text.read(written))
            except json_text.NotJsonError:
                return None
    return documents


def _event(event: dict[str, Any], data: list[str]) -> dict[str, Any]:
    if not data:
        return event
    whole = "\n".join(data)
    if whole.lstrip(json_text.SPACE)[:1] in ("{", "["):
        try:
            return {**event, "data": json_text.read(whole)}
        except json_text.NotJsonError:
            pass
    return {**event, "data": whole}
