"""The compiled table: which route a request belongs to.

Precedence is Gateway API's for HTTPRoute, with templates between exact paths and prefixes: the most specific host, then
Exact, Template (more literal segments first), the longest PathPrefix, RegularExpression; then a match on the method,
more headers, more query parameters, the order in the file. Every match gets its place in that order once, when the
table is built. A request collects the few matches whose path fits, by dictionary steps along the segments of its path,
and takes the first whose other conditions hold; so the cost does not depend on how many routes there are. Regular
expressions are tried one by one, and only after everything else.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from heapq import merge
from operator import attrgetter, itemgetter
from typing import NamedTuple, final

from proxy.model.heads import RequestHead
from proxy.model.spec import Match, PathType, Route, RoutesSpec
from proxy.routing.conditions import Conditions, Pattern, request_host
from proxy.routing.paths import LONGEST_READ, canonical_pattern, is_plain, readings, split_target
from proxy.routing.steps import Steps, at_once


class Lookup(NamedTuple):
    """`route` and the `match` that chose it, both None when no route names the request. `ambiguous`: the readings of
    its path choose different routes (see `paths`), and `route` is the canonical reading's."""

    route: Route | None
    match: Match | None
    ambiguous: bool


NOTHING = Lookup(None, None, False)
_QUESTION_MARK = ord("?")
Rest = tuple[bytes | None, ...]  # segments of a template, None for a variable


@final
class Candidate(NamedTuple):
    """One match of one route at its place in the precedence (`rank`, the lowest wins). `rest` is what must follow where
    it stands for a whole branch of a tree. A plain tuple with few parts: in a large table what a look-up touches is not
    in the processor's caches."""

    methods: frozenset[bytes] | None
    conditions: Conditions | None
    found: Lookup
    rank: int
    rest: Rest = ()

    def objection(self, head: RequestHead) -> str:
        """Why the match does not hold for a request whose host and path fit; "" when it does."""
        if self.methods is not None and head.method not in self.methods:
            allowed = " or ".join(sorted(method.decode() for method in self.methods))
            return f"method {head.method.decode('latin-1')} is not {allowed}"
        return self.conditions.unmet(head) if self.conditions is not None else ""


Candidates = Sequence[Candidate]


@final
class _Node:
    """One segment of a tree of templates or prefixes. Without children, `rest` is what must follow exactly. A branch
    with one template is folded into its first node, and a node with one match and no children is that `Candidate`."""

    __slots__ = ("ends", "literal", "rest", "wild")

    def __init__(self) -> None:
        self.literal: dict[bytes, _Node | Candidate] | None = None
        self.wild: _Node | Candidate | None = None
        self.ends: list[Candidate] = []
        self.rest: Rest = ()

    def grow(self, path: bytes, candidate: Candidate) -> int:
        """Add a path below this root, before anything is folded; the depth of its end."""
        node = self
        segments = path.split(b"/")[1:]
        for segment in segments:
            literal = node.literal = {} if node.literal is None else node.literal
            child = node.wild if is_variable(segment) else literal.get(segment)
            if type(child) is not _Node:
                child = _Node()
                if is_variable(segment):
                    node.wild = child
                else:
                    literal[segment] = child
            node = child
        node.ends.append(candidate)
        return len(segments)

    def fold(self, whole_branches: bool) -> Steps[None]:
        """Make every node with one match and no children that match, and before it, in a tree of templates, every
        branch with one path its first node (`whole_branches`)."""
        nodes = [self]
        for node in nodes:
            nodes += [child for _, child in node.children()]
            yield
        shared: dict[Rest, Rest] = {}
        while nodes:
            yield
            node = nodes.pop()
            children = node.children()
            if whole_branches and len(children) == 1 and not node.ends and children[0][1].literal is None:
                segment, child = children[0]
                rest = (segment, *child.rest)
                node.literal, node.wild, node.ends, node.rest = None, None, child.ends, shared.setdefault(rest, rest)
            else:
                node.replace_single_matches(children)

    def replace_single_matches(self, children: list[tuple[bytes | None, _Node]]) -> None:
        for segment, child in children:
            if child.literal is None and len(child.ends) == 1:
                only = child.ends[0]._replace(rest=child.rest)
                if segment is None:
                    self.wild = only
                elif self.literal is not None:
                    self.literal[segment] = only

    def children(self) -> list[tuple[bytes | None, _Node]]:
        """Those that are nodes."""
        named = [(segment, child) for segment, child in (self.literal or {}).items() if type(child) is _Node]
        return [*named, (None, self.wild)] if type(self.wild) is _Node else list(named)


class _HostTable:
    """All matches for one host pattern, or for any host. `depth` is that of the deepest template or prefix: what a
    client sends beyond it is never split."""

    __slots__ = ("depth", "exact", "patterns", "prefixes", "templates")

    def __init__(self) -> None:
        self.exact: dict[bytes, list[Candidate]] = {}
        self.templates: _Node | None = None
        self.prefixes: _Node | None = None
        self.patterns: list[tuple[Pattern, Candidate]] = []
        self.depth = 0

    def add(self, match: Match, candidate: Candidate) -> None:
        if match.path_type is PathType.REGEX:
            self.patterns.append((Pattern(match.path), candidate))
            return
        path = canonical_pattern(match.path)
        if match.path_type is PathType.EXACT:
            self.exact.setdefault(path, []).append(candidate)
        elif match.path_type is PathType.PREFIX:
            self.prefixes = self.prefixes or _Node()
            self.depth = max(self.depth, self.prefixes.grow(path.rstrip(b"/"), candidate))
        else:
            self.templates = self.templates or _Node()
            self.depth = max(self.depth, self.templates.grow(path, candidate))

    def settle(self) -> Steps[None]:
        """Call once, when all matches are added."""
        if self.templates is not None:
            yield from self.templates.fold(whole_branches=True)
        if self.prefixes is not None:
            yield from self.prefixes.fold(whole_branches=False)

    def candidates(self, path: bytes) -> Iterator[Candidates]:
        """Groups of matches whose path fits, in order of precedence, also within a group."""
        if (exact := self.exact.get(path)) is not None:
            yield exact
        segments = path.split(b"/", self.depth + 1)
        del segments[0]
        if self.templates is not None and (ends := _ends(self.templates, segments)):
            yield ends
        if self.prefixes is not None:
            yield from _prefixes(self.prefixes, segments)
        for pattern, candidate in self.patterns:
            if pattern.matches(path):
                yield (candidate,)


def is_variable(segment: bytes) -> bool:
    """True for a segment `{name}` of a template."""
    return segment[:1] == b"{" and segment[-1:] == b"}"


def _prefixes(node: _Node, segments: list[bytes]) -> list[Candidates]:
    """The matches of all prefixes that fit, the longest first."""
    found: list[Candidates] = [node.ends] if node.ends else []
    for segment in segments:
        literal = node.literal
        if literal is None:
            break
        child = literal.get(segment)
        if child is None:
            break
        if type(child) is Candidate:
            found.append((child,))
            break
        node = child
        if node.ends:
            found.append(node.ends)
    found.reverse()
    return found


def _ends(node: _Node | Candidate, segments: list[bytes]) -> Candidates:
    """The matches of all templates that fit; a variable takes one segment that is not empty."""
    for depth, segment in enumerate(segments):
        if type(node) is Candidate:
            return (node,) if _fits(node.rest, segments[depth:]) else ()
        literal = node.literal
        if literal is None:
            return node.ends if _fits(node.rest, segments[depth:]) else ()
        child, wild = literal.get(segment), node.wild
        if wild is None or not segment:
            if child is None:
                return ()
            node = child
        elif child is None:
            node = wild
        else:
            following = segments[depth + 1 :]
            return sorted([*_ends(child, following), *_ends(wild, following)], key=_by_rank)
    if node.rest:
        return ()
    return (node,) if type(node) is Candidate else node.ends


_by_rank = attrgetter("rank")


def _fits(rest: tuple[bytes | None, ...], segments: list[bytes]) -> bool:
    if len(rest) != len(segments):
        return False
    for wanted, segment in zip(rest, segments, strict=True):
        if segment != wanted and (wanted is not None or not segment):
            return False
    return True


class Table:
    """Immutable once built by `compile_table`."""

    __slots__ = ("_any", "_by_host", "_hosts", "_only", "_wildcards")

    def __init__(self) -> None:
        self._any = _HostTable()
        self._only = (self._any,)
        self._by_host = False
        self._hosts: dict[bytes, _HostTable] = {}
        self._wildcards: dict[bytes, _HostTable] = {}  # keyed by the suffix: `*.example.com` under b".example.com"

    def lookup(self, head: RequestHead) -> Lookup:
        """The route of a request. `OPTIONS *` and CONNECT belong to none. Hot: no allocation in the common case."""
        target = head.target
        authority = None
        if target[:1] != b"/":
            authority, target = split_target(target)
            if target[:1] != b"/":
                return NOTHING
        path = target.partition(b"?")[0] if _QUESTION_MARK in target else target
        if is_plain(path):
            return self._find(head, path, authority)
        if len(path) > LONGEST_READ:
            return NOTHING._replace(ambiguous=True)
        first, *others = readings(path)
        found = self._find(head, first, authority)
        for reading in others:
            if self._find(head, reading, authority).route is not found.route:
                return found._replace(ambiguous=True)
        return found

    def considered(self, head: RequestHead, path: bytes) -> Iterator[tuple[Route, Match, str]]:
        """Every match whose host and path fit, in order of precedence, with its objection ("" for none). `path` is one
        of the request's readings."""
        for table in self._tables(head, split_target(head.target)[0]):
            for group in table.candidates(path):
                for candidate in group:
                    route, match, _ = candidate.found
                    if route is not None and match is not None:
                        yield route, match, candidate.objection(head)

    def _find(self, head: RequestHead, path: bytes, authority: bytes | None) -> Lookup:
        method = head.method
        for table in self._tables(head, authority) if self._by_host else self._only:
            for group in table.candidates(path):
                for methods, conditions, found, _, _ in group:
                    if (methods is None or method in methods) and (conditions is None or not conditions.unmet(head)):
                        return found
        return NOTHING

    def _tables(self, head: RequestHead, authority: bytes | None) -> Iterator[_HostTable]:
        if self._by_host and (host := request_host(head.headers, authority)):
            if (exact := self._hosts.get(host)) is not None:
                yield exact
            at = host.find(b".", 1)
            while at > 0:
                if (wild := self._wildcards.get(host[at:])) is not None:
                    yield wild
                at = host.find(b".", at + 1)
        yield self._any

    def _every_host(self) -> list[_HostTable]:
        return [self._any, *self._hosts.values(), *self._wildcards.values()]

    def _table_for(self, host: str) -> _HostTable:
        if not host or host == "*":
            return self._any
        self._by_host = True
        name = host.lower().encode()
        if name.startswith(b"*."):
            return self._wildcards.setdefault(name[1:], _HostTable())
        return self._hosts.setdefault(name, _HostTable())


def compile_table(spec: RoutesSpec) -> Table:
    """The table of a valid spec. Raises re2.error for a bad pattern, which `config` has refused before."""
    return at_once(table_in_steps(spec.routes))


def table_in_steps(routes: Iterable[Route]) -> Steps[Table]:
    """`compile_table` in steps. Matches are put in order in runs that are merged: one sort of ten thousand would be one
    long step."""
    runs: list[list[_Entry]] = []
    run: list[_Entry] = []
    each = ((route, match) for route in routes for match in route.matches)
    for order, (route, match) in enumerate(each):
        yield
        place = precedence(match, order)
        run += [(place, host, route, match) for host in match.hosts or ("",)]
        if len(run) >= _RUN:
            runs.append(sorted(run, key=_place))
            run = []
    runs.append(sorted(run, key=_place))
    table = Table()
    shared: dict[frozenset[str], frozenset[bytes] | None] = {frozenset(): None}
    for rank, (_, host, route, match) in enumerate(merge(*runs, key=_place)):
        yield
        if match.methods not in shared:
            shared[match.methods] = frozenset(method.encode() for method in match.methods)
        conditions = Conditions(match) if match.headers or match.query else None
        candidate = Candidate(shared[match.methods], conditions, Lookup(route, match, False), rank)
        table._table_for(host).add(match, candidate)
    for host_table in table._every_host():
        yield from host_table.settle()
    return table


_RUN = 500
_Place = tuple[int, int, int, int, int, int]
_Entry = tuple[_Place, str, Route, Match]
_place = itemgetter(0)
_TYPE_ORDER = (PathType.EXACT, PathType.TEMPLATE, PathType.PREFIX, PathType.REGEX)


def precedence(match: Match, order: int) -> _Place:
    """The place of a match among others of the same host; the smallest goes first. `order` is its place in the file."""
    path = canonical_pattern(match.path) if match.path_type is not PathType.REGEX else b""
    detail = 0
    if match.path_type is PathType.TEMPLATE:
        detail = -sum(not is_variable(segment) for segment in path.split(b"/")[1:])
    elif match.path_type is PathType.PREFIX:
        detail = -len(path.rstrip(b"/"))
    return (
        _TYPE_ORDER.index(match.path_type),
        detail,
        0 if match.methods else 1,
        -len(match.headers),
        -len(match.query),
        order,
    )
