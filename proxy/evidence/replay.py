"""Asking a kept example again: whether that can be done faithfully, and what the new answers say of it.

A secret that was taken out before the example was kept is gone: without its session or its token a request is another
request, and two equal refusals would look mended. So what was redacted is not asked at all. And where legacy itself
answers otherwise than it did (the record is gone, the flag is switched), equal answers prove nothing about the
difference that was seen.
"""

from __future__ import annotations

from enum import StrEnum

from proxy.evidence.redact import REDACTED
from proxy.model.comparison import Comparison, Result
from proxy.model.headers import first
from proxy.model.observation import CapturedRequest, Observation

SAFE = frozenset({b"GET", b"HEAD", b"OPTIONS", b"TRACE"})  # RFC 9110 section 9.2.1


class Replayed(StrEnum):
    """What an example that was asked again says."""

    MENDED = "mended"
    SAME = "same"  # still differs as it did
    OTHERWISE = "otherwise"  # differs in another way now
    UNKNOWN = "unknown"


def unfit(request: CapturedRequest) -> str:
    """Why a kept request cannot be asked again as it was; "" when it can."""
    hidden = REDACTED.encode()
    if request.method not in SAFE:
        return "not a safe request"
    if hidden in request.target or hidden in request.body.data or any(hidden in value for _, value in request.headers):
        return "redacted when it was kept"
    if request.headers and not any(value for _, value in request.headers):
        return "kept by its names only"
    if not request.body.complete or len(request.body.data) != request.body.size:
        return "its body was not kept as it was"
    if request.body.size and first(request.headers, b"content-encoding") is not None:
        return "its body was not kept as it was"
    return ""


def replayed(signature: str, before: Observation, again: Observation, found: Comparison) -> tuple[Replayed, str]:
    """What asking again showed of an example of `signature`; the second says why it is unknown, or which signature it
    has now. `before` and `again` are legacy's answers then and now, `found` compares both sides now."""
    if found.result is Result.MISMATCH:
        same = found.signature == signature
        return (Replayed.SAME, "") if same else (Replayed.OTHERWISE, found.signature)
    if found.result is Result.NOT_COMPARED:
        return Replayed.UNKNOWN, str(found.reason).replace("_", " ")
    if before.status != again.status:
        return Replayed.UNKNOWN, f"legacy answered {before.status} then and {again.status} now"
    return Replayed.MENDED, ""
