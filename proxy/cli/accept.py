"""`strangler accept`: an intended difference, named by somebody."""

from __future__ import annotations

import datetime

import click

from proxy.cli.client import Client
from proxy.cli.options import admin_options, json_option, parsed, who_option
from proxy.cli.output import show, show_json


def parse_day(text: str) -> str:
    """A day to come, as an ISO date."""
    try:
        until = datetime.date.fromisoformat(text)
    except ValueError:
        raise ValueError(f"{text!r} is not a date; write it as 2027-01-31") from None
    if until < datetime.date.today():
        raise ValueError(f"{text} is over already; name a day to come")
    return until.isoformat()


@click.command()
@click.argument("route")
@click.argument("signature")
@click.option("--owner", required=True, metavar="NAME", help="Who answers for the difference.")
@click.option("--reason", required=True, metavar="TEXT", help="Why it is intended.")
@click.option(
    "--until",
    required=True,
    callback=parsed(parse_day),
    metavar="DATE",
    help="The last day it is accepted: 2027-01-31.",
)
@who_option
@json_option
@admin_options
def command(
    client: Client, route: str, signature: str, owner: str, reason: str, until: str, who: str, as_json: bool
) -> None:
    """Accept one kind of difference of ROUTE as intended, so that it no longer blocks the verdict.

    SIGNATURE comes from `strangler mismatches ROUTE`. Only this kind of difference at this place is accepted; anything
    else that differs there still counts.

    \b
    Example:
      strangler accept charge-read 3fa1b2c4 --owner payments --reason "new field" --until 2027-01-31

    \b
    Exit codes:
      0  accepted
      2  trouble: no such route or signature, or the proxy cannot be reached
    """
    done = client.post("routes", route, "accept", signature=signature, owner=owner, reason=reason, until=until, who=who)
    if as_json:
        show_json(done)
    else:
        show(f"Accepted {signature} on {route} until {until}, owned by {owner}.")
