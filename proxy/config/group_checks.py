"""Routes of one group: what they must have in common to move together, and to see a client alike."""

from __future__ import annotations

from collections.abc import Sequence

from proxy.config.checks import Piece
from proxy.config.complaints import quoted, subject
from proxy.config.route_form import RouteForm
from proxy.config.yaml_text import Loc, Source
from proxy.model.problem import Severity

_LONGEST_PIN = 3600.0


def check_groups(source: Source, routes: Sequence[Piece[RouteForm]]) -> None:
    """Complain to `source` of groups that are torn as they stand in the file, and of pins that last too long."""
    first: dict[str, Piece[RouteForm]] = {}
    alone: dict[str, Piece[RouteForm]] = {}
    for route in routes:
        form = route.form
        if form is None:
            continue
        if form.pin_after_write is not None and form.pin_after_write > _LONGEST_PIN:
            remedy = "Write `1h` or less; seconds are usual."
            _complain(source, (*route.loc, "pin_after_write"), "is longer than `1h`", remedy, Severity.ERROR)
        if form.group is None:
            continue
        alone[form.group] = route
        if form.group in first:
            alone.pop(form.group)
            _compare(source, first[form.group], route)
        first.setdefault(form.group, route)
    for name, route in alone.items():
        if first[name] is route:
            remedy = "Name the same group at the routes that are to move with it, or remove the key."
            _complain(source, (*route.loc, "group"), f"has no other route than this in `{name}`", remedy)


def _compare(source: Source, one: Piece[RouteForm], other: Piece[RouteForm]) -> None:
    left, right = one.form, other.form
    if left is None or right is None:
        return
    place = (*other.loc, "group")
    differ = [
        what
        for what, same in (
            ("stage", left.stage == right.stage),
            ("canary.percent", left.stage != "canary" or left.canary.percent == right.canary.percent),
            ("canary.key", left.canary.key == right.canary.key),
            ("canary.include", left.canary.include == right.canary.include),
            ("canary.exclude", left.canary.exclude == right.canary.exclude),
            ("owns_data", left.owns_data == right.owns_data),
            ("pin_after_write", left.pin_after_write == right.pin_after_write),
        )
        if not same
    ]
    if differ:
        words = ", ".join(f"`{what}`" for what in differ)
        remedy = "Write the same in both, or a client may be answered by both sides."
        _complain(source, place, f"is shared with route {left.name}, which has another {words}", remedy)


def _complain(source: Source, loc: Loc, message: str, remedy: str, severity: Severity = Severity.WARNING) -> None:
    node, walked = source.find(loc)
    source.complain(node, f"{subject(source, loc)}{quoted(walked)}{message}", remedy, severity)
