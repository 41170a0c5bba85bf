"""Matches that can never win, because another one of the same host and path always goes first.

Only what is certain is reported: the other match takes every request that this one could. Matches that together cover a
third are not looked for.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from typing import NamedTuple

from proxy.model.problem import Problem, Severity
from proxy.model.spec import Match, PathType, Route, RoutesSpec
from proxy.routing.paths import canonical_pattern, is_plain
from proxy.routing.table import is_variable, precedence


class _Entry(NamedTuple):
    place: tuple[int, ...]
    order: int
    route: Route
    match: Match


def unreachable(spec: RoutesSpec) -> tuple[Problem, ...]:
    """A warning for every match that can never win, in the order of the file. `file` is left empty."""
    groups: dict[tuple[str, bytes], list[_Entry]] = defaultdict(list)
    hosts_of: dict[int, int] = {}
    for order, (route, match) in enumerate((owner, match) for owner in spec.routes for match in owner.matches):
        hosts_of[order] = len(match.hosts or ("",))
        for host in match.hosts or ("",):
            groups[host.lower(), _shape(match)].append(_Entry(precedence(match, order), order, route, match))
    beaten: dict[int, list[tuple[_Entry, _Entry]]] = defaultdict(list)
    for (host, shape), entries in groups.items():
        rivals = sorted(entries)
        if shape[:1] != b"/":  # a regular expression: also beaten by the prefix that takes every path of its host
            rivals = sorted(groups.get((host, _EVERYTHING), [])) + rivals
        for loser, winner in _beaten(entries, rivals):
            beaten[loser.order].append((loser, winner))
    problems = [_warning(*pairs[0]) for order, pairs in sorted(beaten.items()) if len(pairs) == hosts_of[order]]
    problems += [_refused(route, match) for route in spec.routes for match in route.matches if _is_refused(match)]
    return tuple(problems)


_EVERYTHING = b"/**"


def _shape(match: Match) -> bytes:
    """Equal for matches that fit the same paths."""
    if match.path_type is PathType.REGEX:
        return b"regex " + match.path.encode()
    path = canonical_pattern(match.path)
    if match.path_type is PathType.PREFIX:
        return path.rstrip(b"/") + _EVERYTHING
    if match.path_type is PathType.TEMPLATE:
        return b"/".join(b"{}" if is_variable(segment) else segment for segment in path.split(b"/"))
    return path


def _beaten(entries: list[_Entry], rivals: list[_Entry]) -> Iterator[tuple[_Entry, _Entry]]:
    for loser in entries:
        for winner in rivals:
            if winner.place >= loser.place:
                break
            if _covers(winner.match, loser.match):
                yield loser, winner
                break


def _covers(winner: Match, loser: Match) -> bool:
    """True when the winner's conditions hold wherever the loser's do."""
    if winner.methods and not (loser.methods and loser.methods <= winner.methods):
        return False
    return set(winner.headers) <= set(loser.headers) and set(winner.query) <= set(loser.query)


def describe(match: Match) -> str:
    """A match in words: `GET,HEAD /v1/charges/{id} (Template)`."""
    methods = ",".join(sorted(match.methods)) + " " if match.methods else ""
    hosts = f" on {', '.join(match.hosts)}" if match.hosts else ""
    return f"{methods}{match.path} ({match.path_type}){hosts}"


def _warning(loser: _Entry, winner: _Entry) -> Problem:
    mine, other = loser.route.mark, winner.route.mark
    where = f"route {winner.route.name} (line {other.line}, column {other.column})"
    return Problem(
        f"route {loser.route.name} can never match {describe(loser.match)}: {where} always goes first",
        f"Remove this match, or make it more specific than the one at line {other.line}",
        line=mine.line,
        column=mine.column,
        severity=Severity.WARNING,
    )


def _is_refused(match: Match) -> bool:
    """True for a path that every request in it is refused or read without: its readings differ, or it holds a `?`."""
    if match.path_type is PathType.REGEX:
        return False
    return "?" in match.path or not is_plain(match.path.replace("%", "").encode())


def _refused(route: Route, match: Match) -> Problem:
    return Problem(
        f"route {route.name} can never match {describe(match)}: requests for such a path have no single reading",
        "Write the path without `?`, `#`, backslashes, empty segments and segments that begin with a dot",
        line=route.mark.line,
        column=route.mark.column,
        severity=Severity.WARNING,
    )
