"""What commands print: colour and folding on a terminal, plain whole lines everywhere else.

Piped output is for grep, awk and files: no colour, no line ever folded or cut, no trailing blanks. On a terminal
tables fit its width. NO_COLOR (https://no-color.org) takes all styling away. Everything shown passes `clean`,
since most of it came from the network.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, TypeVar

import click

from proxy.cli.formats import clean

if TYPE_CHECKING:
    from rich.console import Console, RenderableType
    from rich.table import Table
    from rich.text import Text

T = TypeVar("T")

UNBOUNDED = 100_000  # columns; wider than any line we print

STAGE_STYLES = {"legacy": "", "shadow": "cyan", "canary": "yellow", "live": "green", "retired": "dim"}
VERDICT_STYLES = {"pass": "bold green", "fail": "bold red", "inconclusive": "yellow"}
RISK_STYLES = {"high": "bold red", "medium": "yellow", "low": ""}


class Trouble(click.ClickException):
    """A person's mistake or the world's: one clear message with its remedy, exit code 2."""

    exit_code = 2

    def __init__(self, message: str, remedy: str = "") -> None:
        super().__init__(f"{message}\n  {remedy}" if remedy else message)

    def show(self, file: Any = None) -> None:
        click.echo(f"strangler: {clean(self.message)}", file=file, err=file is None)


def screen(*, err: bool = False) -> Console:
    """A console on stdout (or stderr) as it is now."""
    from rich.console import Console

    stream = sys.stderr if err else sys.stdout
    terminal = stream.isatty()
    plain = not terminal or bool(os.environ.get("NO_COLOR")) or os.environ.get("TERM") == "dumb"
    return Console(
        file=stream,
        force_terminal=terminal,
        color_system=None if plain else "auto",
        width=None if terminal else UNBOUNDED,
        markup=False,
        emoji=False,
        highlight=False,
    )


def show(*parts: RenderableType, err: bool = False) -> None:
    """Print `parts`, each from a new line on."""
    console = screen(err=err)
    with console.capture() as captured:
        for part in parts:
            console.print(part)
    text = "".join(line.rstrip() + "\n" for line in captured.get().splitlines())
    click.echo(text, nl=False, err=err, color=console.is_terminal)


def tracked(items: Sequence[T], doing: str) -> Iterator[T]:
    """`items` one by one, with a bar on stderr where that is a terminal; it is gone when they are through."""
    console = screen(err=True)
    if not console.is_terminal or len(items) < 2:
        yield from items
        return
    from rich.progress import track

    yield from track(items, doing, console=console, transient=True)


@contextmanager
def bar(doing: str, total: int) -> Iterator[Callable[[int], None]]:
    """A bar on stderr where that is a terminal, for work that goes on elsewhere; call what it gives with how much is
    done."""
    console = screen(err=True)
    if not console.is_terminal:
        yield lambda done: None
        return
    from rich.progress import Progress

    with Progress(console=console, transient=True) as progress:
        task = progress.add_task(doing, total=total)
        yield lambda done: progress.update(task, completed=done)


def show_json(value: object) -> None:
    text = json.dumps(value, indent=2, ensure_ascii=False)
    click.echo(text.encode("utf-8", "backslashreplace"))  # half a surrogate pair can only be written escaped


def styled(value: object, style: str = "") -> Text:
    """`value` as clean text in one style."""
    from rich.text import Text

    return Text(clean(value), style=style)


def indented(text: Text | str, by: int = 2) -> RenderableType:
    """`text` set in by some blanks, on each line of it."""
    from rich.padding import Padding

    return Padding(styled(text) if isinstance(text, str) else text, (0, 0, 0, by))


def table(titles: Sequence[str], rows: Iterable[Sequence[object]], *, fold: Sequence[str] = ()) -> Table:
    """A table without lines. A title that starts with `>` marks a column of numbers, set to the right. Where the
    terminal is narrow the columns named in `fold` continue on the next line and the others keep their width. Cells are
    values or `styled` text."""
    from rich.table import Table
    from rich.text import Text

    body = list(rows)
    made = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
    for at, title in enumerate(titles):
        name = title.lstrip(">")
        made.add_column(
            name,
            justify="right" if title != name else "left",
            no_wrap=name not in fold,
            overflow="fold",
            min_width=None if name in fold else max(map(len, (name, *(str(row[at]) for row in body)))),
        )
    for row in body:
        made.add_row(*(cell if isinstance(cell, Text) else styled(cell) for cell in row))
    return made
