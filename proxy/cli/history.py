"""`strangler history`: who did what, when and why."""

from __future__ import annotations

import click

from proxy.cli.client import Client
from proxy.cli.formats import clock
from proxy.cli.options import admin_options, json_option
from proxy.cli.output import show, show_json, table


@click.command()
@click.argument("route", required=False)
@click.option(
    "--limit", default=50, show_default=True, type=click.IntRange(1, 10_000), metavar="N", help="At most N rows."
)
@json_option
@admin_options
def command(client: Client, route: str | None, limit: int, as_json: bool) -> None:
    """Show what people and the proxy did to the routes, or to ROUTE alone.

    \b
    Example:
      strangler history charge-read

    \b
    Exit codes:
      0  shown
      2  trouble: no such route now or ever, or the proxy cannot be reached
    """
    answer = client.get("history", route=route, limit=limit)
    if as_json:
        return show_json(answer)
    rows = answer["rows"]
    if not rows:
        return show("Nothing was done yet.")
    return show(
        table(
            ("AT", "WHO", "ACTION", "ROUTE", "WHAT", "WHY"),
            [
                (clock(row["at"]), row["who"], row["action"], row["route"] or "-", row["what"], row["why"] or "")
                for row in rows
            ],
            fold=("ROUTE", "WHAT", "WHY"),
        )
    )
