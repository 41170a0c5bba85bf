"""This proxy by itself, with a routes.yaml of a case's own: for the cases that are about what only it does."""

from __future__ import annotations

import http.client
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from bench.machine import BenchError, Cores, Process, free_port, settle, start, stop
from bench.upstream import Upstream

CALM = "calm/145"  # a path of the upstream that no copy is made of


@dataclass(frozen=True)
class Alone:
    """A started proxy. `routes` is its file."""

    process: Process
    port: int
    admin: int
    routes: Path

    @property
    def pid(self) -> int:
        return self.process.popen.pid

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/{CALM}"

    def get(self, path: str) -> bytes:
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/{path}", timeout=30) as answer:
            return bytes(answer.read())

    def visit(self, paths: list[str]) -> None:
        """Asks for each once, whatever the answer."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        for path in paths:
            connection.request("GET", path)
            connection.getresponse().read()
        connection.close()

    def ask_admin(self, path: str) -> bytes:
        with urllib.request.urlopen(f"http://127.0.0.1:{self.admin}/{path}", timeout=60) as answer:
            return bytes(answer.read())


def routes_yaml(upstream: Upstream, lines: list[str], settings: str = "") -> str:
    """A file with these routes, and one more for `CALM`."""
    return "\n".join(
        [
            "version: 1",
            "backends:",
            f'  legacy: {{url: "http://127.0.0.1:{upstream.legacy}"}}',
            f'  extracted: {{url: "http://127.0.0.1:{upstream.extracted}", build_header: X-Build}}',
            "legacy: legacy",
            settings,
            "routes:",
            *lines,
            '  - {name: calm, match: "GET /calm/{size}", extracted: extracted, stage: legacy}',
            "",
        ]
    )


@contextmanager
def run_alone(cores: Cores, folder: Path, routes: str, workers: int = 1) -> Iterator[Alone]:
    home = folder / f"alone-{workers}"
    home.mkdir(exist_ok=True)
    path = home / "routes.yaml"
    path.write_text(routes)
    port, admin = free_port(), free_port()
    command = [sys.executable, "-m", "proxy", "run", "-c", str(path), "--listen", f"127.0.0.1:{port}"]
    command += ["--admin", f"127.0.0.1:{admin}", "--workers", str(workers), "--state", str(home / "state")]
    process = start("strangler", [*command, "--access-log", "off"], cores.proxy, home / "log")
    alone = Alone(process, port, admin, path)
    try:
        wait_ready(alone)
        yield alone
    finally:
        stop(process, 15.0)


def wait_ready(alone: Alone, patience: float = 60.0) -> None:
    deadline = time.monotonic() + patience
    while True:
        alone.process.check()
        try:
            alone.ask_admin("readyz")
            alone.get(CALM)
        except OSError:
            if time.monotonic() > deadline:
                raise BenchError(f"strangler does not serve:\n{alone.process.tail()}") from None
            time.sleep(0.1)
        else:
            settle(alone.pid)
            return
