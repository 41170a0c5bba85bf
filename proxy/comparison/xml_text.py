"""XML and SOAP read for comparing.

Insignificant, and so equal: prefixes, the order of attributes, how characters are escaped, CDATA, comments,
processing instructions, the XML declaration, a DOCTYPE that declares nothing, `<a/>` for `<a></a>`, and white space
that is only there to be read by people: between elements, around text that stands beside elements, and alone in an
element if it holds a line break. All other text is exact, with its leading and trailing space: `<code> 7</code>` is
another code than `<code>7</code>`. `xml:space="preserve"` makes all white space significant, and `default` ends that.

Prefixes inside *values* are resolved where the type is known to be QName: `xsi:type` and the fault codes of SOAP 1.1
(`faultcode`) and 1.2 (`Code`, `Subcode`). Else `soap:Client` and `SOAP-ENV:Client` would be two faults.

Entities are refused, whoever declares them: nothing is expanded and nothing fetched, so neither a billion laughs nor a
file of this machine comes into a document. Numbers stay texts; rules of tolerance read them.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from proxy.comparison.content import Undecodable
from proxy.comparison.findings import BudgetSpent
from proxy.comparison.markup import Builder, Element, collapsed

_DECLARATION = re.compile(r"\s*<\?xml\s[^>]*\?>")
_ENTITY_USED = re.compile(r"&(?!#|(?:amp|lt|gt|quot|apos);)\w")
_XML = "http://www.w3.org/XML/1998/namespace"
_XSI = "http://www.w3.org/2001/XMLSchema-instance"
_SOAP_12 = "http://www.w3.org/2003/05/soap-envelope"
_KNOWN_PREFIXES = {_XML: "xml:", _XSI: "xsi:", "http://www.w3.org/1999/xlink": "xlink:", "": ""}
_NAMED_BY_PREFIX = re.compile(r"\s*([^\s:<>]+):([^\s:<>]+)\s*")


def read(text: str, spend: Callable[[int], None]) -> Element | None:
    """The document; None when it is not XML. Raises BudgetSpent, and Undecodable when it has entities of its own."""
    declaration = _DECLARATION.match(text)
    body = text[declaration.end() :] if declaration else text
    if not body.lstrip().startswith("<"):
        return None
    if "<!DOCTYPE" in body and ("<!ENTITY" in body or _ENTITY_USED.search(body)):
        raise Undecodable("the document declares or uses entities")
    from lxml import etree  # here: workers import this room, and read no document

    target = _Target(spend)
    parser = etree.XMLParser(
        target=target,  # type: ignore[arg-type]  # the stubs ask for comment(), lxml does not
        encoding="utf-8",
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        huge_tree=False,
        remove_comments=True,
        remove_pis=True,
    )
    return target.builder.built_by(parser, body.encode("utf-8", "surrogatepass"))


class _Target:
    """What lxml calls. A stack says for each open element which prefixes hold and whether white space is kept."""

    def __init__(self, spend: Callable[[int], None]) -> None:
        self.builder = Builder(spend)
        self._scopes: list[tuple[dict[str, str], bool]] = [({}, False)]
        self.data = self.builder.data

    def start(self, tag: str, attributes: dict[str, str], declared: dict[str, str]) -> None:
        prefixes, kept = self._scopes[-1]
        if declared:
            if len(declared) > 1000:
                raise BudgetSpent
            prefixes = {**prefixes, **declared}
        named: dict[str, str] = {}
        for written, value in attributes.items():
            space, name = _split(written)
            if space == _XML and name == "space":
                kept = value == "preserve"
                continue
            if space == _XSI and name == "type":
                value = _resolved(value, prefixes)
            prefix = _KNOWN_PREFIXES.get(space)
            named[f"@{written}" if prefix is None else f"@{prefix}{name}"] = value
        space, name = _split(tag)
        self.builder.opened(Element(name, space, named))
        self._scopes.append((prefixes, kept))

    def end(self, _: str) -> None:
        element = self.builder.closed()
        prefixes, kept = self._scopes.pop()
        if not kept:
            _drop_space(element)
        is_code = element.name == "faultcode" or (element.space == _SOAP_12 and element.name == "Value")
        if is_code and len(element.children) == 1 and isinstance(code := element.children[0], str):
            element.children[0] = _resolved(code, prefixes)

    def close(self) -> None:
        pass


def _drop_space(element: Element) -> None:
    children = element.children
    if len(children) == 1 and isinstance(alone := children[0], str):
        if "\n" in alone and not alone.strip(_SPACE):
            children.clear()
    elif children:
        element.children = [
            kept for child in children if (kept := collapsed(child) if isinstance(child, str) else child) != ""
        ]


_SPACE = " \t\r\n"


def _split(name: str) -> tuple[str, str]:
    if name[:1] != "{":
        return "", name
    space, _, local = name[1:].rpartition("}")
    return space, local


def _resolved(value: str, prefixes: dict[str, str]) -> str:
    """`soap:Client` as `{http://schemas.xmlsoap.org/soap/envelope/}Client`; left alone when the prefix is unknown."""
    named = _NAMED_BY_PREFIX.fullmatch(value)
    if named and named.group(1) in prefixes:
        return f"{{{prefixes[named.group(1)]}}}{named.group(2)}"
    return value
