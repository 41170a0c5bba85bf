"""`strangler rollback`: one route back to the monolith."""

from __future__ import annotations

import sys

import click

from proxy.cli.client import Client, Json, Refused
from proxy.cli.options import admin_options, cut_option, json_option, who_options
from proxy.cli.output import show, show_json
from proxy.cli.views import show_move


@click.command()
@click.argument("route")
@click.option("--yes", is_flag=True, help="Also when the route owns its data: what the service has written is lost.")
@cut_option
@who_options
@json_option
@admin_options
@click.pass_context
def command(
    ctx: click.Context, client: Client, route: str, yes: bool, cut: bool, who: str, why: str, as_json: bool
) -> None:
    """Send ROUTE back to the monolith at once, as an override above the routes file.

    Routes of its group go along. A route that owns its data (`owns_data: true`) is asked about first, or needs --yes.
    New requests go to the monolith from now on; what the service has begun to answer it may end, unless --cut ends it:
    a second later, with a reset.

    \b
    Example:
      strangler rollback charge-read --why "fees are wrong"
      strangler rollback live-feed --cut

    \b
    Exit codes:
      0  rolled back
      1  refused: it owns its data and nobody said yes, or the monolith answers it already
      2  trouble: no such route, or the proxy cannot be reached
    """

    def roll(sure: bool) -> Json:
        return client.post("routes", route, "rollback", who=who, why=why, yes=sure, **({"cut": True} if cut else {}))

    try:
        try:
            done = roll(yes)
        except Refused as refusal:
            if yes or as_json or not sys.stdin.isatty() or not _loses_data(client, route):
                raise
            show(refusal.message, err=True)
            if not click.confirm("Roll it back all the same?", err=True):
                ctx.exit(1)
            done = roll(True)
    except Refused as refusal:
        if as_json:
            show_json(refusal.problem)
        else:
            show(f"Not rolled back: {refusal.message}", err=True)
        ctx.exit(1)
    if as_json:
        show_json(done)
    else:
        show_move(done)


def _loses_data(client: Client, route: str) -> bool:
    """Whether a refusal can be overruled by a yes; that a route is at legacy already cannot."""
    state = client.get("routes", route)
    return bool(state.get("owns_data")) and state.get("stage") != "legacy"
