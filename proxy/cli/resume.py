"""`strangler resume`: lift a halt."""

from __future__ import annotations

import click

from proxy.cli.client import Client, Refused
from proxy.cli.options import admin_options, json_option, who_options
from proxy.cli.output import show, show_json


@click.command()
@who_options
@json_option
@admin_options
@click.pass_context
def command(ctx: click.Context, client: Client, who: str, why: str, as_json: bool) -> None:
    """Lift a halt: every route returns to the stage it had, by its override or the routes file.

    \b
    Example:
      strangler resume --why "the database is back"

    \b
    Exit codes:
      0  resumed, or there was no halt
      1  still halted, by `halt: true` in the routes file
      2  trouble: the proxy cannot be reached
    """
    try:
        done = client.post("resume", who=who, why=why)
    except Refused as refusal:
        if as_json:
            show_json(refusal.problem)
        else:
            show(refusal.message, err=True)
        ctx.exit(1)
    if as_json:
        show_json(done)
    else:
        show("Resumed.")
