"""`strangler halt`: the kill switch."""

from __future__ import annotations

import click

from proxy.cli.client import Client
from proxy.cli.options import admin_options, json_option, who_options
from proxy.cli.output import Trouble, show, show_json
from proxy.cli.views import show_late

WITHOUT_ADMIN = (
    "To halt without the admin port, send SIGUSR1 to the `strangler run` process, "
    "or write `halt: true` into the routes file."
)


@click.command()
@who_options
@json_option
@admin_options
def command(client: Client, who: str, why: str, as_json: bool) -> None:
    """Send all routes back to the monolith at once, and keep them there until `strangler resume`.

    Routes that are retired or own their data cannot go back; they are named and left as they are. A halt outlives
    restarts and edits of the routes file.

    \b
    Example:
      strangler halt --why "error rate climbs"

    \b
    Exit codes:
      0  halted
      2  trouble: the proxy cannot be reached
    """
    try:
        done = client.post("halt", who=who, why=why)
    except Trouble as trouble:
        raise Trouble(trouble.message, WITHOUT_ADMIN) from None
    if as_json:
        return show_json(done)
    show("Halted: the monolith answers every route that can go back. `strangler resume` lifts it.")
    for route in done.get("skipped", []):
        show(f"  not halted: {route} (retired, or owns its data)")
    show_late(done)
    return None
