"""The bodies of two answers, compared: codings undone, read as documents, walked with the rules.

A byte order mark is a difference of its own where only one of two JSON bodies has it (RFC 8259 section 8.1: none may be
added, and not every parser takes one), as in metrics, and as in plain text, of which it is a part. XML, HTML and event
streams say what a reader makes of a mark: nothing.
"""

from __future__ import annotations

from proxy.comparison import json_text, opaque
from proxy.comparison.content import BEGIN_MARKS, TooLarge, Undecodable, decoded, mark_of, text_of
from proxy.comparison.declared import lists_of
from proxy.comparison.documents import Payload, Texts, Torn, Trees, documents
from proxy.comparison.findings import BudgetSpent, Findings, shown_pair
from proxy.comparison.json_aligned import aligned
from proxy.comparison.json_walk import walk
from proxy.comparison.markup import Veiled
from proxy.comparison.media import Family, Media, media
from proxy.comparison.rules import Rules
from proxy.model.comparison import Difference, Kind, NotCompared, Risk
from proxy.model.observation import CapturedBody

READ = 100_000  # elements, attributes, fields, events and lines read, one by one, in one comparison
SHORT = 768  # characters; two shorter documents are read sooner than aligned

_UNMARKED = frozenset({Family.JSON, Family.SEQUENCE, Family.LINES, Family.METRICS})

Named = dict[bytes, bytes]  # header values by lower-case name


def bodies(
    left: CapturedBody, right: CapturedBody, ours: Named, theirs: Named, rules: Rules, found: Findings
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
        if one != other or kind.charset != other_kind.charset or found.claims:  # claims of headers hold for bodies, too
            _payloads(Payload(one, kind), Payload(other, other_kind), rules, found)
    except Undecodable:
        return NotCompared.UNDECODABLE
    except TooLarge:
        return NotCompared.TOO_LARGE
    except (BudgetSpent, RecursionError):
        return NotCompared.BUDGET
    return None


def _payloads(left: Payload, right: Payload, rules: Rules, found: Findings) -> None:
    if left.media.family is Family.JSON and right.media.family is Family.JSON and _short_way(left, right, rules, found):
        _marks(left, right, rules, found)
        return
    if _is_unmarked(left.media) and _is_unmarked(right.media):
        _marks(left, right, rules, found)
    both = documents(left, right, lists_of(rules.compare), Findings(READ).spend)
    match both:
        case Trees():
            walk(both.left, both.right, rules.root, found)
            _ends(*both.ends, rules, found)
            if both.left_veiled and both.right_veiled:
                _unveil(both.left_veiled, both.right_veiled, found)
        case Torn():
            found.add(Difference("$", Kind.TYPE, Risk.HIGH, both.left_is, both.right_is, "$"))
        case Texts():
            opaque.texts(both.left, both.right, found)
        case None:
            opaque.byte_strings(left.data, right.data, found)


def _short_way(left: Payload, right: Payload, rules: Rules, found: Findings) -> bool:
    """True when both are JSON and were compared; aligned if that can be, without reading both of them."""
    one = text_of(left.data, left.media.charset, Family.JSON)
    other = text_of(right.data, right.media.charset, Family.JSON)
    if one is None or other is None:
        return False
    if one == other and not found.claims:
        return True
    known = aligned(one, other, rules.root, found.budget) if len(one) > SHORT else None
    if known is not None:
        found.take(known)
        return True
    try:
        document, counterpart = json_text.read(one), json_text.read(other)
    except json_text.NotJsonError:
        return False
    walk(document, counterpart, rules.root, found)
    return True


def _is_unmarked(kind: Media) -> bool:
    return kind.kind != b"" and kind.family in _UNMARKED


def _marks(left: Payload, right: Payload, rules: Rules, found: Findings) -> None:
    if left.data[:1] not in BEGIN_MARKS and right.data[:1] not in BEGIN_MARKS:
        return
    ours, theirs = mark_of(left.data), mark_of(right.data)
    if ours != theirs:
        risk = Risk.HIGH if theirs else Risk.LOW
        found.add(Difference("body", Kind.BODY, risk, _said(ours), _said(theirs), "body:1:1", rules.root.ignore))


def _said(mark: str) -> str:
    return f"byte order mark of {mark}" if mark else "no byte order mark"


def _ends(left: str, right: str, rules: Rules, found: Findings) -> None:
    """What closes only one of two documents is a difference in itself: it tells why the last part of it is missing."""
    if left != right:
        kind, risk = (Kind.EXTRA, Risk.LOW) if right else (Kind.MISSING, Risk.HIGH)
        found.add(Difference("$", kind, risk, left, right, "$", rules.root.ignore))


def _unveil(left: list[Veiled], right: list[Veiled], found: Findings) -> None:
    """Values that differ in every answer by their nature are ignored where both documents have them."""
    theirs = {one.place: one for one in right}
    for one in left:
        other = theirs.get(one.place)
        if other is not None and one.masked.label == other.masked.label and one.masked.shown != other.masked.shown:
            ours_shown, theirs_shown = shown_pair(one.masked.shown, other.masked.shown)
            label = one.masked.label
            found.add(Difference(one.path, Kind.VALUE, Risk.MEDIUM, ours_shown, theirs_shown, one.place, label))
