"""Two folders of saved answers, compared file by file: what a team has before any proxy runs.

Files are paired by their path below the folder. A link to a folder is not followed (it may lead in a circle), what is
no regular file is not opened (a pipe would hang), and nothing larger than FILE_CAP is read: such pairs are
`not_compared` with their reason, since a pair that was left out silently would look like one that is fine.
"""

from __future__ import annotations

import os
import stat
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from proxy.cli.client import Json
from proxy.cli.formats import clean, counted
from proxy.cli.options import FILE_CAP
from proxy.cli.output import RISK_STYLES, Trouble, indented, show, styled, table, tracked

if TYPE_CHECKING:
    from rich.console import RenderableType

    from proxy.model.comparison import Comparison

FILES = 100_000  # of one folder
NAMED = 20  # one-sided files that are named on the screen; --json names all

STYLES = {"mismatch": "bold red", "not_compared": "yellow", "ignored": "green", "match": "bold green"}

Compare = Callable[[str, str], "Comparison"]
"""Compares two files by their paths. Raises Trouble when one of them cannot be read or understood."""


class Pair(NamedTuple):
    """What became of two files of one relative path. `reason` says why it was not compared."""

    path: str
    result: str
    reason: str = ""
    signature: str = ""
    risk: str = ""
    where: str = ""  # the worst difference's path
    kind: str = ""
    total: int = 0


class Report(NamedTuple):
    pairs: list[Pair]
    only_left: list[str]
    only_right: list[str]

    @property
    def exit_code(self) -> int:
        """1 when something differs, else 2 when something could not be compared."""
        results = {pair.result for pair in self.pairs}
        if "mismatch" in results or self.only_left or self.only_right:
            return 1
        return 2 if "not_compared" in results else 0


def compare_folders(left: str, right: str, compare: Compare) -> Report:
    """Every pair of the two folders, in the order of their paths."""
    ours, theirs = files(left), files(right)
    paths = sorted(ours & theirs)
    if not paths:
        raise Trouble(
            f"{left} and {right} have no file of the same name.", "Save both answers to a request under one path."
        )
    pairs = [_pair(left, right, path, compare) for path in tracked(paths, "comparing")]
    return Report(pairs, sorted(ours - theirs), sorted(theirs - ours))


def files(folder: str) -> set[str]:
    """The relative paths of everything below `folder` that is not itself a folder."""
    found: set[str] = set()

    def failed(error: OSError) -> None:
        raise Trouble(f"Cannot read {error.filename}: {error.strerror}.", "Name folders that you may read.")

    for place, folders, names in os.walk(folder, onerror=failed):
        links = [name for name in folders if os.path.islink(os.path.join(place, name))]
        found |= {os.path.relpath(os.path.join(place, name), folder) for name in (*names, *links)}
        if len(found) > FILES:
            raise Trouble(f"{folder} holds more than {FILES:,} files.", "Compare its subfolders one by one.")
    return found


def _pair(left: str, right: str, path: str, compare: Compare) -> Pair:
    ours, theirs = os.path.join(left, path), os.path.join(right, path)
    if reason := _unfit(ours) or _unfit(theirs):
        return Pair(path, "not_compared", reason)
    try:
        found = compare(ours, theirs)
    except Trouble as trouble:
        return Pair(path, "not_compared", trouble.message.splitlines()[0])
    worst = found.differences[0] if found.differences else None
    return Pair(
        path,
        str(found.result),
        str(found.reason or ""),
        found.signature,
        str(found.risk or ""),
        worst.path if worst else "",
        str(worst.kind) if worst else "",
        found.total,
    )


def _unfit(path: str) -> str:
    """Why a file is not opened; "" when it may be."""
    try:
        about = Path(path).stat()
    except OSError as error:
        return f"unreadable: {error.strerror}"
    if not stat.S_ISREG(about.st_mode):
        return "not a regular file"
    return "too_large" if about.st_size > FILE_CAP else ""


def plain(report: Report) -> Json:
    """The report for scripts."""
    return {
        "results": dict(Counter(pair.result for pair in report.pairs)),
        "pairs": [pair._asdict() for pair in report.pairs],
        "only_left": report.only_left,
        "only_right": report.only_right,
    }


def show_report(report: Report, left: str, right: str) -> None:
    """A row for each result and signature, then what only one side has."""
    groups: dict[tuple[str, str], list[Pair]] = {}
    for pair in report.pairs:
        groups.setdefault((pair.result, pair.signature or pair.reason), []).append(pair)
    results, risks = list(STYLES), [*RISK_STYLES, ""]
    ranked = sorted(
        groups.items(), key=lambda group: (results.index(group[0][0]), risks.index(group[1][0].risk), -len(group[1]))
    )
    rows = [
        (
            styled(result, STYLES[result]),
            signature or "-",
            styled(pairs[0].risk or "-", RISK_STYLES.get(pairs[0].risk, "")),
            f"{len(pairs):,}",
            f"{pairs[0].kind} at {pairs[0].where}" if pairs[0].where else "-",
            pairs[0].path,
        )
        for (result, signature), pairs in ranked
    ]
    titles = ("RESULT", "SIGNATURE OR REASON", "RISK", ">PAIRS", "WORST DIFFERENCE", "FOR EXAMPLE")
    show(table(titles, rows, fold=("SIGNATURE OR REASON", "WORST DIFFERENCE", "FOR EXAMPLE")))
    for folder, names in ((left, report.only_left), (right, report.only_right)):
        if names:
            show(styled(f"{counted(len(names), 'file')} only in {folder}:", "yellow"), *_named(names))
    worst = next((pairs[0] for (result, _), pairs in ranked if result == "mismatch"), None)
    if worst:
        ours, theirs = os.path.join(left, worst.path), os.path.join(right, worst.path)
        show(f"`strangler compare {clean(ours)} {clean(theirs)}` shows what differs.")


def _named(names: list[str]) -> list[RenderableType]:
    rest = [f"... and {len(names) - NAMED:,} more"] if len(names) > NAMED else []
    return [indented(clean(name)) for name in (*names[:NAMED], *rest)]
