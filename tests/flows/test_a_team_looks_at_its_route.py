"""What the commands say of a proxy that has run: which rules were needed, and the history of routes that are gone."""

from __future__ import annotations

import json
from pathlib import Path

from proxy.store import read_rule_uses
from tests.support.routes import READ, two_sides
from tests.support.running import Backend, backends, running, until

ROUTES = READ + "    compare: {ignore: [{path: $.by}, {path: $.never}]}\n"


def side(name: str) -> Backend:
    headers = {"Content-Type": "application/json", "X-Build": "1"}
    return Backend(lambda method, path: (200, headers, json.dumps({"by": name, "path": path}).encode()))


def test_the_uses_of_rules_are_counted_and_an_unknown_route_has_no_history(tmp_path: Path) -> None:
    legacy, service = side("legacy"), side("service")
    with (
        backends(legacy, service),
        running(tmp_path, two_sides(legacy.url, service.url, ROUTES)) as proxy,
    ):
        for number in range(4):
            proxy.get(f"/items/{number}")
        until(lambda: proxy.route("read")["comparisons"]["ignored"] == 4, "the comparisons")
        known = proxy.command("history", "read")
        assert known.returncode == 0, known.stderr
        unknown = proxy.command("history", "raed")
        assert unknown.returncode == 2
        assert "did you mean read?" in unknown.stderr
        proxy.command("rollback", "read", "--why", "a row of its own")
        proxy.edit("- name: read", "- name: renamed")
        until(lambda: proxy.ask_admin("GET", "/api/v1/routes/renamed")[0] == 200, "the edit to be in force")
        gone = proxy.command("history", "read")
        assert gone.returncode == 0
        assert "a row of its own" in gone.stdout
        assert proxy.stop() == 0
        uses = read_rule_uses(proxy.state / "evidence.sqlite3")
        assert uses["read", "ignore $.by"] == 4
        assert [count for (_, rule), count in uses.items() if rule.startswith("=")] == [4]
        assert ("read", "ignore $.never") not in uses
