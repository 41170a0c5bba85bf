"""`strangler diff`: an edit of a routes file, in words."""

from __future__ import annotations

import click

from proxy.cli.options import json_option
from proxy.cli.output import Trouble, show, show_json, styled
from proxy.cli.routes_file import compiled


@click.command()
@click.argument("old")
@click.argument("new")
@json_option
@click.pass_context
def command(ctx: click.Context, old: str, new: str, as_json: bool) -> None:
    """Say in words what changes between two routes files. One of them may be - for standard input.

    \b
    Example:
      git show HEAD:routes.yaml | strangler diff - routes.yaml

    \b
    Exit codes:
      0  nothing changes
      1  something changes
      2  trouble: a file cannot be read or has errors
    """
    if old == new == "-":
        raise Trouble("Standard input can be only one of the two files.", "Name a file for the other.")
    before, after = compiled(old), compiled(new)

    from proxy import config

    changes = config.changes(before.spec, after.spec)
    if as_json:
        show_json([{"subject": change.subject, "what": change.what} for change in changes])
    else:
        for change in changes:
            show(styled(change.subject, "bold").append(f": {change.what}", style="not bold"))
        if not changes:
            show("Nothing changes.")
    ctx.exit(1 if changes else 0)
