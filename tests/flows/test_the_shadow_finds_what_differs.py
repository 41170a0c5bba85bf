"""The main job over real processes: copies are compared, differences named, the verdict obeyed, the route moved."""

from __future__ import annotations

import json
import socket
import sqlite3
import threading
from pathlib import Path

from tests.support.routes import READ, two_sides
from tests.support.running import PATIENCE, Backend, Running, backends, running, until

ROUTES = f"""\
reasks: {{per_second: 0}}
{READ}\
    canary: {{percent: 30, key: {{cookie: user}}}}
    compare: {{ignore: [{{path: $.served_at}}]}}
    gate: {{mismatch_below: 5%, confidence: 80%, min_duration: 1s, error_increase_below: 5%, p95_ratio_below: 100}}
"""


def shop(who: str, build: str = "", **wrong: object) -> Backend:
    """Items with a field that always differs between the sides, and `wrong` put over the right fields."""
    count = 0

    def answer(method: str, path: str) -> tuple[int, dict[str, str], bytes]:
        nonlocal count
        count += 1
        right = {"id": path.rpartition("/")[2], "fee": 12, "note": None, "served_at": f"{who}-{count}"}
        body = {key: value for key, value in {**right, **wrong}.items() if value != "absent"}
        headers = {"Content-Type": "application/json", "Set-Cookie": "s=secret-of-a-client"}
        return 200, {**headers, **({"X-Build": build} if build else {})}, json.dumps(body).encode()

    return Backend(answer)


def ask(proxy: Running, first: int, count: int, **headers: str) -> None:
    for number in range(first, first + count):
        assert proxy.get(f"/items/{number}", headers=headers)[0] == 200


def pass_by_asking(proxy: Running, first: int) -> int:
    """Asks distinct requests until the verdict passes; how many it took."""
    count = 0

    def passed() -> bool:
        nonlocal count
        ask(proxy, first + count, 50)
        count += 50
        return proxy.command("verdict", "read").returncode == 0

    until(passed, "the verdict to pass")
    return count


def test_a_wrong_build_is_found_and_refused_and_the_mended_one_moves(tmp_path: Path) -> None:
    legacy, service = shop("legacy"), shop("service", "b1", fee=11, note="absent")
    with backends(legacy, service), running(tmp_path, two_sides(legacy.url, service.url, ROUTES)) as proxy:
        # 1. the first build is wrong in two places; the client never sees it
        ask(proxy, 0, 50, Authorization="Bearer planted-secret")
        until(lambda: proxy.route("read")["comparisons"]["mismatch"] == 50, "50 mismatches")
        shown = proxy.command("mismatches", "read")
        assert "$.note" in shown.stdout
        assert "$.served_at" not in shown.stdout
        signature = proxy.api("GET", "/routes/read/mismatches")["signatures"][0]["signature"]
        example = proxy.api("GET", f"/routes/read/mismatches/{signature}")["exemplars"][0]
        assert {"$.fee", "$.note"} == {one["path"] for one in example["differences"] if not one["ignored_by"]}
        assert proxy.command("verdict", "read").returncode == 1
        refused = proxy.command("promote", "read")
        assert refused.returncode == 1
        assert proxy.route("read")["stage"] == "shadow"
        assert len(service.marked) == 50
        # 2. the mended build: evidence anew
        service.answer = shop("service", "b2").answer
        asked = pass_by_asking(proxy, 1000)
        until(lambda: proxy.route("read")["comparisons"]["ignored"] == asked, "all of them to be counted")
        counted = proxy.route("read")["comparisons"]
        assert (counted["mismatch"], counted["not_compared"]) == (0, 0)
        promoted = proxy.command("promote", "read", "--why", "the verdict passed")
        assert promoted.returncode == 0
        assert "stage: canary" in promoted.stdout
        assert proxy.route("read")["stage"] == "canary"
        # 3. what was shown in shadow promotes nobody out of canary
        assert proxy.api("GET", "/routes/read/verdict")["n"] == 0
        assert (proxy.command("promote", "read").returncode, proxy.route("read")["stage"]) == (1, "canary")
        # 4. nothing of the client's secrets was kept anywhere
        assert proxy.stop() == 0
        for file in proxy.state.iterdir():
            content = file.read_bytes() if file.is_file() and not file.is_socket() else b""
            assert b"planted-secret" not in content
            assert b"secret-of-a-client" not in content
        assert "planted-secret" not in proxy.log.read_text()


def test_an_accepted_difference_no_longer_blocks(tmp_path: Path) -> None:
    legacy, service = shop("legacy"), shop("service", "b1", note="absent")
    with backends(legacy, service), running(tmp_path, two_sides(legacy.url, service.url, ROUTES)) as proxy:
        ask(proxy, 0, 10)
        until(lambda: proxy.route("read")["signatures"], "a signature")
        signature = proxy.route("read")["signatures"][0]["signature"]
        options = ("--owner", "ada", "--reason", "clients never read it", "--until", "2099-01-01")
        accepted = proxy.command("accept", "read", signature, *options)
        assert accepted.returncode == 0, accepted.stderr
        pass_by_asking(proxy, 1000)
        assert any(row["action"] == "accept" for row in proxy.api("GET", "/history")["rows"])


def test_in_canary_each_user_stays_on_one_side_and_more_percent_moves_nobody_back(tmp_path: Path) -> None:
    legacy, service = shop("legacy"), shop("service", "b1")
    routes = two_sides(legacy.url, service.url, ROUTES).replace("stage: shadow", "stage: canary")
    with backends(legacy, service), running(tmp_path, routes) as proxy:

        def sides() -> dict[int, str]:
            found = {}
            for user in range(100):
                seen = {
                    json.loads(proxy.get(f"/items/{user}{i}", headers={"Cookie": f"user=u{user}"})[1])["served_at"][:3]
                    for i in range(3)
                }
                assert len(seen) == 1
                found[user] = seen.pop()
            return found

        first = sides()
        moved = {user for user, side in first.items() if side == "ser"}
        assert 10 <= len(moved) <= 50
        proxy.edit("percent: 30", "percent: 60")
        until(lambda: proxy.route("read")["percent"] == 60, "the edit")
        second = {user for user, side in sides().items() if side == "ser"}
        assert moved < second
        # copies go both ways: every exchange is compared
        until(lambda: sum(proxy.route("read")["comparisons"].values()) == 300, "comparisons of this epoch")
        assert proxy.route("read")["comparisons"]["mismatch"] == 0


def test_when_the_service_dies_in_live_clients_see_nothing_and_the_breaker_opens_and_closes(tmp_path: Path) -> None:
    legacy, service = shop("legacy"), shop("service", "b1")
    routes = two_sides(legacy.url, service.url, ROUTES).replace("stage: shadow", "stage: live")
    routes += "breaker: {failures: 3, open_for: 1s}\n"
    with backends(legacy), running(tmp_path, routes) as proxy:
        service.start()
        ask(proxy, 0, 5)
        service.stop()
        ask(proxy, 10, 20)
        until(lambda: proxy.metric('strangler_breaker_open{backend="service"}') == 1.0, "the breaker to open")
        until(lambda: proxy.route("read")["fallbacks"] == 20, "20 fallbacks, each of them counted")
        service.start()

        def comes_back() -> bool:
            ask(proxy, 100, 1)
            return proxy.metric('strangler_breaker_open{backend="service"}') == 0.0

        until(comes_back, "the breaker to close")
        service.stop()


def test_what_was_counted_outlives_a_restart_and_a_sigkill(tmp_path: Path) -> None:
    legacy, service = shop("legacy"), shop("service", "b1")
    with backends(legacy, service), running(tmp_path, two_sides(legacy.url, service.url, ROUTES)) as proxy:
        ask(proxy, 0, 40)
        until(lambda: stored(proxy) == 40, "40 comparisons to be in the store")
        proxy.kill_all()
        proxy.start()
        assert proxy.route("read")["comparisons"]["ignored"] == 40
        ask(proxy, 20, 40)  # half of them were seen before: they are compared, but count once
        until(lambda: proxy.route("read")["comparisons"]["ignored"] == 80, "the others")
        verdict = proxy.api("GET", "/routes/read/verdict")
        assert (verdict["n"], verdict["timed"]) == (60, 22)  # not the first 19 after a start
        assert verdict["coverage"] == {"answers": {"GET 2xx": 60}, "values": {"{id}": 60}}
        lowest, highest = verdict["interval"]
        assert lowest == 0 < highest < 0.2


def test_a_broken_database_file_stops_nothing(tmp_path: Path) -> None:
    legacy, service = shop("legacy"), shop("service", "b1")
    with backends(legacy, service), running(tmp_path, two_sides(legacy.url, service.url, ROUTES)) as proxy:
        ask(proxy, 0, 10)
        until(lambda: stored(proxy) == 10, "the first comparisons")
        (proxy.state / "evidence.sqlite3").write_bytes(b"this is no database" * 1000)
        ask(proxy, 10, 10)
        until(lambda: list(proxy.state.glob("*broken*")), "the broken file to be moved aside")
        until(lambda: proxy.api("GET", "/status")["store"]["ok"], "the store to be well again")
        ask(proxy, 20, 10)
        until(lambda: proxy.route("read")["comparisons"]["ignored"] >= 20, "comparisons to go on")


def test_a_full_disk_stops_nothing_and_is_shown(tmp_path: Path) -> None:
    """A limit on the size of every file that the proxy writes, its log among them, stands for the full disk. What the
    workers share in memory has to fit below it."""
    legacy, service = shop("legacy"), shop("service", "b1")
    routes = two_sides(legacy.url, service.url, ROUTES)
    proxy = Running(tmp_path, routes, prefix=("prlimit", f"--fsize={640 * 1024}"))
    with backends(legacy, service):
        try:
            proxy.start()
            number = 0
            while proxy.api("GET", "/status")["store"]["ok"]:
                ask(proxy, number, 50)
                number += 50
                assert number < 5000
            status = proxy.api("GET", "/status")["store"]
            assert status["error"]
            assert proxy.metric("strangler_store_ok") == 0.0
            ask(proxy, number, 50)
        finally:
            proxy.kill_all()


def stored(proxy: Running) -> int:
    """Comparisons in the file, read beside the running proxy."""
    with sqlite3.connect(f"file:{proxy.state}/evidence.sqlite3?mode=ro", uri=True) as connection:
        return int(connection.execute("SELECT coalesce(sum(match + ignored + mismatch), 0) FROM segment").fetchone()[0])


def test_nothing_listens_where_it_was_not_asked_to(tmp_path: Path) -> None:
    """The admin port is loopback by default and answers no other site."""
    legacy, service = shop("legacy"), shop("service", "b1")
    with backends(legacy, service), running(tmp_path, two_sides(legacy.url, service.url, ROUTES)) as proxy:
        status, _ = proxy.ask_admin("POST", "/api/v1/halt", {"who": "x"}, Origin="http://evil.example")
        assert status == 403
        status, _ = proxy.ask_admin("GET", "/api/v1/status", Host="evil.example")
        assert status in (400, 403, 421)
        with socket.create_connection(("127.0.0.1", proxy.port)) as plain:
            plain.sendall(b"GET /api/v1/status HTTP/1.1\r\nHost: x\r\n\r\n")
            assert b"generation" not in plain.recv(4096)


def test_a_write_is_copied_only_where_the_route_names_it_and_the_copy_is_marked(tmp_path: Path) -> None:
    legacy, service = shop("legacy"), shop("service", "b1")
    routes = two_sides(legacy.url, service.url, ROUTES)
    routes = routes.replace("build_header: X-Build", "build_header: X-Build, shadow_writes: rolled_back")
    routes += """
  - name: create
    match: POST /items/{id}
    extracted: service
    stage: shadow
    shadow: {methods: [POST]}
    compare: {ignore: [{path: $.served_at}]}
  - {name: replace, match: "PUT /items/{id}", extracted: service, stage: shadow}
"""
    with backends(legacy, service), running(tmp_path, routes) as proxy:
        forged = {"X-Strangler-Shadow": "1"}
        assert proxy.get("/items/1", method="POST", headers=forged)[0] == 200
        assert proxy.get("/items/1", method="PUT")[0] == 200
        until(lambda: proxy.route("create")["comparisons"]["ignored"] == 1, "the copy to be compared")
        assert service.marked == [("POST", "/items/1")]
        assert legacy.asked == [("POST", "/items/1"), ("PUT", "/items/1")]
        assert not legacy.marked  # what a client says under X-Strangler-* never reaches an upstream
        assert proxy.route("replace")["comparisons"]["ignored"] == 0


def test_the_inventory_is_learned_before_any_route_and_outlives_a_restart(tmp_path: Path) -> None:
    legacy = shop("legacy")
    routes = f"version: 1\nbackends:\n  legacy: {{url: '{legacy.url}'}}\nlegacy: legacy\n"
    with backends(legacy), running(tmp_path, routes) as proxy:
        for number in range(30):
            proxy.get(f"/v1/items/{1000 + number}?page=2")
        proxy.get("/v1/items", method="POST")
        until(lambda: len(proxy.api("GET", "/inventory")["rows"]) == 2, "two templates")
        rows = {(row["method"], row["template"]): row for row in proxy.api("GET", "/inventory")["rows"]}
        assert rows["GET", "/v1/items/{id}"]["count"] == 30
        assert rows["GET", "/v1/items/{id}"]["route"] == "unrouted"
        assert rows["GET", "/v1/items/{id}"]["status"] == {"2xx": 30}
        assert proxy.stop() == 0
        proxy.start()
        shown = proxy.command("inventory")
        assert "/v1/items/{id}" in shown.stdout
        assert shown.returncode == 0


def test_what_waits_behind_a_copy_that_hangs_outlives_a_sigkill_too(tmp_path: Path) -> None:
    """Comparisons are counted in the order of arrival, so one copy that hangs holds up all that came after it."""
    legacy, service = shop("legacy"), shop("service", "b1")
    quick, go = service.answer, threading.Event()

    def answer(method: str, path: str) -> tuple[int, dict[str, str], bytes]:
        if path.endswith("/hang"):
            go.wait(PATIENCE)
        return quick(method, path)

    service.answer = answer
    routes = two_sides(legacy.url, service.url, ROUTES) + "shadow: {deadline: 25s}\n"
    with backends(legacy, service), running(tmp_path, routes) as proxy:
        assert proxy.get("/items/hang")[0] == 200
        until(lambda: service.asked == [("GET", "/items/hang")], "the copy to hang")
        ask(proxy, 0, 40)
        until(lambda: kept_waiting(proxy) == 40, "what waits to be kept")
        assert proxy.route("read")["comparisons"]["ignored"] == 0
        proxy.kill_all()
        go.set()
        proxy.start()
        until(lambda: proxy.route("read")["comparisons"]["ignored"] == 40, "them to be counted, once")
        until(lambda: kept_waiting(proxy) == 0, "them to wait no more")
        assert stored(proxy) == 40
        assert proxy.api("GET", "/routes/read/verdict")["n"] == 40


def kept_waiting(proxy: Running) -> int:
    with sqlite3.connect(f"file:{proxy.state}/evidence.sqlite3?mode=ro", uri=True) as connection:
        return int(connection.execute("SELECT count(*) FROM waiting").fetchone()[0])
