"""The stage of a route, set in routes.yaml; everything else stays as it was: comments, order, layout, quotes.

The edit is made at the places that the parser gives, never by searching the text. Then the new text is read again, and
must differ from the old one in the stage and percent of that route and in nothing else; where it does not (the values
are shared by an alias, say), the edit is refused and the person is told what to write.
"""

from __future__ import annotations

from typing import Any

from proxy.config.splice import (
    CannotEditError,
    Splice,
    after_name,
    data,
    newline,
    over,
    read,
    route_called,
    spliced,
    value,
    without_bom,
)
from proxy.config.units import percent_text
from proxy.config.yaml_text import Pairs, Plain, Scalar
from proxy.model.sides import Stage


def edit_stage(text: str, route: str, stage: Stage, percent: float | None) -> str:
    """`text` with the stage of `route` set, and its canary percent when one is given. Raises `CannotEditError`."""
    by_hand = f"Set `stage: {stage}`" + (
        f" and `canary.percent: {percent_text(percent)}`" if percent is not None else ""
    )
    by_hand += f" at route {route} by hand."
    bom, body = without_bom(text)
    root = read(body)
    found = route_called(root, route)

    splices = [_stage_splice(body, found, stage)]
    if percent is not None:
        splices.insert(0, _percent_splice(body, found, percent))  # of two at one place, the last made stands first
    edited = spliced(body, splices)

    before = data(root)
    _apply(before, route, stage, percent)
    try:
        after = data(read(edited))
    except CannotEditError:
        after = None
    if _settled(after, route) != _settled(before, route):
        raise CannotEditError(f"route {route} is written in a way that cannot be edited safely", by_hand)
    return bom + edited


def _stage_splice(text: str, route: Pairs, stage: Stage) -> Splice:
    written = value(route, "stage")
    if written:
        return over(written, stage.value)
    return after_name(text, route, f"stage: {stage}")


def _percent_splice(text: str, route: Pairs, percent: float) -> Splice:
    number = percent_text(percent)
    canary = value(route, "canary")
    if canary is None:
        return after_name(text, route, f"canary: {{percent: {number}}}", behind=value(route, "stage"))
    written = value(canary[1], "percent")
    if written:
        signed = isinstance(written[1], Scalar) and "%" in written[1].text
        return over(written, number if signed else number.rstrip("%"))
    if isinstance(canary[1], Pairs):
        start = canary[1].start.index
        if canary[1].flow:
            return Splice(start + 1, start + 1, f"percent: {number}" + (", " if canary[1].pairs else ""))
        return Splice(start, start, f"percent: {number}{newline(text, start)}{' ' * canary[1].start.column}")
    return over(canary, f"{{percent: {number}}}")


def _apply(plain: Any, name: str, stage: Stage, percent: float | None) -> None:
    for route in plain["routes"]:
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


def _settled(plain: Plain, name: str) -> Plain:
    """`plain` with the route's percent in one way of writing."""
    if not isinstance(plain, dict) or not isinstance(plain.get("routes"), list):
        return plain
    routes: list[Plain] = []
    for route in plain["routes"] or []:
        if isinstance(route, dict) and route.get("name") == name and isinstance(route.get("canary"), dict):
            canary = dict(route["canary"])  # type: ignore[arg-type]  # a dict, by the line above
            if isinstance(canary.get("percent"), str):
                canary["percent"] = str(canary["percent"]).rstrip("% ")
            route = {**route, "canary": canary}
        routes.append(route)
    return {**plain, "routes": routes}
