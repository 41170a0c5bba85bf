"""SIGTERM: what a client has begun is answered, also what only waits in the backlog; then nobody is let in."""

from __future__ import annotations

import http.client
import os
import signal
import threading
from collections import Counter
from pathlib import Path

from tests.support.routes import two_sides
from tests.support.running import PATIENCE, backends, json_backend, running, until

ROUTES = """\
routes:
  - {name: read, match: "GET /items/{id}", extracted: service, stage: live}
"""
DRAIN = "limits: {drain_timeout: 10m}\n"


def test_a_request_in_flight_is_answered(tmp_path: Path) -> None:
    asked, go = threading.Event(), threading.Event()
    legacy = json_backend()
    quick = legacy.answer

    def answer(method: str, path: str) -> tuple[int, dict[str, str], bytes]:
        if path == "/slow":
            asked.set()
            assert go.wait(PATIENCE)
        return quick(method, path)

    legacy.answer = answer
    service = json_backend("b1")
    with backends(legacy, service), running(tmp_path, two_sides(legacy.url, service.url, ROUTES + DRAIN)) as proxy:
        results: list[int] = []
        slow = threading.Thread(target=lambda: results.append(proxy.get("/slow")[0]))
        slow.start()
        assert asked.wait(PATIENCE)
        worker = proxy.pids()["worker-0"]
        assert proxy.process is not None
        proxy.process.send_signal(signal.SIGTERM)
        until(lambda: "drain" in proxy.log.read_text(), "the drain to begin")
        assert os.path.exists(f"/proc/{worker}")
        go.set()
        slow.join()
        assert results == [200]
        assert proxy.process.wait(PATIENCE) == 0


def test_no_connection_that_was_let_in_is_reset(tmp_path: Path) -> None:
    """Clients that open a connection for every request, until there is nobody to connect to."""
    legacy, service = json_backend(), json_backend("b1")
    routes = two_sides(legacy.url, service.url, ROUTES)
    with backends(legacy, service), running(tmp_path, routes, "--workers", "2") as proxy:
        ended: list[str] = []
        enough = threading.Event()

        def ask_until_refused() -> None:
            count = 0
            while True:
                connection = http.client.HTTPConnection("127.0.0.1", proxy.port, timeout=PATIENCE)
                try:
                    connection.connect()
                except OSError as error:
                    ended.append(type(error).__name__)
                    return
                try:
                    connection.request("GET", "/items/1")
                    ended.append(str(connection.getresponse().status))
                except (OSError, http.client.HTTPException) as error:
                    ended.append(f"lost: {type(error).__name__}")
                finally:
                    connection.close()
                count += 1
                if count > 20:
                    enough.set()

        clients = [threading.Thread(target=ask_until_refused) for _ in range(8)]
        for client in clients:
            client.start()
        assert enough.wait(PATIENCE)
        assert proxy.process is not None
        proxy.process.send_signal(signal.SIGTERM)
        for client in clients:
            client.join()
        assert proxy.process.wait(PATIENCE) == 0
        counted = Counter(ended)
        assert counted.pop("200") > 20
        assert counted.pop("ConnectionRefusedError") == 8
        assert not counted
