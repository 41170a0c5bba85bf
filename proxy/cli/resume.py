"""`strangler resume`: lift a halt."""

from __future__ import annotations

import click

from proxy.cli.client import Client
from proxy.cli.options import admin_options, json_option, who_options
from proxy.cli.output import show, show_json


@click.command()
@who_options
@json_option
@admin_options
def command(client: Client, who: str, why: str, as_json: bool) -> None:
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
    done = client.post("resume", who=who, why=why)
    if as_json:
        show_json(done)
    elif done.get("halted"):
        show("Still halted: the routes file says `halt: true`. Take that out to resume.")
    else:
        show("Resumed.")
    if done.get("halted"):
        click.get_current_context().exit(1)
