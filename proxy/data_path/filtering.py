"""Where the filters of a route meet an exchange; what has none never comes here."""

from __future__ import annotations

from proxy.data_path.parse import Answer, Request
from proxy.model.outcome import Outcome
from proxy.model.records import Ended
from proxy.model.sides import Side
from proxy.routing.filters import RouteFilters
from proxy.routing.forwarding import Peer, client_head, request_id_of
from proxy.routing.snapshot import OwnAnswer


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
