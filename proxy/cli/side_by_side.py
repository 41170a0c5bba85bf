"""Two answers beside each other, as `diff -y` lays them out.

JSON is laid out one member a line, so that the lines which differ are the members that differ; its key order is kept,
it is part of what the side said. Long stretches of equal lines are left out but for a few around each difference.
"""

from __future__ import annotations

import difflib
import itertools
import json
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, NamedTuple

from proxy.cli.client import Json
from proxy.cli.formats import clean, counted
from proxy.cli.output import screen, styled

if TYPE_CHECKING:
    from rich.table import Table

AROUND = 3  # equal lines shown before and after a difference
LINES = 2000  # of one answer; what comes after is not laid out
PIPED_WIDTH = 60  # of the left column where there is no terminal

STYLES = {"|": ("red", "green"), "<": ("red", ""), ">": ("", "green"), " ": ("", "")}


class Row(NamedTuple):
    left: str
    mark: str  # " " equal, "|" differs, "<" only left, ">" only right
    right: str


def side_by_side(legacy: Json, extracted: Json, headers: Sequence[str]) -> list[Table]:
    """A table of both answers: status, the named headers, body."""
    from rich.table import Table

    console = screen()
    made = Table(box=None, pad_edge=False, padding=(0, 1, 0, 0), header_style="bold", expand=console.is_terminal)
    width = None if console.is_terminal else PIPED_WIDTH
    made.add_column("legacy", ratio=1, min_width=width, overflow="fold")
    made.add_column("", width=1)
    made.add_column("extracted", ratio=1, overflow="fold")
    for left, mark, right in shortened(rows(answer_lines(legacy, headers), answer_lines(extracted, headers))):
        left_style, right_style = STYLES[mark]
        made.add_row(styled(left, left_style), mark, styled(right, right_style))
    return [made]


def answer_lines(answer: Json, headers: Sequence[str]) -> list[str]:
    """One side's answer as lines; how it ended when no answer began."""
    if not answer.get("status"):
        return [clean(f"no answer: {answer['outcome']}" if answer.get("outcome") else "no answer")]
    wanted = {name.lower() for name in headers}
    lines = [f"status {answer['status']}"]
    lines += [f"{name}: {value}" for name, value in answer.get("headers", ()) if name.lower() in wanted]
    body = body_lines(answer.get("body"))
    rest = [f"... {counted(len(body) - LINES, 'line')} more"] if len(body) > LINES else []
    return [clean(line) for line in [*lines, "", *body[:LINES], *rest]]


def body_lines(body: object) -> list[str]:
    if body is None or body == "":
        return ["(no body)"]
    text = body if isinstance(body, str) else json.dumps(body)
    try:
        value = json.loads(text, parse_int=_Literal, parse_float=_Literal)
    except (ValueError, RecursionError):
        return text.splitlines()
    return _laid_out(value, 0)


class _Literal(str):
    """A number exactly as it was written: 1.10 stays 1.10."""


def _laid_out(value: object, depth: int, lead: str = "", tail: str = "") -> list[str]:
    inset = "  " * depth
    if isinstance(value, dict) and value:
        inner = [(f"{json.dumps(key, ensure_ascii=False)}: ", member) for key, member in value.items()]
        brackets = "{}"
    elif isinstance(value, list) and value:
        inner = [("", member) for member in value]
        brackets = "[]"
    else:
        text = str(value) if isinstance(value, _Literal) else json.dumps(value, ensure_ascii=False)
        return [f"{inset}{lead}{text}{tail}"]
    lines = [f"{inset}{lead}{brackets[0]}"]
    for index, (name, member) in enumerate(inner, 1):
        lines += _laid_out(member, depth + 1, name, "," if index < len(inner) else "")
    return [*lines, f"{inset}{brackets[1]}{tail}"]


def rows(left: Sequence[str], right: Sequence[str]) -> list[Row]:
    """The lines of both, aligned."""
    made: list[Row] = []
    for what, a, b, c, d in difflib.SequenceMatcher(None, left, right, autojunk=False).get_opcodes():
        if what == "equal":
            made += [Row(one, " ", one) for one in left[a:b]]
            continue
        both = min(b - a, d - c)
        made += [Row(one, "|", other) for one, other in zip(left[a:b], right[c:d], strict=False)]
        made += [Row(one, "<", "") for one in left[a + both : b]]
        made += [Row("", ">", other) for other in right[c + both : d]]
    return made


def shortened(given: Sequence[Row]) -> Iterator[Row]:
    """Without the equal lines that are far from a difference; a line says how many were left out."""
    near = {
        index + offset for index, row in enumerate(given) if row.mark != " " for offset in range(-AROUND, AROUND + 1)
    }
    for is_near, stretch in itertools.groupby(enumerate(given), lambda numbered: not near or numbered[0] in near):
        lines = [row for _, row in stretch]
        if is_near or len(lines) == 1:
            yield from lines
        else:
            yield _gap(len(lines))


def _gap(lines: int) -> Row:
    text = f"... {counted(lines, 'equal line')} ..."
    return Row(text, " ", text)
