"""What one block of routes.yaml says about another: names that must exist, be unique, or fit together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import pairwise
from typing import Generic, TypeVar

from proxy.config.complaints import found, quoted, subject
from proxy.config.fields import did_you_mean
from proxy.config.form import BackendForm
from proxy.config.route_form import MatchForm, RouteForm
from proxy.config.yaml_text import Loc, Plain, Source, mark
from proxy.model.decision import UNROUTED
from proxy.model.problem import Severity
from proxy.model.sides import Stage
from proxy.model.spec import PathType

_Form = TypeVar("_Form")
_COPIED = {Stage.SHADOW, Stage.CANARY, Stage.LIVE}
_SAFE = {"GET", "HEAD", "OPTIONS", "TRACE"}


@dataclass(frozen=True, slots=True)
class Piece(Generic[_Form]):
    """One block: where it stands, what is written, and what it means; `form` is None when too much of it is wrong."""

    loc: Loc
    raw: Plain
    form: _Form | None


Backends = Mapping[str, Piece[BackendForm]]


def check_all(
    source: Source, legacy: Plain, backends: Backends, routes: Sequence[Piece[RouteForm]], today: date | None
) -> None:
    """Complain to `source` of everything that no block can see by itself."""
    for name, backend in backends.items():
        _check_backend_name(source, name, backend)
    if isinstance(legacy, str):
        _check_exists(source, ("legacy",), legacy, backends)
    seen: dict[str, Piece[RouteForm]] = {}
    for route in routes:
        if not isinstance(route.raw, dict):
            continue
        _check_name(source, route, route.raw.get("name"), seen)
        _check_matches(source, route, route.raw)
        extracted = route.raw.get("extracted")
        if isinstance(extracted, str):
            _check_extracted(source, (*route.loc, "extracted"), extracted, legacy, backends)
        if route.form:
            _check_shadow(source, route, route.form, backends)
            _check_rules(source, route, route.form, today)
            _check_prefixes(source, route, route.form)
    _check_builds(source, backends, routes)


def check_reasks(
    source: Source, reasks: Plain, legacy: Plain, backends: Backends, routes: Sequence[Piece[RouteForm]]
) -> None:
    """Complain of a second legacy that is no backend, or one that is something else already."""
    second = reasks.get("second_legacy") if isinstance(reasks, dict) else None
    loc = ("reasks", "second_legacy")
    if not isinstance(second, str) or not _check_exists(source, loc, second, backends):
        return
    taken = {route.form.extracted: route.form.name for route in routes if route.form}
    if second == legacy or second in taken:
        what = "the legacy backend itself" if second == legacy else f"what route {taken[second]} was extracted to"
        remedy = "Name a backend of its own: another instance of the monolith, on the same data."
        _error(source, loc, f"is `{second}`, {what}", remedy)


def _error(source: Source, loc: Loc, message: str, remedy: str) -> None:
    node, walked = source.find(loc)
    source.complain(node, f"{subject(source, loc)}{quoted(walked)}{message}", remedy)


def _warn(source: Source, loc: Loc, message: str, remedy: str) -> None:
    node, walked = source.find(loc)
    source.complain(node, f"{subject(source, loc)}{quoted(walked)}{message}", remedy, Severity.WARNING)


def _check_backend_name(source: Source, name: str, backend: Piece[BackendForm]) -> None:
    # The rule for names is the one of `extracted`, so that whatever is a backend can be referred to.
    if not name or len(name) > 63 or not name.replace("-", "").isalnum() or not name.isascii() or name != name.lower():
        message = f"`{name[:63]}` is no name of a backend"
        source.complain(source.key(backend.loc), message, "Use 1 to 63 small letters, digits and inner hyphens.")


def _check_exists(source: Source, loc: Loc, name: str, backends: Backends) -> bool:
    if name in backends:
        return True
    _error(source, loc, f"names no backend{found(source.find(loc)[0])}", did_you_mean(name, list(backends)))
    return False


def _check_extracted(source: Source, loc: Loc, name: str, legacy: Plain, backends: Backends) -> None:
    if _check_exists(source, loc, name, backends) and name == legacy:
        remedy = "Name the backend of the extracted service; a route that stays with legacy needs no entry."
        _error(source, loc, f"is `{name}`, the legacy backend itself", remedy)


def _check_name(source: Source, route: Piece[RouteForm], name: Plain, seen: dict[str, Piece[RouteForm]]) -> None:
    if not isinstance(name, str):
        return
    loc = (*route.loc, "name")
    if name == UNROUTED:
        _error(source, loc, "is the word for requests that no route names", "Choose another name.")
    elif name in seen:
        line, _ = mark(source.find((*seen[name].loc, "name"))[0])
        _error(source, loc, f"is taken by the route in line {line}", "Names are unique: choose another.")
    seen.setdefault(name, route)


def _check_matches(source: Source, route: Piece[RouteForm], raw: dict[str, Plain]) -> None:
    short, long = raw.get("match"), raw.get("matches")
    if short is None and not long:
        remedy = "Add `match: GET /path`, or `matches:` with at least one match."
        _error(source, route.loc, "does not say which requests belong to it", remedy)
    elif short is not None and long is not None:
        _error(source, (*route.loc, "matches"), "stands beside `match`", "Keep one of the two.")


def _matches(form: RouteForm) -> Sequence[MatchForm]:
    return [form.match] if form.match else form.matches or ()


def _check_shadow(source: Source, route: Piece[RouteForm], form: RouteForm, backends: Backends) -> None:
    backend = backends.get(form.extracted)
    for number, method in enumerate(form.shadow.methods):
        if method not in _SAFE and backend and backend.form and not backend.form.shadow_writes:
            loc = (*route.loc, "shadow", "methods", number)
            remedy = (
                f"If {form.extracted} rolls back what is marked `X-Strangler-Shadow: 1`, say so at that backend"
                f" (`shadow_writes: rolled_back`); else remove {method}."
            )
            _error(source, loc, f"copies {method}, a write, which would be done twice", remedy)
    asked: set[str] = set()
    for match in _matches(form):
        asked.update(match.method or form.shadow.methods)
    if asked and Stage(form.stage) is Stage.SHADOW and not asked & set(form.shadow.methods):
        message = f"is in stage shadow, but none of its methods ({', '.join(sorted(asked))}) is copied"
        _warn(source, route.loc, message, "Name the methods under `shadow.methods`, or let evidence come in canary.")


def _check_rules(source: Source, route: Piece[RouteForm], form: RouteForm, today: date | None) -> None:
    headers = [name.lower() for name in form.compare.headers]
    for kind, number, rule in form.compare.rules():
        loc = (*route.loc, "compare", kind, number)
        if rule.path.startswith("header:"):
            name = rule.path.removeprefix("header:").partition(".")[0].lower()
            if name not in headers:
                remedy = f"Add `{name}` to `compare.headers`, or remove the rule."
                _warn(source, (*loc, "path"), f"is a rule for the header `{name}`, which is not compared", remedy)
        if today and rule.until and date.fromisoformat(rule.until) < today:
            whose = f" of {rule.owner}" if rule.owner else ""
            message = f"is past: the rule{whose} for `{rule.path}` has expired, and still holds"
            _warn(source, (*loc, "until"), message, "Remove the rule, or give it a new date.")


def _check_prefixes(source: Source, route: Piece[RouteForm], form: RouteForm) -> None:
    """A ReplacePrefixMatch needs to know what was matched, and to know it from the path alone."""
    if not form.filters.rewrites_prefix():
        return
    loc = (*route.loc, "filters")
    matches = _matches(form)
    if any(match.path.type != PathType.PREFIX for match in matches):
        remedy = "Write its path as `/v1/charges/*`, or use ReplaceFullPath; other matches need a route of their own."
        _error(source, loc, "replaces a prefix, but not every match of the route is a PathPrefix", remedy)
        return
    prefixes = sorted({match.path.value.rstrip("/") + "/" for match in matches})
    for one, other in pairwise(prefixes):
        if other.startswith(one):
            remedy = "Make them two routes."
            _error(source, loc, f"replaces a prefix, but `{one}` and `{other}` lie within each other", remedy)


def _check_builds(source: Source, backends: Backends, routes: Sequence[Piece[RouteForm]]) -> None:
    copied = {route.form.extracted for route in routes if route.form and Stage(route.form.stage) in _COPIED}
    for name, backend in backends.items():
        if name in copied and backend.form and not backend.form.build_header:
            _warn(
                source,
                backend.loc,
                "has no `build_header`: evidence of one build would speak for the next",
                "Let the service send one, such as `X-Build: 1.4.2`, and add `build_header: X-Build`.",
            )
