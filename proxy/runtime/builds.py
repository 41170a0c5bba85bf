"""Which builds of a route's service answered, and which answered last: a new one begins evidence anew."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable

import structlog

from proxy.model.records import AuditRow
from proxy.store import Build

log = structlog.get_logger("strangler.evidence")


class Builds:
    """`audit` takes what there is to tell of a new one."""

    def __init__(self, audit: Callable[[AuditRow], None]) -> None:
        self._audit = audit
        self._known: dict[str, dict[str, Build]] = {}
        self._latest: dict[str, str] = {}
        self._found: list[Build] = []

    def restore(self, builds: Iterable[Build]) -> None:
        """In the order of their ordinals."""
        for build in builds:
            self._known.setdefault(build.route, {})[build.build] = build
            self._latest[build.route] = build.build

    def answered(self, route: str, build: str) -> None:
        """Notes the build of an answer; failures and drops say nothing about which build is there now."""
        if self._latest.get(route) == build:
            return
        self._latest[route] = build
        known = self._known.setdefault(route, {})
        if build not in known:
            known[build] = Build(route, build, len(known) + 1, time.time())
            self._found.append(known[build])
            what = f"build {build} seen, evidence begins anew" if build else "first answers, without a build header"
            self._audit(AuditRow(time.time(), "strangler", "build", route, what, ""))
            log.info("build_seen", route=route, build=build, ordinal=known[build].ordinal)

    def latest(self, route: str) -> str | None:
        """The one that answered last; "" when answers carry none, None when there were no answers."""
        return self._latest.get(route)

    def ordinal(self, route: str, build: str) -> int:
        known = self._known.get(route, {})
        return known[build].ordinal if build in known else max(len(known), 1)

    def take_rows(self) -> list[Build]:
        """Those found since the last call."""
        found, self._found = self._found, []
        return found

    def whole(self) -> list[Build]:
        return [build for known in self._known.values() for build in known.values()]
