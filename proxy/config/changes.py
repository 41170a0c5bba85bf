"""What an edit of routes.yaml changes, in words: for `strangler diff`, the reload log and the audit.

Values that may be secret (those of headers, cookies and query parameters) are never repeated.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import fields, is_dataclass
from typing import Any, NamedTuple

from proxy.config.filter_words import filter_changes
from proxy.config.units import duration_text, percent_text, size_text
from proxy.model.filters import compared
from proxy.model.sides import Stage
from proxy.model.spec import (
    Backend,
    BackendTls,
    Certificate,
    CohortKey,
    Compare,
    Health,
    Match,
    PathType,
    Person,
    Retry,
    Route,
    RoutesSpec,
    Rule,
)


class Change(NamedTuple):
    """`subject` is what changed (`route charge-read`, `backend charges`, `limits`), `what` how, in words."""

    subject: str
    what: str

    def __str__(self) -> str:
        return f"{self.subject}: {self.what}"


def changes(old: RoutesSpec, new: RoutesSpec) -> tuple[Change, ...]:
    """Everything that differs, the weightiest first. Equal meaning is no change, whatever the text."""
    found: list[Change] = []
    if old.halt != new.halt:
        found.append(
            Change("halt", "all routes go back to legacy" if new.halt else "lifted: routes are in their stages again")
        )
    if old.legacy != new.legacy:
        found.append(Change("legacy", f"{old.legacy} -> {new.legacy}"))
    found += _of_routes(old, new)
    found += _of_backends(old.backends, new.backends)
    for name in ("ambiguous_paths", "trusted_proxies"):
        before, after = getattr(old, name), getattr(new, name)
        if before != after:
            found.append(Change(name, f"{_shown(name, before)} -> {_shown(name, after)}"))
    for name in ("listen", "limits", "shadow", "reasks", "breaker", "retention"):
        found += [Change(name, what) for what in _of_values(getattr(old, name), getattr(new, name))]
    return tuple(found)


def _of_routes(old: RoutesSpec, new: RoutesSpec) -> list[Change]:
    before = {route.name: route for route in old.routes}
    after = {route.name: route for route in new.routes}
    found = [Change(f"route {name}", f"removed; {old.legacy} answers it") for name in before if name not in after]
    for name, route in after.items():
        if name in before:
            found += [Change(f"route {name}", what) for what in _of_route(before[name], route)]
            if _filtered(old, before[name]) != _filtered(new, route):
                what = "what filters do to compared answers changed, so the route's evidence starts anew"
                found.append(Change(f"route {name}", f"filters: {what}"))
        else:
            matches = _shown("matches", route.matches)
            found.append(Change(f"route {name}", f"added: {matches} to {route.extracted}, stage {_stage(route)}"))
    common = [name for name in before if name in after]
    if common != [name for name in after if name in before]:
        found.append(Change("routes", "their order changed, which decides between equally specific matches"))
    return found


def _of_route(old: Route, new: Route) -> Iterator[str]:
    if old.stage != new.stage:
        yield f"stage: {_stage(old)} -> {_stage(new)}"
    for name in _ROUTE_KEYS:
        before, after = getattr(old, name), getattr(new, name)
        if before != after:
            yield f"{name}: {_shown(name, before)} -> {_shown(name, after)}"
    for name in ("canary", "shadow", "gate"):
        for what in _of_values(getattr(old, name), getattr(new, name)):
            yield f"{name}.{what}"
    for what in filter_changes(old.filters, new.filters):
        yield f"filters.{what}"
    for what in _of_values(old.timeouts, new.timeouts):
        yield f"timeouts.{what}"
    yield from _of_compare(old.compare, new.compare)


def _filtered(spec: RoutesSpec, route: Route) -> str:
    sides = spec.backends[spec.legacy].rewrite, spec.backends[route.extracted].rewrite
    return compared(route.filters, sides, route.compare.headers)


def _of_compare(old: Compare, new: Compare) -> Iterator[str]:
    before, after = set(old.rules), set(new.rules)
    for rule in old.rules:
        if rule not in after:
            yield f"compare: no longer {_rule(rule)}"
    for rule in new.rules:
        if rule not in before:
            yield f"compare: {_rule(rule)}"
    if old.headers != new.headers:
        yield f"compare.headers: {_shown('headers', old.headers)} -> {_shown('headers', new.headers)}"
    if old != new:
        yield "compare: the rules changed, so the route's evidence starts anew"


def _of_backends(old: dict[str, Backend], new: dict[str, Backend]) -> Iterator[Change]:
    for name in old:
        if name not in new:
            yield Change(f"backend {name}", "removed")
    for name, backend in new.items():
        if name not in old:
            yield Change(f"backend {name}", f"added: {_urls(backend)}")
        else:
            before = old[name]
            if _urls(before) != _urls(backend):
                yield Change(f"backend {name}", f"url: {_urls(before)} -> {_urls(backend)}")
            for what in _of_values(before, backend, skip=("url", "host", "port", "socket", "others", "rewrite")):
                yield Change(f"backend {name}", what)
            for what in filter_changes(before.rewrite, backend.rewrite):
                yield Change(f"backend {name}", f"rewrite.{what}")


def _of_values(old: Any, new: Any, skip: tuple[str, ...] = ()) -> Iterator[str]:
    for field in fields(old):
        before, after = getattr(old, field.name), getattr(new, field.name)
        if before == after or field.name in skip:
            continue
        if field.name in ("include", "exclude"):
            yield f"{field.name}: {_people(before, after)}"
        else:
            yield f"{field.name}: {_shown(field.name, before)} -> {_shown(field.name, after)}"


def _people(old: tuple[Person, ...], new: tuple[Person, ...]) -> str:
    added, removed = len(set(new) - set(old)), len(set(old) - set(new))
    return f"{added} added, {removed} removed" if added or removed else "written in another order"


def _stage(route: Route) -> str:
    percent = f" at {percent_text(route.canary.percent)}" if route.stage is Stage.CANARY else ""
    return f"{route.stage}{percent}"


def _rate(rate: float) -> str:
    return percent_text(rate * 100)


# fmt: off
_ROUTE_KEYS = (
    "matches", "extracted", "retry", "fallback", "owns_data", "names_only", "group", "pin_after_write", "redact",
)
_DURATIONS = (
    "connect_timeout", "timeout", "idle_timeout", "total_timeout", "min_duration", "head_timeout",
    "body_timeout", "keepalive_timeout", "write_timeout", "drain_timeout", "deadline", "delay", "open_for", "age",
    "request", "backend_request", "pin_after_write",
)
# fmt: on
_SHOWN: dict[str, Callable[[Any], str]] = {
    **dict.fromkeys(_DURATIONS, duration_text),
    **dict.fromkeys(("head", "body", "capture", "size", "memory"), size_text),
    **dict.fromkeys(("mismatch_below", "confidence", "error_increase_below"), _rate),
    **dict.fromkeys(("percent", "sample"), percent_text),
    "fallback": lambda fallback: "legacy" if fallback else "none",
}


def _shown(name: str, value: Any) -> str:
    if value is None or value in ((), frozenset(), ""):
        return "none"
    if name in _SHOWN:
        return _SHOWN[name](value)
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, CohortKey):
        return f"{value.kind} {value.name}".strip()
    if isinstance(value, Match):
        return _match(value)
    if isinstance(value, Certificate | BackendTls):
        return _tls(value)
    if isinstance(value, Health | Retry):
        return _resilience(value)
    if isinstance(value, frozenset):
        return ", ".join(sorted(value))
    if isinstance(value, tuple):
        return ", ".join(_shown("", item) for item in value)
    assert not is_dataclass(value), f"{name} has no words"  # noqa: S101 - a new kind of value needs its own branch above
    return str(value)


def _urls(backend: Backend) -> str:
    return ", ".join(one.url for one in backend.each())


def _resilience(value: Health | Retry) -> str:
    if isinstance(value, Retry):
        codes = f", after {' and '.join(map(str, value.codes))} too" if value.codes else ""
        return f"{value.attempts} more after {duration_text(value.backoff)}{codes}"
    words = f"GET {value.path} every {duration_text(value.interval)}, bad after {duration_text(value.timeout)}"
    return f"{words}, left after {value.unhealthy_after}, back after {value.healthy_after}"


def _tls(tls: Certificate | BackendTls) -> str:
    """Names of files and hosts; of a password only that there is one."""
    words = [tls.certificate or "no certificate"]
    if isinstance(tls, Certificate):
        words += [f"for {' or '.join(tls.hosts)}"] if tls.hosts else []
    else:
        words += [f"for {tls.server_name}"] if tls.server_name else []
        words += [f"by {tls.ca or 'the authorities of the system'}" if tls.verify else "never verified"]
    words += [f"key {tls.key}"] if tls.key else []
    return " ".join([*words, *(["with a password"] if tls.password else [])])


def _match(match: Match) -> str:
    kind = "" if match.path_type in (PathType.EXACT, PathType.TEMPLATE) else f"{match.path_type} "
    parts = [",".join(sorted(match.methods)), f"{kind}{match.path}"]
    if match.hosts:
        parts.append(f"at {' or '.join(match.hosts)}")
    parts += [f"with header {condition.name}" for condition in match.headers]
    parts += [f"with query {condition.name}" for condition in match.query]
    return " ".join(part for part in parts if part)


def _rule(rule: Rule) -> str:
    words = [rule.kind, rule.path]
    if rule.key:
        words.append(f"by {rule.key}")
    if rule.pattern is not None:
        words.append(f"as {rule.pattern!r}")
    if rule.absolute is not None:
        words.append(f"abs {rule.absolute:g}")
    if rule.relative is not None:
        words.append(f"rel {_rate(rule.relative)}")
    if rule.within is not None:
        words.append(f"within {duration_text(rule.within)}")
    if rule.owner:
        words.append(f"(owner {rule.owner})")
    if rule.until:
        words.append(f"until {rule.until}")
    return " ".join(words)
