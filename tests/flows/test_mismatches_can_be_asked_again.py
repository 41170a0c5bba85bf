"""After a fix, both sides are asked again for the kept examples: what is mended is said, and nothing is counted."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from tests.support.routes import two_sides
from tests.support.running import Backend, Running, backends, running, until

ROUTES = """\
reasks: {per_second: 100, delay: 10ms}
routes:
  - name: read
    match: /items/{id}
    extracted: service
    stage: shadow
"""


class Side:
    """A side whose answers can be changed: by default every item has a name, `wrong` ones another one."""

    def __init__(self) -> None:
        self.wrong: set[str] = set()
        self.gone: set[str] = set()
        self.backend = Backend(self._answer)

    def _answer(self, method: str, path: str) -> tuple[int, dict[str, str], bytes]:
        headers = {"Content-Type": "application/json", "X-Build": "1"}
        if path in self.gone:
            return 404, headers, b'{"error": "gone"}'
        name = "wrong" if path in self.wrong else "right"
        return 200, headers, json.dumps({"path": path, "name": name}).encode()


def mismatches(proxy: Running, count: int) -> list[dict[str, Any]]:
    def found() -> list[dict[str, Any]] | None:
        rows: list[dict[str, Any]] = proxy.api("GET", "/routes/read/mismatches")["signatures"]
        return rows if sum(row["count"] for row in rows) >= count else None

    return until(found, f"{count} mismatches")


def replayed(proxy: Running, *arguments: str) -> tuple[int, dict[str, Any]]:
    done = proxy.command("replay-mismatches", "read", *arguments, "--json")
    assert done.stdout, done.stderr
    return done.returncode, json.loads(done.stdout)


def test_what_is_mended_is_told_from_what_is_not(tmp_path: Path) -> None:
    legacy, service = Side(), Side()
    service.wrong |= {"/items/1", "/items/2", "/items/3", "/items/4"}
    with (
        backends(legacy.backend, service.backend),
        running(tmp_path, two_sides(legacy.backend.url, service.backend.url, ROUTES)) as proxy,
    ):
        assert replayed(proxy)[0] == 0, "there is nothing yet"
        for path in ("/items/1", "/items/2", "/items/3"):
            proxy.get(path)
        proxy.get("/items/4", headers={"Cookie": "sid=secret"})
        (row,) = mismatches(proxy, 4)
        until(
            lambda: len(proxy.api("GET", f"/routes/read/mismatches/{row['signature']}")["exemplars"]) == 4, "examples"
        )
        until(lambda: len(legacy.backend.marked) >= 4, "the mismatches to be asked again once by themselves")
        before = proxy.route("read")

        copied = len(service.backend.marked), len(legacy.backend.marked)
        code, found = replayed(proxy)
        assert (code, found["says"]) == (1, "differs")
        (tally,) = found["signatures"]
        assert (tally["same"], tally["mended"], tally["skipped"]) == (3, 0, {"redacted when it was kept": 1})
        asked = [("GET", "/items/1"), ("GET", "/items/2"), ("GET", "/items/3")]
        assert sorted(service.backend.marked[copied[0] :]) == asked
        assert sorted(legacy.backend.marked[copied[1] :]) == asked, "legacy knows too that nobody waits for it"

        service.wrong -= {"/items/1", "/items/2"}
        legacy.gone.add("/items/2")
        service.gone |= {"/items/2", "/items/3"}
        code, found = replayed(proxy, row["signature"])
        (tally,) = found["signatures"]
        assert (code, tally["mended"], tally["same"]) == (1, 1, 0)
        assert sum(tally["otherwise"].values()) == 1, "200 and 404 is another difference"
        assert tally["unknown"] == {"legacy answered 200 then and 404 now": 1}

        service.gone.clear()
        service.wrong.clear()
        legacy.gone.clear()
        code, found = replayed(proxy)
        assert (code, found["signatures"][0]["mended"]) == (0, 3)

        after = proxy.route("read")
        for figure in ("comparisons", "signatures", "verdict"):
            assert after[figure] == before[figure], "evidence is as it was"
        history = proxy.api("GET", "/history?route=read")["rows"]
        assert [one["what"] for one in history if one["action"] == "replay"] == [
            "4 examples of 1 signatures",
            "4 examples of 1 signatures",
            "4 examples of 1 signatures",
            "0 examples of 0 signatures",
        ]

        service.backend.stop()
        code, found = replayed(proxy)
        assert code == 1, "a service that is down differs: it fails where legacy answers"
        assert proxy.command("replay-mismatches", "read", "nope").returncode == 2
        assert proxy.command("replay-mismatches", "raed").returncode == 2


def test_unsafe_requests_are_never_asked_again(tmp_path: Path) -> None:
    legacy, service = Side(), Side()
    service.wrong.add("/items/1")
    routes = two_sides(legacy.backend.url, service.backend.url, ROUTES)
    routes = routes.replace("X-Build}", "X-Build, shadow_writes: sandbox}") + "    shadow: {methods: [POST]}\n"
    with backends(legacy.backend, service.backend), running(tmp_path, routes) as proxy:
        proxy.get("/items/1", method="POST")
        (row,) = mismatches(proxy, 1)
        until(lambda: proxy.api("GET", f"/routes/read/mismatches/{row['signature']}")["exemplars"], "its exemplar")
        asked = len(legacy.backend.asked), len(service.backend.asked)
        code, found = replayed(proxy)
        assert (code, found["signatures"][0]["skipped"]) == (2, {"not a safe request": 1})
        assert (len(legacy.backend.asked), len(service.backend.asked)) == asked
