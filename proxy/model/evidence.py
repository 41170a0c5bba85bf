"""Counted comparisons and what they allow."""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple

from proxy.model.comparison import Result


class EvidenceKey(NamedTuple):
    """What evidence is keyed by: it never speaks for another build, rule set or epoch."""

    route: str
    rules: str
    build: str
    epoch: int


class Asked(NamedTuple):
    """What a request was, as far as coverage goes; `status` is legacy's. Nothing known: an empty method."""

    method: bytes = b""
    status: int = 0
    target: bytes = b""


Origin = tuple[str, int]  # the worker's token, and a serial number


class Settled(NamedTuple):
    """One comparison that ended, in the terms that evidence counts.

    `request` is a 64-bit digest of method, target, body and Vary-relevant headers. `arrival` orders it.
    `extracted_failed`: the extracted side failed where legacy did not. `slow`: seconds of (legacy, extracted), 0.0 when
    a side gave no answer. `origin` names it in what its worker told, None when nobody could tell it again.
    """

    key: EvidenceKey
    arrival: float
    request: int
    result: Result
    reason: str
    signature: str
    high_risk: bool
    extracted_failed: bool
    slow: tuple[float, float]
    asked: Asked = Asked()
    origin: Origin | None = None


class Segment(NamedTuple):
    """Append-only row: one second of one key. `n` counts distinct requests plus later mismatches of seen ones,
    `k` mismatches; then all comparisons by result, pairs with an extracted-only failure, and drops.

    `timed` counts distinct requests that both sides answered, and before them enough others of legacy, `slower` those
    that the extracted side took too long for. `shared` counts pairs of clients' exchanges, one of each side at about
    the same time (requests that cannot be copied, in canary; see evidence/shares.py), `shared_failed` those in which
    only the extracted side failed, `shared_spared` those in which only legacy did. `excused` are the not compared ones
    that say nothing about the extracted side."""

    key: EvidenceKey
    second: int  # seconds since 1970
    n: int
    k: int
    match: int
    ignored: int
    mismatch: int
    not_compared: int
    extracted_failed: int
    dropped: int
    explained: int = 0
    timed: int = 0
    slower: int = 0
    shared: int = 0
    shared_failed: int = 0
    shared_spared: int = 0
    excused: int = 0


COUNTS = Segment._fields[2:]  # what a segment counts; Totals begins with the same


class Totals(NamedTuple):
    """Segments of one key folded together; `first` and `last` are the seconds of the earliest and the latest."""

    n: int = 0
    k: int = 0
    match: int = 0
    ignored: int = 0
    mismatch: int = 0
    not_compared: int = 0
    extracted_failed: int = 0
    dropped: int = 0
    explained: int = 0
    timed: int = 0
    slower: int = 0
    shared: int = 0
    shared_failed: int = 0
    shared_spared: int = 0
    excused: int = 0
    first: int = 0
    last: int = 0


class Ruling(StrEnum):
    PASS = "pass"  # noqa: S105 - a verdict, not a password
    FAIL = "fail"
    INCONCLUSIVE = "inconclusive"


class Verdict(NamedTuple):
    """`why` is one sentence; `needs` lists what is missing, in words, empty unless inconclusive.

    `clean_needed` is how many more clean distinct comparisons the rate alone would need; `blocking` the open signatures
    of high risk. `alpha` is what each of its tests may spend. `from_clients`: it goes by clients' exchanges, because no
    request of the route can be copied."""

    ruling: Ruling
    why: str
    needs: tuple[str, ...]
    clean_needed: int
    blocking: tuple[str, ...]
    key: EvidenceKey | None
    totals: Totals
    alpha: float
    from_clients: bool = False
