"""Which answers are left behind when a route moves, and how they end when an operator asks for it.

A move takes effect with the next request; an answer that has begun is never interrupted. That is right for a page and
wrong for an event stream that would stay on a broken service for hours, so a command may end what is left. Left is
what is being answered by the side that would not answer the same request now: of a canary that shrinks, only those
clients who change sides. A moment's patience lets the short answers end whole.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Iterable
from typing import TYPE_CHECKING

from proxy.model.outcome import Outcome
from proxy.routing.plan import decide
from proxy.routing.snapshot import Snapshot

if TYPE_CHECKING:
    from proxy.data_path.client import Client
    from proxy.data_path.exchange import Exchange

PATIENCE = 1.0  # seconds for a short answer to end by itself
WHY = "its side was left by command"


def end_what_is_left(clients: Iterable[Client], routes: Collection[str], snapshot: Callable[[], Snapshot]) -> None:
    """Ends the answers of these routes that are left now and still are after `PATIENCE`. Needs a running loop."""
    now = snapshot()
    left = [one for client in clients if (one := client.exchange) is not None and is_left(one, routes, now)]
    if left:
        asyncio.get_running_loop().call_later(PATIENCE, _end, left, routes, snapshot)


def is_left(exchange: Exchange, routes: Collection[str], snapshot: Snapshot) -> bool:
    """True when one of these routes is being answered by a side that would not answer it now."""
    answering = exchange.answering
    if answering is None or answering.route not in routes or answering.route not in snapshot.states:
        return False
    client_ip = snapshot.client_ip(answering.head.headers, answering.peer)
    return decide(snapshot.plans[answering.route], answering.head, client_ip, 1.0).side is not answering.side


def _end(left: list[Exchange], routes: Collection[str], snapshot: Callable[[], Snapshot]) -> None:
    now = snapshot()
    for exchange in left:
        if is_left(exchange, routes, now):
            exchange.cut(Outcome.CUT, WHY)
