"""`strangler replay-mismatches`: are the mismatches that were seen mended?"""

from __future__ import annotations

import time

import click

from proxy.cli.client import Client, Json
from proxy.cli.formats import clean, counted
from proxy.cli.options import admin_options, json_option, who_options
from proxy.cli.output import RISK_STYLES, bar, indented, show, show_json, styled, table

EXIT_CODES = {"mended": 0, "differs": 1, "unknown": 2}
STYLES = {"mended": "bold green", "differs": "bold red", "unknown": "yellow"}
EVERY = 0.3  # seconds between two looks at how far it is


@click.command()
@click.argument("route")
@click.argument("signature", required=False)
@who_options
@json_option
@admin_options
@click.pass_context
def command(
    ctx: click.Context, client: Client, route: str, signature: str | None, who: str, why: str, as_json: bool
) -> None:
    """Ask both sides again for the kept exemplars of ROUTE, or of SIGNATURE alone, and say which mismatches are mended.

    Only safe requests are asked again, marked as copies, at the rate of `reasks.per_second`; answers are compared by
    the rules that are in force now. Accepted signatures are left out unless named. A request that was redacted when it
    was kept (a cookie or an Authorization header is enough) is another request without its secret, so it is skipped.

    No evidence is changed: exemplars are no sample of the traffic. The history records who asked. The verdict follows
    from what clients send to the new build.

    \b
    Example:
      strangler replay-mismatches charge-read
      strangler replay-mismatches charge-read 3fa1b2c4 --json

    \b
    Exit codes:
      0  all mended, or there are no mismatches
      1  some still differ
      2  trouble: none still differs, but some could not be asked; or no such route, or no proxy reached
    """
    seen = client.post("routes", route, "replay", signature=signature, who=who, why=why)
    with bar("asking again", seen["total"]) as advance:
        while seen["running"]:
            time.sleep(EVERY)
            seen = client.get("routes", route, "replay")
            advance(seen["done"])
    if as_json:
        show_json(seen)
    else:
        _show(route, seen)
    ctx.exit(EXIT_CODES.get(seen["says"], 2))


def _show(route: str, seen: Json) -> None:
    tallies = seen["signatures"]
    if not tallies:
        return show(f"No open mismatches on {clean(route)}: there is nothing to ask again.")
    rows = [
        (
            styled(tally["says"], STYLES.get(tally["says"], "")),
            tally["signature"],
            styled(tally["risk"], RISK_STYLES.get(tally["risk"], "")),
            f"{tally['mended']} of {tally['exemplars']}",
            f"{tally['kind']} at {tally['path']}",
        )
        for tally in sorted(tallies, key=_urgency)
    ]
    show(table(("NOW", "SIGNATURE", "RISK", ">MENDED", "DIFFERED"), rows, fold=("DIFFERED",)))
    for tally in tallies:
        show(*(indented(f"{tally['signature']}: {line}") for line in _rest(tally)))
    if seen["left_out"]:
        show(f"{counted(seen['left_out'], 'signature')} more were left out; name one to ask for it.")
    return show("Evidence is as it was: what counts is what clients ask.")


def _urgency(tally: Json) -> tuple[int, int]:
    """What still differs first, then by risk."""
    said = ("differs", "unknown", "mended")
    risk = list(RISK_STYLES).index(tally["risk"]) if tally["risk"] in RISK_STYLES else 0
    return said.index(tally["says"]) if tally["says"] in said else 0, risk


def _rest(tally: Json) -> list[str]:
    """What became of the exemplars that are not mended, a line each."""
    lines = [f"{tally['same']} still differ as before"] if tally["same"] else []
    lines += [f"{number} differ in another way now, {name}" for name, number in tally["otherwise"].items()]
    lines += [f"{number} skipped: {reason}" for reason, number in tally["skipped"].items()]
    lines += [f"{number} say nothing: {reason}" for reason, number in tally["unknown"].items()]
    return lines if tally["exemplars"] else ["no exemplar is kept"]
