"""Values that the tests of the store write and expect back."""

from __future__ import annotations

from proxy.model.comparison import Difference, Kind, Risk
from proxy.model.evidence import COUNTS, EvidenceKey, Segment
from proxy.model.observation import CapturedBody, CapturedRequest, Observation
from proxy.model.outcome import Outcome
from proxy.model.records import Accepted, AuditRow, DifferenceRow, Exemplar, InventoryRow, SignatureRow
from proxy.model.sides import Side, Stage, StageSource
from proxy.model.states import Override, RouteState
from proxy.store import Batch, Build

KEY = EvidenceKey("charge-read", "0123456789ab", "build-1", 3)
LARGE = (1 << 64) - 1


def segment(second: int, key: EvidenceKey = KEY, n: int = 5, k: int = 1) -> Segment:
    counts = {name: place for place, name in enumerate(COUNTS[9:], 5)}
    return Segment(
        key,
        second,
        n,
        k,
        match=3,
        ignored=1,
        mismatch=k,
        not_compared=2,
        extracted_failed=1,
        dropped=4,
        explained=5,
        **counts,
    )


def signature(name: str = "s1", key: EvidenceKey = KEY, count: int = 7, last: float = 200.0) -> SignatureRow:
    return SignatureRow(key, name, "value", Risk.MEDIUM, "$.fee", 200, 200, count, 100.0, last)


def observation(side: Side, body: bytes) -> Observation:
    headers = ((b"Content-Type", b"application/json"), (b"X-Odd", b"\xff\x00"))
    return Observation(
        side, "charges", Outcome.OK, 200, headers, CapturedBody(body, len(body), True), "build-1", 0.01, 0.02
    )


def exemplar(slot: int, at: float = 150.0, name: str = "s1", key: EvidenceKey = KEY) -> Exemplar:
    request = CapturedRequest(b"GET", b"/v1/charges/%7E?a=1", ((b"Host", b"shop"),), CapturedBody(b"", 0, True))
    return Exemplar(
        key,
        name,
        slot,
        at,
        request,
        observation(Side.LEGACY, bytes(range(256))),
        observation(Side.EXTRACTED, '{"fee":"ü"}'.encode()),
        (Difference("$.fee", Kind.VALUE, Risk.MEDIUM, "1", "2", "$.fee"),),
    )


def difference(at: float, key: EvidenceKey = KEY) -> DifferenceRow:
    return DifferenceRow(key, at, LARGE, "mismatch", "", "s1")


def full_batch() -> Batch:
    return Batch(
        segments=[segment(100), segment(101)],
        differences=[difference(100.5)],
        signatures=[signature()],
        exemplars=[exemplar(0), exemplar(1, at=160.0)],
        seen=[(KEY, 1), (KEY, 2), (KEY, LARGE)],
        audit=[AuditRow(99.0, "ann", "promote", "charge-read", "shadow -> canary 5%", "looks good")],
        overrides=[Override("charge-read", Stage.CANARY, 5.0, Stage.SHADOW, 0.0, "ann", "looks good", 99.0)],
        states={"charge-read": RouteState(Stage.CANARY, 5.0, StageSource.OVERRIDE, 3)},
        builds=[Build("charge-read", "build-1", 1, 90.0)],
        accepted=[Accepted("charge-read", "s9", "payments", "rounding", "2027-01-31", 98.0)],
        inventory=[InventoryRow("GET", "/v1/charges/{id}", "charge-read", 10.0, (0, 9, 0, 1, 0), 0.5, 0.1, 1.0, 2.0)],
    )
