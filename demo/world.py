"""The processes of the demo: the monolith, the services taken out of it, and the proxy in front of them.

Each has a session of its own, so that Ctrl-C in a terminal reaches the demo alone, which then ends them one by one, by
their ids and in an order in which nobody is cut off. Log lines that are made per request are handed on as they come and
not kept, so that a demo left running for a day fills no disk; all others go to a file per process.
"""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import json
import os
import shutil
import signal
import socket
import sys
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
START_LIMIT = 120.0  # seconds until a process must listen
STOP_LIMIT = 45.0  # seconds until it is killed; the proxy drains for 30 at most
WORKERS = 2
LONGEST_LINE = 2**20
EVENTS = ("request", "exchange")  # the log lines that are made per request

Line = dict[str, Any]


class WorldError(Exception):
    """A process that could not start or has ended; the text says which, and where its log is."""


@dataclass(frozen=True, slots=True)
class Ports:
    """The documented ports where they are free, others where not."""

    public: int = 8080
    admin: int = 9900
    legacy: int = 8001
    charges: int = 8101
    invoices: int = 8102

    @classmethod
    def choose(cls, wanted: Ports | None) -> Ports:
        """`wanted` as far as it is free; None takes any."""
        names = cls.__slots__
        with contextlib.ExitStack() as held:
            return cls(*(_hold(getattr(wanted, name) if wanted else 0, held) for name in names))


def _hold(port: int, held: contextlib.ExitStack) -> int:
    probe = held.enter_context(socket.socket())
    probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        probe.bind(("127.0.0.1", port))
    except OSError:
        probe.bind(("127.0.0.1", 0))
    return int(probe.getsockname()[1])


@dataclass(slots=True)
class Child:
    """A running process, and the tasks that read what it says."""

    name: str
    process: Process
    pumps: list[asyncio.Task[None]] = field(default_factory=list)
    listening: asyncio.Event = field(default_factory=asyncio.Event)


@dataclass(slots=True)
class World:
    """`hear` gets every log line that is made per request, with the name of the process. `scale` is the share of the
    sample data."""

    folder: Path
    ports: Ports
    hear: Callable[[str, Line], None]
    scale: float = 1.0
    children: dict[str, Child] = field(default_factory=dict)

    @property
    def routes(self) -> Path:
        return self.folder / "routes.yaml"

    @property
    def state(self) -> Path:
        return self.folder / "state"

    @property
    def public_url(self) -> str:
        return f"http://127.0.0.1:{self.ports.public}"

    @property
    def admin_url(self) -> str:
        return f"http://127.0.0.1:{self.ports.admin}"

    async def start_legacy(self) -> None:
        options = ("--database", str(self._database), "--seed-scale", str(self.scale))
        await self._start_server("legacy", "legacy_monolith", self.ports.legacy, options, {})

    async def start_service(self, name: str, build: str, **env: str) -> None:
        port: int = getattr(self.ports, name)
        options = ("--database", str(self._database))
        await self._start_server(name, f"extracted.{name}", port, options, {"BUILD": build, **env})

    async def start_proxy(self) -> None:
        """Returns once it runs; that it is ready is for its admin port to say."""
        addresses = ("--listen", f"127.0.0.1:{self.ports.public}", "--admin", f"127.0.0.1:{self.ports.admin}")
        places = ("-c", shown(self.routes), "--state", shown(self.state))
        await self._start("proxy", "proxy", ("run", *places, *addresses, "--workers", str(WORKERS)), {})

    def check(self) -> None:
        """Raises WorldError when a process has ended that nobody ended."""
        for name, child in self.children.items():
            if child.process.returncode is not None:
                raise self._ended(name)
            for pump in child.pumps:
                if pump.done():
                    pump.result()

    async def strangler(self, *arguments: str) -> tuple[int, str]:
        """A client command as a person would type it; its exit code and what it printed."""
        command = (sys.executable, "-m", "proxy", *arguments, "--state", shown(self.state), "--who", "demo")
        env = {**os.environ, "NO_COLOR": "1", "COLUMNS": "110"}
        ran = await asyncio.create_subprocess_exec(
            *command, stdin=DEVNULL, stdout=PIPE, stderr=asyncio.subprocess.STDOUT, cwd=ROOT, env=env
        )
        try:
            said, _ = await ran.communicate()
        finally:
            if ran.returncode is None:
                ran.kill()
        return ran.returncode or 0, said.decode()

    async def kill(self, name: str) -> None:
        """SIGKILL, by the process's id."""
        child = self.children.pop(name)
        child.process.kill()
        await self._reap(child)

    async def stop(self, name: str) -> None:
        """SIGTERM, and SIGKILL for what does not end. Nothing happens where it has ended already."""
        child = self.children.pop(name, None)
        if child is None:
            return
        if child.process.returncode is None:
            child.process.terminate()
            try:
                await asyncio.wait_for(child.process.wait(), STOP_LIMIT)
            except TimeoutError:
                child.process.kill()
        await self._reap(child)

    async def stop_all(self) -> None:
        """The proxy first, so that nobody asks a service that has gone."""
        for name in sorted(self.children, key=lambda name: (name != "proxy", name == "legacy")):
            await self.stop(name)

    def proxy_pids(self) -> dict[str, int]:
        """The processes that the supervisor keeps alive: `control`, `worker-0`, ..."""
        try:
            return dict(json.loads((self.state / "run.json").read_text())["processes"])
        except (OSError, ValueError, KeyError):
            return {}

    @property
    def _database(self) -> Path:
        return self.folder / "tripe.sqlite3"

    async def _start_server(
        self, name: str, module: str, port: int, options: tuple[str, ...], env: Mapping[str, str]
    ) -> None:
        child = await self._start(name, module, ("--port", str(port), *options), env)
        ended = asyncio.ensure_future(child.process.wait())
        listening = asyncio.ensure_future(child.listening.wait())
        try:
            await asyncio.wait((ended, listening), timeout=START_LIMIT, return_when=asyncio.FIRST_COMPLETED)
            if not child.listening.is_set():
                raise self._ended(name)
        finally:
            listening.cancel()
            if not ended.done():
                ended.cancel()

    async def _start(self, name: str, module: str, options: tuple[str, ...], env: Mapping[str, str]) -> Child:
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            module,
            *options,
            stdin=DEVNULL,
            stdout=PIPE,
            stderr=PIPE,
            cwd=ROOT,
            env={**os.environ, **env},
            start_new_session=True,
            limit=LONGEST_LINE,
        )
        streams = (process.stdout, process.stderr)
        child = self.children[name] = Child(name, process)
        child.pumps = [asyncio.create_task(self._pump(child, stream)) for stream in streams if stream is not None]
        return child

    async def _pump(self, child: Child, stream: asyncio.StreamReader) -> None:
        with open(self._log(child.name), "ab", buffering=0) as log:  # noqa: ASYNC230 - a local file, a few lines a minute
            async for text in stream:
                line = _parsed(text)
                if line.get("event") in EVENTS:
                    self.hear(child.name, line)
                    continue
                log.write(text)
                if text.startswith(b"listening on "):
                    child.listening.set()

    async def _reap(self, child: Child) -> None:
        code = await child.process.wait()
        if child.name == "proxy" and code < 0:  # the supervisor was killed; what it kept alive lives on
            for pid in self.proxy_pids().values():
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
        await asyncio.gather(*child.pumps, return_exceptions=True)  # `check` tells of a fault; ending goes on

    def _ended(self, name: str) -> WorldError:
        log = self._log(name)
        last = log.read_text(errors="replace").strip().rpartition("\n")[2] if log.exists() else ""
        return WorldError(f"{name} does not run; {shown(log)} ends with: {last}")

    def _log(self, name: str) -> Path:
        return self.folder / "logs" / f"{name}.log"


def shown(path: Path) -> str:
    """The path as seen from the checkout, where every process of the demo runs."""
    return str(path.relative_to(ROOT) if path.is_relative_to(ROOT) else path)


def _parsed(text: bytes) -> Line:
    if not text.startswith(b"{"):
        return {}
    try:
        line = json.loads(text)
    except ValueError:  # cut off by a SIGKILL
        return {}
    return line if isinstance(line, dict) else {}


@contextlib.contextmanager
def clean_folder(folder: Path) -> Iterator[Path]:
    """The demo's folder, empty of an earlier run and kept from a second one. Raises WorldError."""
    folder.mkdir(parents=True, exist_ok=True)
    with open(folder / "lock", "w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise WorldError(f"another demo runs in {folder}; end it first") from None
        for name in ("state", "logs"):
            shutil.rmtree(folder / name, ignore_errors=True)
        for file in (*folder.glob("tripe.sqlite3*"), folder / "routes.yaml"):
            file.unlink(missing_ok=True)
        (folder / "logs").mkdir()
        yield folder
