"""Two observations of one request, compared.

In this order, and the first that settles it wins: did both sides answer; is the status the same; the chosen headers;
the bodies by type. A legacy failure says nothing about the extracted side; a failure of the extracted side where legacy
answered is a mismatch, and so is a copy that had its whole deadline and no answer: a service that hangs must never
look like one that was not asked. What we ourselves cut off, could not hold or could not decode is `not_compared`.
Bodies under different status codes are not compared: everything in them would differ, and hide that it is one mistake.

The result is the same with the sides swapped; which one answered the client is not known here.
"""

from __future__ import annotations

from functools import lru_cache

from proxy.comparison import json_text, opaque, renaming
from proxy.comparison.content import Family, TooLarge, Undecodable, decoded, media, text_of
from proxy.comparison.findings import BudgetSpent, Findings, capped, printable, signature_of
from proxy.comparison.json_aligned import aligned
from proxy.comparison.json_walk import walk
from proxy.comparison.rules import Rules
from proxy.model.comparison import Comparison, Difference, Kind, NotCompared, Result, Risk
from proxy.model.headers import Headers
from proxy.model.observation import CapturedBody, Observation
from proxy.model.outcome import Outcome

SHORT = 768  # characters; two shorter documents are read sooner than aligned

_OK = Outcome.OK


def compare(legacy: Observation, extracted: Observation, rules: Rules) -> Comparison:
    """Never raises for what the observations hold; the work is bounded."""
    statuses = (legacy.status, extracted.status)
    if legacy.outcome is not _OK or extracted.outcome is not _OK or legacy.status >= 500:
        return _without_answer(legacy, extracted, statuses)
    found = Findings()
    if legacy.status != extracted.status:
        ours, theirs = str(legacy.status), str(extracted.status)
        found.add(Difference("status", Kind.STATUS, Risk.HIGH, ours, theirs, "status"))
        return _settled(found, statuses)
    ours_named, theirs_named = _named(legacy.headers, rules.wanted), _named(extracted.headers, rules.wanted)
    if ours_named != theirs_named:
        _headers(ours_named, theirs_named, rules.headers, found)
    reason = _bodies(legacy.body, extracted.body, ours_named, theirs_named, rules, found)
    renaming.settle(found)
    if reason is not None and not found.unexplained:
        return not_compared(reason, statuses)
    return _settled(found, statuses)


def byte_equal(legacy: Observation, extracted: Observation, headers: tuple[bytes, ...]) -> bool:
    """True when nothing needs to be decoded to know that this is a match: both sides answered in full with the same
    status, the same bytes, the same coding and the same values of `headers` (chosen names in lower case)."""
    if legacy.outcome is not _OK or extracted.outcome is not _OK:
        return False
    ours, theirs = legacy.body, extracted.body
    if legacy.status != extracted.status or legacy.status >= 500 or ours.data != theirs.data:
        return False
    if not (ours.complete and theirs.complete):
        return False
    wanted = _wanted(headers)
    return _named(legacy.headers, wanted) == _named(extracted.headers, wanted)


@lru_cache(maxsize=1024)
def _wanted(headers: tuple[bytes, ...]) -> frozenset[bytes]:
    return frozenset(headers) | {b"content-encoding"}


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
        return Comparison(
            Result.MISMATCH, None, signature, risk, statuses, differences, found.total, frozenset(found.kinds)
        )
    if found.explained:
        return Comparison(Result.IGNORED, None, "", None, statuses, tuple(found.explained), found.total)
    return _match(statuses)


def _without_answer(legacy: Observation, extracted: Observation, statuses: tuple[int, int]) -> Comparison:
    for side in (legacy, extracted):
        reason = _OURS.get(side.outcome)
        if reason is None and side.outcome.startswith("request_"):
            reason = NotCompared.CLIENT_GONE
        if reason is not None:
            return not_compared(reason, statuses)
    if legacy.outcome is not _OK or legacy.status >= 500:
        return not_compared(NotCompared.LEGACY_FAILED, statuses)
    found = Findings()
    word = extracted.outcome.value
    found.add(Difference(f"outcome:{word}", Kind.ERROR, Risk.HIGH, f"status {legacy.status}", word, "outcome"))
    return _settled(found, statuses)


_OURS = {
    Outcome.CLIENT_GONE: NotCompared.CLIENT_GONE,
    Outcome.CLIENT_STALLED: NotCompared.CLIENT_GONE,
    Outcome.TUNNELLED: NotCompared.CUT,
    Outcome.BREAKER_OPEN: NotCompared.SHADOW_CANCELLED,
    Outcome.POOL_EXHAUSTED: NotCompared.SHADOW_CANCELLED,
    Outcome.CANCELLED: NotCompared.SHADOW_CANCELLED,
    Outcome.DRAINED: NotCompared.SHADOW_CANCELLED,
}


def _named(headers: Headers, wanted: frozenset[bytes]) -> dict[bytes, bytes]:
    """The values of the wanted names; several fields of one name are one list (RFC 9110 section 5.3)."""
    values: dict[bytes, bytes] = {}
    for key, value in headers:
        name = key.lower()
        if name in wanted:
            values[name] = values[name] + b", " + value.strip() if name in values else value.strip()
    return values


def _headers(ours: dict[bytes, bytes], theirs: dict[bytes, bytes], chosen: tuple[bytes, ...], found: Findings) -> None:
    for name in chosen:
        one, other = ours.get(name), theirs.get(name)
        if one == other or (name == b"content-type" and _same_type(one, other)):
            continue
        risk = Risk.HIGH if other is None else Risk.LOW if one is None else Risk.MEDIUM
        path = f"header:{name.decode('latin-1')}"
        found.add(Difference(path, Kind.HEADER, risk, _shown(one), _shown(other), path))


@lru_cache(maxsize=512)
def _same_type(one: bytes | None, other: bytes | None) -> bool:
    """Media types are equal whatever their case and the spaces around their parameters (RFC 9110 section 8.3.1)."""
    return one is not None and other is not None and _normal_type(one) == _normal_type(other)


def _normal_type(value: bytes) -> tuple[bytes, frozenset[bytes]]:
    kind, *parameters = (part.strip().replace(b'"', b"") for part in value.split(b";"))
    normal = set()
    for parameter in parameters:
        name, _, content = parameter.partition(b"=")
        name = name.strip().lower()
        normal.add(name + b"=" + (content.lower() if name == b"charset" else content))
    return kind.lower(), frozenset(normal)


def _shown(value: bytes | None) -> str:
    return "" if value is None else capped(printable(value.decode("latin-1"))[1:-1])


def _bodies(
    left: CapturedBody,
    right: CapturedBody,
    ours: dict[bytes, bytes],
    theirs: dict[bytes, bytes],
    rules: Rules,
    found: Findings,
) -> NotCompared | None:
    """Adds what differs to `found`; the reason when the bodies cannot be compared."""
    for body in (left, right):
        if not body.complete:
            return NotCompared.TOO_LARGE if not body.data and body.size else NotCompared.CUT
    one, other = left.data, right.data
    coding, other_coding = ours.get(b"content-encoding", b""), theirs.get(b"content-encoding", b"")
    kind, other_kind = media(ours.get(b"content-type", b"")), media(theirs.get(b"content-type", b""))
    if one == other and coding == other_coding and kind.charset == other_kind.charset and not found.claims:
        return None
    try:
        if coding:
            one = decoded(one, coding)
        if other_coding:
            other = decoded(other, other_coding)
        family = max(kind.family, other_kind.family)
        _by_family(family, one, other, kind.charset, other_kind.charset, rules, found)
    except Undecodable:
        return NotCompared.UNDECODABLE
    except TooLarge:
        return NotCompared.TOO_LARGE
    except (BudgetSpent, RecursionError):
        return NotCompared.BUDGET
    return None


def _by_family(
    family: Family, left: bytes, right: bytes, charset: str, other_charset: str, rules: Rules, found: Findings
) -> None:
    """Compares by the most structure that both bodies really have, whatever their labels say."""
    one = text_of(left, charset) if family else None
    other = text_of(right, other_charset) if family else None
    if one is None or other is None:
        opaque.byte_strings(left, right, found)
        return
    if family is Family.JSON and (one != other or found.claims):
        known = aligned(one, other, rules.root, found.budget) if len(one) > SHORT else None
        if known is not None:
            found.take(known)
            return
        document, readable = _document(one)
        counterpart, other_readable = _document(other)
        if readable and other_readable:
            walk(document, counterpart, rules.root, found)
            return
        if readable != other_readable:
            ours = json_text.type_name(document) if readable else "not JSON"
            theirs = json_text.type_name(counterpart) if other_readable else "not JSON"
            found.add(Difference("$", Kind.TYPE, Risk.HIGH, ours, theirs, "$"))
            return
    opaque.texts(one, other, found)


def _document(text: str) -> tuple[object, bool]:
    try:
        return json_text.read(text), True
    except json_text.NotJsonError:
        return None, False
