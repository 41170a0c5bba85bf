"""HTML read for comparing: the tree that a browser makes of it, by elements, attributes and text.

Insignificant: how it is written (case of names, quotes, tags that may be left out, entities), comments, the DOCTYPE,
runs of white space and space around texts (not inside `pre`, `textarea`, `script` and `style`, where only the ends
are trimmed), the order of attributes and of the names in `class` and `rel`, the case of keywords (`method`, `type`),
and whether a boolean attribute has a value. Rows of a table stand in a `tbody`, as they do in a browser, whether it is
written or not. Scripts and styles are text.

Every page of a usual web application differs from the last one in a few places by design. They are treated
here, once for all, as rules are: the value may differ, that it is there and looks like what it is may not.

- `html csrf token`: the value of a hidden input, or the content of a meta element, that the frameworks use for it;
- `html nonce`: the nonce of a Content-Security-Policy on scripts and styles;
- `html asset hash`: the hash or version in the URL of a script, style, image or font (`app-3f2a9c.js`, `?v=417`), and
  the `integrity` that goes with it. The rest of the URL is compared.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from proxy.comparison.markup import Builder, Element, Masked, collapsed

CSRF, NONCE, ASSET = "html csrf token", "html nonce", "html asset hash"

_AS_WRITTEN = frozenset({"pre", "textarea", "script", "style"})
_BOOLEAN = frozenset(
    {
        "allowfullscreen",
        "async",
        "autofocus",
        "autoplay",
        "checked",
        "controls",
        "default",
        "defer",
        "disabled",
        "formnovalidate",
        "hidden",
        "inert",
        "ismap",
        "itemscope",
        "loop",
        "multiple",
        "muted",
        "nomodule",
        "novalidate",
        "open",
        "playsinline",
        "readonly",
        "required",
        "reversed",
        "selected",
    }
)  # attributes that are set by being there
_SETS = frozenset({"class", "rel", "sandbox"})
_ANY_CASE = frozenset(
    {
        "crossorigin",
        "dir",
        "enctype",
        "formmethod",
        "http-equiv",
        "hreflang",
        "lang",
        "method",
        "rel",
        "sandbox",
        "scope",
    }
)  # values that are keywords
_LISTS = frozenset({"ol", "ul", "li"})  # their type has case: a and A count otherwise
_CSRF_NAME = re.compile(
    r"_?(?:csrf|xsrf)(?:[_.-]?(?:token|middlewaretoken|key|hash|nonce))?|csrfmiddlewaretoken|authenticity_token|_token"
    r"|__requestverificationtoken|yii_csrf_token",
    re.IGNORECASE,
)
_TOKEN = re.compile(r"[A-Za-z0-9+/=_.:~|-]{8,1024}")
_READ_AT_ONCE = 16  # characters of attributes that are as much work as an element
_LONGEST_LINK = 512  # characters; longer ones are data, or a list
_LINKS = frozenset({"@src", "@href", "@srcset", "@data-src", "@poster"})
_ASSET = re.compile(
    r"\.(?:m?js|css|map|png|jpe?g|gif|webp|avif|svg|ico|woff2?|ttf|otf|eot|webmanifest)(?=$|[?#\s,])", re.I
)
_HASH = re.compile(
    r"(?<=[-._/])(?:(?=[0-9a-f]{0,63}\d)[0-9a-f]{6,64}"  # hexadecimal, with a digit, or it may be a word
    r"|(?=[\w-]{0,23}\d)(?=[\w-]{0,23}[a-z])(?=[\w-]{0,23}[A-Z])[\w-]{8,24})"  # as bundlers write them, in base 64
    r"(?=(?:\.min|\.chunk|\.bundle|\.module)?\.[a-z0-9]{2,11}(?:$|[?#\s,]))"
)
_VERSION = re.compile(r"(?<=[?&])(v|ver|version|h|hash|rev|t|ts|_)=[\w.-]{1,64}(?=$|[&#\s,])")


def read(text: str, spend: Callable[[int], None]) -> Element | None:
    """The document; None when there is no tag in it. Raises BudgetSpent."""
    if not _TAG.search(text):
        return None
    from lxml import etree  # here: workers import this room, and read no document

    target = _Target(spend)
    parser = etree.HTMLParser(
        target=target,  # type: ignore[arg-type]  # the stubs ask for comment(), lxml does not
        encoding="utf-8",
        no_network=True,
        huge_tree=False,
    )
    return target.builder.built_by(parser, text.encode("utf-8", "replace"))


_TAG = re.compile(r"<(?:!doctype\s|[a-z][a-z0-9:-]{0,40}[\s/>])", re.IGNORECASE)


class _Target:
    """What lxml calls."""

    def __init__(self, spend: Callable[[int], None]) -> None:
        self.builder = Builder(spend)
        self.data = self.builder.data
        self._spend = spend
        self._as_written = 0

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        self._as_written += tag in _AS_WRITTEN
        named = {f"@{name}": _attribute(tag, name, value or "") for name, value in attributes.items()}
        element = Element(tag, "", named)
        self._spend(sum(map(len, named.values())) // _READ_AT_ONCE)
        _mask(element)
        self.builder.opened(element)

    def end(self, tag: str) -> None:
        element = self.builder.closed()
        pieces: list[Element | str] = []
        for child in element.children:
            if isinstance(child, str):
                child = child.strip(_SPACE) if self._as_written else collapsed(child)
            if child != "":
                pieces.append(child)
        element.children = self._bodies(pieces) if tag == "table" else pieces
        self._as_written -= tag in _AS_WRITTEN

    def _bodies(self, pieces: list[Element | str]) -> list[Element | str]:
        """What a table holds, with the `tbody` that is around rows in a browser's tree where the tag was left out."""
        grouped: list[Element | str] = []
        body: Element | None = None
        for piece in pieces:
            if isinstance(piece, str) or piece.name != "tr":
                grouped.append(piece)
                body = None
                continue
            if body is None:
                self._spend(1)
                body = Element("tbody", "", {})
                body.nests = True
                grouped.append(body)
            body.children.append(piece)
        return grouped

    def close(self) -> None:
        pass


_SPACE = " \t\r\n\f"


def _attribute(tag: str, name: str, value: str) -> str:
    if name in _BOOLEAN:
        return ""
    if name in _ANY_CASE or (name == "type" and tag not in _LISTS):
        value = value.lower()
    return " ".join(sorted(set(value.split()))) if name in _SETS else value.strip(_SPACE)


def _mask(element: Element) -> None:
    """Replaces what differs by design, and keeps what was there."""
    attributes = element.attributes
    if _holds_token(element):
        name = "@content" if element.name == "meta" else "@value"
        if _TOKEN.fullmatch(attributes.get(name, "")):
            _veil(element, name, CSRF, "(token)")
    if _TOKEN.fullmatch(attributes.get("@nonce", "")):
        _veil(element, "@nonce", NONCE, "(nonce)")
    if element.name in ("script", "link") and attributes.get("@integrity", "").startswith("sha"):
        _veil(element, "@integrity", ASSET, "(integrity)")
    for name in _LINKS & attributes.keys():
        link = attributes[name]
        if len(link) <= _LONGEST_LINK and _ASSET.search(link):
            general = _VERSION.sub(r"\1=(version)", _HASH.sub("(hash)", link))
            if general != link:
                _veil(element, name, ASSET, general)


def _holds_token(element: Element) -> bool:
    if element.name == "meta":
        return bool(_CSRF_NAME.fullmatch(element.attributes.get("@name", "")))
    hidden = element.name == "input" and element.attributes.get("@type", "").lower() == "hidden"
    return hidden and bool(_CSRF_NAME.fullmatch(element.attributes.get("@name", "")))


def _veil(element: Element, name: str, label: str, general: str) -> None:
    element.masked[name] = Masked(label, element.attributes[name])
    element.attributes[name] = general
