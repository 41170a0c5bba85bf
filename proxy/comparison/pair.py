"""Two observations of one request, compared.

In this order, and the first that settles it wins: did both sides answer; is the status the same; the chosen headers;
the bodies by type. A legacy failure says nothing about the readiness of the extracted side: it is `legacy_failed`,
whatever the other did, and only tells by its differences whether both failed alike (error parity). A failure of the
extracted side where legacy answered is a mismatch, and so is a copy that had its whole deadline and no answer: a
service that hangs must never look like one that was not asked. What we ourselves cut off, could not hold or could not
decode is `not_compared`. Bodies under different status codes are not compared: everything in them would differ, and
hide that it is one mistake.

The result is the same with the sides swapped; which one answered the client is not known here.
"""

from __future__ import annotations

from functools import lru_cache

from proxy.comparison import renaming
from proxy.comparison.bodies import bodies
from proxy.comparison.findings import Findings, signature_of
from proxy.comparison.header_fields import compare_headers, named, wanted
from proxy.comparison.rules import Rules
from proxy.model.comparison import Comparison, Difference, Kind, NotCompared, Result, Risk
from proxy.model.headers import first
from proxy.model.observation import Observation
from proxy.model.outcome import Outcome

_OK = Outcome.OK


def compare(legacy: Observation, extracted: Observation, rules: Rules) -> Comparison:
    """Never raises for what the observations hold; the work is bounded."""
    statuses = (legacy.status, extracted.status)
    if legacy.outcome is not _OK or extracted.outcome is not _OK or legacy.status >= 500:
        return _without_answer(legacy, extracted, rules, statuses)
    found = Findings()
    reason = _answers(legacy, extracted, rules, found)
    if reason is not None and not found.unexplained:
        return not_compared(reason, statuses)
    return _settled(found, statuses)


def _answers(legacy: Observation, extracted: Observation, rules: Rules, found: Findings) -> NotCompared | None:
    """Adds what differs in two answers to `found`; the reason when their bodies cannot be compared."""
    status = legacy.status
    if status != extracted.status:
        found.add(Difference("status", Kind.STATUS, Risk.HIGH, str(status), str(extracted.status), "status"))
        return None
    names = wanted(rules.headers, status)
    ours, theirs = named(legacy.headers, names), named(extracted.headers, names)
    if ours != theirs:
        dates = _date(legacy), _date(extracted)
        compare_headers(ours, theirs, dates, status, rules, found)
    reason = bodies(legacy.body, extracted.body, ours, theirs, rules, found)
    if found.claims:
        rules.unchanged(ours, theirs, found)
        renaming.settle(found)
    return reason


def _date(answer: Observation) -> str:
    return (first(answer.headers, b"date") or b"").decode("latin-1")


def byte_equal(legacy: Observation, extracted: Observation, headers: tuple[bytes, ...]) -> bool:
    """True when nothing needs to be decoded to know that this is a match: both sides answered in full with the same
    status, the same bytes, the same coding and type, and the same values of `headers` (chosen names in lower case)."""
    if legacy.outcome is not _OK or extracted.outcome is not _OK:
        return False
    ours, theirs = legacy.body, extracted.body
    if legacy.status != extracted.status or legacy.status >= 500 or ours.data != theirs.data:
        return False
    if not (ours.complete and theirs.complete):
        return False
    names = wanted(headers, legacy.status)
    return named(legacy.headers, names) == named(extracted.headers, names)


@lru_cache(maxsize=1024)
def not_compared(reason: NotCompared, statuses: tuple[int, int]) -> Comparison:
    return Comparison(Result.NOT_COMPARED, reason, "", None, statuses, (), 0)


@lru_cache(maxsize=1024)
def _match(statuses: tuple[int, int]) -> Comparison:
    return Comparison(Result.MATCH, None, "", None, statuses, (), 0)


def _settled(found: Findings, statuses: tuple[int, int]) -> Comparison:
    if found.unexplained:
        differences = found.worst_first()
        signature = signature_of(statuses, tuple(sorted(found.kinds)))
        risk = differences[0].risk
        kinds, in_place, lines = frozenset(found.kinds), tuple(found.in_place), tuple(found.lines)
        return Comparison(
            Result.MISMATCH,
            None,
            signature,
            risk,
            statuses,
            differences,
            found.total,
            kinds,
            in_place=in_place,
            lines=lines,
        )
    if found.explained:
        return Comparison(Result.IGNORED, None, "", None, statuses, tuple(found.explained), found.total)
    return _match(statuses)


def _without_answer(legacy: Observation, extracted: Observation, rules: Rules, statuses: tuple[int, int]) -> Comparison:
    for side in (legacy, extracted):
        reason = _OURS.get(side.outcome)
        if reason is None and side.outcome.startswith("request_"):
            reason = NotCompared.CLIENT_GONE
        if reason is not None:
            return not_compared(reason, statuses)
    found = Findings()
    if legacy.outcome is _OK and extracted.outcome is _OK:
        _answers(legacy, extracted, rules, found)
    elif legacy.outcome is not extracted.outcome:
        failed = extracted if legacy.outcome is _OK else legacy
        path = f"outcome:{failed.outcome.value}"
        found.add(Difference(path, Kind.ERROR, Risk.HIGH, _ended(legacy), _ended(extracted), "outcome"))
    if legacy.outcome is not _OK or legacy.status >= 500:
        parity = found.worst_first()
        return Comparison(Result.NOT_COMPARED, NotCompared.LEGACY_FAILED, "", None, statuses, parity, found.total)
    return _settled(found, statuses)


def _ended(side: Observation) -> str:
    return f"status {side.status}" if side.outcome is _OK else side.outcome.value


_OURS = {
    Outcome.CLIENT_GONE: NotCompared.CLIENT_GONE,
    Outcome.CLIENT_STALLED: NotCompared.CLIENT_GONE,
    Outcome.TUNNELLED: NotCompared.CUT,
    Outcome.BREAKER_OPEN: NotCompared.SHADOW_CANCELLED,
    Outcome.POOL_EXHAUSTED: NotCompared.SHADOW_CANCELLED,
    Outcome.CANCELLED: NotCompared.SHADOW_CANCELLED,
    Outcome.DRAINED: NotCompared.SHADOW_CANCELLED,
    Outcome.CUT: NotCompared.SHADOW_CANCELLED,
}
