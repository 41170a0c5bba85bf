"""What belongs together in several urls, health checks and retries."""

from __future__ import annotations

from collections.abc import Sequence

from proxy.config.checks import Backends, Piece
from proxy.config.complaints import quoted, subject
from proxy.config.route_form import RouteForm
from proxy.config.yaml_text import Loc, Source
from proxy.model.problem import Severity

_SENT_ONCE = {"POST", "PATCH"}


def check_resilience(source: Source, backends: Backends, routes: Sequence[Piece[RouteForm]]) -> None:
    """Complain to `source` of backends that are nowhere, or twice, and of retries that could never be made."""
    for piece in backends.values():
        if isinstance(piece.raw, dict):
            _check_places(source, piece.loc, piece.raw.get("url"), piece.raw.get("urls"))
        if piece.form is not None and piece.form.urls:
            _check_alike(source, piece.loc, [(place.url, place.tls) for place in piece.form.urls])
    for route in routes:
        if route.form is not None and route.form.retry is not None:
            _check_retried(source, route, route.form)


def _check_places(source: Source, loc: Loc, url: object, urls: object) -> None:
    if url is not None and urls is not None:
        _complain(source, (*loc, "urls"), "stands beside `url`", "Keep one of the two; `urls` may have one item.")
    elif url is None and not urls:
        remedy = "Add `url:`. Where it listens: `http://host:port`, `https://host:port` or `unix:/path`."
        _complain(source, loc, "`url` is missing", remedy)


def _check_alike(source: Source, loc: Loc, places: Sequence[tuple[str, bool]]) -> None:
    seen: set[str] = set()
    for number, (url, encrypted) in enumerate(places):
        if url in seen:
            _complain(source, (*loc, "urls", number), "stands twice", "Each url is another instance: remove one.")
        elif encrypted != places[0][1]:
            remedy = "Write `https://` at all of them or at none: they are instances of one service."
            _complain(source, (*loc, "urls", number), "is encrypted and others are not, or the reverse", remedy)
        seen.add(url)


def _check_retried(source: Source, route: Piece[RouteForm], form: RouteForm) -> None:
    matches = [form.match] if form.match else form.matches or ()
    methods = [set(match.method) for match in matches]
    if methods and all(asked and asked <= _SENT_ONCE for asked in methods):
        words = " and ".join(sorted(set().union(*methods)))
        remedy = "Remove the key, unless connections that are refused are what it is for."
        message = f"sends {words} again only where nothing of the request had left"
        _complain(source, (*route.loc, "retry"), message, remedy, Severity.WARNING)


def _complain(source: Source, loc: Loc, message: str, remedy: str, severity: Severity = Severity.ERROR) -> None:
    node, walked = source.find(loc)
    source.complain(node, f"{subject(source, loc)}{quoted(walked)}{message}", remedy, severity)
