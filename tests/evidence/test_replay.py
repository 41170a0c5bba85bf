"""Which kept requests can be asked again, and what their new answers say."""

from __future__ import annotations

import pytest

from proxy.evidence import Replayed, replayed, unfit
from proxy.model.comparison import Comparison, NotCompared, Result
from proxy.model.headers import Headers
from proxy.model.observation import EMPTY_BODY, CapturedBody, CapturedRequest, Observation
from proxy.model.outcome import Outcome
from proxy.model.sides import Side

HOST = (b"Host", b"pay.example")
BODY = CapturedBody(b'{"a": 1}', 8, True)


def request(
    method: bytes = b"GET", target: bytes = b"/a", headers: Headers = (HOST,), body: CapturedBody = EMPTY_BODY
) -> CapturedRequest:
    return CapturedRequest(method, target, headers, body)


@pytest.mark.parametrize(
    "kept", [request(), request(b"HEAD"), request(headers=()), request(body=BODY), request(headers=(HOST, (b"X", b"")))]
)
def test_a_whole_safe_request_can_be_asked_again(kept: CapturedRequest) -> None:
    assert unfit(kept) == ""


@pytest.mark.parametrize(
    ("kept", "why"),
    [
        (request(b"POST"), "not a safe request"),
        (request(b"DELETE"), "not a safe request"),
        (request(target=b"/a?token=[redacted]"), "redacted when it was kept"),
        (request(headers=(HOST, (b"Cookie", b"sid=[redacted]"))), "redacted when it was kept"),
        (request(headers=(HOST, (b"Authorization", b"[redacted]"))), "redacted when it was kept"),
        (request(body=CapturedBody(b'{"pin": "[redacted]"}', 21, True)), "redacted when it was kept"),
        (request(target=b"/{id}", headers=((b"Host", b""),)), "kept by its names only"),
        (request(body=CapturedBody(b"", 90_000, False)), "its body was not kept as it was"),
        (request(body=CapturedBody(b"{", 1, False)), "its body was not kept as it was"),
        (request(headers=(HOST, (b"Content-Encoding", b"gzip")), body=BODY), "its body was not kept as it was"),
    ],
)
def test_what_is_another_request_now_is_not_asked(kept: CapturedRequest, why: str) -> None:
    assert unfit(kept) == why


def observed(status: int) -> Observation:
    return Observation(Side.LEGACY, "b", Outcome.OK, status, (), EMPTY_BODY, "", 0.0, 0.0)


def found(result: Result, signature: str = "", reason: NotCompared | None = None) -> Comparison:
    return Comparison(result, reason, signature, None, (200, 200), (), 0)


@pytest.mark.parametrize(
    ("now", "status", "says"),
    [
        (found(Result.MATCH), 200, (Replayed.MENDED, "")),
        (found(Result.IGNORED), 200, (Replayed.MENDED, "")),
        (found(Result.EXPLAINED), 200, (Replayed.MENDED, "")),
        (found(Result.MATCH), 404, (Replayed.UNKNOWN, "legacy answered 200 then and 404 now")),
        (found(Result.MISMATCH, "s"), 200, (Replayed.SAME, "")),
        (found(Result.MISMATCH, "t"), 404, (Replayed.OTHERWISE, "t")),
        (found(Result.NOT_COMPARED, reason=NotCompared.LEGACY_FAILED), 500, (Replayed.UNKNOWN, "legacy failed")),
    ],
)
def test_what_the_new_answers_say(now: Comparison, status: int, says: tuple[Replayed, str]) -> None:
    assert replayed("s", observed(200), observed(status), now) == says
