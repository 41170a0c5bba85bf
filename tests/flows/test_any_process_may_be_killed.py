"""SIGKILL of any process of the proxy is survived by the clients, counted, and mended."""

from __future__ import annotations

import json
import os
import signal
import sqlite3
from functools import partial
from pathlib import Path

from tests.support.routes import two_sides
from tests.support.running import Running, backends, json_backend, running, until


def test_control_is_replaced_and_clients_see_nothing(tmp_path: Path) -> None:
    legacy, service = json_backend(), json_backend("b1")
    with backends(legacy, service), running(tmp_path, two_sides(legacy.url, service.url)) as proxy:
        for number in range(20):
            assert proxy.get(f"/items/{number}")[0] == 200
        until(lambda: stored(proxy) == 20, "20 matches in the store")
        before = proxy.pids()["control"]
        os.kill(before, signal.SIGKILL)
        for number in range(20, 30):
            assert proxy.get(f"/items/{number}")[0] == 200
        until(lambda: proxy.pids()["control"] != before and reachable(proxy), "a new control")
        # what was counted is still there, what came meanwhile was counted by the worker
        until(lambda: proxy.route("read")["sides"]["legacy"]["requests"] == 30, "the worker to tell everything again")
        until(lambda: proxy.route("read")["comparisons"]["match"] == 30, "what came meanwhile to be counted")
        assert proxy.metric('strangler_process_restarts_total{process="control"}') == 1.0


def test_what_control_had_heard_and_not_stored_is_told_again_and_counted_once(tmp_path: Path) -> None:
    legacy, service = json_backend(), json_backend("b1")
    with backends(legacy, service), running(tmp_path, two_sides(legacy.url, service.url)) as proxy:
        for times in range(1, 4):
            for number in range(20):
                assert proxy.get(f"/items/{times * 100 + number}")[0] == 200
            until(lambda: heard(proxy), "control to have heard some")
            kill_control(proxy)
            until(partial(has_counted, proxy, 20 * times), "all to be counted")
        proxy.get("/items/1")
        until(partial(has_counted, proxy, 61), "one more")
        assert proxy.route("read")["comparisons"]["match"] == 61
        assert proxy.route("read")["verdict"]["n"] == 61


def kill_control(proxy: Running) -> None:
    """And waits for the next one."""
    before = proxy.pids()["control"]
    os.kill(before, signal.SIGKILL)
    until(lambda: proxy.pids()["control"] != before and reachable(proxy), "a new control")


def heard(proxy: Running) -> bool:
    return bool(proxy.metric('strangler_comparisons_total{route="read",result="match"}'))


def has_counted(proxy: Running, matches: int) -> bool:
    return bool(proxy.route("read")["comparisons"]["match"] >= matches)


def test_a_worker_is_replaced_and_the_rest_serve_on(tmp_path: Path) -> None:
    legacy, service = json_backend(), json_backend("b1")
    routes = two_sides(legacy.url, service.url)
    with backends(legacy, service), running(tmp_path, routes, "--workers", "2") as proxy:
        until(lambda: proxy.api("GET", "/status")["workers"]["connected"] == 2, "both workers")
        before = proxy.pids()["worker-0"]
        os.kill(before, signal.SIGKILL)
        for number in range(30):
            assert proxy.get(f"/items/{number}")[0] == 200
        until(lambda: proxy.pids().get("worker-0") not in (None, before), "a new worker")
        until(lambda: proxy.api("GET", "/status")["workers"] == {"expected": 2, "connected": 2, "restarts": 1}, "both")


def test_a_worker_that_starts_while_control_is_dead_serves_the_last_table(tmp_path: Path) -> None:
    legacy, service = json_backend(who="legacy"), json_backend("b1", who="service")
    routes = two_sides(legacy.url, service.url).replace("stage: shadow", "stage: live")
    with backends(legacy, service), running(tmp_path, routes) as proxy:
        assert b"service" in proxy.get("/items/1")[1]
        pids = proxy.pids()
        os.kill(pids["control"], signal.SIGSTOP)  # control neither answers nor is replaced
        try:
            os.kill(pids["worker-0"], signal.SIGKILL)
            until(lambda: proxy.pids().get("worker-0") not in (None, pids["worker-0"]), "a new worker")
            assert b"service" in proxy.get("/items/2")[1]
        finally:
            os.kill(pids["control"], signal.SIGCONT)


def test_when_the_supervisor_is_killed_clients_are_served_and_the_next_run_takes_over(tmp_path: Path) -> None:
    legacy, service = json_backend(), json_backend("b1")
    with backends(legacy, service), running(tmp_path, two_sides(legacy.url, service.url)) as proxy:
        assert proxy.process is not None
        left = proxy.pids()
        link_folder = Path(json.loads((proxy.state / "run.json").read_text())["link_folder"])
        proxy.process.kill()
        proxy.process.wait()
        assert link_folder.is_dir()
        assert proxy.get("/items/1")[0] == 200
        proxy.start(wait=False)
        until(lambda: "worker-0" in proxy.pids() and not set(left.values()) & set(proxy.pids().values()), "a new run")
        until(lambda: reachable(proxy), "it to be ready")
        assert proxy.get("/items/2")[0] == 200
        assert not any(alive(pid) for pid in left.values())
        assert not link_folder.exists()


def reachable(proxy: Running) -> bool:
    try:
        return proxy.ask_admin("GET", "/readyz")[0] == 200
    except OSError:
        return False


def alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def stored(proxy: Running) -> int:
    """Matches in the file, read beside the running proxy."""
    with sqlite3.connect(f"file:{proxy.state}/evidence.sqlite3?mode=ro", uri=True) as connection:
        return int(connection.execute("SELECT coalesce(sum(match), 0) FROM segment").fetchone()[0])
