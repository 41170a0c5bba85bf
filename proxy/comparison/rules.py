"""Comparison rules compiled for walking: a state machine that follows the two documents down.

A rule excuses a *value* at an exact path. It never excuses a field that is missing, added or of another type: a rule
written for a clock must not hide that the clock is gone. So a rule can only turn a mismatch into `ignored`, never a
match into anything; `renamed` alone may find fault, where ids change on the way.

- `only`: what lies neither at these paths, nor on the way to one, nor below, is not compared: not its value, not its
  type, not whether it is there. All `only` rules of a route are one rule, labelled `only`.
- `ignore`: the value may differ; at an object or array everything inside may differ.
- `pattern`, `tolerance`, `any_case`: see `excuses`. `renamed`: see `renaming`.
- `unordered`: the elements of an array may come in any order; with `key`, elements that have the same value there
  belong together.
- `null_is_missing`: a member that is null on one side may be absent on the other.

Several rules may follow one path (`$.data[*].id` and `$.data[*].*`). The set of rules that are still possible is a
state, as in the construction that makes a deterministic automaton of a nondeterministic one; states are made when first
met, because all of them together can be exponentially many. Where several rules could excuse a value, the first by its
label does.

Paths of headers (`header:location`, `header:set-cookie.session`) are steps of one piece: a rule holds for its own, and
`ignore` for all that the path goes on to.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import NamedTuple

from proxy.comparison.excuses import Excuse, excuse_of
from proxy.comparison.findings import Claim, Findings
from proxy.model.field_path import FieldPath, Wild, parse_path
from proxy.model.spec import Compare, Rule

HEADER = "header:"


class Unordered(NamedTuple):
    label: str
    key: str | None


Pending = tuple[FieldPath, Rule]  # the steps still to go, and the rule at the end of them


_NAMES = 64  # that no rule spells out and that are remembered: documents may bring any number of them


class _Members(dict[str, "State"]):
    """The states of an object's members: only names that a rule spells out have one of their own."""

    __slots__ = ("_inside", "_other", "_pending", "_spelled")

    def __init__(self, pending: frozenset[Pending], inside: bool) -> None:
        self._pending = pending
        self._inside = inside
        self._spelled = frozenset(step for steps, _ in pending if steps and isinstance(step := steps[0], str))
        self._other: State | None = None

    def __missing__(self, name: str) -> State:
        if name in self._spelled:
            state = self[name] = _after(self._pending, name, self._inside)
            return state
        if self._other is None:
            self._other = _after(self._pending, Wild.MEMBER, self._inside)
        if len(self) < _NAMES:
            self[name] = self._other
        return self._other


class State:
    """What the rules say at one place; labels are "" where no rule does.

    `outside` when `only` rules leave the place out, and `ignore` is then their label. `renames`: ids that a `renamed`
    rule names are here or below."""

    __slots__ = (
        "_element",
        "_inside",
        "_pending",
        "excuses",
        "ignore",
        "members",
        "null_is_missing",
        "outside",
        "renamed",
        "renames",
        "unordered",
    )

    def __init__(self, pending: frozenset[Pending], inside: bool = True) -> None:
        ended = sorted(((label(rule), rule) for steps, rule in pending if not steps), key=_first)
        inside = inside or any(rule.kind == "only" for _, rule in ended)
        self._pending = pending
        self._inside = inside
        self._element: State | None = None
        self.members = _Members(pending, inside)
        self.outside = not inside and not any(rule.kind == "only" for _, rule in pending)
        self.ignore = "only" if self.outside else ""
        self.null_is_missing = self.renamed = ""
        self.unordered: Unordered | None = None
        self.renames = any(rule.kind == "renamed" for _, rule in pending)
        excuses = []
        for name, rule in ended:
            match rule.kind:
                case "only":
                    pass
                case "ignore":
                    self.ignore = self.ignore or name
                case "unordered":
                    self.unordered = Unordered(name, rule.key)
                case "null_is_missing":
                    self.null_is_missing = name
                case "renamed":
                    self.renamed = name
                case _:
                    excuses.append(excuse_of(rule, name))
        self.excuses: tuple[Excuse, ...] = tuple(excuses)

    @property
    def element(self) -> State:
        """The state of every element of an array."""
        if self._element is None:
            self._element = _after(self._pending, Wild.ELEMENT, self._inside)
        return self._element

    def excuse(self, left: str, right: str) -> str:
        """The label of the first rule that allows these two texts or numbers to differ, "" when none does."""
        for one in self.excuses:
            if one.holds(left, right):
                return one.label
        return ""


class Rules:
    """Rules ready to compare with. `digest` names what they mean: owners, dates and the order of rules leave it alone.

    `headers` are the chosen header names in lower case. `besides` is what else evidence is about: what was done to the
    answers before they were compared. Pickles as its source and is compiled anew.
    """

    __slots__ = ("_of_headers", "besides", "compare", "digest", "headers", "root")

    def __init__(self, compare: Compare, besides: str = "") -> None:
        self.compare = compare
        self.besides = besides
        self.headers = tuple(sorted({name.lower().encode("latin-1") for name in compare.headers}))
        body = frozenset((parse_path(rule.path), rule) for rule in compare.rules if not rule.path.startswith(HEADER))
        self.root = State(body, inside=all(rule.kind != "only" for _, rule in body))
        self._of_headers: dict[str, State] = {}
        for path in {header_path(rule.path) for rule in compare.rules if rule.path.startswith(HEADER)}:
            here = frozenset(((), rule) for rule in compare.rules if header_path(rule.path) == path)
            self._of_headers[path] = State(here)
        meaning = sorted(_meaning(rule) for rule in compare.rules)
        what = (meaning, self.headers, besides) if besides else (meaning, self.headers)
        self.digest = hashlib.sha256(repr(what).encode()).hexdigest()[:12]

    def __reduce__(self) -> tuple[type[Rules], tuple[Compare, str]]:
        return Rules, (self.compare, self.besides)

    def excuse(self, path: str, left: str, right: str, found: Findings) -> str:
        """For a header that both sides have with values that differ: the label of the rule that allows it, else "".

        `path` is as in a Difference, with the header's name in lower case: `header:location`,
        `header:set-cookie.session`. Values are whole, not shortened. What `renamed` allows is a claim on the answer's
        one renaming, and is noted in `found.claims`."""
        if not self._of_headers:
            return ""
        state = self._of_headers.get(path)
        if state is not None:
            if state.renamed:
                found.claims.append(Claim(state.renamed, path, path, left, right, True))
                return state.renamed
            if known := state.ignore or state.excuse(left, right):
                return known
        outer = path.rpartition(".")[0]
        while outer:
            state = self._of_headers.get(outer)
            if state is not None and state.ignore:
                return state.ignore
            outer = outer.rpartition(".")[0]
        return ""

    def unchanged(self, ours: Mapping[bytes, bytes], theirs: Mapping[bytes, bytes], found: Findings) -> None:
        """Claims, for every header with ids that is equal on both sides, that they are the same. Values by name."""
        for path, state in self._of_headers.items():
            name = path.removeprefix(HEADER).encode("latin-1", "replace")
            if state.renamed and name in ours and ours[name] == theirs.get(name):
                text = ours[name].decode("latin-1")
                found.claims.append(Claim(state.renamed, path, path, text, text, True))


def compile_rules(compare: Compare, besides: str = "") -> Rules:
    """Raises ValueError for a path that is none; `check` has refused those before."""
    return Rules(compare, besides)


def label(rule: Rule) -> str:
    """How a rule is named in `Difference.ignored_by`."""
    if rule.kind == "only":
        return "only"
    return f"{rule.kind} {rule.path}" + (f" by {rule.key}" if rule.key else "")


def header_path(path: str) -> str:
    """`header:Set-Cookie.Session` with the header's name in lower case; names of cookies keep theirs."""
    name, dot, rest = path.partition(".")
    return name.lower() + dot + rest


def _after(pending: frozenset[Pending], step: str | Wild, inside: bool) -> State:
    wild = step if isinstance(step, Wild) else Wild.MEMBER
    return State(frozenset((steps[1:], rule) for steps, rule in pending if steps and steps[0] in (step, wild)), inside)


def _meaning(rule: Rule) -> str:
    path = header_path(rule.path) if rule.path.startswith(HEADER) else parse_path(rule.path)
    newer = (rule.pattern, rule.within) if (rule.pattern, rule.within) != (None, None) else ()
    return repr((rule.kind, path, rule.key, rule.absolute, rule.relative, *newer))


def _first(named: tuple[str, Rule]) -> str:
    return named[0]
