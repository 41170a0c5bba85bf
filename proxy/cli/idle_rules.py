"""Rules that nothing needed: `check` names them, from what the proxy of a state folder has counted."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from proxy.cli.formats import counted

if TYPE_CHECKING:
    from proxy.model.problem import Problem
    from proxy.runtime.load import Compiled

ENOUGH = 1_000  # comparisons by the rules as they are, before an unused rule is called idle


def idle_rules(compiled: Compiled, state: Path, file: str) -> list[Problem]:
    """A warning for each rule that excused nothing. Raises StoreTrouble when the counts cannot be read."""
    from proxy import comparison, store
    from proxy.model.problem import Problem, Severity

    uses = store.read_rule_uses(state / "evidence.sqlite3")
    found = []
    for route in compiled.spec.routes if uses else ():
        made = uses.get((route.name, store.RULE_SET + compiled.rules[route.name].digest), 0)
        if made < ENOUGH:
            continue
        lists = [rule.path for rule in route.compare.rules if rule.kind == "unordered"]
        for rule in route.compare.rules:
            name = comparison.label(rule)
            if rule.kind == "only" or _is_within(rule.path, lists) or (route.name, name) in uses:
                continue
            message = f"route {route.name}: the rule `{name}` has excused nothing in {counted(made, 'comparison')}"
            remedy = "Remove it, unless it is for something rare: what it would hide is hidden."
            mark = route.mark
            found.append(Problem(message, remedy, file, mark.line, mark.column, Severity.WARNING))
    return found


def _is_within(path: str, lists: list[str]) -> bool:
    """True inside a list without order: its elements are matched by what the rules leave of them, and nobody says by
    which."""
    return any(path.startswith(f"{one}[*]") for one in lists)
