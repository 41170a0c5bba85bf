"""How long a halt takes until no worker sends anybody to the extracted side: `python -m bench.halt [WORKERS] [ROUNDS]`.

Clients ask without a pause over connections that several workers hold. Measured is, from the moment of the order, when
the last request was sent that the extracted side still answered: by the admin API, and by SIGUSR1 while control is
stopped, as good as dead.
"""

from __future__ import annotations

import http.client
import os
import signal
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median

from tests.support.running import Running, backends, json_backend, until

CLIENTS = 8
ROUTES = """
version: 1
backends:
  legacy: {{url: "{legacy}"}}
  service: {{url: "{service}", build_header: X-Build}}
legacy: legacy
routes:
  - {{name: read, match: "GET /items/{{id}}", extracted: service, stage: live, shadow: {{percent: 0}}}}
"""


class Asking:
    """Clients, each on a connection of its own; `last` is when the extracted side's latest answer was asked for."""

    def __init__(self, port: int) -> None:
        self.last = 0.0
        self.over = False
        self.threads = [threading.Thread(target=self._ask, args=(port,)) for _ in range(CLIENTS)]
        for thread in self.threads:
            thread.start()

    def _ask(self, port: int) -> None:
        client = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
        while not self.over:
            sent = time.monotonic()
            client.request("GET", "/items/1")
            if b"service" in client.getresponse().read():
                self.last = max(self.last, sent)
        client.close()

    def end(self) -> None:
        self.over = True
        for thread in self.threads:
            thread.join()


def one(proxy: Running, order: Callable[[], None]) -> float:
    """Milliseconds from the order to the last request that the extracted side answered."""
    asking = Asking(proxy.port)
    until(lambda: asking.last > 0, "answers of the service")
    time.sleep(0.1)
    begun = time.monotonic()
    order()
    time.sleep(0.3)
    asking.end()
    return max(asking.last - begun, 0.0) * 1000


def main(workers: int, rounds: int) -> None:
    legacy, service = json_backend(who="legacy"), json_backend("b1", who="service")
    with tempfile.TemporaryDirectory() as folder, backends(legacy, service):
        routes = ROUTES.format(legacy=legacy.url, service=service.url)
        proxy = Running(Path(folder), routes, "--workers", str(workers), "--access-log", "off").start()
        assert proxy.process is not None
        supervisor = proxy.process.pid
        try:
            until(lambda: proxy.api("GET", "/status")["workers"]["connected"] == workers, "every worker")
            found: dict[str, list[float]] = {"admin API": [], "SIGUSR1, control stopped": []}
            for _ in range(rounds):
                found["admin API"].append(one(proxy, lambda: proxy.api("POST", "/halt", {})))
                proxy.api("POST", "/resume", {})
                control = proxy.pids()["control"]
                os.kill(control, signal.SIGSTOP)
                found["SIGUSR1, control stopped"].append(one(proxy, lambda: os.kill(supervisor, signal.SIGUSR1)))
                os.kill(control, signal.SIGCONT)
                until(lambda: proxy.api("GET", "/status")["halted"], "control to know")
                proxy.api("POST", "/resume", {})
        finally:
            proxy.kill_all()
    for name, figures in found.items():
        print(f"{name}: median {median(figures):.1f} ms, longest {max(figures):.1f} ms ({workers} workers, {rounds}x)")


if __name__ == "__main__":
    main(*(int(text) for text in (sys.argv[1:] + ["4", "10"][len(sys.argv) - 1 :])))
