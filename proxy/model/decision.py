"""What is to be done with one request."""

from __future__ import annotations

from typing import NamedTuple

from proxy.model.sides import Side, Stage

UNROUTED = "unrouted"  # the route label of requests that no route names; refused as a route's name


class Decision(NamedTuple):
    """Which side answers, whether the other side gets a copy, and why, in words an operator reads.

    `backend` answers; `shadow_backend` is None when no copy is sent; `fallback_backend` is None when the answering side
    stands alone. `by_lot`: a request that is never copied, put into its share of a canary by lot: how it fares is the
    only evidence there is. `holds`: the side that answers it holds the client for a time (`pin_after_write`).
    """

    route: str
    stage: Stage
    epoch: int
    rules: str
    side: Side
    backend: str
    shadow_backend: str | None
    fallback_backend: str | None
    why: str
    by_lot: bool = False
    holds: bool = False
