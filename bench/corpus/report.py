"""The figures as tables: on a terminal, and in Markdown for the docs."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Console
from rich.table import Table

from bench.corpus import figures as read
from bench.corpus.cases import NOISES, WRONGS
from bench.corpus.running import Figures
from bench.corpus.world import SHARES

Row = tuple[str, ...]
SAYS = {kind.name: kind.says for kind in NOISES} | {kind.name: kind.says for kind in WRONGS}
INSIDE = {kind.name for kind in WRONGS if kind.inside}
WRONG_HEAD = ("mistake", "what is wrong", *SHARES, "wrong answers reported")
NOISE_HEAD = ("noise", "what it is", "pairs", "match", "explained", "not compared", "reported", "early", "flagged")


def wrong_rows(figures: Sequence[Figures], inside: bool) -> list[Row]:
    """One row for each kind: how and after how many requests it was found, at each frequency."""
    rows: list[Row] = []
    for kind in dict.fromkeys(one.kind for one in figures if one.share):
        if (kind in INSIDE) != inside:
            continue
        of_kind = {one.share: one for one in figures if one.kind == kind}
        found = [_found(of_kind.get(share)) for share in SHARES]
        rows.append((kind, SAYS[kind], *found, _percent(read.pair_recall(list(of_kind.values())))))
    return rows


def noise_rows(figures: Sequence[Figures]) -> list[Row]:
    """One row for each route without a mistake."""
    rows: list[Row] = []
    for one in figures:
        ended, says = one.clean.results, SAYS.get(one.kind, "several kinds together")
        counts = (one.clean.pairs, ended["match"] + ended["ignored"], ended["explained"], read.undecided(one.clean))
        share = read.false_rate([one])
        reported = f"{share.part} ({100 * share.rate:.2f} %)" if share.part else "0"
        flagged = ", ".join(one.flagged)
        rows.append((one.kind, says, *(f"{count:,}" for count in counts), reported, f"{one.early_false:,}", flagged))
    return rows


def print_tables(console: Console, figures: Sequence[Figures]) -> None:
    for title, head, rows in _tables(figures):
        table = Table(title=title, title_justify="left", header_style="bold")
        for place, name in enumerate((head[0], *head[2:])):  # what it is needs the width of a page
            table.add_column(name, justify="right" if place else "left", overflow="fold", no_wrap=not place)
        for row in rows:
            table.add_row(row[0], *row[2:])
        console.print(table)
    for name, share in read.totals(figures).items():
        console.print(f"{name:55} {share}", highlight=False)
    for one in read.missed(figures):
        console.print(f"[red]not found[/]: {one.kind}, {one.share}: {_ended(one)}")
    for one in read.loud(figures):
        console.print(f"[red]too loud[/]: {one.kind}: {_ended(one)}")


def markdown(figures: Sequence[Figures]) -> str:
    lines: list[str] = []
    for title, head, rows in _tables(figures):
        lines += [f"{title}:", "", _line(head), _line(["---", "---", *["---:"] * (len(head) - 2)])]
        lines += [*map(_line, rows), ""]
    lines += [f"- {name}: {share}" for name, share in read.totals(figures).items()]
    return "\n".join(lines) + "\n"


def _tables(figures: Sequence[Figures]) -> list[tuple[str, Row, list[Row]]]:
    alone = read.noise_only(figures)
    often, rare = [one for one in alone if one.often], [one for one in alone if not one.often]
    tables = [
        ("Mistakes", WRONG_HEAD, wrong_rows(figures, inside=False)),
        ("Mistakes inside noisy fields", WRONG_HEAD, wrong_rows(figures, inside=True)),
        ("Noise alone, in 5 % of the answers or more", NOISE_HEAD, noise_rows(often)),
        ("Rarer noise alone", NOISE_HEAD, noise_rows(rare)),
        ("Noise by side alone, for a person to excuse", NOISE_HEAD, noise_rows(read.by_side(figures))),
    ]
    return [table for table in tables if table[2]]


def _found(one: Figures | None) -> str:
    if one is None or not one.wrong.pairs:
        return "-"
    if not one.found:
        return "no"
    return f"{one.first:,} (the {_ordinal(one.first_wrong)})" if one.first else one.found


def _ordinal(number: int) -> str:
    ending = "th" if 10 <= number % 100 <= 20 else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return f"{number:,}{ending}"


def _percent(share: read.Share) -> str:
    return f"{100 * share.rate:.{2 if 0 < share.rate < 0.1 else 0}f} %" if share.whole else "-"


def _ended(one: Figures) -> str:
    tally = one.wrong if one.share else one.clean
    places = ", ".join(f"{path} {count}" for path, count in tally.paths.most_common(3))
    unseen = f"; the comparison sees no difference in {one.unseen}" if one.unseen else ""
    flagged = f"; flagged {', '.join(one.flagged)}" if one.flagged else ""
    return f"{dict(tally.results)}, reported at {places or 'nothing'}{unseen}{flagged}"


def _line(cells: Sequence[str]) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"
