"""An admin port of plain values on a real loopback socket, and the commands run against it."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from proxy.cli.app import app

Json = dict[str, Any]
Run = Callable[..., Result]
BACKENDS = """\
version: 1
backends:
  legacy:  {url: "http://127.0.0.1:8001"}
  charges: {url: "http://127.0.0.1:8101", build_header: X-Build}
legacy: legacy
"""


@dataclass
class Asked:
    method: str
    target: str
    headers: Mapping[str, str]
    fields: Json | None


@dataclass
class CannedAdmin:
    """Answers what `canned` holds for (method, path) as (status, value); remembers what it was asked."""

    url: str = ""
    canned: dict[tuple[str, str], tuple[int, object]] = field(default_factory=dict)
    asked: list[Asked] = field(default_factory=list)
    is_admin: bool = True  # False: an application that answers JSON, such as what is behind the public port

    def answers(self, method: str, path: str, value: object, status: int = 200) -> None:
        self.canned[method, path] = (status, value)


@pytest.fixture
def admin() -> Iterator[CannedAdmin]:
    canned = CannedAdmin()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.answer("GET")

        def do_POST(self) -> None:
            self.answer("POST")

        def answer(self, method: str) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            canned.asked.append(Asked(method, self.path, dict(self.headers), json.loads(body) if body else None))
            path = self.path.partition("?")[0].removeprefix("/api/v1")
            missing = (404, {"title": "Not found", "detail": f"There is no {path}. Did you mean charge-read?"})
            status, value = canned.canned.get((method, path), missing)
            data = value if isinstance(value, bytes) else json.dumps(value).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(data)))
            if canned.is_admin:
                self.send_header("X-Strangler-Api", "v1")
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    canned.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield canned
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Runs a command in an empty folder with an environment that holds no settings."""
    monkeypatch.chdir(tmp_path)
    for name in ("ADMIN", "ADMIN_TOKEN", "STATE", "CONFIG", "WHO", "LISTEN", "WORKERS", "LOG_FORMAT", "ACCESS_LOG"):
        monkeypatch.delenv(f"STRANGLER_{name}", raising=False)

    def run(*arguments: str, stdin: str | bytes | None = None, env: Mapping[str, str] | None = None) -> Result:
        return CliRunner().invoke(app, list(arguments), input=stdin, env=env)

    return run


@pytest.fixture
def ask(run: Run, admin: CannedAdmin) -> Run:
    """As `run`, with the canned admin port."""

    def ask(*arguments: str, **options: Any) -> Result:
        return run(*arguments, "--admin", admin.url, **options)

    return ask
