"""`python -m bench.corpus`: all kinds of the tuning part, tables on the terminal; see the package's docstring."""

from __future__ import annotations

import argparse
import json
import multiprocessing
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console
from rich.progress import track

from bench.corpus import figures as read
from bench.corpus.answers import Bases, real_answers
from bench.corpus.cases import HELD_OUT, TUNING, Case, cases
from bench.corpus.report import markdown, print_tables
from bench.corpus.running import Figures, Run
from bench.corpus.world import with_derived
from bench.machine import BenchError

PROCESSES = 2
_bases: Bases = {}


def arguments(given: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m bench.corpus", description="Recall and precision on labelled pairs."
    )
    parser.add_argument("--kind", action="append", default=[], metavar="NAME", help="only this kind; may be repeated")
    parser.add_argument("--requests", type=int, default=5000, help="requests of a route before it is judged")
    parser.add_argument("--held-out", action="store_true", help="the kinds that were written apart from the detector")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write all figures")
    parser.add_argument("--markdown", type=Path, metavar="FILE", help="write the tables as Markdown")
    parser.add_argument("--processes", type=int, default=PROCESSES)
    return parser.parse_args(given)


def main(given: Sequence[str] | None = None) -> int:
    options = arguments(given)
    chosen = cases(options.kind, options.requests, HELD_OUT if options.held_out else TUNING)
    if not chosen:
        part = "held-out" if options.held_out else "tuning"
        print(f"no kind of the {part} part is named {', '.join(options.kind)}", file=sys.stderr)
        return 2
    try:
        bases = with_derived(real_answers())
    except BenchError as error:
        print(error, file=sys.stderr)
        return 2
    started = time.monotonic()
    figures = run_all(chosen, bases, options.processes)
    console = Console(width=None if sys.stdout.isatty() else 160)
    print_tables(console, figures)
    console.print(f"{len(chosen)} routes in {time.monotonic() - started:.0f} s")
    if options.json:
        totals = {name: [share.part, share.whole] for name, share in read.totals(figures).items()}
        whole = {"requests": options.requests, "held_out": options.held_out, "totals": totals}
        options.json.write_text(json.dumps(whole | {"cases": [read.plain(one) for one in figures]}, indent=1) + "\n")
    if options.markdown:
        options.markdown.write_text(markdown(figures))
    return 0


def run_all(chosen: Sequence[Case], bases: Bases, processes: int) -> list[Figures]:
    """Every case; a progress bar where somebody looks."""
    tasks = list(range(len(chosen)))
    global _bases, _chosen
    _bases, _chosen = bases, chosen
    with multiprocessing.get_context("fork").Pool(processes) as pool:
        ran = pool.imap(_run, tasks)
        shown = track(ran, "routes", total=len(tasks), console=Console(stderr=True), disable=not sys.stderr.isatty())
        return [one for rows in shown for one in rows]


_chosen: Sequence[Case] = ()


def _run(number: int) -> list[Figures]:
    return Run(_chosen[number], _bases).go()


if __name__ == "__main__":
    sys.exit(main())
