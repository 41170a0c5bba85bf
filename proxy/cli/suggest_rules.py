"""`strangler suggest-rules`: what was learned of noise, as rules of the routes file."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from proxy.cli.client import Client, Json
from proxy.cli.formats import clean
from proxy.cli.options import admin_options, config_option, json_option, read_text
from proxy.cli.output import Trouble, show, show_json
from proxy.cli.routes_file import compiled, named, replace_text

if TYPE_CHECKING:
    from proxy.config import Noted


@click.command()
@click.argument("route")
@click.option("--write", is_flag=True, help="Make the edit of the routes file; comments and layout stay.")
@config_option
@json_option
@admin_options
@click.pass_context
def command(ctx: click.Context, client: Client, route: str, write: bool, config: str, as_json: bool) -> None:
    """Suggest comparison rules for the noise of ROUTE: an edit of the routes file, with the evidence of each line.

    Learned noise needs no rules: what it explains is counted apart, and never as a mismatch. A rule says the same for
    everybody to read, holds from the first request of a new build on, and does not need legacy to be asked again.

    \b
    Example:
      strangler suggest-rules charge-read
      strangler suggest-rules charge-read --write

    \b
    Exit codes:
      0  there are rules to suggest; with --write they are in the file
      1  there are none
      2  trouble: no such route, the proxy cannot be reached, or the file cannot be edited
    """
    if write:
        named(compiled(config), config, route)
    found = client.get("routes", route, "suggestions")
    rules = found["rules"]
    if write and rules:
        _write(config, route, found)
    if as_json:
        show_json(found | {"written": config if write and rules else None})
    elif not rules:
        show(f"{route}: no noise is known well enough to make a rule of it.")
    elif write:
        show(*(f"{clean(_words(one['rule']))}  # {clean(one['evidence'])}" for one in rules), f"Written to {config}.")
    else:
        show(clean_lines(found["patch"]))
    if not rules:
        ctx.exit(1)


def clean_lines(text: str) -> str:
    return "\n".join(clean(line) for line in text.splitlines())


def _words(rule: Json) -> str:
    return f"{rule['kind']} {rule['path']}"


def _write(config: str, route: str, found: Json) -> None:
    """Raises Trouble, with the patch, when the file is written in a way that cannot be edited."""
    from proxy.config import CannotEditError, edit_rules

    by_hand = f"Make the edit by hand:\n{clean_lines(found['patch'])}"
    try:
        text = edit_rules(read_text(config), route, _noted(found["rules"]))
    except CannotEditError as error:
        raise Trouble(f"{config} was not edited: {error.message}.", by_hand) from None
    replace_text(config, text, by_hand)


def _noted(rules: list[Json]) -> list[Noted]:
    from proxy.config import Noted
    from proxy.model.spec import Rule

    return [Noted(Rule(**one["rule"]), one["evidence"]) for one in rules]
