"""Two payloads read as the documents that they are, by the most structure that both really have.

Labels lie: JSON comes as text/html from old PHP, XML as text/plain, an error page as application/json. So the
families that the two sides declare are tried from the most structure down, and one that both payloads can be read as
is taken, whatever the other says. A payload that has no type, or only claims to be text or HTML, may also be the JSON
or XML that it begins like, if both sides begin so. When only one of them can be read as what it or the other
declares, that is the difference.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from proxy.comparison import (
    event_text,
    form_text,
    html_text,
    json_text,
    line_text,
    markup,
    metrics_text,
    multipart,
    xml_text,
)
from proxy.comparison.content import WINDOWS, text_of
from proxy.comparison.declared import Lists
from proxy.comparison.findings import BudgetSpent
from proxy.comparison.markup import Element, Veiled
from proxy.comparison.media import Family, Media, media

MAX_NESTED = 4  # multipart payloads inside each other
_PERHAPS_WINDOWS = {Family.TEXT, Family.METRICS, Family.HTML}  # where nothing names the encoding

Spend = Callable[[int], None]


class Payload(NamedTuple):
    data: bytes  # content codings undone
    media: Media


class Trees(NamedTuple):
    """Both documents for `json_walk.walk`, and what was masked in them. `ends` is what each closes with, in words, ""
    for a side that lacks it."""

    left: Any
    right: Any
    left_veiled: list[Veiled]
    right_veiled: list[Veiled]
    ends: tuple[str, str] = ("", "")


class Torn(NamedTuple):
    """One payload is such a document and the other is not, in words; `left` and `right` are the tree or the text."""

    left_is: str
    right_is: str
    left: Any
    right: Any


class Texts(NamedTuple):
    left: str
    right: str


def documents(
    left: Payload, right: Payload, lists: Lists, spend: Spend, nested: int = 0
) -> Trees | Torn | Texts | None:
    """None when they are bytes without structure. Raises BudgetSpent and Undecodable."""
    families = {left.media.family, right.media.family}
    one = other = None
    if max(families) is not Family.BYTES:
        one, other = _texts(left, right)
        if one is not None and other is not None:
            families |= _begin_like(one, left.media) & _begin_like(other, right.media)
    torn: Torn | None = None
    for family in sorted(families, reverse=True):
        mine, yours = _read(family, left, one, spend), _read(family, right, other, spend)
        if mine and yours:
            return _joined(family, mine[0], yours[0], lists, spend, nested)
        if (mine or yours) and torn is None:
            torn = _torn(family, mine, yours, one, other)
    if torn is not None:
        return torn
    if Family.JSON in families and one is not None and other is not None:  # as the API of Kubernetes sends them
        ours, theirs = line_text.lines(one, spend), line_text.lines(other, spend)
        if ours is not None and theirs is not None:
            return Trees(ours, theirs, [], [])
    return None if one is None or other is None else Texts(one, other)


def _texts(left: Payload, right: Payload) -> tuple[str | None, str | None]:
    """Both payloads as characters. Those that name no encoding have the same: UTF-8 if it fits both."""
    one, other = (text_of(side.data, side.media.charset, side.media.family) for side in (left, right))
    if (one is None or other is None) and {left.media.family, right.media.family} <= _PERHAPS_WINDOWS:
        one, other = (text_of(side.data, side.media.charset, side.media.family, WINDOWS) for side in (left, right))
    return one, other


def _begin_like(text: str, declared: Media) -> set[Family]:
    if declared.kind and declared.family not in (Family.TEXT, Family.HTML):
        return {declared.family}
    families = {declared.family}
    begins = text[:256].lstrip().lower()
    if begins[:1] in ("{", "["):
        families.add(Family.JSON)
    elif begins.startswith(metrics_text.BEGINS):
        families.add(Family.METRICS)
    elif begins.startswith("<?xml"):
        families.add(Family.XML)
    elif not declared.kind and begins.startswith("<"):
        families |= {Family.HTML} if begins.startswith(("<!doctype html", "<html")) else {Family.XML, Family.HTML}
    return families


def _read(family: Family, payload: Payload, text: str | None, spend: Spend) -> tuple[Any] | None:
    """What the payload is as a document of this family, in a tuple because a document may be null."""
    if family is Family.MULTIPART:
        found: Any = multipart.read(payload.data, payload.media.boundary)
    elif text is None:
        return None
    else:
        match family:
            case Family.JSON:
                try:
                    return (json_text.read(text),)
                except json_text.NotJsonError:
                    return None
            case Family.XML:
                found = xml_text.read(text, spend)
            case Family.HTML:
                found = html_text.read(text, spend)
            case Family.EVENTS:
                found = event_text.read(text, spend)
            case Family.SEQUENCE:
                found = line_text.sequence(text, spend)
            case Family.LINES:
                found = line_text.lines(text, spend)
            case Family.METRICS:
                found = metrics_text.read(text, spend)
            case Family.FORM:
                found = form_text.read(text, spend, payload.media.family is Family.FORM)
            case _:
                return None
    return None if found is None else (found,)


def _joined(family: Family, left: Any, right: Any, lists: Lists, spend: Spend, nested: int) -> Trees:
    match family:
        case Family.XML | Family.HTML:
            return Trees(*markup.trees(left, right, lists))
        case Family.FORM:
            return Trees(*form_text.trees(left, right, lists), [], [])
        case Family.METRICS:
            return Trees(*metrics_text.trees(left, right))
        case Family.EVENTS:
            return Trees(*event_text.trees(left, right), [], [], (left.end, right.end))
        case Family.MULTIPART:
            if nested >= MAX_NESTED:
                raise BudgetSpent

            def bodies(one: multipart.Part, other: multipart.Part, inner: Lists) -> tuple[Any, Any]:
                return _parts(one, other, inner, spend, nested + 1)

            ends = (multipart.END * left.closed, multipart.END * right.closed)
            return Trees(*multipart.trees(left.parts, right.parts, lists, bodies), [], [], ends)
        case _:
            return Trees(left, right, [], [])


def _parts(left: multipart.Part, right: multipart.Part, lists: Lists, spend: Spend, nested: int) -> tuple[Any, Any]:
    """The trees of the bodies of two parts."""
    spend(1)
    one, other = (Payload(part.body, media(part.headers.get(b"content-type", b"text/plain"))) for part in (left, right))
    both = documents(one, other, lists, spend, nested)
    if both is None:
        return multipart.shown_bytes(left.body), multipart.shown_bytes(right.body)
    if isinstance(both, Trees) and both.ends[0] != both.ends[1]:  # one is not the whole of such a document
        whole, other_whole = map(bool, both.ends)
        return (
            both.left if whole else multipart.shown_bytes(left.body),
            both.right if other_whole else multipart.shown_bytes(right.body),
        )
    return both.left, both.right


def _torn(
    family: Family, ours: tuple[Any] | None, theirs: tuple[Any] | None, one: str | None, other: str | None
) -> Torn:
    name = _NAMES[family]

    def said(document: tuple[Any] | None) -> str:
        if document is None:
            return f"not {name}"
        return json_text.type_name(document[0]) if family is Family.JSON else name

    def alone(document: tuple[Any] | None, text: str | None) -> Any:
        if document is None:
            return text
        match document[0]:
            case Element() as root:
                return markup.tree(root)
            case event_text.Stream() as stream:
                return stream.ended
            case multipart.Multipart() as whole:
                return [multipart.shown_bytes(part.body) for part in whole.parts]
            case known:
                return known

    return Torn(said(ours), said(theirs), alone(ours, one), alone(theirs, other))


_NAMES = {
    Family.JSON: "JSON",
    Family.XML: "XML",
    Family.HTML: "HTML",
    Family.EVENTS: "an event stream",
    Family.SEQUENCE: "a JSON text sequence",
    Family.LINES: "JSON lines",
    Family.FORM: "a form",
    Family.METRICS: "metrics",
    Family.MULTIPART: "multipart",
}
