"""Comparison rules added to a route of routes.yaml; everything else stays as it was.

A rule goes to the front of the list of its kind, since only the beginning of a list has a place that the parser gives.
Written are the list where there is none, and `compare` itself; in whatever style the file has there. In block style
each rule gets what it rests on as a comment. As with every edit, the result is read again, and refused when it says
anything else than wanted.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from proxy.config.splice import (
    CannotEditError,
    Splice,
    after_name,
    data,
    newline,
    read,
    route_called,
    spliced,
    value,
    without_bom,
)
from proxy.config.units import duration_text, percent_text
from proxy.config.yaml_text import Items, Pairs, Scalar
from proxy.model.spec import Rule

_PLAIN = re.compile(r"[$\w][\w$.%-]*(:[\w-]+)?")


class Noted(NamedTuple):
    """A rule, and what it rests on in one line."""

    rule: Rule
    note: str


def rules_patch(route: str, rules: Sequence[Noted]) -> str:
    """The rules as a person would write them into routes.yaml, what they rest on beside them."""
    lines = ["routes:", f"  - name: {route}", "    compare:"]
    return "\n".join([*lines, *(f"      {line}" for line in _block(rules))])


def edit_rules(text: str, route: str, rules: Sequence[Noted]) -> str:
    """`text` with the rules added to `route`. Raises `CannotEditError`."""
    bom, body = without_bom(text)
    root = read(body)
    found = route_called(root, route)
    edited = spliced(body, _splices(body, found, rules))
    wanted = data(root)
    _apply(wanted, route, rules)
    try:
        after = data(read(edited))
    except CannotEditError:
        after = None
    if after != wanted:
        raise CannotEditError(
            f"route {route} is written in a way that cannot be edited safely", "Add the rules by hand."
        )
    return bom + edited


def _splices(text: str, route: Pairs, rules: Sequence[Noted]) -> list[Splice]:
    compare = value(route, "compare")
    if compare is None:
        if route.flow:
            return [after_name(text, route, f"compare: {_flow(rules)}")]
        stage = value(route, "stage")
        indent = route.start.column
        lines = ["compare:", *(f"{' ' * (indent + 2)}{line}" for line in _block(rules))]
        behind = stage if stage and isinstance(stage[1], Scalar) else None
        splice = after_name(text, route, "\n".join(lines), behind=behind)
        return [splice._replace(text=_with_ends(splice.text, newline(text, splice.start)))]
    node = compare[1]
    if not isinstance(node, Pairs):
        raise CannotEditError("`compare` is no mapping", "Mend the file first: `strangler check` says how.")
    there = [one for one in rules if value(node, one.rule.kind)]
    new = [one for one in rules if one not in there]
    splices = [_into_list(text, node, kind, group) for kind, group in _by_kind(there).items()]
    return [*splices, _into_mapping(text, node, new)] if new else splices


def _into_mapping(text: str, compare: Pairs, rules: Sequence[Noted]) -> Splice:
    start = compare.start.index
    if not compare.flow:
        return _lines(text, start, compare.start.column, _block(rules))
    return Splice(start + 1, start + 1, _flow(rules)[1:-1] + (", " if compare.pairs else ""))


def _into_list(text: str, compare: Pairs, kind: str, rules: Sequence[Noted]) -> Splice:
    written = value(compare, kind)
    node = written[1] if written else None
    if not isinstance(node, Items):
        raise CannotEditError(f"`compare.{kind}` is no list", "Mend the file first: `strangler check` says how.")
    start = node.start.index
    if text[start] == "[":
        return Splice(start + 1, start + 1, _listed(rules)[1:-1] + (", " if node.items else ""))
    return _lines(text, start, node.start.column, _items(rules))


def _lines(text: str, start: int, column: int, lines: Iterable[str]) -> Splice:
    """Whole lines before what begins at `start`, as far to the right as it is."""
    end = newline(text, start)
    return Splice(start, start, "".join(f"{line}{end}{' ' * column}" for line in lines))


def _with_ends(text: str, end: str) -> str:
    return text.replace("\r\n", "\n").replace("\n", end)


def _by_kind(rules: Sequence[Noted]) -> dict[str, list[Noted]]:
    groups: dict[str, list[Noted]] = {}
    for one in rules:
        groups.setdefault(one.rule.kind, []).append(one)
    return groups


def _block(rules: Sequence[Noted]) -> list[str]:
    lines: list[str] = []
    for kind, group in _by_kind(rules).items():
        lines += [f"{kind}:", *(f"  {line}" for line in _items(group))]
    return lines


def _items(rules: Sequence[Noted]) -> list[str]:
    lines: list[str] = []
    for rule, note in rules:
        if note:
            lines.append("# " + " ".join(note.split()))
        lines.append(f"- {_rule(rule)}")
    return lines


def _flow(rules: Sequence[Noted]) -> str:
    return "{" + ", ".join(f"{kind}: {_listed(group)}" for kind, group in _by_kind(rules).items()) + "}"


def _listed(rules: Sequence[Noted]) -> str:
    return "[" + ", ".join(_rule(one.rule) for one in rules) + "]"


def _rule(rule: Rule) -> str:
    return "{" + ", ".join(f"{key}: {_text(text)}" for key, text in _written(rule).items()) + "}"


def _written(rule: Rule) -> dict[str, str]:
    """The keys of a rule and their values as the file has them."""
    values = {
        "path": rule.path,
        "key": rule.key,
        "pattern": rule.pattern,
        "abs": None if rule.absolute is None else f"{rule.absolute:.12g}",
        "rel": None if rule.relative is None else percent_text(100 * rule.relative),
        "within": None if rule.within is None else duration_text(rule.within),
        "owner": rule.owner,
        "until": rule.until,
    }
    return {key: text for key, text in values.items() if text is not None}


def _text(text: str) -> str:
    """A YAML value; `${` is doubled, or it would be a reference to the environment."""
    text = text.replace("${", "$${")
    if _PLAIN.fullmatch(text) and text.lower() not in ("null", "y", "n", "yes", "no", "on", "off", "true", "false"):
        return text
    return json.dumps(text, ensure_ascii=False)


def _apply(plain: Any, name: str, rules: Sequence[Noted]) -> None:
    for route in plain["routes"]:
        if isinstance(route, dict) and route.get("name") == name:
            compare = dict(route.get("compare") or {})
            for kind, group in _by_kind(rules).items():
                compare[kind] = [*(_written(one.rule) for one in group), *(compare.get(kind) or [])]
            route["compare"] = compare
            return
