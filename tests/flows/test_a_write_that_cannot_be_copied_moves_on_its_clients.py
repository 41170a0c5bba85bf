"""A POST that nobody may send twice has no comparisons; how its clients fare in canary is the evidence."""

from __future__ import annotations

import http.client
import json
from pathlib import Path

from tests.support.running import PATIENCE, Backend, Running, backends, running, until

ROUTES = """
version: 1
backends:
  legacy: {{url: "{legacy}", connect_timeout: 2s, timeout: 2s}}
  service: {{url: "{service}", build_header: X-Build, connect_timeout: 2s, timeout: 2s}}
legacy: legacy
routes:
  - name: create
    match: POST /charges
    extracted: service
    stage: legacy
    fallback: none
    canary: {{percent: 30, key: {{cookie: user}}}}
    gate: {{confidence: 60%, min_duration: 500ms, error_increase_below: 5%, p95_ratio_below: 100}}
"""


def charges(build: str = "", status: int = 201) -> Backend:
    def answer(method: str, path: str) -> tuple[int, dict[str, str], bytes]:
        return status, {"Content-Type": "application/json", **({"X-Build": build} if build else {})}, b'{"paid": true}'

    return Backend(answer)


def buy(proxy: Running, users: range) -> None:
    """Each user buys once, over one connection."""
    connection = http.client.HTTPConnection("127.0.0.1", proxy.port, timeout=PATIENCE)
    for user in users:
        connection.request("POST", "/charges", b"amount=1", {"Cookie": f"user=u{user}"})
        connection.getresponse().read()
    connection.close()


def resets(proxy: Running) -> list[dict[str, str]]:
    return [row for row in proxy.api("GET", "/history")["rows"] if row["action"] == "reset"]


def ask_until(proxy: Running, exit_code: int) -> None:
    """New users buy until the verdict is there."""
    first = 0

    def ruled() -> bool:
        nonlocal first
        buy(proxy, range(first, first + 100))
        first += 100
        return proxy.command("verdict", "create").returncode == exit_code

    until(ruled, f"`strangler verdict` to exit with {exit_code}")


def test_it_goes_to_canary_passes_on_both_shares_and_is_promoted_without_force(tmp_path: Path) -> None:
    legacy, service = charges(), charges("b1")
    with backends(legacy, service), running(tmp_path, ROUTES.format(legacy=legacy.url, service=service.url)) as proxy:
        waiting = proxy.api("GET", "/routes/create/verdict")
        assert waiting["evidence"] == "clients"
        assert waiting["needs"] == ["a canary: only there both sides answer clients at the same time"]
        first = proxy.command("promote", "create", "--to", "canary")
        assert first.returncode == 0, first.stderr
        buy(proxy, range(20))
        assert "within a minute" in proxy.api("GET", "/routes/create/verdict")["needs"][0]
        assert proxy.command("promote", "create").returncode == 1, "a further step needs evidence"
        ask_until(proxy, 0)
        shown = proxy.command("verdict", "create").stdout
        assert "pairs of clients' exchanges the extracted side alone failed in 0" in shown
        assert "not comparisons" in shown
        moved = proxy.command("promote", "create")
        assert moved.returncode == 0, moved.stderr
        assert proxy.route("create")["stage"] == "live"
        history = until(lambda: resets(proxy), "the reset to be told of")
        assert "pairs of clients' exchanges stay with what was before" in history[0]["what"]
        assert "forced" not in json.dumps(proxy.api("GET", "/history"))
        assert not legacy.marked + service.marked, "nothing was ever copied"
        assert proxy.route("create")["verdict"]["needs"] == [
            "a canary: only there both sides answer clients at the same time"
        ], "what was shown in canary says nothing of live"


def test_a_side_that_answers_500_fails_and_is_not_promoted(tmp_path: Path) -> None:
    legacy, service = charges(), charges("b1", 500)
    routes = ROUTES.format(legacy=legacy.url, service=service.url).replace("stage: legacy", "stage: canary")
    with backends(legacy, service), running(tmp_path, routes) as proxy:
        ask_until(proxy, 1)
        verdict = proxy.api("GET", "/routes/create/verdict")
        assert "legacy alone in 0; the gate is 5 % more failures" in verdict["why"]
        assert proxy.command("promote", "create").returncode == 1
        counted = verdict["clients"]["extracted_failed"]
        assert proxy.stop() == 0
        proxy.start()
        assert proxy.api("GET", "/routes/create/verdict")["clients"]["extracted_failed"] >= counted > 0
