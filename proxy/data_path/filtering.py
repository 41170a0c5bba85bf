"""Where the filters of a route meet an exchange; what has none never comes here."""

from __future__ import annotations

from typing import NamedTuple

from proxy.data_path.parse import Answer, Refused, Request
from proxy.model.heads import RequestHead, ResponseHead
from proxy.model.outcome import Outcome
from proxy.model.records import Ended
from proxy.model.sides import Side
from proxy.routing.filters import RouteFilters
from proxy.routing.forwarding import Peer, client_head, request_id_of
from proxy.routing.plan import Plan
from proxy.routing.snapshot import Snapshot


class OwnAnswer(NamedTuple):
    """An answer of the proxy's own, and why: `redirect` or `preflight`."""

    route: str
    head: ResponseHead
    why: str


def own_answer(snapshot: Snapshot, plan: Plan, head: RequestHead, peer: Peer) -> OwnAnswer | Refused | None:
    """What the proxy answers itself by the filters of the route; None when a side is to answer."""
    if snapshot.cors and head.method == b"OPTIONS":
        asked = snapshot.preflight(head)
        if asked is not None and asked.filters is not None and asked.filters.cors is not None:
            answer = asked.filters.cors.preflight(head.headers)
            if answer is not None:
                return OwnAnswer(asked.route, answer, "preflight")
    filters = plan.filters
    if filters is None:
        return None
    if filters.is_ambiguous(head):
        return Refused(Outcome.REQUEST_PATH_AMBIGUOUS, "the path would have several meanings after it was rewritten")
    answer = filters.own_answer(head, peer)
    return OwnAnswer(plan.route, answer, "redirect") if answer is not None else None


def put(own: OwnAnswer, request: Request, *, close: bool) -> bytes:
    """The message for the client."""
    kept = b"keep-alive" if request.head.version == (1, 0) else None
    return client_head(own.head, connection=b"close" if close else kept)


def record_of(own: OwnAnswer, request: Request, peer: Peer, request_id: bytes, size: int) -> Ended:
    """The record of such an exchange; `size` is that of the answer, `request_id` for when the client gave none."""
    head = request.head
    return Ended(
        own.route,
        "proxy",
        "",
        Outcome.OK.value,
        own.head.status,
        head.method,
        head.target,
        0.0,
        0,
        size,
        request_id_of(head.headers) or request_id,
        peer.ip,
        "",
        own.why,
    )


def filtered(filters: RouteFilters, side: Side, answer: Answer, forwarded: bytes) -> Answer:
    """The answer as the client gets it; `forwarded` is the request's head before filters changed it."""
    head = filters.sides[side].answered(answer.head, forwarded)
    return answer if head is answer.head else answer._replace(head=head, raw=b"")
