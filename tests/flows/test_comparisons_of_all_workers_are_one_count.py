"""Two workers serve, each some of the clients: what both compared is one figure, exact, with nothing given up; also
when they end, and tell for the last time."""

from __future__ import annotations

import http.client
import json
import os
import signal
import sqlite3
from contextlib import ExitStack, closing
from pathlib import Path

from tests.support.routes import READ, two_sides
from tests.support.running import PATIENCE, Backend, Running, backends, running, until

EACH = 30  # requests of one connection
ROUTES = "reasks: {per_second: 0}\n" + READ
RESULTS = ("match", "ignored", "explained", "mismatch", "not_compared")


def shop(build: str = "") -> Backend:
    """Every third item costs another fee where there is a build."""

    def answer(method: str, path: str) -> tuple[int, dict[str, str], bytes]:
        number = int(path.rpartition("/")[2])
        headers = {"Content-Type": "application/json", **({"X-Build": build} if build else {})}
        return 200, headers, json.dumps({"id": number, "fee": 11 if build and number % 3 == 0 else 12}).encode()

    return Backend(answer)


def sockets(pid: int) -> int:
    """Connections and listeners that a process has open."""
    return sum(os.path.basename(os.readlink(f"/proc/{pid}/fd/{fd}")).startswith("socket:") for fd in _open(pid))


def _open(pid: int) -> list[str]:
    return [fd for fd in os.listdir(f"/proc/{pid}/fd") if os.path.lexists(f"/proc/{pid}/fd/{fd}")]


def connect_to_both(proxy: Running, stack: ExitStack) -> list[http.client.HTTPConnection]:
    """Connections until each worker has taken some: which one takes the next is the kernel's choice."""
    workers = [pid for name, pid in proxy.pids().items() if name.startswith("worker-")]
    assert len(workers) == 2
    before = [sockets(pid) for pid in workers]
    clients: list[http.client.HTTPConnection] = []

    def taken() -> bool:
        clients.append(client := http.client.HTTPConnection("127.0.0.1", proxy.port, timeout=PATIENCE))
        stack.callback(client.close)
        client.connect()
        return len(clients) >= 8 and all(sockets(pid) > was for pid, was in zip(workers, before, strict=True))

    until(taken, "both workers to have clients")
    return clients


def counted(proxy: Running) -> dict[str, int]:
    return {result: int(proxy.route("read")["comparisons"].get(result, 0)) for result in RESULTS}


def in_metrics(proxy: Running, result: str) -> int:
    return int(proxy.metric(f'strangler_comparisons_total{{route="read",result="{result}"}}') or 0)


def ask_until_closed(clients: list[http.client.HTTPConnection]) -> int:
    """How many were answered, of requests one after another until the proxy has closed every connection."""
    answered = 0
    left = list(clients)
    while left:
        client = left.pop(0)
        try:
            client.request("GET", "/items/1")
            answer = client.getresponse()
            answer.read()
        except (ConnectionError, http.client.BadStatusLine):
            continue  # it was idle for too long: of a request that was not read nothing is known
        answered += 1
        if not answer.will_close:
            left.append(client)
    return answered


def stored(proxy: Running) -> dict[str, int]:
    """What the evidence of the route adds up to, in the file that a proxy that ended leaves."""
    columns = ("match", "ignored", "mismatch", "not_compared", "dropped")
    with closing(sqlite3.connect(proxy.state / "evidence.sqlite3")) as file:
        sums = file.execute(f"SELECT {', '.join(f'sum({name})' for name in columns)} FROM segment").fetchone()
        return dict(zip(columns, sums, strict=True))


def test_each_shadowed_request_of_either_worker_is_compared_and_counted_once(tmp_path: Path) -> None:
    legacy, service = shop(), shop("b1")
    options = ("--workers", "2")
    with (
        backends(legacy, service),
        running(tmp_path, two_sides(legacy.url, service.url, ROUTES), *options) as proxy,
        ExitStack() as stack,
    ):
        clients = connect_to_both(proxy, stack)
        for number in range(EACH):
            for place, client in enumerate(clients):
                client.request("GET", f"/items/{1 + number + EACH * place}")
                answer = client.getresponse()
                assert (answer.status, json.loads(answer.read())["fee"]) == (200, 12)
        asked = EACH * len(clients)
        wrong = asked // 3
        wanted = {**dict.fromkeys(RESULTS, 0), "match": asked - wrong, "mismatch": wrong}
        until(lambda: sum(counted(proxy).values()) >= asked, f"{asked} comparisons")
        assert counted(proxy) == wanted
        assert {result: in_metrics(proxy, result) for result in RESULTS} == wanted
        # one more of each connection, so of each worker: nothing of before comes late
        for client in clients:
            client.request("GET", "/items/1")
            client.getresponse().read()
        wanted["match"] += len(clients)
        until(lambda: sum(counted(proxy).values()) >= asked + len(clients), "those to be counted too")
        assert counted(proxy) == wanted
        assert {result: in_metrics(proxy, result) for result in RESULTS} == wanted
        metrics = proxy.ask_admin("GET", "/metrics")[1].decode()
        dropped = [
            line
            for line in metrics.splitlines()
            if line.startswith(("strangler_shadow_dropped_total", "strangler_link_dropped"))
        ]
        assert [line for line in dropped if not line.endswith(" 0.0")] == []
        assert len(service.asked) == asked + len(clients), "a copy of each"


def test_what_was_compared_until_the_stop_is_in_the_store(tmp_path: Path) -> None:
    """A worker that ends tells what no tick has told. Copies that the stop overtakes are counted too."""
    legacy, service = shop(), shop("b1")
    with (
        backends(legacy, service),
        running(tmp_path, two_sides(legacy.url, service.url, ROUTES), "--workers", "2") as proxy,
        ExitStack() as stack,
    ):
        clients = connect_to_both(proxy, stack)
        for number, client in enumerate(clients * 10):
            client.request("GET", f"/items/{number}")
            client.getresponse().read()
        assert proxy.process is not None
        proxy.process.send_signal(signal.SIGTERM)
        asked = 10 * len(clients) + ask_until_closed(clients)
        assert proxy.process.wait(PATIENCE) == 0
        counted = stored(proxy)
        assert sum(counted.values()) == asked
        assert min(counted["match"], counted["mismatch"]) > 0
