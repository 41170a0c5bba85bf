"""SIGUSR2: the code on disk takes over under load. Connections end by themselves, sockets never close."""

from __future__ import annotations

import http.client
import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.support.routes import UNHURRIED
from tests.support.running import PATIENCE, ROOT, Backend, Running, backends, free_port, json_backend, until

ROUTES = """
version: 1
backends:
  legacy: {{url: "{legacy}", connect_timeout: 1m, timeout: 10m}}
  items: {{url: "{items}", build_header: X-Build, connect_timeout: 1m, timeout: 10m}}
legacy: legacy
routes:
  - name: item
    match: "GET /items/{{id}}"
    extracted: items
    stage: canary
    canary: {{percent: 50, key: {{header: X-User}}}}
"""


@pytest.fixture
def proxy(tmp_path: Path) -> Iterator[Running]:
    """Two workers that run a copy of the code, so that it can be changed under them."""
    legacy, items = json_backend(), json_backend("7")
    with backends(legacy, items):
        code = tmp_path / "code"
        shutil.copytree(ROOT / "proxy", code / "proxy")
        running = Running(tmp_path, ROUTES.format(legacy=legacy.url, items=items.url), "--workers", "2")
        running.root = code
        try:
            yield running.start()
        finally:
            running.kill_all()


class Load:
    """Clients that keep their connections, each asking again and again. Whatever goes wrong is kept."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.answers = 0
        self.wrong: list[str] = []
        self.over = False
        self.lock = threading.Lock()

    def ask_on(self, user: str) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE)
        while not self.over:
            try:
                connection.request("GET", f"/items/{user}", headers={"X-User": user})
                answer = connection.getresponse()
                answer.read()
                fault = "" if answer.status == 200 else str(answer.status)
            except (OSError, http.client.HTTPException) as error:
                connection.close()
                fault = repr(error)
            with self.lock:
                self.answers += 1
                if fault:
                    self.wrong.append(fault)
        connection.close()


@contextmanager
def load(port: int, clients: int = 6) -> Iterator[Load]:
    """The load, running; it ends with the block."""
    asking = Load(port)
    threads = [threading.Thread(target=asking.ask_on, args=(f"u{number}",)) for number in range(clients)]
    for thread in threads:
        thread.start()
    try:
        yield asking
    finally:
        asking.over = True
        for thread in threads:
            thread.join(PATIENCE)


def hand_over(proxy: Running) -> None:
    assert proxy.process is not None
    proxy.process.send_signal(signal.SIGUSR2)


def logged(proxy: Running, event: str) -> int:
    return proxy.log.read_text().count(f'"event": "{event}"')


def counted(proxy: Running) -> float:
    page = proxy.ask_admin("GET", "/metrics")[1].decode()
    lines = [
        line for line in page.splitlines() if line.startswith("strangler_requests_total{") and 'route="item"' in line
    ]
    return sum(float(line.rpartition(" ")[2]) for line in lines)


def test_the_new_code_serves_and_no_request_is_lost(proxy: Running) -> None:
    assert proxy.process is not None
    before = proxy.pids()
    version = proxy.root / "proxy/__init__.py"
    with load(proxy.port) as asking:
        until(lambda: asking.answers > 50, "some load")
        version.write_text(version.read_text() + '\n__version__ = "99.9"\n')
        hand_over(proxy)
        until(lambda: logged(proxy, "handed_over"), f"the hand-over: {proxy.log}")
        answered = asking.answers
        until(lambda: asking.answers > answered + 200, "answers of the new workers")
    assert asking.wrong == []
    until(lambda: set(proxy.pids()) == set(before), "the old workers to drain")
    after = proxy.pids()
    assert not set(before.values()) & set(after.values())
    assert proxy.process.poll() is None, "the supervisor's process is the same"
    assert proxy.api("GET", "/status")["version"] == "99.9"
    until(lambda: counted(proxy) == asking.answers, f"every one of {asking.answers} answers to be counted")
    hand_over(proxy)
    until(lambda: logged(proxy, "handed_over") == 2, f"another: {proxy.log}")
    assert proxy.command("halt").returncode == 0, "admin.json names the control that is there"
    assert proxy.stop() == 0
    assert not any(_lives(pid) for pid in (*before.values(), *after.values()))


def test_what_is_in_hand_ends_on_the_old_worker(tmp_path: Path) -> None:
    """A download that takes longer than the change is served to its end, by the process that began it."""
    go_on = threading.Event()

    def answer(method: str, path: str) -> tuple[int, dict[str, str], bytes]:
        if path == "/slow":
            go_on.wait(PATIENCE)
        return 200, {}, path.encode()

    legacy = Backend(answer)
    with backends(legacy):
        routes = f'version: 1\nbackends: {{legacy: {{url: "{legacy.url}", {UNHURRIED}}}}}\nlegacy: legacy\n'
        proxy = Running(tmp_path, routes + "limits: {drain_timeout: 10m}\n").start()
        slow = http.client.HTTPConnection("127.0.0.1", proxy.port, timeout=PATIENCE)
        try:
            slow.request("GET", "/slow")
            until(lambda: ("GET", "/slow") in legacy.asked, "the request at the backend")
            hand_over(proxy)
            until(lambda: "draining-0" in proxy.pids(), "the old worker to drain")
            assert proxy.get("/quick") == (200, b"/quick")
            go_on.set()
            assert slow.getresponse().read() == b"/slow"
            until(lambda: "draining-0" not in proxy.pids(), "the old worker's end")
            assert proxy.stop() == 0
        finally:
            go_on.set()
            slow.close()
            proxy.kill_all()


def test_a_worker_that_still_starts_when_the_code_changes_makes_way_too(proxy: Running) -> None:
    """It was started for one that died, and has not come so far that it could hear of the change."""
    before = proxy.pids()["worker-1"]
    os.kill(before, signal.SIGKILL)
    late = until(lambda: {proxy.pids()["worker-1"]} - {before}, f"another worker: {proxy.log}").pop()
    os.kill(late, signal.SIGSTOP)
    hand_over(proxy)
    until(lambda: logged(proxy, "handed_over"), f"the hand-over: {proxy.log}")
    assert late in proxy.pids().values()
    os.kill(late, signal.SIGCONT)
    until(lambda: late not in proxy.pids().values(), f"its end: {proxy.log}")
    assert proxy.get("/items/1")[0] == 200
    assert proxy.stop() == 0


@pytest.mark.parametrize(
    ("file", "text", "event"),
    [
        ("runtime/supervisor.py", "not python", "handover_refused"),
        ("runtime/worker.py", "import nothing_of_that_name", "handover_refused"),
    ],
)
def test_code_that_cannot_run_takes_nothing_over(proxy: Running, file: str, text: str, event: str) -> None:
    before = proxy.pids()
    broken = proxy.root / "proxy" / file
    broken.write_text(text + "\n" + broken.read_text())
    with load(proxy.port, 2) as asking:
        hand_over(proxy)
        until(lambda: logged(proxy, event), f"{event}: {proxy.log}")
        answered = asking.answers
        until(lambda: asking.answers > answered + 20, "answers as before")
    assert asking.wrong == []
    assert proxy.pids() == before, proxy.log.read_text()


def test_a_routes_file_with_a_problem_is_no_time_to_change_code(proxy: Running) -> None:
    before = proxy.pids()
    proxy.edit("stage: canary", "stage: cannery")
    hand_over(proxy)
    until(lambda: logged(proxy, "handover_refused"), "the refusal")
    assert proxy.pids() == before, proxy.log.read_text()
    assert proxy.get("/items/1")[0] == 200


def test_workers_that_do_not_come_up_leave_the_old_ones_serving(proxy: Running) -> None:
    """The rehearsal can't see everything: here the new worker dies in the middle of its start."""
    before = proxy.pids()
    worker = proxy.root / "proxy/runtime/worker.py"
    good = worker.read_text()
    worker.write_text(good.replace("        await self.ready.wait()\n", "        raise SystemExit(9)\n"))
    with load(proxy.port, 3) as asking:
        hand_over(proxy)
        until(lambda: logged(proxy, "handover_failed"), f"the failure: {proxy.log}")
        answered = asking.answers
        until(lambda: asking.answers > answered + 20, "answers of the old workers")
        after = proxy.pids()
        assert {name: pid for name, pid in after.items() if name != "control"} == {
            name: pid for name, pid in before.items() if name != "control"
        }, proxy.log.read_text()
        assert after["control"] != before["control"]
        worker.write_text(good)
        hand_over(proxy)
        until(lambda: logged(proxy, "handed_over"), "the next one to go well")
    assert asking.wrong == []


def test_sockets_of_a_process_manager_are_served_and_outlive_the_proxy(tmp_path: Path) -> None:
    """`LISTEN_FDS` as systemd passes them: what comes between two runs waits, and is answered by the second."""
    legacy = json_backend()
    with (
        backends(legacy),
        socket.create_server(("127.0.0.1", 0)) as public,
        socket.create_server(("127.0.0.1", 0)) as admin,
    ):
        proxy = Running(tmp_path, f'version: 1\nbackends: {{legacy: {{url: "{legacy.url}"}}}}\nlegacy: legacy\n')
        proxy.port, proxy.admin_port = public.getsockname()[1], admin.getsockname()[1]
        passing = (
            "import os, sys; admin, public = map(int, sys.argv[1:3]); "
            "spare = [os.dup2(each, 60 + n) for n, each in enumerate((admin, public))]; "
            "[os.dup2(each, 3 + n) for n, each in enumerate(spare)]; "
            "os.environ.update(LISTEN_PID=str(os.getpid()), LISTEN_FDS='2', LISTEN_FDNAMES='admin:public'); "
            "os.execv(sys.executable, [sys.executable, '-m', 'proxy', *sys.argv[3:]])"
        )
        fds = (admin.fileno(), public.fileno())
        options = ["run", "-c", str(proxy.file), "--state", str(proxy.state)]
        options += ["--listen", f"127.0.0.1:{free_port()}", "--admin", f"127.0.0.1:{free_port()}"]

        def start() -> None:
            command = [sys.executable, "-c", passing, *map(str, fds), *options]
            with open(proxy.log, "ab") as log:
                proxy.process = subprocess.Popen(command, cwd=ROOT, pass_fds=fds, stdout=log, stderr=log)
            until(proxy._is_ready, f"the proxy to be ready: {proxy.log}")

        try:
            start()
            assert proxy.get("/a")[0] == 200
            hand_over(proxy)
            until(lambda: logged(proxy, "handed_over"), f"the hand-over: {proxy.log}")
            assert proxy.get("/b")[0] == 200
            assert proxy.stop() == 0
            early = http.client.HTTPConnection("127.0.0.1", proxy.port, timeout=PATIENCE)
            early.request("GET", "/early")
            start()
            assert early.getresponse().status == 200
            early.close()
            assert proxy.stop() == 0
        finally:
            proxy.kill_all()


def _lives(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True
