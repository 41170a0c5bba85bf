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
from typing import Any, NamedTuple

from proxy.comparison.declared import Lists
from proxy.comparison.findings import BudgetSpent, member_steps

SPACES = re.compile(r"[ \t\r\n\f]+")  # no-break space and its like are characters
MAX_NESTED = 200  # elements inside each other
TEXT = "#text"
ORDER = "#order"


class Masked(NamedTuple):
    """A value that differs in every answer by its nature: `shown` was in the document, `label` says what it is."""

    label: str
    shown: str


class Element:
    """`children` are elements and texts in order; `attributes` are by their final names, `@` included. What stands in
    `masked` under a member's name has been replaced in `attributes` by a text that is the same for all."""

    __slots__ = ("attributes", "children", "masked", "name", "order", "space")

    def __init__(self, name: str, space: str, attributes: dict[str, str]) -> None:
        self.name = name
        self.space = space  # the URI of the namespace, "" for none
        self.attributes = attributes
        self.children: list[Element | str] = []
        self.masked: dict[str, Masked] = {}
        self.order: list[str] | None = None


class _Shape:
    """What the elements at one place have, in both documents together."""

    __slots__ = ("children", "plain", "repeated")

    def __init__(self) -> None:
        self.plain = True  # nothing but text
        self.repeated = False
        self.children: dict[str, dict[str, _Shape]] = {}

    def learn(self, element: Element) -> None:
        if element.attributes:
            self.plain = False
        seen: Counter[tuple[str, str]] = Counter()
        for child in element.children:
            name, space = (TEXT, "") if isinstance(child, str) else (child.name, child.space)
            shape = self.children.setdefault(name, {}).setdefault(space, _Shape())
            seen[name, space] += 1
            if not isinstance(child, str):
                self.plain = False
                shape.learn(child)
        for (name, space), times in seen.items():
            if times > 1:
                self.children[name][space].repeated = True

    def key(self, child: Element | str) -> str:
        """The member that a child stands under."""
        if isinstance(child, str):
            return TEXT
        if child.space and len(self.children[child.name]) > 1:
            return f"{{{child.space}}}{child.name}"
        return child.name

    def of(self, child: Element | str) -> _Shape:
        return self.children[TEXT][""] if isinstance(child, str) else self.children[child.name][child.space]


class Veiled(NamedTuple):
    """A masked value and where it stands."""

    path: str
    place: str
    masked: Masked


def trees(left: Element, right: Element, lists: Lists) -> tuple[Any, Any, list[Veiled], list[Veiled]]:
    """Both documents as `json_walk.walk` takes them, and the masked values of each."""
    ours, theirs = _root(left), _root(right)
    shape = _Shape()
    shape.learn(ours)
    shape.learn(theirs)
    _orders(ours, theirs, shape)
    ours_veiled: list[Veiled] = []
    theirs_veiled: list[Veiled] = []
    one = _tree(ours, shape, lists, "$", "$", ours_veiled)
    other = _tree(theirs, shape, lists, "$", "$", theirs_veiled)
    return one, other, ours_veiled, theirs_veiled


def tree(document: Element) -> Any:
    """One document by itself."""
    return trees(document, document, Lists(frozenset()))[0]


def _root(element: Element) -> Element:
    root = Element("", "", {})
    root.children.append(element)
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
        if met[name] < len(others):
            _orders(child, others[met[name]], shape.of(child))
        met[name] += 1


def _tree(element: Element, shape: _Shape, lists: Lists, path: str, place: str, veiled: list[Veiled]) -> Any:
    if shape.plain:
        return "".join(child for child in element.children if isinstance(child, str))
    for name, masked in element.masked.items():
        step, exact_step = member_steps(name)
        veiled.append(Veiled(path + step, place + exact_step, masked))
    members: dict[str, Any] = dict(element.attributes)
    if element.order is not None:
        members[ORDER] = element.order
    known: dict[str, tuple[Lists, str, str]] = {}
    for child in element.children:
        name, inner = shape.key(child), shape.of(child)
        if name not in known:
            step, exact_step = member_steps(name)
            known[name] = lists.member(name), path + step, place + exact_step
        below, child_path, child_place = known[name]
        many = inner.repeated or below.here
        if many:
            found = members.setdefault(name, [])
            child_path, child_place, below = f"{child_path}[*]", f"{child_place}[{len(found)}]", below.element()
        value = child if isinstance(child, str) else _tree(child, inner, below, child_path, child_place, veiled)
        if many:
            found.append(value)
        else:
            members[name] = value
    if TEXT in shape.children and not shape.children[TEXT][""].repeated:
        members.setdefault(TEXT, "")
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

    def opened(self, element: Element) -> None:
        self._spend(1 + len(element.attributes))
        self.flush()
        if self._open:
            self._open[-1].children.append(element)
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
