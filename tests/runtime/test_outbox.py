"""What a worker tells control, and what becomes of it when control can't be told."""

from __future__ import annotations

import pytest

from proxy.model.observation import EMPTY_BODY, CapturedBody, CapturedRequest, Observation, Pair
from proxy.model.outcome import Outcome
from proxy.model.records import Ended
from proxy.model.sides import Side
from proxy.runtime import link, outbox
from proxy.runtime.outbox import Outbox, request_digest

REQUEST = CapturedRequest(b"GET", b"/items/1", ((b"Host", b"shop"), (b"Accept-Language", b"en")), EMPTY_BODY)


def seen(side: Side, data: bytes = b"{}", status: int = 200, build: str = "", **headers: bytes) -> Observation:
    fields = tuple((name.replace("_", "-").encode(), value) for name, value in headers.items())
    body = CapturedBody(data, len(data), True)
    return Observation(side, str(side), Outcome.OK, status, fields, body, build, 0.01, 0.02)


def pair(legacy: Observation, extracted: Observation) -> Pair:
    return Pair("read", 3, "rules", 1.0, REQUEST, legacy, extracted, Side.LEGACY)


def test_equal_pairs_are_settled_here_and_others_cross_whole() -> None:
    box = Outbox()
    box.pair(pair(seen(Side.LEGACY), seen(Side.EXTRACTED, build="b1")), ())
    different = pair(seen(Side.LEGACY), seen(Side.EXTRACTED, b"[]", build="b1"))
    box.pair(different, ())
    frame = link.unpack(link.pack(box.take(1, 2.0, {}, (), {})))
    assert [entry[:4] for entry in frame["equal"]] == [("read", 3, "rules", "b1")]
    route, arrival, build, digest, packed, sampled = frame["pairs"][0]
    assert (route, arrival, sampled) == (different.route, different.arrival, False)
    assert (build, digest) == ("b1", request_digest(REQUEST, different.legacy))
    crossed = link.unpack_pair(packed)
    assert (crossed.legacy.body, crossed.extracted.body) == (different.legacy.body, different.extracted.body)
    assert crossed.extracted.outcome is Outcome.OK
    assert crossed.answering is Side.LEGACY


@pytest.mark.parametrize("common", [b"", b"x" * 5_000])
def test_a_pair_arrives_as_it_was_sent(common: bytes) -> None:
    one = seen(Side.LEGACY, common + b"1" + common, build="b0", content_type=b"text/plain")
    other = seen(Side.EXTRACTED, common + b"22" + common, 404, "b1", content_type=b"text/html", etag=b"2")
    sent = pair(one, other)._replace(answering=Side.EXTRACTED)
    crossed = link.unpack_pair(link.pack_pair(sent)[1])
    listed = [each._replace(headers=list(each.headers)) for each in (one, other)]
    request = REQUEST._replace(headers=list(REQUEST.headers))
    assert crossed == sent._replace(request=request, legacy=listed[0], extracted=listed[1])


def test_equal_failures_of_legacy_are_no_match() -> None:
    box = Outbox()
    box.pair(pair(seen(Side.LEGACY, status=500), seen(Side.EXTRACTED, status=500)), ())
    assert not box.equal
    assert len(box.pairs) == 1


def test_an_answer_without_a_build_counts_for_the_build_seen_last() -> None:
    box = Outbox()
    box.pair(pair(seen(Side.LEGACY), seen(Side.EXTRACTED, build="b1")), ())
    failed = seen(Side.EXTRACTED)._replace(outcome=Outcome.UPSTREAM_CLOSED, status=0)
    box.pair(pair(seen(Side.LEGACY), failed), ())
    assert box.pairs[0][2] == "b1"


def test_bodies_beyond_the_bound_are_dropped_and_counted() -> None:
    box = Outbox()
    large = b"x" * (outbox.PAIR_BYTES // 2)
    kept = [box.pair(pair(seen(Side.LEGACY, large), seen(Side.EXTRACTED, build="b1")), ()) for _ in range(3)]
    assert kept == [True, False, False]
    frame = box.take(1, 1.0, {}, (), {})
    assert len(frame["pairs"]) == 1
    assert frame["dropped"] == [(("read", 3, "rules", "b1", "control_lags"), 2)]
    assert box.pair(pair(seen(Side.LEGACY, large), seen(Side.EXTRACTED, build="b1")), ())


def test_settled_pairs_beyond_the_bound_are_dropped_and_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(outbox, "ENTRIES", 2)
    box = Outbox()
    equal = pair(seen(Side.LEGACY), seen(Side.EXTRACTED, build="b1"))
    assert [box.pair(equal, ()) for _ in range(3)] == [True, True, False]
    assert box.dropped == {("read", 3, "rules", "b1", "control_lags"): 1}


SHARED = Ended(
    *("create", "extracted", "service", "ok", 201, b"POST", b"/items", 2.0, 9, 2, b"id", "127.0.0.1", "", "inside"),
    *("extracted", 3, "rules", "b7"),
)


@pytest.mark.parametrize(
    ("ended", "failed"),
    [
        (SHARED, False),
        (SHARED._replace(code=404), False),
        (SHARED._replace(code=500), True),
        (SHARED._replace(outcome="upstream_body_cut"), True),
        (SHARED._replace(outcome="pool_exhausted", side="proxy", code=503), True),
        (SHARED._replace(side="legacy", fell_back="upstream_connect_refused"), True),
        (SHARED._replace(outcome="client_gone", code=0), False),
        (SHARED._replace(outcome="client_gone", code=0, seconds=30.0), False),
    ],
)
def test_how_an_exchange_fared_is_told_with_its_arrival(ended: Ended, failed: bool) -> None:
    box = Outbox()
    box.shared(ended, "service", 100.0)
    assert not box.is_empty
    frame = link.unpack(link.pack(box.take(1, 1.0, {}, (), {})))
    arrival = 100.0 - ended.seconds
    assert frame["fared"] == [("create", 3, "rules", "b7", arrival, True, failed, ended.seconds)]
    assert box.is_empty


def test_the_legacy_share_counts_for_the_build_seen_last_and_a_clients_own_fault_for_nobody() -> None:
    box = Outbox()
    for outcome in ("request_body_timeout", "client_stalled", "drained"):
        box.shared(SHARED._replace(outcome=outcome, code=408), "service", 100.0)
    assert box.fared == []
    box.shared(SHARED._replace(share="legacy", side="legacy", build=""), "service", 100.0)
    assert box.fared[0][3:6] == ("b7", 98.0, False)


def test_the_inventory_is_a_sample_with_weights() -> None:
    box = Outbox()
    ended = Ended(
        "read", "legacy", "legacy", "ok", 200, b"GET", b"/items/1", 0.01, 0, 2, b"id", "127.0.0.1", "", "stage legacy"
    )
    for _ in range(100):
        box.ended(ended, line=False)
    frame = box.take(1, 1.0, {}, (), {})
    assert len(frame["asked"]) == outbox.INVENTORY_SAMPLE
    assert len(frame["asked"]) + frame["asked_unseen"] == 100
    assert not frame["lines"]
    box.ended(ended._replace(side="proxy", outcome="request_head_invalid", method=b""), line=True)
    refused = box.take(1, 2.0, {}, (), {})
    assert (refused["asked"], len(refused["lines"])) == ([], 1)  # the monolith was not asked


def test_the_headers_that_vary_names_make_requests_distinct() -> None:
    german = REQUEST._replace(headers=((b"Host", b"shop"), (b"Accept-Language", b"de")))
    plain, varying = seen(Side.LEGACY), seen(Side.LEGACY, Vary=b"accept-language")
    assert request_digest(REQUEST, plain) == request_digest(german, plain)
    assert request_digest(REQUEST, varying) != request_digest(german, varying)
    other = REQUEST._replace(body=CapturedBody(b"x", 1, True))
    assert request_digest(REQUEST, plain) != request_digest(other, plain)


def test_a_sampled_pair_crosses_whole_even_if_it_is_equal() -> None:
    box = Outbox()
    equal = pair(seen(Side.LEGACY), seen(Side.EXTRACTED, build="b1"))
    assert box.pair(equal, (), sampled=True)
    frame = box.take(1, 1.0, {}, (), {})
    *_, build, _, packed, sampled = frame["pairs"][0]
    assert (build, sampled, link.unpack_pair(packed).extracted.body, frame["equal"]) == (
        "b1",
        True,
        equal.extracted.body,
        [],
    )


def test_a_sampled_pair_that_finds_no_room_is_settled_like_any_other(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(outbox, "PAIR_BYTES", 0)
    box = Outbox()
    assert box.pair(pair(seen(Side.LEGACY), seen(Side.EXTRACTED)), (), sampled=True)
    assert len(box.take(1, 1.0, {}, (), {})["equal"]) == 1
