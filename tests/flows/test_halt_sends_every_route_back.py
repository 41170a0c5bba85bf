"""Halt: by command, by file, and by a signal when control is dead. Only what can't go back stays where it is."""

from __future__ import annotations

import http.client
import os
import signal
from contextlib import ExitStack
from pathlib import Path

from tests.support.routes import two_sides
from tests.support.running import PATIENCE, Running, backends, json_backend, running, until

ROUTES = """\
halt: false
routes:
  - {name: read, match: "GET /items/{id}", extracted: service, stage: live}
  - {name: owner, match: "GET /owned/{id}", extracted: service, stage: live, owns_data: true}
  - {name: gone, match: "GET /gone/{id}", extracted: service, stage: retired}
"""


def who(proxy: Running, path: str) -> bytes:
    status, body = proxy.get(path)
    assert status == 200
    return b"service" if b"service" in body else b"legacy"


def test_by_command_and_it_outlives_edits_and_restarts(tmp_path: Path) -> None:
    legacy, service = json_backend(who="legacy"), json_backend("b1", who="service")
    with backends(legacy, service), running(tmp_path, two_sides(legacy.url, service.url, ROUTES)) as proxy:
        assert who(proxy, "/items/1") == b"service"
        done = proxy.command("halt", "--why", "drill")
        assert done.returncode == 0
        assert "owner" in done.stdout
        assert "gone" in done.stdout
        until(lambda: who(proxy, "/items/1") == b"legacy", "halt to reach the worker")
        assert (who(proxy, "/owned/1"), who(proxy, "/gone/1")) == (b"service", b"service")
        proxy.edit("stage: live, owns_data", "stage: canary, owns_data")
        until(lambda: proxy.route("owner")["stage"] == "canary", "an edit under halt")
        assert who(proxy, "/items/1") == b"legacy"
        assert proxy.stop() == 0
        proxy.start()
        assert who(proxy, "/items/1") == b"legacy"
        assert proxy.api("GET", "/status")["halted"] is True
        assert proxy.metric("strangler_halted") == 1.0
        assert proxy.command("resume").returncode == 0
        until(lambda: who(proxy, "/items/1") == b"service", "resume to reach the worker")


def test_every_worker_has_halted_when_the_command_returns(tmp_path: Path) -> None:
    """Connections stay with the worker that took them: of two dozen, each of three workers has some."""
    legacy, service = json_backend(who="legacy"), json_backend("b1", who="service")
    routes = two_sides(legacy.url, service.url, ROUTES)
    with backends(legacy, service), running(tmp_path, routes, "--workers", "3") as proxy, ExitStack() as stack:
        clients = [http.client.HTTPConnection("127.0.0.1", proxy.port, timeout=PATIENCE) for _ in range(24)]
        for client in clients:
            stack.callback(client.close)
        until(lambda: proxy.api("GET", "/status")["workers"]["connected"] == 3, "every worker")
        assert answers(clients) == {b"service"}
        for order, side in (("halt", b"legacy"), ("resume", b"service")) * 3:
            done = proxy.api("POST", f"/{order}", {"why": "drill"})
            assert done["late_workers"] == 0
            assert answers(clients) == {side}, f"after {order}, without a wait"
        moved = proxy.api("POST", "/routes/read/rollback", {})
        assert moved["late_workers"] == 0
        assert answers(clients) == {b"legacy"}


def test_a_worker_that_hangs_is_told_of(tmp_path: Path) -> None:
    legacy, service = json_backend(who="legacy"), json_backend("b1", who="service")
    routes = two_sides(legacy.url, service.url, ROUTES)
    with backends(legacy, service), running(tmp_path, routes, "--workers", "2") as proxy:
        os.kill(proxy.pids()["worker-1"], signal.SIGSTOP)
        done = proxy.command("halt")
        assert done.returncode == 0
        assert "1 worker has not confirmed" in done.stderr
        os.kill(proxy.pids()["worker-1"], signal.SIGCONT)
        assert proxy.api("POST", "/resume", {})["late_workers"] == 0


def answers(clients: list[http.client.HTTPConnection]) -> set[bytes]:
    """Who answers, over all of these connections."""
    found = set()
    for client in clients:
        client.request("GET", "/items/1")
        found.add(b"service" if b"service" in client.getresponse().read() else b"legacy")
    return found


def test_by_signal_with_control_dead(tmp_path: Path) -> None:
    legacy, service = json_backend(who="legacy"), json_backend("b1", who="service")
    routes = two_sides(legacy.url, service.url, ROUTES)
    with backends(legacy, service), running(tmp_path, routes, "--workers", "3") as proxy:
        assert proxy.process is not None
        control = proxy.pids()["control"]
        os.kill(control, signal.SIGSTOP)  # deaf, and not replaced
        try:
            proxy.process.send_signal(signal.SIGUSR1)
            until(lambda: {who(proxy, "/items/1") for _ in range(24)} == {b"legacy"}, "the signal to reach the workers")
            assert who(proxy, "/owned/1") == b"service"
        finally:
            os.kill(control, signal.SIGKILL)
        until(lambda: proxy.pids()["control"] != control, "a new control")
        until(lambda: halted(proxy), "the new control to know of the halt")
        assert who(proxy, "/items/1") == b"legacy"


def test_by_file(tmp_path: Path) -> None:
    legacy, service = json_backend(who="legacy"), json_backend("b1", who="service")
    with backends(legacy, service), running(tmp_path, two_sides(legacy.url, service.url, ROUTES)) as proxy:
        proxy.edit("halt: false", "halt: true")
        until(lambda: who(proxy, "/items/1") == b"legacy", "the file's halt")
        refused = proxy.command("resume")
        assert refused.returncode != 0
        assert "halt: true" in refused.stderr + refused.stdout
        proxy.edit("halt: true", "halt: false")
        until(lambda: who(proxy, "/items/1") == b"service", "the file's halt to be lifted")


def halted(proxy: Running) -> bool:
    try:
        return proxy.api("GET", "/status").get("halted") is True
    except OSError:
        return False
