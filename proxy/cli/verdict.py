"""`strangler verdict`: may this route move on? For scripts."""

from __future__ import annotations

import click

from proxy.cli.client import Client
from proxy.cli.options import admin_options, json_option
from proxy.cli.output import show_json
from proxy.cli.views import show_verdict

EXIT_CODES = {"pass": 0, "fail": 1, "inconclusive": 3}


@click.command()
@click.argument("route")
@json_option
@admin_options
@click.pass_context
def command(ctx: click.Context, client: Client, route: str, as_json: bool) -> None:
    """Tell what the evidence allows for ROUTE: pass, fail or inconclusive, and what is still needed.

    The verdict stays valid however often it is asked for: looking again does not make a wrong pass likelier.

    \b
    Example:
      until strangler verdict charge-read; do sleep 10; done

    \b
    Exit codes:
      0  pass
      1  fail
      2  trouble: no such route, or the proxy cannot be reached
      3  inconclusive
    """
    verdict = client.get("routes", route, "verdict")
    if as_json:
        show_json(verdict)
    else:
        show_verdict(route, verdict)
    ctx.exit(EXIT_CODES.get(verdict["verdict"], 2))
