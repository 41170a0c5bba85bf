"""Settled comparisons and figures for the tests of this room."""

from proxy.model.comparison import Result
from proxy.model.evidence import EvidenceKey, Settled

KEY = EvidenceKey("charge-read", "abcdef012345", "b1", 1)


def settled(
    arrival: float,
    request: int,
    result: Result = Result.MATCH,
    *,
    signature: str = "",
    failed: bool = False,
    key: EvidenceKey = KEY,
    reason: str = "",
) -> Settled:
    if result is Result.MISMATCH and not signature:
        signature = "5161"
    return Settled(key, arrival, request, result, reason, signature, failed, failed, (0.01, 0.012))
