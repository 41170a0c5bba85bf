"""How an answer is put to its client: what of the framing has to change, and whether the connection stays.

The framing changes only where HTTP requires it: a 1.0 client understands no chunks, so it gets the bare payload and
the end of the connection. The connection also ends where the answer itself is ended by it, where the client or a
drain asks for it, and where the backend answered a request whose body it did not wait for: what the client still
sends of that body must never be read as its next request.
"""

from __future__ import annotations

from typing import NamedTuple

from proxy.data_path.parse import CHUNKED, UNTIL_CLOSE, Answer, Request
from proxy.model.decision import Decision
from proxy.model.headers import first
from proxy.model.heads import RequestHead
from proxy.model.sides import Side
from proxy.routing.forwarding import Peer, client_head


class Answering(NamedTuple):
    """The side that is answering this request of a route."""

    route: str
    head: RequestHead
    peer: Peer
    side: Side


class Opening(NamedTuple):
    """The head to send, whether the connection is closed after the answer, and whether its chunks are taken apart."""

    head: bytes
    close: bool
    unchunk: bool


def opening(request: Request, answer: Answer, *, build_header: bytes | None, close: bool, body_left: bool) -> Opening:
    """`close` for reasons outside the two messages; `body_left` says that the request's body is not to be awaited."""
    version = request.head.version
    unchunk = answer.length == CHUNKED and version == (1, 0)
    close = close or unchunk or body_left or not request.keep_alive or answer.length == UNTIL_CLOSE
    if answer.raw and not close and version == (1, 1) and build_header is None:
        return Opening(answer.raw, False, False)
    head = client_head(
        answer.head,
        build_header=build_header,
        connection=b"close" if close else b"keep-alive" if version == (1, 0) else None,
        framing=b"" if unchunk else None,
        upgrade=answer.head.status == 426,
    )
    return Opening(head, close, unchunk)


def drawn(
    decision: Decision, answer: Answer | None, side: Side, build_header: bytes | None
) -> tuple[str, int, str, str]:
    """What the record of an exchange that was put into its share by lot says more than others: share, epoch, rules, and
    the build of the extracted side if that answered."""
    build = b""
    if build_header is not None and answer is not None and side is Side.EXTRACTED:
        build = first(answer.head.headers, build_header) or b""
    return decision.side.value, decision.epoch, decision.rules, build.decode("latin-1")
