"""What was learned of noise, by route, rule set and build, and how it gets into the store and out of it.

Legacy's own noise outlives a build: a new build begins with it, and with nothing about itself. Another rule set begins
with nothing, since its fields are not the same fields.
"""

from __future__ import annotations

import json
from collections.abc import Iterable

import structlog

from proxy.evidence import Noise
from proxy.model.evidence import EvidenceKey
from proxy.store import NoiseRow

BUILDS = 4  # kept of one route: more than one is in use only while a deploy rolls
WRITTEN_EVERY = 3.0  # seconds

_Name = tuple[str, str]  # rules, build

log = structlog.get_logger("strangler.evidence")


class NoiseBook:
    """The noise of all routes. `now` is seconds since 1970."""

    def __init__(self) -> None:
        self._routes: dict[str, dict[_Name, Noise]] = {}  # of each route, the one used last at the end
        self._changed: dict[tuple[str, _Name], None] = {}
        self._due = 0.0

    def of(self, key: EvidenceKey) -> Noise:
        """The noise for this key, made from that of the build before when it is new."""
        name = (key.rules, key.build)
        known = self._routes.setdefault(key.route, {})
        noise = known.pop(name, None)
        if noise is None:
            before = next((one for (rules, _), one in reversed(known.items()) if rules == key.rules), None)
            noise = before.new_build() if before else Noise()
        known[name] = noise
        while len(known) > BUILDS:
            known.pop(next(iter(known)))
        return noise

    def find(self, key: EvidenceKey) -> Noise | None:
        """As `of`, but None where nothing was learned."""
        return self._routes.get(key.route, {}).get((key.rules, key.build))

    def changed(self, key: EvidenceKey) -> None:
        """Says that the noise for this key has learned something."""
        self._changed[key.route, (key.rules, key.build)] = None

    def take_rows(self, now: float, *, final: bool = False) -> list[NoiseRow]:
        """What is to be written: all that changed, every few seconds."""
        if not self._changed or (now < self._due and not final):
            return []
        self._due = now + WRITTEN_EVERY
        changed, self._changed = self._changed, {}
        rows = []
        for route, name in changed:
            noise = self._routes.get(route, {}).get(name)
            if noise is not None:
                rows.append(NoiseRow(route, *name, now, json.dumps(noise.plain(), separators=(",", ":"))))
        return rows

    def restore(self, rows: Iterable[NoiseRow]) -> None:
        """Goes on from what was stored, oldest first; what cannot be read is begun anew."""
        for row in rows:
            try:
                noise = Noise.restored(json.loads(row.body))
            except (ValueError, AttributeError) as error:
                log.warning("noise_not_restored", route=row.route, build=row.build, error=repr(error))
                continue
            self._routes.setdefault(row.route, {})[row.rules, row.build] = noise

    def whole(self, now: float) -> list[NoiseRow]:
        """Everything, for a store that began anew."""
        self._changed = {(route, name): None for route, known in self._routes.items() for name in known}
        return self.take_rows(now, final=True)
