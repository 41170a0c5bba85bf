"""Which places of a document are lists because a rule says so.

XML, HTML and forms do not say whether something may repeat: one `<item>` looks like a field, two like a list. Both
documents of a pair are looked at together, so that one against two is another length and not another type. But a rule
`$.order.item[*].id` has to hold for orders of one item too; so what a rule writes with `[*]` (or calls `unordered`) is
always a list.
"""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

from proxy.model.field_path import FieldPath, Wild, parse_path
from proxy.model.spec import Compare


class Lists(NamedTuple):
    """The rest of the paths to places that rules call lists, seen from one place."""

    paths: frozenset[FieldPath]

    @property
    def here(self) -> bool:
        return () in self.paths

    def member(self, name: str) -> Lists:
        return self._after(name, Wild.MEMBER) if self.paths else self

    def element(self) -> Lists:
        return self._after(Wild.ELEMENT, Wild.ELEMENT) if self.paths else self

    def _after(self, *steps: str | Wild) -> Lists:
        return Lists(frozenset(path[1:] for path in self.paths if path and path[0] in steps))


NO_LISTS = Lists(frozenset())


@lru_cache(maxsize=256)
def lists_of(compare: Compare) -> Lists:
    places: set[FieldPath] = set()
    for rule in compare.rules:
        if rule.path.startswith("$"):
            steps = parse_path(rule.path)
            places.update(steps[:at] for at, step in enumerate(steps) if step is Wild.ELEMENT)
            if rule.kind == "unordered":
                places.add(steps)
    return Lists(frozenset(places))
