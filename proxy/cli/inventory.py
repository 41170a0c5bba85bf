"""`strangler inventory`: what the monolith is really asked."""

from __future__ import annotations

import click

from proxy.cli.client import Client, Json
from proxy.cli.formats import count, latency
from proxy.cli.options import admin_options, json_option
from proxy.cli.output import show, show_json, styled, table

CLASSES = ("2xx", "3xx", "4xx", "5xx")


@click.command()
@json_option
@admin_options
def command(client: Client, as_json: bool) -> None:
    """Show what clients really ask for: methods and path templates, learned from the traffic, busiest first.

    Parts of a path that look like ids are folded to {id}. `unrouted` are requests that no route names yet.

    \b
    Example:
      strangler inventory

    \b
    Exit codes:
      0  shown
      2  trouble: the proxy cannot be reached
    """
    answer = client.get("inventory")
    if as_json:
        return show_json(answer)
    rows = sorted(answer["rows"], key=lambda row: (-row["count"], row["template"], row["method"]))
    if not rows:
        return show("No requests yet.")
    titles = ("METHOD", "PATH", "ROUTE", ">REQUESTS", *(f">{name.upper()}" for name in CLASSES), ">MEAN", ">MAX")
    show(table(titles, map(_cells, rows), fold=("PATH", "ROUTE")))
    if answer.get("estimated"):
        show("Figures are estimated from a sample of the traffic.")
    return None


def _cells(row: Json) -> list[object]:
    routed = row["route"] != "unrouted"
    return [
        row["method"],
        row["template"],
        styled(row["route"], "" if routed else "dim"),
        count(row["count"]),
        *(_share(row["status"].get(name, 0)) for name in CLASSES),
        latency(row["mean"]),
        latency(row["max"]),
    ]


def _share(requests: float) -> str:
    return count(requests) if requests else "-"
