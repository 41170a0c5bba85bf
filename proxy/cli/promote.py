"""`strangler promote`: one route on to its next stage."""

from __future__ import annotations

import os

import click

from proxy.cli.client import Client, Json, Refused
from proxy.cli.options import admin_options, config_option, cut_option, json_option, read_text, who_options
from proxy.cli.output import Trouble, indented, show, show_json
from proxy.cli.routes_file import compiled, named, replace_text
from proxy.cli.views import edits, show_move, verdict_lines


@click.command()
@click.argument("route")
@click.option(
    "--to", type=click.Choice(["legacy", "shadow", "canary", "live", "retired"]), help="Default: the next stage."
)
@click.option("--percent", type=click.FloatRange(0, 100), metavar="N", help="The canary's share of clients.")
@click.option("--force", is_flag=True, help="Whatever the verdict says; needs --why. The history records both.")
@click.option("--write", is_flag=True, help="Make the edit of the routes file too; comments and layout stay.")
@cut_option
@config_option
@who_options
@json_option
@admin_options
@click.pass_context
def command(
    ctx: click.Context,
    client: Client,
    route: str,
    to: str | None,
    percent: float | None,
    force: bool,
    write: bool,
    cut: bool,
    config: str,
    who: str,
    why: str,
    as_json: bool,
) -> None:
    """Move ROUTE to its next stage, or to STAGE, if the verdict allows.

    The move is an override above the routes file. The edit that makes it permanent is printed; --write makes it. Routes
    of the same group move along, and their verdicts are asked too.

    \b
    Example:
      strangler promote charge-read
      strangler promote charge-read --to canary --percent 25 --write

    \b
    Exit codes:
      0  promoted
      1  refused: the verdict does not allow it, or there is nowhere to go
      2  trouble: no such route, the proxy cannot be reached, or the file cannot be edited
    """
    if percent is not None and to not in (None, "canary"):
        raise click.UsageError(f"--percent belongs to a canary, not to {to}.")
    if force and not why.strip():
        raise click.UsageError("--force needs --why: the history records who overruled the verdict, and the reason.")
    if write:
        named(compiled(config), config, route)  # a file that cannot be edited is found before anything moves
        if not os.access(config, os.W_OK):
            raise Trouble(
                f"{config} cannot be written, and nothing was moved.", "Leave --write out, or name the file with -c."
            )
    try:
        done = client.post(
            "routes",
            route,
            "promote",
            to=to,
            percent=percent,
            force=force,
            who=who,
            why=why,
            **({"cut": True} if cut else {}),
        )
    except Refused as refusal:
        if as_json:
            show_json(refusal.problem)
        else:
            _show_refusal(route, refusal)
        ctx.exit(1)
    if write:
        _write_edit(config, route, done)
    if as_json:
        show_json(done | {"written": config if write else None})
        return
    show_move(done)
    if write:
        show(f"Written to {config}.")
    elif edits(done):
        show("To make it permanent, edit the routes file (or say --write):", indented(edits(done)))


def _show_refusal(route: str, refusal: Refused) -> None:
    show(f"Not promoted: {refusal.message}", err=True)
    if verdict := refusal.problem.get("verdict"):
        show(*(indented(line) for line in verdict_lines(verdict) if line not in refusal.message), err=True)
        show(f"  See `strangler mismatches {route}`; --force promotes all the same.", err=True)


def _write_edit(config: str, route: str, done: Json) -> None:
    from proxy.config import CannotEditError, edit_stage
    from proxy.model.sides import Stage

    text = read_text(config)
    try:
        for move in (done, *done.get("also", ())):
            stage = Stage(move["to"]["stage"])
            text = edit_stage(text, move["route"], stage, move["to"].get("percent") if stage is Stage.CANARY else None)
    except CannotEditError as error:
        raise Trouble(f"{route} was promoted, but {config} was not edited: {error.message}.", error.remedy) from None
    replace_text(config, text, f"{route} was promoted. Make the edit by hand:\n{edits(done)}")
