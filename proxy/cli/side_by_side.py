"""Two answers beside each other, as `diff -y` lays them out; below each other where the terminal is narrow.

Long stretches of equal lines are left out but for a few around each difference. Only lines that differ are coloured,
and in them what differs is bold.
"""

from __future__ import annotations

import difflib
import itertools
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, NamedTuple

from proxy.cli.client import Json
from proxy.cli.formats import clean, counted
from proxy.cli.layout import body_lines
from proxy.cli.output import screen, styled

if TYPE_CHECKING:
    from rich.console import RenderableType
    from rich.text import Text

AROUND = 3  # equal lines shown before and after a difference
LINES = 2000  # of one answer; what comes after is not laid out
PIPED_WIDTH = 60  # of the left column where there is no terminal
ALIKE = 20_000  # pairs of equal lines that are all considered
NARROW = 70  # columns of a terminal; below that two columns would only be read in pieces

STYLES = {"|": ("red", "green"), "<": ("red", ""), ">": ("", "green"), " ": ("", "")}


class Row(NamedTuple):
    left: str
    mark: str  # " " equal, "|" differs, "<" only left, ">" only right
    right: str


def side_by_side(legacy: Json, extracted: Json, headers: Sequence[str]) -> list[RenderableType]:
    """Both answers, ready to be shown: status, the named headers, body."""
    console = screen()
    shown = shortened(rows(answer_lines(legacy, headers), answer_lines(extracted, headers)))
    if console.is_terminal and console.width < NARROW:
        return _below_each_other(shown)
    return _beside_each_other(shown, console.is_terminal)


def _beside_each_other(shown: Iterator[Row], terminal: bool) -> list[RenderableType]:
    from rich.table import Table

    made = Table(box=None, pad_edge=False, padding=(0, 1, 0, 0), header_style="bold", expand=terminal)
    made.add_column("legacy", ratio=1, min_width=None if terminal else PIPED_WIDTH, overflow="fold")
    made.add_column("", width=1)
    made.add_column("extracted", ratio=1, overflow="fold")
    for row in shown:
        left, right = _coloured(row)
        made.add_row(left, row.mark, right)
    return [made]


def _below_each_other(shown: Iterator[Row]) -> list[RenderableType]:
    """As `diff -u`: of each stretch that differs first legacy's lines, then extracted's."""
    lines: list[RenderableType] = [styled("- legacy  + extracted", "bold")]
    for differs, stretch in itertools.groupby(shown, lambda row: row.mark != " "):
        pairs = [(row, *_coloured(row)) for row in stretch]
        if not differs:
            lines += [styled("  ").append_text(left) for _, left, _ in pairs]
            continue
        lines += [styled("- ", "red").append_text(left) for row, left, _ in pairs if row.mark != ">"]
        lines += [styled("+ ", "green").append_text(right) for row, _, right in pairs if row.mark != "<"]
    return lines


def _coloured(row: Row) -> tuple[Text, Text]:
    left_style, right_style = STYLES[row.mark]
    left, right = styled(row.left, left_style), styled(row.right, right_style)
    if row.mark == "|":
        start = _common(row.left, row.right)
        end = min(_common(row.left[::-1], row.right[::-1]), min(len(row.left), len(row.right)) - start)
        left.stylize("bold", start, len(row.left) - end)
        right.stylize("bold", start, len(row.right) - end)
    return left, right


def _common(one: str, other: str) -> int:
    """The length of the common beginning."""
    return next((at for at, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other)))


def answer_lines(answer: Json, headers: Sequence[str]) -> list[str]:
    """One side's answer as lines; how it ended when no answer began."""
    if not answer.get("status"):
        return [clean(f"no answer: {answer['outcome']}" if answer.get("outcome") else "no answer")]
    wanted = {name.lower() for name in headers}
    given = [(str(name), str(value)) for name, value in answer.get("headers", ())]
    lines = [f"status {answer['status']}"]
    lines += [f"{name}: {value}" for name, value in given if name.lower() in wanted]
    kind = next((value for name, value in given if name.lower() == "content-type"), "")
    body = body_lines(answer.get("body"), kind, answer.get("size"))
    rest = [f"... {counted(len(body) - LINES, 'line')} more"] if len(body) > LINES else []
    if answer.get("body") and not answer.get("complete", True):
        rest.append("... cut here, the rest is not kept")
    return [clean(line) for line in [*lines, "", *body[:LINES], *rest]]


def rows(left: Sequence[str], right: Sequence[str]) -> list[Row]:
    """The lines of both, aligned."""
    shorter = min(len(left), len(right))
    head = next((at for at in range(shorter) if left[at] != right[at]), shorter)
    tail = next((at for at in range(shorter - head) if left[-1 - at] != right[-1 - at]), shorter - head)
    ours, theirs = left[head : len(left) - tail], right[head : len(right) - tail]
    return [
        *(Row(one, " ", one) for one in left[:head]),
        *_aligned(ours, theirs),
        *(Row(one, " ", one) for one in left[len(left) - tail :]),
    ]


def _aligned(left: Sequence[str], right: Sequence[str]) -> Iterator[Row]:
    """Where too many lines are alike, those that many others are like are not looked for: that would take minutes."""
    times = Counter(right)
    alike = sum(times[line] for line in left)
    for what, a, b, c, d in difflib.SequenceMatcher(None, left, right, autojunk=alike > ALIKE).get_opcodes():
        if what == "equal":
            yield from (Row(one, " ", one) for one in left[a:b])
            continue
        both = min(b - a, d - c)
        yield from (Row(one, "|", other) for one, other in zip(left[a:b], right[c:d], strict=False))
        yield from (Row(one, "<", "") for one in left[a + both : b])
        yield from (Row("", ">", other) for other in right[c + both : d])


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
