"""Server-sent events as a list of what a client is told (WHATWG HTML section 9.2.6).

An event is an object of `event`, `id`, `retry` and `data`. Data that is a JSON object or array is read as such, so that
a rule can name a field: `$[*].data.total`. `event` is left out where it is the default, `message`. The id and the time
to retry are states: they hold until something else is said, so an event has them only where they *change*. Whether an
id is said again or left to persist is the same to a client; one that stands still where legacy's moves on, so that a
client which connects again gets all of it again, is an id that is missing. What is said in a block without data, which
is no event, stands in the event that follows, or at the end alone.

Not events at all: comments, unknown fields, a retry that is no number, an id that holds a NUL, a block without data.

A block that no blank line ends is discarded at the end of the stream: no client is told of it. So it is missing where
the other side's last event is ended. If both sides leave one open, the two are compared all the same: not every library
of a client is as strict.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, NamedTuple

from proxy.comparison import json_text

END = "blank line after the last event"

_LINE = re.compile(r"([^\r\n]*)(\r\n|\n|\r|\Z)")
_EVENT_FIELD = re.compile(r"(?:data|event|id|retry|)(?::|$|[\r\n])")

Event = dict[str, Any]


class Stream(NamedTuple):
    """The events in order; and the same with the one that was left open, None if there is none."""

    ended: list[Event]
    left_open: list[Event] | None

    @property
    def end(self) -> str:
        return END if self.left_open is None else ""


def read(text: str, spend: Callable[[int], None]) -> Stream | None:
    """None when the text does not begin like a stream of events. Raises BudgetSpent."""
    if not _EVENT_FIELD.match(text):
        return None
    reader = _Reader()
    for line in _LINE.finditer(text):
        spend(1)
        written, ending = line.groups()
        if written:
            name, _, value = written.partition(":")
            reader.field(name, value.removeprefix(" "))
        elif ending:
            reader.blank()
    return reader.stream()


def trees(left: Stream, right: Stream) -> tuple[list[Event], list[Event]]:
    """Both streams as `json_walk.walk` takes them."""
    if left.left_open is None or right.left_open is None:
        return left.ended, right.ended
    return left.left_open, right.left_open


class _Reader:
    """`said` are the id and the time to retry as last read, `told` as the last event told them."""

    __slots__ = ("data", "events", "kind", "last_id", "said", "told")

    def __init__(self) -> None:
        self.events: list[Event] = []
        self.kind = self.last_id = ""
        self.data: list[str] = []
        self.said = {"id": "", "retry": ""}
        self.told = dict(self.said)

    def field(self, name: str, value: str) -> None:
        match name:
            case "data":
                self.data.append(value)
            case "event":
                self.kind = value
            case "id" if "\0" not in value:
                self.said["id"] = value
            case "retry" if value.isascii() and value.isdigit():
                self.said["retry"] = value.lstrip("0") or "0"

    def blank(self) -> None:
        self.last_id = self.said["id"]
        if self.data:
            self.events.append(self.event())
            self.told = dict(self.said)
        self.data, self.kind = [], ""

    def event(self) -> Event:
        event = self.changes()
        if self.kind not in ("", "message"):
            event["event"] = self.kind
        if self.data:
            event["data"] = _data("\n".join(self.data))
        return event

    def changes(self) -> Event:
        return {name: value for name, value in self.said.items() if value != self.told[name]}

    def stream(self) -> Stream:
        left_open = [*self.events, self.event()] if self.data else None
        self.said["id"] = self.last_id
        rest = self.changes()
        return Stream([*self.events, rest] if rest else self.events, left_open)


def _data(whole: str) -> Any:
    if whole.lstrip(json_text.SPACE)[:1] in ("{", "["):
        try:
            return json_text.read(whole)
        except json_text.NotJsonError:
            pass
    return whole
