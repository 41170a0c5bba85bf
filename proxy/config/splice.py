"""What edits of routes.yaml are made of: places that the parser gives, splices at them, and the data before and after.

Nothing is found by searching the text. An edit is worth nothing until the new text was read again and differs from the
old one in what was wanted and in nothing else: values that an alias or a merge shares would change in two places.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple

from proxy.config.yaml_text import Items, Node, Pairs, Scalar, Source, UnreadableError, parse


class CannotEditError(Exception):
    """The text cannot be edited; `remedy` says what to do by hand."""

    def __init__(self, message: str, remedy: str) -> None:
        super().__init__(f"{message}. {remedy}")
        self.message, self.remedy = message, remedy


class Splice(NamedTuple):
    """`text` in place of what stands from `start` to `end`."""

    start: int
    end: int
    text: str


def spliced(text: str, splices: Iterable[Splice]) -> str:
    """Of two at one place, the last made stands first."""
    for splice in sorted(splices, key=lambda splice: splice.start, reverse=True):
        text = text[: splice.start] + splice.text + text[splice.end :]
    return text


def without_bom(text: str) -> tuple[str, str]:
    """The byte order mark, if any, and the rest."""
    body = text.removeprefix("\ufeff")
    return text[: len(text) - len(body)], body


def read(text: str) -> Node | None:
    try:
        return parse(text)
    except UnreadableError as trouble:
        raise CannotEditError(trouble.message, trouble.remedy) from trouble


def data(root: Node | None) -> Any:
    """The values as they are written: references to the environment stand for themselves."""
    if root is None:
        return None
    try:
        return Source(root, "", _AsWritten()).plain(root)
    except UnreadableError as trouble:
        raise CannotEditError(trouble.message, trouble.remedy) from trouble


class _AsWritten(dict[str, str]):
    """An environment in which every reference stands for itself, so that texts are compared as written."""

    def __contains__(self, name: object) -> bool:
        return True

    def __missing__(self, name: str) -> str:
        return f"${{{name}}}"


def value(node: Node | None, key: str) -> tuple[Scalar, Node] | None:
    """The pair of `key` that stands in the mapping itself."""
    return next((pair for pair in node.pairs if pair[0].text == key), None) if isinstance(node, Pairs) else None


def route_called(root: Node | None, name: str) -> Pairs:
    """The mapping of a route. Raises `CannotEditError` when there is none."""
    routes = value(root, "routes")
    for node in routes[1].items if routes and isinstance(routes[1], Items) else []:
        named = value(node, "name")
        if isinstance(node, Pairs) and named and isinstance(named[1], Scalar) and named[1].text == name:
            return node
    raise CannotEditError(f"no route of this file is called {name}", "Name one that `strangler check` reads.")


def over(pair: tuple[Scalar, Node], text: str) -> Splice:
    """Put `text` in place of a single value, also of one that is not written at all."""
    key, node = pair
    if not isinstance(node, Scalar):
        raise CannotEditError(f"`{key.text}` is no single value", "Mend the file first: `strangler check` says how.")
    empty = node.start.index == node.end.index
    return Splice(
        node.start.index, node.end.index, f" {text}" if empty and node.start.index == key.end.index + 1 else text
    )


def after_name(text: str, route: Pairs, line: str, behind: tuple[Scalar, Node] | None = None) -> Splice:
    """Insert `line` as a key of its own behind the route's name (or `behind`), after any comment on that line."""
    key, node = behind or value(route, "name") or route.pairs[0]
    if not isinstance(node, Scalar):
        raise CannotEditError(f"`{key.text}` is no single value", "Mend the file first: `strangler check` says how.")
    end = node.end.index
    if route.flow:
        return Splice(end, end, f", {line}")
    while end < len(text) and text[end] not in "\r\n":
        end += 1
    return Splice(end, end, f"{newline(text, end)}{' ' * key.start.column}{line}")


def newline(text: str, place: int) -> str:
    """How the line at `place` ends; the last one may end without."""
    end = text.find("\n", place)
    end = text.rfind("\n") if end < 0 else end
    return "\r\n" if text[end - 1 : end] == "\r" else "\n"
