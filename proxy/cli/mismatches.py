"""`strangler mismatches`: where the extracted service answers otherwise than the monolith."""

from __future__ import annotations

from datetime import UTC, datetime

import click

from proxy.cli.client import Client, Json
from proxy.cli.formats import age, clean, clock, count, counted, latency, share
from proxy.cli.layout import body_lines
from proxy.cli.options import admin_options, json_option
from proxy.cli.output import RISK_STYLES, Trouble, indented, show, show_json, styled, table
from proxy.cli.side_by_side import side_by_side

DIFFERENCES = 30  # shown of one exemplar, and lines of a request's body
QUIET = ("accepted", "mended", "unseen")  # states that nobody has to do anything about


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

    A signature names mismatches that differ at the same places in the same way. SHARE is of the comparisons of its
    build and rules. STATE: `open`; `accepted`, until when; of earlier builds and rules `mended`, when chance alone
    would have shown it since, or `unseen`, when it may only be rare. A signature of kind `noise` is a field that varies
    on legacy too, but otherwise on the extracted side: it blocks the verdict like any other, and may be accepted.

    In the side-by-side view `|` marks a line that differs, `<` one that only legacy has, `>` one that only extracted
    has. On a narrow terminal the lines stand below each other.

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
            styled(row["risk"], RISK_STYLES.get(str(row["risk"]), "")),
            row["signature"],
            styled(_state(row), "dim" if row.get("state") in QUIET else ""),
            count(row["count"]),
            share(row.get("share")),
            _differs(row),
            age(row["first"], now),
            age(row["last"], now),
            *([row["build"] or "-"] if earlier else []),
        )
        for row in sorted(signatures, key=_urgency)
    ]
    titles = ["RISK", "SIGNATURE", "STATE", ">COUNT", ">SHARE", "DIFFERS", ">FIRST", ">LAST"]
    show(table([*titles, *(["BUILD"] if earlier else [])], rows, fold=("STATE", "DIFFERS", "BUILD")))
    for row in signatures:
        if note := _note(row):
            show(styled(note, "dim"))
    return show(f"`strangler mismatches {clean(route)} SIGNATURE` shows one side by side.{rest}")


def _urgency(row: Json) -> tuple[bool, bool, int, int]:
    risk = list(RISK_STYLES).index(row["risk"]) if row["risk"] in RISK_STYLES else 0
    return not row.get("current", True), row.get("state") in QUIET, risk, -row["count"]


def _state(row: Json) -> str:
    state = str(row.get("state") or ("accepted" if row.get("accepted") else "open"))
    return f"accepted until {row['accepted']['until']}" if state == "accepted" else state


def _differs(row: Json) -> str:
    """`value at $.fee`, `status at status, 200 and 404`."""
    if not row["path"]:
        return "more kinds than are told apart" if row["signature"] == "other" else str(row["kind"] or "-")
    ours, theirs = row["status_pair"]
    statuses = f", {ours} and {theirs}" if ours != theirs else ""
    return f"{row['kind']} at {row['path']}{statuses}"


def _note(row: Json) -> str:
    if accepted := row.get("accepted"):
        words = "is accepted" if row.get("state", "accepted") == "accepted" else "was accepted"
        return f"{row['signature']} {words} by {accepted['owner']} until {accepted['until']}: {accepted['reason']}"
    if row["kind"] == "noise":
        said = row.get("note") or "varies on legacy too, and varies otherwise on the extracted side"
        return f"{row['signature']}: {row['path']}: {said}. Its differences are no longer taken for noise."
    return f"{row['signature']}: {row['note']}." if row.get("note") else ""


def _show_exemplar(answer: Json, number: int) -> None:
    row, exemplars = answer["signature"], answer["exemplars"]
    head = f"{row['signature']}  {row['risk']} risk, {_differs(row)}, seen {counted(row['count'], 'time')}"
    show(styled(f"{head}, {_state(row)}", "bold"))
    if note := _note(row):
        show(styled(note, "dim"))
    if not exemplars:
        show("No exemplar of it is kept.")
        return
    if number > len(exemplars):
        raise Trouble(
            f"There is no exemplar {number}.", f"{counted(len(exemplars), 'exemplar')} are kept; say --number 1."
        )
    exemplar = exemplars[number - 1]
    _show_request(exemplar, f"exemplar {number} of {len(exemplars)}, {clock(exemplar['at'])}")
    _show_differences(exemplar["differences"])
    headers = [
        one["path"].removeprefix("header:") for one in exemplar["differences"] if one["path"].startswith("header:")
    ]
    show("", *side_by_side(exemplar["legacy"], exemplar["extracted"], headers))
    times = (latency(exemplar[side].get("seconds")) for side in ("legacy", "extracted"))
    show("", "took {} and {}".format(*times), "")
    click.echo(clean(exemplar["curl"]))  # never folded, it is there to be copied


def _show_request(exemplar: Json, title: str) -> None:
    request = exemplar["request"]
    show(title, "", styled(f"{request['method']} {request['target']}", "bold"))
    show(*(indented(f"{name}: {value}") for name, value in request["headers"]))
    if request.get("body"):
        kind = next((value for name, value in request["headers"] if name.lower() == "content-type"), "")
        lines = body_lines(request["body"], kind)
        rest = [f"... {counted(len(lines) - DIFFERENCES, 'line')} more"] if len(lines) > DIFFERENCES else []
        show("", *(indented(line) for line in (*lines[:DIFFERENCES], *rest)))


def _show_differences(differences: list[Json]) -> None:
    """What differs, all of it: those that no rule explains first, the worst of them first."""
    show("", styled("differences", "bold"))
    for one in differences[:DIFFERENCES]:
        excused = f"  (rule: {one['ignored_by']})" if one.get("ignored_by") else ""
        values = f": {one['legacy'] or '-'} -> {one['extracted'] or '-'}" if one["legacy"] or one["extracted"] else ""
        line = f"{one.get('place') or one['path']}  {one['kind']}{values}{excused}"
        show(indented(styled(line, "dim" if excused else "")))
    if len(differences) > DIFFERENCES:
        show(indented(f"... and {len(differences) - DIFFERENCES} more, with --json"))
