"""Gateway API's HTTPRoute conformance as tables: routes.yaml in, decision out. The cases are written anew after what
the public suite asks of an implementation, for what a proxy without Kubernetes can show."""

from __future__ import annotations

import textwrap
from dataclasses import dataclass

from proxy.config import load
from proxy.model.headers import every
from proxy.model.heads import RequestHead, ResponseHead
from proxy.model.sides import Side
from proxy.routing.explain import Explanation, explain
from proxy.routing.forwarding import peer_of, sent_headers
from proxy.routing.plan import decide
from proxy.routing.snapshot import OwnAnswer, Snapshot, own_answer
from tests.routing.build import snapshot

TOP = """version: 1
backends:
  legacy: {url: "http://127.0.0.1:8001"}
  v1: {url: "http://127.0.0.1:8101", build_header: X-Build}
  v2: {url: "http://127.0.0.1:8102", build_header: X-Build}
  v3: {url: "http://127.0.0.1:8103", build_header: X-Build}
legacy: legacy
routes:
"""


def table(routes: str, top: str = TOP) -> Snapshot:
    """The snapshot of a file with these routes."""
    loaded = load(top + textwrap.indent(textwrap.dedent(routes).strip("\n"), "  ") + "\n", env={})
    assert loaded.spec is not None, "\n".join(map(str, loaded.problems))
    return snapshot(loaded.spec)


def request(
    target: str, *, method: str = "GET", host: str = "example.com", headers: dict[str, str] | None = None
) -> RequestHead:
    fields = [(b"Host", host.encode()), *((name.encode(), value.encode()) for name, value in (headers or {}).items())]
    return RequestHead(method.encode(), target.encode(), (1, 1), fields)


@dataclass(frozen=True, slots=True)
class Sent:
    """What a side was asked."""

    line: str
    fields: list[tuple[str, str]]

    def every(self, name: str) -> list[str]:
        return [value for key, value in self.fields if key.lower() == name.lower()]


def told(snapshot_: Snapshot, head: RequestHead, dice: float = 0.0) -> Explanation:
    return explain(snapshot_, head, "192.0.2.7", dice)


def backend_of(snapshot_: Snapshot, head: RequestHead) -> str:
    decision = told(snapshot_, head).decision
    assert decision is not None
    return decision.backend


def sent(snapshot_: Snapshot, head: RequestHead) -> Sent:
    upstream = told(snapshot_, head).upstream.encode("latin-1")
    pairs = [(name.decode(), value.decode()) for name, value in sent_headers(upstream)]
    return Sent(upstream.partition(b"\r\n")[0].decode(), pairs)


def own(snapshot_: Snapshot, head: RequestHead, *, scheme: bytes = b"http", trusted: bool = False) -> ResponseHead:
    """The proxy's own answer."""
    plan = snapshot_.plan(snapshot_.table.lookup(head))
    assert plan is not None
    answer = own_answer(snapshot_, plan, head, peer_of("192.0.2.7", trusted=trusted, scheme=scheme))
    assert isinstance(answer, OwnAnswer), answer
    return answer.head


def answered(
    snapshot_: Snapshot, head: RequestHead, *fields: tuple[str, str], side: Side = Side.LEGACY
) -> list[tuple[str, str]]:
    """The fields the client gets when the side answers with `fields`."""
    plan = snapshot_.plan(snapshot_.table.lookup(head))
    assert plan is not None
    given = [(name.encode(), value.encode()) for name, value in fields]
    if plan.filters is None:
        return list(fields)
    forwarded = [*head.headers, (b"X-Forwarded-Proto", b"http"), (b"X-Forwarded-Host", every(head.headers, b"host")[0])]
    made = plan.filters.sides[side].fields(given, forwarded)
    return [(name.decode(), value.decode()) for name, value in made]


def share(snapshot_: Snapshot, heads: list[RequestHead], side: Side) -> float:
    """The share of these requests that a side answers; each comes from an address of its own."""
    count = 0
    for number, head in enumerate(heads):
        plan = snapshot_.plan(snapshot_.table.lookup(head))
        assert plan is not None
        ip = f"192.{number >> 16 & 255}.{number >> 8 & 255}.{number & 255}"
        count += decide(plan, head, ip, 0.0).side is side
    return count / len(heads)
