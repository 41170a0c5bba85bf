"""A whole proxy as an operator runs it: `python -m proxy run` in processes of its own, and a small backend to stand
behind it. Waits are for conditions with a deadline, never for a time."""

from __future__ import annotations

import http.client
import json
import os
import random
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, TypeVar

ROOT = Path(__file__).resolve().parents[2]
PATIENCE = 120.0  # seconds; a test that waits this long has failed, also on a machine that is busy otherwise

T = TypeVar("T")


def until(condition: Callable[[], T | None], what: str, limit: float = PATIENCE) -> T:
    """Asks again until the answer is true, and returns it."""
    deadline = time.monotonic() + limit
    while True:
        found = condition()
        if found:
            return found
        assert time.monotonic() < deadline, f"waited {limit:g} s for {what}; last: {found!r}"
        time.sleep(0.02)


def free_port() -> int:
    """A port to listen on, or to find nobody at. It is none of those that the system gives to whoever connects: one of
    them might be taken before it is used, and each time a server is away."""
    first = int(Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split()[0])
    while True:
        port = random.randrange(first - 16_000, first)
        with socket.socket() as probe, suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port


@dataclass(slots=True)
class Backend:
    """A keep-alive HTTP server in threads. `answer(method, path)` gives status, headers and body; `asked` notes every
    request, `marked` those that were shadow copies."""

    answer: Callable[[str, str], tuple[int, dict[str, str], bytes]]
    server: ThreadingHTTPServer | None = None
    port: int = field(default_factory=lambda: free_port())
    asked: list[tuple[str, str]] = field(default_factory=list)
    marked: list[tuple[str, str]] = field(default_factory=list)
    connections: set[socket.socket] = field(default_factory=set)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        backend = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            wbufsize = -1  # head and body leave in one piece, or Nagle's algorithm holds the second back
            disable_nagle_algorithm = True

            def setup(self) -> None:
                super().setup()
                backend.connections.add(self.connection)

            def finish(self) -> None:
                backend.connections.discard(self.connection)
                super().finish()

            def handle_any(self) -> None:
                length = int(self.headers.get("Content-Length", 0))
                self.rfile.read(length)
                backend.asked.append((self.command, self.path))
                if self.headers.get("X-Strangler-Shadow"):
                    backend.marked.append((self.command, self.path))
                status, headers, body = backend.answer(self.command, self.path)
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                if self.command != "HEAD":
                    self.wfile.write(body)

            do_GET = do_POST = do_HEAD = do_PUT = do_DELETE = handle_any  # noqa: N815 - the library's names

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the library's name
                """Requests are noted in `asked`, not printed."""

        class Server(ThreadingHTTPServer):
            daemon_threads = True
            request_queue_size = 128

            def handle_error(self, request: object, client_address: object) -> None:
                """A client that went away is no news."""

        self.server = Server(("127.0.0.1", self.port), Handler)
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()

    def stop(self) -> None:
        """As if the process had died: the port is closed and so is every connection."""
        if self.server is not None:
            self.server.shutdown()
            self.server.server_close()
            self.server = None
        for connection in list(self.connections):
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)


def json_backend(build: str = "", **fixed: Any) -> Backend:
    """Answers every path with a small JSON object that says the path."""

    def answer(method: str, path: str) -> tuple[int, dict[str, str], bytes]:
        headers = {"Content-Type": "application/json"}
        if build:
            headers["X-Build"] = build
        return 200, headers, json.dumps({"path": path, **fixed}).encode()

    return Backend(answer)


class Running:
    """One `strangler run`. Addresses are chosen free; the state folder and the file lie in `folder`."""

    def __init__(
        self, folder: Path, routes: str, *options: str, env: dict[str, str] | None = None, prefix: tuple[str, ...] = ()
    ) -> None:
        self.folder = folder
        self.root = ROOT  # where the code lies that is run
        self.prefix = prefix  # a command that runs the proxy, such as prlimit
        self.file = folder / "routes.yaml"
        self.state = folder / "state"
        self.log = folder / "log"
        self.port, self.admin_port = free_port(), free_port()
        self.file.write_text(routes)
        self.options = options
        self.env = env or {}
        self.process: subprocess.Popen[bytes] | None = None

    @property
    def admin(self) -> str:
        return f"http://127.0.0.1:{self.admin_port}"

    def start(self, wait: bool = True) -> Running:
        command = [*self.prefix, sys.executable, "-m", "proxy", "run", "-c", str(self.file), "--state", str(self.state)]
        command += ["--listen", f"127.0.0.1:{self.port}", "--admin", f"127.0.0.1:{self.admin_port}", *self.options]
        with open(self.log, "ab") as log:
            environment = {**os.environ, **self.env}
            self.process = subprocess.Popen(command, cwd=self.root, stdout=log, stderr=log, env=environment)
        if wait:
            until(self._is_ready, f"the proxy to be ready; its log: {self.log}")
        return self

    def _is_ready(self) -> bool:
        """With every worker: /readyz asks for one, and the others may still read the code from the disk."""
        assert self.process is not None
        assert self.process.poll() is None, self.log.read_text()
        try:
            token = {"Authorization": f"Bearer {self.env.get('STRANGLER_ADMIN_TOKEN')}"}
            workers = json.loads(self.ask_admin("GET", "/api/v1/status", **token)[1])["workers"]
            return bool(workers["connected"] == workers["expected"]) and self.ask_admin("GET", "/readyz")[0] == 200
        except OSError:
            return False

    def stop(self) -> int:
        """SIGTERM, and the exit code."""
        assert self.process is not None
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        return self.process.wait(PATIENCE)

    def kill_all(self) -> None:
        """Whatever is left, by process id."""
        pids = list(self.pids().values())
        if self.process is not None and self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        for pid in pids:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)

    def pids(self) -> dict[str, int]:
        try:
            return dict(json.loads((self.state / "run.json").read_text())["processes"])
        except (FileNotFoundError, NotADirectoryError):
            return {}

    def get(self, path: str, method: str = "GET", headers: dict[str, str] | None = None) -> tuple[int, bytes]:
        """One request over a connection of its own."""
        return self._ask(self.port, method, path, None, headers or {})

    def ask_admin(self, method: str, path: str, body: Any = None, **headers: str) -> tuple[int, bytes]:
        data = None if body is None else json.dumps(body).encode()
        sent = {"Content-Type": "application/json", **headers} if data is not None else headers
        return self._ask(self.admin_port, method, path, data, sent)

    def api(self, method: str, path: str, body: Any = None) -> Any:
        """The JSON of an answer of the admin API."""
        return json.loads(self.ask_admin(method, f"/api/v1{path}", body)[1])

    def _ask(self, port: int, method: str, path: str, data: bytes | None, headers: dict[str, str]) -> tuple[int, bytes]:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE)
        try:
            connection.request(method, path, data, headers)
            answer = connection.getresponse()
            return answer.status, answer.read()
        finally:
            connection.close()

    def route(self, name: str) -> dict[str, Any]:
        return dict(self.api("GET", f"/routes/{name}"))

    def edit(self, old: str, new: str) -> None:
        """Changes the file in place."""
        text = self.file.read_text()
        assert old in text
        self.file.write_text(text.replace(old, new))

    def metric(self, line: str) -> float | None:
        """The value of the sample with this name and these labels, in whatever order; None when there is none."""
        wanted = _sample(line)
        for found in self.ask_admin("GET", "/metrics")[1].decode().splitlines():
            if _sample(found.rpartition(" ")[0]) == wanted:
                return float(found.rpartition(" ")[2])
        return None

    def command(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """A client command of `strangler` against this proxy."""
        command = [sys.executable, "-m", "proxy", *arguments, "--state", str(self.state)]
        return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=PATIENCE, check=False)


def _sample(text: str) -> tuple[str, frozenset[str]]:
    """The name and the labels of a sample of /metrics."""
    name, _, labels = text.strip().rstrip("}").partition("{")
    return name, frozenset(labels.split(",")) - {""}


@contextmanager
def running(folder: Path, routes: str, *options: str, env: dict[str, str] | None = None) -> Iterator[Running]:
    proxy = Running(folder, routes, *options, env=env)
    try:
        yield proxy.start()
    finally:
        proxy.kill_all()


@contextmanager
def backends(*each: Backend) -> Iterator[None]:
    for backend in each:
        backend.start()
    try:
        yield
    finally:
        for backend in each:
            backend.stop()
