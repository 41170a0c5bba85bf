"""Two documents of elements (XML, HTML) as trees of objects, lists and texts, for the one walk that knows the rules.

How they look is decided on both together, place by place, so that the two trees differ only where the documents do:

- An element is an object: a member for each name of a child, `@name` for each attribute, `#text` for text beside
  them.
- Where no element at a place has attributes or children, in neither document, it is its text: `$.invoice.total`.
- A child that occurs more than once beside itself, in either document, or that a rule calls a list, is a list of
  them.
- Names are local names. Only where one place has children of one name from *different* namespaces, in either document
  or between them, is the namespace part of the name: `$['{http://a.example/}id']`. Prefixes say nothing.
- Where the same children come in another order, each document gets a member `#order`: two permutations of one list,
  which the walk reports as a difference of kind `order`. Of children that are missing on one side only the others
  count.

Work is taken from the budget by the readers, for each element and attribute; what is done here is bounded by that.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NamedTuple

from proxy.comparison.declared import Lists
from proxy.comparison.findings import BudgetSpent, member_steps

if TYPE_CHECKING:
    from lxml import etree

SPACES = re.compile(r"[ \t\r\n\f]+")  # no-break space and its like are characters
MAX_NESTED = 200  # elements inside each other
TEXT = "#text"
ORDER = "#order"


class Masked(NamedTuple):
    """A value that differs in every answer by its nature: `shown` was in the document, `label` says what it is."""

    label: str
    shown: str


class Element:
    """`children` are elements and texts in order, `nests` tells that there are elements among them; `attributes` are by
    their final names, `@` included. What stands in `masked` under a member's name has been replaced in `attributes` by
    a text that is the same for all."""

    __slots__ = ("attributes", "children", "masked", "name", "nests", "order", "space")

    def __init__(self, name: str, space: str, attributes: dict[str, str]) -> None:
        self.name = name
        self.space = space  # the URI of the namespace, "" for none
        self.attributes = attributes
        self.children: list[Element | str] = []
        self.nests = False
        self.masked: dict[str, Masked] = {}
        self.order: list[str] | None = None


class _Shape:
    """What the elements at one place have, in both documents together."""

    __slots__ = ("children", "plain", "repeated", "texts")

    def __init__(self) -> None:
        self.plain = True  # nothing but text
        self.repeated = False
        self.texts = 0  # pieces of text in one element, at most
        self.children: dict[str, dict[str, _Shape]] = {}

    def learn(self, element: Element) -> None:
        if element.attributes or element.nests:
            self.plain = False
        texts = 0
        seen: set[tuple[str, str]] = set()
        for child in element.children:
            if isinstance(child, str):
                texts += 1
                continue
            name, space = child.name, child.space
            spaces = self.children.get(name)
            if spaces is None:
                spaces = self.children[name] = {}
            shape = spaces.get(space)
            if shape is None:
                shape = spaces[space] = _Shape()
            if (name, space) in seen:
                shape.repeated = True
            else:
                seen.add((name, space))
            if child.nests or child.attributes:
                shape.learn(child)
            elif child.children:
                shape.texts = shape.texts or 1
        self.texts = max(self.texts, texts)

    def key(self, child: Element | str) -> str:
        """The member that a child stands under."""
        if isinstance(child, str):
            return TEXT
        if child.space and len(self.children[child.name]) > 1:
            return f"{{{child.space}}}{child.name}"
        return child.name


class Veiled(NamedTuple):
    """A masked value and where it stands."""

    path: str
    place: str
    masked: Masked


class Trail(NamedTuple):
    """The way to a place, from the end: written only where something is found. `at` is the index in a list, or -1."""

    before: Trail | None
    name: str
    at: int

    def written(self) -> tuple[str, str]:
        """As in a path, and as in a place."""
        path, place = self.before.written() if self.before else ("$", "$")
        step, exact_step = member_steps(self.name)
        if self.at < 0:
            return path + step, place + exact_step
        return f"{path}{step}[*]", f"{place}{exact_step}[{self.at}]"


def trees(left: Element, right: Element, lists: Lists) -> tuple[Any, Any, list[Veiled], list[Veiled]]:
    """Both documents as `json_walk.walk` takes them, and the masked values of each."""
    ours, theirs = _root(left), _root(right)
    shape = _Shape()
    shape.learn(ours)
    shape.learn(theirs)
    _orders(ours, theirs, shape)
    ours_veiled: list[Veiled] = []
    theirs_veiled: list[Veiled] = []
    one = _tree(ours, shape, lists, None, ours_veiled)
    other = _tree(theirs, shape, lists, None, theirs_veiled)
    return one, other, ours_veiled, theirs_veiled


def tree(document: Element) -> Any:
    """One document by itself."""
    return trees(document, document, Lists(frozenset()))[0]


def _root(element: Element) -> Element:
    root = Element("", "", {})
    root.children.append(element)
    root.nests = True
    return root


def _orders(left: Element, right: Element, shape: _Shape) -> None:
    """Sets `order` in pairs of elements whose children come in different orders."""
    ours = [shape.key(child) for child in left.children]
    theirs = [shape.key(child) for child in right.children]
    if ours != theirs:
        if Counter(ours) != Counter(theirs):
            common = set(ours) & set(theirs)
            ours = [name for name in dict.fromkeys(ours) if name in common]
            theirs = [name for name in dict.fromkeys(theirs) if name in common]
        if ours != theirs:
            left.order, right.order = ours, theirs
    groups: dict[str, list[Element]] = {}
    for child in right.children:
        if not isinstance(child, str):
            groups.setdefault(shape.key(child), []).append(child)
    met: Counter[str] = Counter()
    for child in left.children:
        if isinstance(child, str):
            continue
        name = shape.key(child)
        others = groups.get(name, ())
        at = met[name]
        if at < len(others) and child.nests and others[at].nests:
            _orders(child, others[at], shape.children[child.name][child.space])
        met[name] += 1


def _tree(element: Element, shape: _Shape, lists: Lists, trail: Trail | None, veiled: list[Veiled]) -> Any:
    if shape.plain:
        return element.children[0] if element.children else ""
    for name, masked in element.masked.items():
        veiled.append(Veiled(*Trail(trail, name, -1).written(), masked))
    members: dict[str, Any] = dict(element.attributes)
    if element.order is not None:
        members[ORDER] = element.order
    texts: list[str] = []
    for child in element.children:
        if isinstance(child, str):
            texts.append(child)
            continue
        inner, name = shape.children[child.name][child.space], shape.key(child)
        below = lists.member(name) if lists.paths else lists
        if inner.repeated or below.here:
            found = members.setdefault(name, [])
            found.append(_tree(child, inner, below.element(), Trail(trail, name, len(found)), veiled))
        else:
            members[name] = _tree(child, inner, below, Trail(trail, name, -1), veiled)
    if shape.texts > 1:
        if texts:
            members[TEXT] = texts
    elif shape.texts:
        members[TEXT] = texts[0] if texts else ""
    return members


def collapsed(text: str) -> str:
    """Runs of white space as one space, none at the ends."""
    return SPACES.sub(" ", text).strip(" ")


class Builder:
    """The parser's target. Nothing is kept of a document that is beyond the budget: raises BudgetSpent."""

    __slots__ = ("_buffer", "_open", "_spend", "root")

    def __init__(self, spend: Callable[[int], None]) -> None:
        self._spend = spend
        self._open: list[Element] = []
        self._buffer: list[str] = []
        self.root: Element | None = None

    def built_by(self, parser: etree.XMLParser | etree.HTMLParser, body: bytes) -> Element | None:
        """What the parser, whose target this is, makes of the body; None where that is no document."""
        try:
            parser.feed(body)
            parser.close()
        except SyntaxError:  # lxml's are
            return None
        return self.root

    def opened(self, element: Element) -> None:
        self._spend(1 + len(element.attributes))
        self.flush()
        if self._open:
            self._open[-1].children.append(element)
            self._open[-1].nests = True
        elif self.root is None:
            self.root = element
        if len(self._open) >= MAX_NESTED:
            raise BudgetSpent
        self._open.append(element)

    def closed(self) -> Element:
        self.flush()
        return self._open.pop()

    def data(self, text: str) -> None:
        self._spend(1)
        self._buffer.append(text)

    def flush(self) -> None:
        if self._buffer:
            if self._open:
                self._open[-1].children.append("".join(self._buffer))
            self._buffer.clear()
