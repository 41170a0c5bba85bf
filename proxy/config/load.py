"""routes.yaml text to its spec, or every problem at once.

Backends and routes are validated one by one, so that a mistake in one does not hide what is wrong in another. A block
with a mistake is tried again without the mistaken keys, so that what it says about others is still checked.
"""

from __future__ import annotations

import gc
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import TypeVar

from pydantic import BaseModel, ValidationError

from proxy.config.checks import Piece, check_all, check_reasks
from proxy.config.complaints import complain
from proxy.config.form import BackendForm, RoutesForm
from proxy.config.group_checks import check_groups
from proxy.config.resilience_checks import check_resilience
from proxy.config.route_form import RouteForm
from proxy.config.tls_checks import check_tls
from proxy.config.yaml_text import Loc, Pairs, Plain, Source, UnreadableError, parse, spec_mark
from proxy.model.problem import Problem, Severity
from proxy.model.spec import Mark, RoutesSpec

_Form = TypeVar("_Form", bound=BaseModel)
_SMALLEST = (
    'Begin with `version: 1`, `backends: {legacy: {url: "http://127.0.0.1:8001"}}`, `legacy: legacy` and `routes: []`.'
)


@dataclass(frozen=True, slots=True)
class Loaded:
    """`spec` is None exactly when a problem is an error. Problems are in the order of the file."""

    spec: RoutesSpec | None
    problems: tuple[Problem, ...]


def load(text: str, *, file: str = "routes.yaml", env: Mapping[str, str], today: date | None = None) -> Loaded:
    """Read `text`, filling `${NAME}` from `env`. Never raises for what `text` may hold.

    Without `today` no rule is called expired.
    """
    # The tree has no cycles, and the collector would walk it over and over: more than half the time of a large file.
    collecting = gc.isenabled()
    gc.disable()
    try:
        return _load(text, file, env, today)
    except UnreadableError as trouble:
        line, column = (trouble.mark.line + 1, trouble.mark.column + 1) if trouble.mark else (1, 1)
        return Loaded(None, (Problem(trouble.message, trouble.remedy, file, line, column),))
    finally:
        if collecting:
            gc.enable()


def _load(text: str, file: str, env: Mapping[str, str], today: date | None) -> Loaded:
    root = parse(text.removeprefix("\ufeff"))
    if not isinstance(root, Pairs):
        raise UnreadableError("the file holds no configuration", _SMALLEST, root.start if root else None)
    source = Source(root, file, env)
    data = source.plain(root)
    spec = _build(source, data, text, today) if isinstance(data, dict) else None
    problems = tuple(sorted(source.problems, key=lambda problem: (problem.line, problem.column)))
    failed = any(problem.severity is Severity.ERROR for problem in problems)
    return Loaded(None if failed else spec, problems)


def _build(source: Source, data: dict[str, Plain], text: str, today: date | None) -> RoutesSpec | None:
    # 1. Each backend and route by itself.
    raw_backends, raw_routes = data.get("backends"), data.get("routes")
    backends: dict[str, Piece[BackendForm]] = {}
    routes: list[Piece[RouteForm]] = []
    top = dict(data)
    if isinstance(raw_backends, dict):
        top["backends"] = {}
        backends = {name: _piece(source, BackendForm, ("backends", name), raw) for name, raw in raw_backends.items()}
    if isinstance(raw_routes, list):
        top["routes"] = []
        routes = [_piece(source, RouteForm, ("routes", number), raw) for number, raw in enumerate(raw_routes)]

    # 2. Everything else, then what one block says about another.
    form = _piece(source, RoutesForm, (), top).form
    check_all(source, data.get("legacy"), backends, routes, today)
    check_groups(source, routes)
    check_tls(source, data.get("listen"), backends)
    check_resilience(source, backends, routes)
    check_reasks(source, data.get("reasks"), data.get("legacy"), backends, routes)

    # 3. The spec, if nothing is wrong.
    if form is None or any(problem.severity is Severity.ERROR for problem in source.problems):
        return None
    folder = source.file.rpartition("/")[0]
    return form.spec(
        {
            name: piece.form.spec(name, folder, _mark(source, (*piece.loc, "tls")))
            for name, piece in backends.items()
            if piece.form
        },
        tuple(piece.form.spec(_mark(source, piece.loc)) for piece in routes if piece.form),
        hashlib.sha256(text.encode()).hexdigest()[:12],
        folder,
        [_mark(source, ("listen", "tls", number)) for number in range(len(form.listen.tls))],
    )


def _mark(source: Source, loc: Loc) -> Mark:
    return spec_mark(source.find(loc)[0])


def _piece(source: Source, form: type[_Form], loc: Loc, raw: Plain) -> Piece[_Form]:
    try:
        return Piece(loc, raw, form.model_validate(raw))
    except ValidationError as trouble:
        complain(source, form, loc, trouble)
        mistaken = {error["loc"][0] for error in trouble.errors(include_url=False) if error["loc"]}
    if not isinstance(raw, dict):
        return Piece(loc, raw, None)
    try:
        return Piece(loc, raw, form.model_validate({key: value for key, value in raw.items() if key not in mistaken}))
    except ValidationError:
        return Piece(loc, raw, None)
