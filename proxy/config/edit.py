"""A small edit of routes.yaml that keeps everything else as it was: comments, order, layout, quotes.

The edit is made at the places that the parser gives, never by searching the text. Then the new text is read again, and
must differ from the old one in the stage and percent of that route and in nothing else; where it does not (the values
are shared by an alias, say), the edit is refused and the person is told what to write.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from proxy.config.units import percent_text
from proxy.config.yaml_text import Items, Node, Pairs, Plain, Scalar, Source, UnreadableError, parse
from proxy.model.sides import Stage


class CannotEditError(Exception):
    """The text cannot be edited; `remedy` says what to do by hand."""

    def __init__(self, message: str, remedy: str) -> None:
        super().__init__(f"{message}. {remedy}")
        self.message, self.remedy = message, remedy


class _Splice(NamedTuple):
    start: int
    end: int
    text: str


def edit_stage(text: str, route: str, stage: Stage, percent: float | None) -> str:
    """`text` with the stage of `route` set, and its canary percent when one is given. Raises `CannotEditError`."""
    by_hand = f"Set `stage: {stage}`" + (
        f" and `canary.percent: {percent_text(percent)}`" if percent is not None else ""
    )
    by_hand += f" at route {route} by hand."
    body = text.removeprefix("\ufeff")
    bom = text[: len(text) - len(body)]
    root = _read(body)
    found = _route(root, route)
    if found is None:
        raise CannotEditError(f"no route of this file is called {route}", "Name one that `strangler check` reads.")

    splices = [_stage_splice(body, found, stage)]
    if percent is not None:
        splices.insert(0, _percent_splice(body, found, percent))  # of two at one place, the last made stands first
    edited = body
    for splice in sorted(splices, key=lambda splice: splice.start, reverse=True):
        edited = edited[: splice.start] + splice.text + edited[splice.end :]

    before = _data(root)
    _apply(before, route, stage, percent)
    try:
        after = _data(_read(edited))
    except CannotEditError:
        after = None
    if _settled(after, route) != _settled(before, route):
        raise CannotEditError(f"route {route} is written in a way that cannot be edited safely", by_hand)
    return bom + edited


def _read(text: str) -> Node | None:
    try:
        return parse(text)
    except UnreadableError as trouble:
        raise CannotEditError(trouble.message, trouble.remedy) from trouble


def _data(root: Node | None) -> Any:
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


def _value(node: Node | None, key: str) -> tuple[Scalar, Node] | None:
    return next((pair for pair in node.pairs if pair[0].text == key), None) if isinstance(node, Pairs) else None


def _route(root: Node | None, name: str) -> Pairs | None:
    routes = _value(root, "routes")
    for node in routes[1].items if routes and isinstance(routes[1], Items) else []:
        named = _value(node, "name")
        if isinstance(node, Pairs) and named and isinstance(named[1], Scalar) and named[1].text == name:
            return node
    return None


def _stage_splice(text: str, route: Pairs, stage: Stage) -> _Splice:
    written = _value(route, "stage")
    if written:
        return _over(written, stage.value)
    return _after_name(text, route, f"stage: {stage}")


def _percent_splice(text: str, route: Pairs, percent: float) -> _Splice:
    number = percent_text(percent)
    canary = _value(route, "canary")
    if canary is None:
        return _after_name(text, route, f"canary: {{percent: {number}}}", behind=_value(route, "stage"))
    written = _value(canary[1], "percent")
    if written:
        signed = isinstance(written[1], Scalar) and "%" in written[1].text
        return _over(written, number if signed else number.rstrip("%"))
    if isinstance(canary[1], Pairs):
        start = canary[1].start.index
        if canary[1].flow:
            return _Splice(start + 1, start + 1, f"percent: {number}" + (", " if canary[1].pairs else ""))
        return _Splice(start, start, f"percent: {number}{_newline(text, start)}{' ' * canary[1].start.column}")
    return _over(canary, f"{{percent: {number}}}")


def _over(pair: tuple[Scalar, Node], text: str) -> _Splice:
    key, node = pair
    if not isinstance(node, Scalar):
        raise CannotEditError(f"`{key.text}` is no single value", "Mend the file first: `strangler check` says how.")
    empty = node.start.index == node.end.index
    return _Splice(
        node.start.index, node.end.index, f" {text}" if empty and node.start.index == key.end.index + 1 else text
    )


def _after_name(text: str, route: Pairs, line: str, behind: tuple[Scalar, Node] | None = None) -> _Splice:
    """Insert `line` as a key of its own behind the route's name (or `behind`), after any comment on that line."""
    key, node = behind or _value(route, "name") or route.pairs[0]
    if not isinstance(node, Scalar):
        raise CannotEditError(f"`{key.text}` is no single value", "Mend the file first: `strangler check` says how.")
    end = node.end.index
    if route.flow:
        return _Splice(end, end, f", {line}")
    while end < len(text) and text[end] not in "\r\n":
        end += 1
    return _Splice(end, end, f"{_newline(text, end)}{' ' * key.start.column}{line}")


def _newline(text: str, place: int) -> str:
    """How the line at `place` ends."""
    end = text.find("\n", place)
    return "\r\n" if text[end - 1 : end] == "\r" else "\n"


def _apply(data: Any, name: str, stage: Stage, percent: float | None) -> None:
    for route in data["routes"]:
        if isinstance(route, dict) and route.get("name") == name:
            route["stage"] = stage.value
            if percent is not None:
                canary = route.get("canary")
                route["canary"] = (
                    {**canary, "percent": percent_text(percent)}
                    if isinstance(canary, dict)
                    else {"percent": percent_text(percent)}
                )
            return


def _settled(data: Plain, name: str) -> Plain:
    """`data` with the route's percent in one way of writing."""
    if not isinstance(data, dict) or not isinstance(data.get("routes"), list):
        return data
    routes: list[Plain] = []
    for route in data["routes"] or []:
        if isinstance(route, dict) and route.get("name") == name and isinstance(route.get("canary"), dict):
            canary = dict(route["canary"])  # type: ignore[arg-type]  # a dict, by the line above
            if isinstance(canary.get("percent"), str):
                canary["percent"] = str(canary["percent"]).rstrip("% ")
            route = {**route, "canary": canary}
        routes.append(route)
    return {**data, "routes": routes}
