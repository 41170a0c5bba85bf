"""The supervisor: owns the listening sockets and the signals, keeps control and the workers alive, nothing else.

It runs no event loop, parses nothing and writes two small files, so that there is little in it that can fail. It binds
the sockets before anything else (a taken port is an error message, not a crash loop), starts control, waits until
control has a table, then starts the workers. Whoever dies is started again, with a growing pause when it dies at once;
the sockets stay open throughout, so new connections wait in the backlog instead of being refused.

If the supervisor itself is killed, its children serve on; the next `strangler run` with the same state folder finds
them in run.json, asks them to drain, and takes over. (systemd and container engines do the same by killing the group.)

Signals: SIGTERM and SIGINT drain (a second one ends at once), SIGHUP reloads, SIGUSR1 halts: it reaches the workers
even when control is dead.
"""

from __future__ import annotations

import contextlib
import ctypes
import fcntl
import json
import os
import select
import shutil
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from proxy.runtime.settings import TOKEN_VARIABLE, Settings

HANDLED = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGUSR1, signal.SIGCHLD)
QUICK_DEATH = 2.0  # a process that lived shorter than this is started again only after a pause
LONGEST_PAUSE = 5.0
START_LIMIT = 120.0  # seconds control may take for its first table
SO_ATTACH_FILTER = 26  # Linux, asm-generic/socket.h; Python has no name for it
BPF_RETURN = 0x06  # linux/bpf_common.h: BPF_RET | BPF_K, and k = 0 keeps no byte of the packet
LINK_FOLDER = "strangler-"  # how the name of the folder that holds the Unix socket begins
STOP_GRACE = 10.0  # seconds that control may take to write its last evidence
LONGEST_DRAIN = 3700.0  # a worker ends by itself after `limits.drain_timeout`, at most an hour


class StartError(Exception):
    """Something a person must mend before the proxy can start; the text says what and how."""


@dataclass(slots=True)
class Child:
    """One process that is kept alive."""

    name: str
    process: subprocess.Popen[bytes] | None = None
    started: float = 0.0
    restarts: int = 0
    pause: float = 0.0
    due: float = 0.0


@dataclass(slots=True)
class Supervisor:
    settings: Settings
    sockets: dict[str, socket.socket]
    link_folder: Path
    children: dict[str, Child] = field(default_factory=dict)
    stopping: bool = False

    def start(self) -> int:
        """Starts control, then the workers. Returns an exit code, 0 when all of them were started."""
        control = self.children["control"] = Child("control")
        ready, told = os.pipe()
        self._spawn(control, ready_fd=told)
        os.close(told)
        said = _wait_readable(ready, START_LIMIT) and os.read(ready, 1)
        os.close(ready)
        if said != b"+":
            code = _ended(control.process, STOP_GRACE)
            return code if code else 2
        for index in range(self.settings.workers):
            child = self.children[f"worker-{index}"] = Child(f"worker-{index}")
            self._spawn(child)
        self._write_run_file()
        return 0

    def watch(self) -> None:
        """Restarts what dies and passes signals on until told to stop."""
        while not self.stopping:
            received = signal.sigtimedwait(HANDLED, self._next_due())
            if received is not None:
                self._handle(signal.Signals(received.si_signo))
            self._mend()

    def stop(self) -> int:
        """Drains the workers, then ends control, so that the last evidence is written. 1 when one had to be killed."""
        _take_no_more(self.sockets["public"])
        clean = self._end([child for name, child in self.children.items() if name != "control"], LONGEST_DRAIN)
        return 0 if self._end([self.children["control"]], STOP_GRACE) and clean else 1

    def _handle(self, received: signal.Signals) -> None:
        if received in (signal.SIGTERM, signal.SIGINT):
            self.stopping = True
        elif received == signal.SIGHUP:
            self._signal("control", signal.SIGHUP)
        elif received == signal.SIGUSR1:
            with contextlib.suppress(OSError):  # a full disk must not keep halt from the workers
                (self.settings.state / "halt").touch(mode=0o600)
            for name in self.children:
                self._signal(name, signal.SIGUSR1)

    def _mend(self) -> None:
        now = time.monotonic()
        changed = False
        for child in self.children.values():
            process = child.process
            if process is not None and process.poll() is not None:
                lived = now - child.started
                child.pause = 0.0 if lived > QUICK_DEATH else min(max(child.pause * 2, 0.1), LONGEST_PAUSE)
                child.due = now + child.pause
                child.process = None
                child.restarts += 1
                say("restart", process=child.name, exit=process.returncode, restarts=child.restarts, pause=child.pause)
            if child.process is None and now >= child.due:
                self._spawn(child)
                changed = True
        if changed:
            self._write_run_file()

    def _next_due(self) -> float:
        waits = [child.due - time.monotonic() for child in self.children.values() if child.process is None]
        return max(min(waits, default=3600.0), 0.01)

    def _spawn(self, child: Child, ready_fd: int | None = None) -> None:
        kind, _, index = child.name.partition("-")
        listener = self.sockets["admin" if kind == "control" else "public"]
        order = {
            "settings": self.settings.plain(),
            "listener": listener.fileno(),
            "link": str(self.link_folder / "link"),
            "index": int(index or 0),
            "restarts": child.restarts,
            "ready": ready_fd,
        }
        fds = [listener.fileno()] + ([ready_fd] if ready_fd is not None else [])
        command = [sys.executable, "-m", f"proxy.runtime.{kind}", json.dumps(order)]
        child.started = time.monotonic()
        try:
            child.process = subprocess.Popen(command, pass_fds=fds, env=self._environment(kind))  # noqa: S603 - our own
        except OSError as error:  # out of processes or memory: tried again after a pause, the others serve on
            child.due = child.started + LONGEST_PAUSE
            say("start_failed", process=child.name, error=str(error))

    def _environment(self, kind: str) -> dict[str, str]:
        """The children find this very package; the admin token goes to control alone."""
        environment = {key: value for key, value in os.environ.items() if key != TOKEN_VARIABLE}
        parts = (str(Path(__file__).resolve().parents[2]), environment.get("PYTHONPATH"))
        environment["PYTHONPATH"] = os.pathsep.join(part for part in parts if part)
        if kind == "control" and self.settings.token:
            environment[TOKEN_VARIABLE] = self.settings.token
        return environment

    def _signal(self, name: str, number: signal.Signals) -> None:
        process = self.children[name].process
        if process is not None and process.poll() is None:
            process.send_signal(number)

    def _end(self, children: list[Child], limit: float) -> bool:
        """SIGTERM to all of them; killed after `limit` seconds or at a second SIGTERM. True when none was killed."""
        for child in children:
            self._signal(child.name, signal.SIGTERM)
        deadline = time.monotonic() + limit
        alive = [child for child in children if child.process is not None]
        while (alive := [child for child in alive if child.process and child.process.poll() is None]) and (
            time.monotonic() < deadline
        ):
            received = signal.sigtimedwait(HANDLED, max(deadline - time.monotonic(), 0.01))
            if received is not None and received.si_signo in (signal.SIGTERM, signal.SIGINT):
                break
        for child in alive:
            if child.process is not None:
                say("killed", process=child.name)
                child.process.kill()
                child.process.wait()
        return not alive

    def _write_run_file(self) -> None:
        pids = {name: child.process.pid for name, child in self.children.items() if child.process is not None}
        run = {"supervisor": os.getpid(), "processes": pids, "link_folder": str(self.link_folder)}
        try:
            scratch = self.settings.state / "run.json.new"
            scratch.touch(mode=0o600)
            scratch.write_text(json.dumps(run))
            scratch.replace(self.settings.state / "run.json")
        except OSError as error:
            say("run_file_not_written", error=str(error))


def run(settings: Settings) -> int:
    """Runs the proxy until told to stop. Exit codes: 0 drained, 1 a process had to be killed, 2 could not start."""
    try:
        with _state_folder(settings.state), _sockets(settings) as sockets, _link_folder() as folder:
            signal.pthread_sigmask(signal.SIG_BLOCK, HANDLED)
            supervisor = Supervisor(settings, sockets, folder)
            code = supervisor.start()
            if code == 0:
                supervisor.watch()
                code = supervisor.stop()
            return code
    except StartError as trouble:
        print(f"strangler: {trouble}", file=sys.stderr)  # noqa: T201 - a person starts this from a terminal
        return 2


def say(event: str, **facts: object) -> None:
    """One JSON line on standard error, without the logging stack: the supervisor imports as little as it can."""
    line = {"event": event, "level": "warning", "process": "supervisor", "at": round(time.time(), 3), **facts}
    with contextlib.suppress(OSError):  # nobody reads standard error any more: serving goes on
        os.write(2, (json.dumps(line) + "\n").encode())


@contextlib.contextmanager
def _state_folder(state: Path) -> Iterator[None]:
    """Makes the folder private, locks it against a second proxy, and ends what a killed supervisor left running."""
    try:
        state.mkdir(mode=0o700, parents=True, exist_ok=True)
        lock = os.open(state / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise StartError(
            f"the state folder {state} can't be used: {error.strerror}. Give a writable folder with --state."
        ) from None
    try:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise StartError(
                f"another strangler runs with the state folder {state}. Stop it, or give this one its own with --state."
            ) from None
        _end_leftovers(state)
        for stale in ("snapshot", "admin.json"):
            with contextlib.suppress(OSError):
                (state / stale).unlink()
        yield
        with contextlib.suppress(OSError):
            (state / "run.json").unlink()
    finally:
        os.close(lock)


def _end_leftovers(state: Path) -> None:
    """Drains the processes of a supervisor that was killed. Only pids that still run our modules are touched."""
    try:
        left = json.loads((state / "run.json").read_text())
        pids, link_folder = list(left["processes"].values()), Path(left.get("link_folder", ""))
    except (OSError, ValueError, KeyError):
        return
    ours = [pid for pid in pids if _is_ours(pid)]
    for pid in ours:
        say("leftover_drained", pid=pid)
        os.kill(pid, signal.SIGTERM)
    deadline = time.monotonic() + 40.0
    while (ours := [pid for pid in ours if _is_ours(pid)]) and time.monotonic() < deadline:
        time.sleep(0.05)
    for pid in ours:
        os.kill(pid, signal.SIGKILL)
    if link_folder.name.startswith(LINK_FOLDER):
        shutil.rmtree(link_folder, ignore_errors=True)


def _is_ours(pid: int) -> bool:
    try:
        return b"proxy.runtime." in Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return False


@contextlib.contextmanager
def _sockets(settings: Settings) -> Iterator[dict[str, socket.socket]]:
    with contextlib.ExitStack() as stack:
        yield {
            "public": stack.enter_context(_listen(settings.listen, "--listen")),
            "admin": stack.enter_context(_listen(settings.admin, "--admin")),
        }


def _listen(address: tuple[str, int], option: str) -> socket.socket:
    host, port = address
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
        listener.listen(4096)
    except (OSError, OverflowError) as error:
        listener.close()
        why = error.strerror if isinstance(error, OSError) else str(error)
        raise StartError(f"can't listen on {host}:{port}: {why}. Give another address with {option}.") from None
    listener.setblocking(False)
    return listener


def _take_no_more(listener: socket.socket) -> None:
    """Lets no new connection begin, without resetting one that has begun.

    Closing a listening socket resets the connections that wait in its backlog: requests that a client has sent already.
    A filter that drops every packet makes new connections wait instead (their SYN is sent again a second later and then
    refused, or answered by the next proxy on this port), while the workers take what the backlog holds and close.
    """
    drop_all = ctypes.create_string_buffer(struct.pack("HBBI", BPF_RETURN, 0, 0, 0))
    with contextlib.suppress(OSError):  # a kernel without socket filters: as good as any other server
        listener.setsockopt(socket.SOL_SOCKET, SO_ATTACH_FILTER, struct.pack("HP", 1, ctypes.addressof(drop_all)))
    listener.close()


@contextlib.contextmanager
def _link_folder() -> Iterator[Path]:
    """A short private path: a Unix socket's name may have only about 100 bytes, a state folder's more."""
    folder = Path(tempfile.mkdtemp(prefix=LINK_FOLDER))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _wait_readable(fd: int, limit: float) -> bool:
    """Waits for a byte or the end of the pipe; SIGTERM and SIGINT end the wait."""
    deadline = time.monotonic() + limit
    while time.monotonic() < deadline:
        if select.select([fd], [], [], 0.1)[0]:
            return True
        if signal.sigpending() & {signal.SIGTERM, signal.SIGINT}:
            return False
    return False


def _ended(process: subprocess.Popen[bytes] | None, limit: float) -> int:
    if process is None:
        return 2
    try:
        return process.wait(limit)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
        return 2
