"""HTTPRoute conformance: Weight, RequestMirror and RequestPercentageMirror. The weight is a canary's percent, a mirror
a shadow; a request belongs to its share by its client, not by a die, so shares are approximate."""

from __future__ import annotations

import pytest

from proxy.model.sides import Side
from proxy.routing.plan import decide
from tests.routing.httproute import request, share, table, told

COUNT = 4000


@pytest.mark.parametrize("percent", [0, 1, 10, 30, 50, 90, 100])
def test_a_weight_is_the_share_of_clients(percent: int) -> None:
    snapshot = table(f"- {{name: r, match: /w, extracted: v1, stage: canary, canary: {{percent: {percent}}}}}")
    found = share(snapshot, [request("/w")] * COUNT, Side.EXTRACTED)
    assert abs(found - percent / 100) <= (0 if percent in (0, 100) else 0.03)


MIRROR = """
- {name: mirrored, match: /mirror, extracted: v2, stage: shadow}
- {name: posted, match: POST /mirror, extracted: v2, stage: shadow}
- {name: not, match: /plain, extracted: v2}
- name: modified
  match: /mirror-and-modify-request-headers
  extracted: v2
  stage: shadow
  filters: {request_headers: {set: {X-Header-Set: new}, remove: [X-Header-Remove]}}
"""


@pytest.mark.parametrize(
    ("method", "target", "answers", "copy"),
    [
        ("GET", "/mirror", "legacy", "v2"),
        ("HEAD", "/mirror", "legacy", "v2"),
        ("POST", "/mirror", "legacy", None),  # a write is copied only where the route names it
        ("GET", "/plain", "legacy", None),
        ("GET", "/mirror-and-modify-request-headers", "legacy", "v2"),
    ],
)
def test_a_mirror_gets_a_copy_and_never_answers(method: str, target: str, answers: str, copy: str | None) -> None:
    decision = told(table(MIRROR), request(target, method=method)).decision
    assert decision is not None
    assert (decision.backend, decision.shadow_backend) == (answers, copy)


@pytest.mark.parametrize("percent", [0, 5, 20, 50, 100])
def test_a_percent_mirror_by_a_die_for_each_request(percent: int) -> None:
    snapshot = table(f"- {{name: r, match: /m, extracted: v1, stage: shadow, shadow: {{percent: {percent}}}}}")
    plan = snapshot.plans["r"]
    rolls = [roll / COUNT for roll in range(COUNT)]
    copied = sum(decide(plan, request("/m"), "192.0.2.7", roll).shadow_backend is not None for roll in rolls)
    assert copied == COUNT * percent // 100
