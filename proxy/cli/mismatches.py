"""`strangler mismatches`: where the extracted service answers otherwise than the monolith."""

from __future__ import annotations

from datetime import UTC, datetime

import click

from proxy.cli.client import Client, Json
from proxy.cli.formats import ago, clean, clock, count, counted, latency
from proxy.cli.options import admin_options, json_option
from proxy.cli.output import RISK_STYLES, Trouble, indented, show, show_json, styled, table
from proxy.cli.side_by_side import side_by_side


@click.command()
@click.argument("route")
@click.argument("signature", required=False)
@click.option(
    "--number", default=1, show_default=True, type=click.IntRange(1), metavar="N", help="Which of the kept exemplars."
)
@click.option("--all", "earlier", is_flag=True, help="Also those of earlier builds and rule sets.")
@json_option
@admin_options
def command(client: Client, route: str, signature: str | None, number: int, earlier: bool, as_json: bool) -> None:
    """Show the kinds of mismatch of ROUTE, or one exemplar of SIGNATURE with both answers side by side.

    A signature names mismatches that differ at the same places in the same way. In the side-by-side view `|` marks
    a line that differs, `<` one that only legacy has, `>` one that only extracted has.

    \b
    Example:
      strangler mismatches charge-read
      strangler mismatches charge-read 3fa1b2c4

    \b
    Exit codes:
      0  shown, also when there are none
      2  trouble: no such route or signature, or the proxy cannot be reached
    """
    if signature is None:
        answer = client.get("routes", route, "mismatches")
        return show_json(answer) if as_json else _show_signatures(route, answer, earlier)
    answer = client.get("routes", route, "mismatches", signature)
    return show_json(answer) if as_json else _show_exemplar(answer, number)


def _show_signatures(route: str, answer: Json, earlier: bool) -> None:
    every = answer["signatures"]
    signatures = [row for row in every if earlier or row.get("current", True)]
    build = f" of build {clean(answer['build'])}" if answer.get("build") else ""
    hidden = len(every) - len(signatures)
    rest = f" --all shows {counted(hidden, 'signature')} of earlier builds and rule sets." if hidden else ""
    if not signatures:
        return show(f"No mismatches on {clean(route)}{build}.{rest}")
    now = datetime.now(UTC)
    rows = [
        (
            row["signature"],
            styled(row["risk"], RISK_STYLES.get(str(row["risk"]), "")),
            row["kind"],
            row["path"],
            "/".join(map(str, row["status_pair"])),
            count(row["count"]),
            ago(row["last"], now),
        )
        for row in signatures
    ]
    show(table(("SIGNATURE", "RISK", "KIND", "PATH", "STATUS", ">COUNT", ">LAST SEEN"), rows, fold=("PATH",)))
    for row in signatures:
        if accepted := row.get("accepted"):
            text = (
                f"{row['signature']} is accepted by {accepted['owner']} until {accepted['until']}: {accepted['reason']}"
            )
            show(styled(text, "dim"))
    return show(f"`strangler mismatches {clean(route)} SIGNATURE` shows one side by side.{rest}")


def _show_exemplar(answer: Json, number: int) -> None:
    row, exemplars = answer["signature"], answer["exemplars"]
    head = (
        f"{row['signature']}  {row['risk']} risk, {row['kind']} at {row['path']}, seen {counted(row['count'], 'time')}"
    )
    show(styled(head, "bold"))
    if not exemplars:
        show("No exemplar of it is kept.")
        return
    if number > len(exemplars):
        raise Trouble(
            f"There is no exemplar {number}.", f"{counted(len(exemplars), 'exemplar')} are kept; say --number 1."
        )
    exemplar = exemplars[number - 1]
    request = exemplar["request"]
    show(f"exemplar {number} of {len(exemplars)}, {clock(exemplar['at'])}", "")
    show(styled(f"{request['method']} {request['target']}", "bold"))
    show(*(indented(f"{name}: {value}") for name, value in request["headers"]))
    if request.get("body"):
        show("", *(indented(line) for line in str(request["body"]).splitlines()))
    show("", styled("differences", "bold"))
    for one in exemplar["differences"]:
        excused = f"  (rule: {one['ignored_by']})" if one.get("ignored_by") else ""
        line = f"{one.get('place') or one['path']}  {one['kind']}: {one['legacy']} -> {one['extracted']}{excused}"
        show(indented(line))
    show("")
    headers = [
        one["path"].removeprefix("header:") for one in exemplar["differences"] if one["path"].startswith("header:")
    ]
    show(*side_by_side(exemplar["legacy"], exemplar["extracted"], headers))
    times = (latency(exemplar[side].get("seconds")) for side in ("legacy", "extracted"))
    show("", "took {} and {}".format(*times), "")
    click.echo(clean(exemplar["curl"]))  # never folded, it is there to be copied
