"""`strangler compare`: two saved answers, or two folders of them, by a route's rules."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from proxy.cli.compare_folders import STYLES, compare_folders, plain, show_report
from proxy.cli.options import config_option, json_option, read_bytes
from proxy.cli.output import Trouble, show, show_json, styled
from proxy.cli.routes_file import compiled, named
from proxy.model.sides import Side

if TYPE_CHECKING:
    from proxy.comparison import Rules
    from proxy.model.comparison import Comparison
    from proxy.model.observation import Observation

EXIT_CODES = {"match": 0, "ignored": 0, "mismatch": 1, "not_compared": 2}


@click.command()
@click.argument("left")
@click.argument("right")
@config_option
@click.option("--route", metavar="NAME", help="Compare by this route's rules; without it, by none.")
@json_option
@click.pass_context
def command(ctx: click.Context, left: str, right: str, config: str, route: str | None, as_json: bool) -> None:
    """Compare two saved answers, or two folders of them, LEFT as legacy's and RIGHT as the extracted service's.

    Each is a raw HTTP message (as `curl -i` saves it) or a bare body. One of two files may be - for standard input.
    Files of two folders are paired by their path below the folder.

    \b
    Example:
      curl -si http://127.0.0.1:8001/v1/charges/ch_1 > legacy.http
      curl -si http://127.0.0.1:8101/v1/charges/ch_1 > extracted.http
      strangler compare legacy.http extracted.http --route charge-read
      strangler compare saved/legacy/ saved/extracted/ --route charge-read

    \b
    Exit codes:
      0  match, or the rules explain every difference
      1  mismatch, or a file that only one folder has
      2  trouble: could not be compared, or a file cannot be read; of folders, if nothing differs else
    """
    if left == right == "-":
        raise Trouble("Standard input can be only one of the two answers.", "Name a file for the other.")
    rules = _rules(config, route)
    if Path(left).is_dir() or Path(right).is_dir():
        ctx.exit(_folders(left, right, rules, as_json))
    found = _compared(left, right, rules)
    result = str(found.result)
    if as_json:
        differences = [{**one._asdict(), "kind": str(one.kind), "risk": str(one.risk)} for one in found.differences]
        show_json(
            {
                "result": result,
                "reason": str(found.reason) if found.reason else None,
                "signature": found.signature,
                "risk": str(found.risk) if found.risk else None,
                "status_pair": list(found.status_pair),
                "differences": differences,
                "total": found.total,
            }
        )
    else:
        from proxy import comparison

        headline, *lines = comparison.describe(found)
        show(styled(headline, STYLES[result]), *(styled(line) for line in lines))
    ctx.exit(EXIT_CODES[result])


def _folders(left: str, right: str, rules: Rules, as_json: bool) -> int:
    for path in (left, right):
        if not Path(path).is_dir():
            raise Trouble(f"{path} is no folder, and the other is one.", "Name two files or two folders.")
    report = compare_folders(left, right, lambda one, other: _compared(one, other, rules))
    if as_json:
        show_json(plain(report))
    else:
        show_report(report, left, right)
    return report.exit_code


def _compared(left: str, right: str, rules: Rules) -> Comparison:
    from proxy import comparison

    return comparison.compare(_saved(left, Side.LEGACY), _saved(right, Side.EXTRACTED), rules)


def _saved(path: str, side: Side) -> Observation:
    from proxy import comparison

    try:
        return comparison.parse_saved(read_bytes(path), side)
    except comparison.BadMessageError as error:
        raise Trouble(
            f"{path} is not an HTTP message: {error}.", "Save answers with `curl -si`, or bodies alone."
        ) from None


def _rules(config: str, route: str | None) -> Rules:
    from proxy import comparison
    from proxy.model.spec import Compare

    if route is None:
        return comparison.compile_rules(Compare())
    source = compiled(config)
    return source.rules[named(source, config, route).name]
