"""YAML text -> a small tree that remembers where everything stands.

Values stay text until the key that they belong to says what they are. YAML 1.1 would turn `country: NO` into false,
`1.10` into 1.1 and `012` into 10 before anybody could object; here `X-Version: 1.10` is "1.10" and `percent: 5` is
five because `percent` is a percent. It is also what lets `${NAME}` stand for a number.

The tree is built from the parser's events in a loop, not by PyYAML's composer: the composer recurses, and libyaml's
binding has no guard, so a file of a hundred thousand `[` ends the process with a segmentation fault (seen). Anchors,
aliases and merge keys (`<<`) work; an alias is counted each time it is used, so that nine lines cannot become a
billion values.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import yaml

from proxy.model.problem import Problem, Severity
from proxy.model.spec import Mark

try:
    from yaml import CBaseLoader as _Loader
except ImportError:  # PyYAML was built without libyaml: the same events, more slowly
    from yaml import BaseLoader as _Loader  # type: ignore[assignment]  # another class of the same use

MAX_CHARACTERS = 32 * 1024 * 1024
MAX_DEPTH = 32
MAX_VALUES = 3_000_000

Plain = None | str | list["Plain"] | dict[str, "Plain"]
Loc = tuple[int | str, ...]


class Scalar(NamedTuple):
    start: Any  # yaml.Mark: index, line, column, counted from 0
    end: Any
    text: str
    is_null: bool


class Items(NamedTuple):
    start: Any
    items: list[Node]


class Pairs(NamedTuple):
    start: Any
    pairs: list[tuple[Scalar, Node]]
    merged: list[tuple[Scalar, Node]]  # what `<<` brought in
    flow: bool

    def find(self, key: int | str) -> tuple[Scalar, Node] | None:
        return next((pair for pair in (*self.pairs, *self.merged) if pair[0].text == key), None)


Node = Scalar | Items | Pairs


class _Open(NamedTuple):
    """A collection whose end has not come yet, with the key that waits for its value."""

    node: Items | Pairs
    anchor: str | None
    waiting: list[Scalar]


class UnreadableError(Exception):
    """The text is not one YAML document of the kind that can be configuration."""

    def __init__(self, message: str, remedy: str, mark: Any = None) -> None:
        super().__init__(message)
        self.message, self.remedy, self.mark = message, remedy, mark


def parse(text: str) -> Node | None:
    """The tree of `text`, None when it holds nothing. Raises `UnreadableError`. A leading BOM must be gone already."""
    if len(text) > MAX_CHARACTERS:
        raise UnreadableError(
            f"the file is longer than {MAX_CHARACTERS} characters", "Split the routes over several proxies."
        )
    try:
        return _Builder().build(_Loader(text).get_event)
    except UnicodeEncodeError as trouble:
        raise UnreadableError("the file is not UTF-8 text", "Save it as UTF-8.") from trouble
    except yaml.MarkedYAMLError as trouble:
        what = trouble.problem or "a mistake"
        if trouble.context and trouble.context_mark:
            what = f"{trouble.context} that begins in line {trouble.context_mark.line + 1}, {what}"
        remedy = (
            "Mind indentation, quotes and brackets; a value with `: `, ` #` or a leading `{`, `*`, `@` needs quotes."
        )
        if "flow" in (trouble.context or ""):
            remedy = "Close every bracket; inside `{}` and `[]` a value that itself holds one of `{}[],` needs quotes."
        elif "cannot start any token" in what:
            remedy = "Indent with spaces, never tabs, and quote values that begin with a special character."
        raise UnreadableError(f"not valid YAML: {what}", remedy, trouble.problem_mark) from trouble
    except yaml.YAMLError as trouble:
        what = str(trouble).splitlines()[0]
        raise UnreadableError(
            f"not valid YAML: {what}", "Remove control characters and save the file as UTF-8."
        ) from trouble


class _Builder:
    def __init__(self) -> None:
        self.anchors: dict[str, Node | None] = {}  # None while the anchored value is still open
        self.stack: list[_Open] = []

    def build(self, next_event: Callable[[], Any]) -> Node | None:
        root: Node | None = None
        documents = 0
        while True:
            event = next_event()
            kind = type(event)
            if kind is yaml.ScalarEvent:
                node: Node = _scalar(event)
                if event.anchor:
                    self.anchors[event.anchor] = node
            elif kind is yaml.MappingStartEvent or kind is yaml.SequenceStartEvent:
                self._open(event)
                continue
            elif kind is yaml.MappingEndEvent or kind is yaml.SequenceEndEvent:
                node, anchor, _ = self.stack.pop()
                if isinstance(node, Pairs) and any(key.text == "<<" for key, _ in node.pairs):
                    _merge(node)
                if anchor:
                    self.anchors[anchor] = node
            elif kind is yaml.AliasEvent:
                node = self._alias(event)
            elif kind is yaml.StreamEndEvent:
                return root
            else:
                documents += kind is yaml.DocumentStartEvent
                if documents > 1:
                    raise UnreadableError("a second document begins here", "Remove this `---`.", event.start_mark)
                continue
            if self.stack:
                _place(node, self.stack[-1])
            else:
                root = node

    def _alias(self, event: Any) -> Node:
        node = self.anchors.get(event.anchor)
        if node is None:
            why = "stands inside the value it names" if event.anchor in self.anchors else "names no anchor above it"
            remedy = f"Write `&{event.anchor}` before the value that is meant, higher up in the file."
            raise UnreadableError(f"the alias `*{event.anchor}` {why}", remedy, event.start_mark)
        return node

    def _open(self, event: Any) -> None:
        _refuse_tag(event, "tag:yaml.org,2002:map", "tag:yaml.org,2002:seq")
        if len(self.stack) >= MAX_DEPTH:
            message = f"nested deeper than {MAX_DEPTH} levels"
            raise UnreadableError(message, "No key of this file nests so deep.", event.start_mark)
        if event.anchor:
            self.anchors[event.anchor] = None
        if isinstance(event, yaml.MappingStartEvent):
            self.stack.append(_Open(Pairs(event.start_mark, [], [], bool(event.flow_style)), event.anchor, []))
        else:
            self.stack.append(_Open(Items(event.start_mark, []), event.anchor, []))


def _scalar(event: Any) -> Scalar:
    if event.tag is not None:
        _refuse_tag(event, "tag:yaml.org,2002:str")
    text = event.value
    is_null = text in ("", "~", "null", "Null", "NULL") and not event.style
    return Scalar(event.start_mark, event.end_mark, text, is_null)


def _place(node: Node, collection: _Open) -> None:
    opened, _, waiting = collection
    if isinstance(opened, Items):
        opened.items.append(node)
    elif waiting:
        opened.pairs.append((waiting.pop(), node))
    elif isinstance(node, Scalar):
        waiting.append(node)
    else:
        raise UnreadableError(
            "a key must be a plain word, not a list or mapping", "Quote the key, or write it as a word.", node.start
        )


def _refuse_tag(event: Any, *allowed: str) -> None:
    if event.tag not in (None, "!", *allowed):
        raise UnreadableError(f"the tag `{event.tag}` is not allowed here", "Remove the tag.", event.start_mark)


def _merge(node: Pairs) -> None:
    """Carry out `<<`: the pairs of the named mappings, but for keys that stand here or came before.

    Done once for each mapping, when it ends, so that merges of merges cannot multiply.
    """
    own = {key.text for key, _ in node.pairs}
    merges = [pair for pair in node.pairs if pair[0].text == "<<"]
    node.pairs[:] = [pair for pair in node.pairs if pair[0].text != "<<"]
    for key, value in merges:
        for source in value.items if isinstance(value, Items) else [value]:
            if not isinstance(source, Pairs):
                raise UnreadableError(
                    "`<<` merges mappings only", "Write `<<: *name` for an anchored mapping.", key.start
                )
            for inner in (*source.pairs, *source.merged):
                if inner[0].text not in own:
                    own.add(inner[0].text)
                    node.merged.append(inner)


_REFERENCE = re.compile(r"(\$\$\{)|\$\{([A-Za-z_][A-Za-z0-9_]*)(?::-([^}]*))?\}|\$\{")


@dataclass(slots=True)
class Source:
    """The tree with everything that is wrong with it so far."""

    root: Node
    file: str
    env: Mapping[str, str]
    problems: list[Problem] = field(default_factory=list)
    spoiled: set[int] = field(default_factory=set)  # ids of nodes already complained about
    values: int = 0

    def plain(self, node: Node) -> Plain:
        """`node` as None, str, list and dict, with `${NAME}` filled in; duplicate keys become problems."""
        self.values += 1
        if self.values > MAX_VALUES:
            raise UnreadableError(
                f"aliases unfold to more than {MAX_VALUES} values", "Use fewer aliases of aliases.", node.start
            )
        if isinstance(node, Scalar):
            if node.is_null:
                return None
            return self._filled(node) if "${" in node.text else node.text
        if isinstance(node, Items):
            return [self.plain(item) for item in node.items]
        found: dict[str, Plain] = {}
        first: dict[str, Scalar] = {}
        for key, value in node.pairs:
            if key.text not in first:
                found[key.text] = self.plain(value)
                first[key.text] = key
            else:
                line, _ = mark(first[key.text])
                self.complain(key, f"`{key.text}` stands twice here, first in line {line}", "Keep one of the two.")
        for key, value in node.merged:
            found[key.text] = self.plain(value)
        return found

    def _filled(self, node: Scalar) -> str:
        def fill(match: re.Match[str]) -> str:
            escaped, name, default = match.groups()
            if escaped:
                return "${"
            if name is None:
                self.complain(
                    node, "`${` begins no environment reference", "Write `${NAME}`, `${NAME:-default}`, or `$${`."
                )
            elif name in self.env:
                return self.env[name]
            elif default is None:
                remedy = f"Set it, or write `${{{name}:-default}}`."
                self.complain(node, f"the environment variable {name} is not set", remedy)
            return default or ""

        return _REFERENCE.sub(fill, node.text)

    def find(self, loc: Loc) -> tuple[Node, Loc]:
        """The node at `loc`, or the deepest one on the way to it, with the part of `loc` that was walked."""
        node: Node = self.root
        for depth, part in enumerate(loc):
            inner: Node | None = None
            if isinstance(node, Pairs):
                pair = node.find(part)
                inner = pair[1] if pair else None
            elif isinstance(node, Items) and isinstance(part, int) and part < len(node.items):
                inner = node.items[part]
            if inner is None:
                return node, loc[:depth]
            node = inner
        return node, loc

    def key(self, loc: Loc) -> Node:
        """The key at the end of `loc`; the value when there is no such key."""
        parent, _ = self.find(loc[:-1])
        pair = parent.find(loc[-1]) if isinstance(parent, Pairs) else None
        return pair[0] if pair else self.find(loc)[0]

    def complain(self, node: Node, message: str, remedy: str, severity: Severity = Severity.ERROR) -> None:
        """One problem at `node`; a second error about the same value would only be a consequence of the first."""
        if severity is Severity.ERROR and isinstance(node, Scalar):
            if id(node) in self.spoiled:
                return
            self.spoiled.add(id(node))
        line, column = mark(node)
        message = message.replace("\n", "\\n")  # a problem is one line, whatever it quotes
        self.problems.append(Problem(message, remedy, self.file, line, column, severity))


def mark(node: Node) -> tuple[int, int]:
    """Line and column, from 1."""
    return node.start.line + 1, node.start.column + 1


def spec_mark(node: Node) -> Mark:
    return Mark(*mark(node))
