"""The compiled table against a matcher that sorts all candidates for every request and reads like the rule."""

from __future__ import annotations

import re

from hypothesis import given, settings
from hypothesis import strategies as st

from proxy.model.heads import RequestHead
from proxy.model.spec import Match, PathType, Route, ValueMatch
from proxy.routing.table import compile_table
from tests.routing.build import head, spec

segment = st.sampled_from(["a", "b", "{x}"])
plain = st.sampled_from(["a", "b"])


@st.composite
def matches(draw: st.DrawFn) -> Match:
    kind = draw(st.sampled_from(list(PathType)))
    parts = draw(st.lists(segment if kind is PathType.TEMPLATE else plain, max_size=3))
    path = "/" + "/".join(parts)
    if kind is PathType.PREFIX and draw(st.booleans()):
        path = path.rstrip("/") + "/"
    if kind is PathType.REGEX:
        path = draw(st.sampled_from(["/a/.*", "/.*b", "/(a|b)", "/[^/]*/b"]))
    return Match(
        path,
        kind,
        draw(st.sampled_from([frozenset[str](), frozenset({"GET"}), frozenset({"GET", "POST"})])),
        draw(st.sampled_from([(), ("h.test",), ("*.test",), ("x.h.test", "*.h.test")])),
        draw(st.sampled_from([(), (ValueMatch("x", "1"),), (ValueMatch("x", "1"), ValueMatch("y", "2"))])),
        draw(st.sampled_from([(), (ValueMatch("q", "1"),)])),
    )


@st.composite
def requests(draw: st.DrawFn) -> RequestHead:
    path = "/" + "/".join(draw(st.lists(st.sampled_from(["a", "b", "c"]), max_size=4)))
    path += draw(st.sampled_from(["", "/"])) if path != "/" else ""
    headers = draw(st.lists(st.sampled_from([(b"X", b"1"), (b"y", b"2")]), unique=True))
    return head(
        path + draw(st.sampled_from(["", "?q=1", "?r=1"])),
        *headers,
        method=draw(st.sampled_from(["GET", "POST", "PUT"])),
        host=draw(st.sampled_from(["h.test", "x.h.test", "y.x.h.test", "test", None])),
    )


def host_rank(pattern: str, host: str) -> int | None:
    """Smaller is more specific; None when the pattern does not fit."""
    if pattern == "":
        return 0
    if pattern == host:
        return -1000
    return -len(pattern) if pattern.startswith("*.") and host.endswith(pattern[1:]) else None


def path_rank(one: Match, path: str) -> tuple[int, int] | None:
    if one.path_type is PathType.EXACT:
        return (0, 0) if path == one.path else None
    if one.path_type is PathType.TEMPLATE:
        expression = re.sub(r"\{x\}", "[^/]+", one.path)
        literals = sum(part != "{x}" for part in one.path.split("/")[1:])
        return (1, -literals) if re.fullmatch(expression, path) else None
    if one.path_type is PathType.PREFIX:
        prefix = one.path.rstrip("/")
        return (2, -len(prefix)) if path == prefix or path.startswith(prefix + "/") else None
    return (3, 0) if re.fullmatch(one.path, path) else None


def reference(entries: list[tuple[Route, Match]], request: RequestHead) -> str | None:
    path, _, query = request.target.decode().partition("?")
    fields = {name.lower().decode(): value.decode() for name, value in request.headers}
    candidates = []
    for order, (route, one) in enumerate(entries):
        where = path_rank(one, path)
        hosts = [rank for host in one.hosts or ("",) if (rank := host_rank(host, fields.get("host", ""))) is not None]
        holds = (
            (not one.methods or request.method.decode() in one.methods)
            and all(fields.get(condition.name) == condition.value for condition in one.headers)
            and all(query == f"{condition.name}={condition.value}" for condition in one.query)
        )
        if where is not None and hosts and holds:
            place = (min(hosts), where, not one.methods, -len(one.headers), -len(one.query), order)
            candidates.append((place, route.name))
    return min(candidates)[1] if candidates else None


@settings(max_examples=150, deadline=None)
@given(st.lists(st.lists(matches(), min_size=1, max_size=2), max_size=10), st.lists(requests(), min_size=1, max_size=8))
def test_the_table_and_the_reference_choose_the_same_route(config: list[list[Match]], asked: list[RequestHead]) -> None:
    all_routes = [Route(f"r{place}", tuple(some), "service") for place, some in enumerate(config)]
    table = compile_table(spec(*all_routes))
    entries = [(route, one) for route in all_routes for one in route.matches]
    for request in asked:
        found = table.lookup(request)
        assert not found.ambiguous
        assert (found.route.name if found.route else None) == reference(entries, request)
