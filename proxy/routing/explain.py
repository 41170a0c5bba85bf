"""Why a request goes where it goes, told by the same functions that send it there."""

from __future__ import annotations

from typing import NamedTuple

from proxy.model.decision import Decision
from proxy.model.heads import RequestHead
from proxy.routing.forwarding import Peer, authority_of, client_head, peer_of, request_id_of, upgrade_of, upstream_head
from proxy.routing.paths import LONGEST_READ, readings, split_target
from proxy.routing.plan import Plan, decide
from proxy.routing.snapshot import OwnAnswer, Snapshot, own_answer
from proxy.routing.unreachable import describe

_EXAMPLE_ID = b"(made-by-the-proxy)"


class Considered(NamedTuple):
    """A match whose host and path fit. `objection` says why it does not hold, "" when it does."""

    route: str
    match: str
    objection: str


class Explanation(NamedTuple):
    """`considered` is in order of precedence; the first without an objection wins. `readings` has more than one member
    where the path can be read differently. `decision` is None, and `upstream` empty, when the request is refused
    because its readings choose different routes (`ambiguous`). `upstream` is the head sent to the answering side, after
    the route's filters. `own` is the head of the proxy's own answer where no side is asked (a redirect, a preflight),
    "" otherwise; `refused` says that the path would have several meanings after it was rewritten."""

    route: str | None
    match: str | None
    ambiguous: bool
    readings: tuple[str, ...]
    considered: tuple[Considered, ...]
    decision: Decision | None
    upstream: str
    own: str = ""
    refused: bool = False


def explain(snapshot: Snapshot, head: RequestHead, client_ip: str, dice: float = 0.0) -> Explanation:
    """Explain one request as it would come from the peer at `client_ip`."""
    found = snapshot.table.lookup(head)
    local = split_target(head.target)[1]
    path = local.partition(b"?")[0]
    paths = readings(path) if path[:1] == b"/" and len(path) <= LONGEST_READ else [path]
    considered = tuple(
        Considered(route.name, describe(match), objection)
        for path in paths
        for route, match, objection in snapshot.table.considered(head, path)
    )
    plan = snapshot.plan(found)
    scheme = b"https" if snapshot.spec.listen.tls else b"http"
    peer = peer_of(client_ip, trusted=snapshot.is_trusted(client_ip), scheme=scheme)
    decision = decide(plan, head, snapshot.client_ip(head.headers, peer), dice) if plan is not None else None
    upstream = own = b""
    refused = False
    if plan is not None:
        own, refused = _own(snapshot, plan, head, peer)
    if plan is not None and decision is not None and not own and not refused:
        backend = snapshot.spec.backends[decision.backend]
        upstream = upstream_head(
            head,
            peer,
            authority=authority_of(backend),
            preserve_host=backend.preserve_host,
            request_id=request_id_of(head.headers) or _EXAMPLE_ID,
            traceparent=_EXAMPLE_ID,
            upgrade=upgrade_of(head.headers) is not None,
        )
        if plan.filters is not None:
            upstream = plan.filters.sides[decision.side].sent(upstream)
    return Explanation(
        found.route.name if found.route is not None else None,
        describe(found.match) if found.match is not None else None,
        found.ambiguous,
        tuple(path.decode("latin-1") for path in paths),
        tuple(dict.fromkeys(considered)),
        decision,
        upstream.decode("latin-1"),
        own.decode("latin-1"),
        refused,
    )


def _own(snapshot: Snapshot, plan: Plan, head: RequestHead, peer: Peer) -> tuple[bytes, bool]:
    answer = own_answer(snapshot, plan, head, peer)
    if answer is None:
        return b"", False
    return (client_head(answer.head), False) if isinstance(answer, OwnAnswer) else (b"", True)
