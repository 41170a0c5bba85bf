"""The supervisor: owns the listening sockets and the signals, keeps control and the workers alive, nothing else.

It runs no event loop, parses nothing and writes two small files, so that there is little in it that can fail. It binds
the sockets before anything else (a taken port is an error message, not a crash loop), starts control, waits until
control has a table, then starts the workers. Whoever dies is started again, with a growing pause when it dies at once;
the sockets stay open throughout, so new connections wait in the backlog instead of being refused.

If the supervisor itself is killed, its children serve on; the next `strangler run` with the same state folder finds
them in run.json, asks them to drain, and takes over. (systemd and container engines do the same by killing the group.)

Signals: SIGTERM and SIGINT drain (a second one ends at once), SIGHUP reloads, SIGUSR1 halts: it reaches the workers
even when control is dead. SIGUSR2 goes over to new code (`handover.py`).
"""

from __future__ import annotations

import contextlib
import json
import os
import select
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from proxy.runtime import handover
from proxy.runtime.folders import link_folder, say, state_folder
from proxy.runtime.handover import Handover, Process, TakenOver
from proxy.runtime.listeners import StartError, listeners, passed_by_manager, take_no_more
from proxy.runtime.settings import TOKEN_VARIABLE, Settings

HANDLED = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGUSR1, signal.SIGUSR2, signal.SIGCHLD)
QUICK_DEATH = 2.0  # a process that lived shorter than this is started again only after a pause
LONGEST_PAUSE = 5.0
START_LIMIT = 120.0  # seconds control may take for its first table
STOP_GRACE = 10.0  # seconds that control may take to write its last evidence
LONGEST_DRAIN = 3700.0  # a worker ends by itself after `limits.drain_timeout`, at most an hour


@dataclass(slots=True)
class Child:
    """One process that is kept alive."""

    name: str
    process: Process | None = None
    started: float = 0.0
    restarts: int = 0
    pause: float = 0.0
    due: float = 0.0


@dataclass(slots=True)
class Supervisor:
    """`lock` is the descriptor that holds the state folder, `pins` that of memory which the workers share. `kept_open`
    says that a process manager keeps the listening sockets open beyond our end. `draining` are workers of the code
    before that end their last exchanges."""

    settings: Settings
    sockets: dict[str, socket.socket]
    link_folder: Path
    lock: int
    pins: int
    kept_open: bool = False
    children: dict[str, Child] = field(default_factory=dict)
    draining: list[Child] = field(default_factory=list)
    rehearsal: subprocess.Popen[bytes] | None = None
    rehearsal_ends: float = 0.0
    stopping: bool = False

    def start(self) -> int:
        """Starts control, then the workers. Returns an exit code, 0 when all of them were started."""
        control = self.children["control"] = Child("control")
        ready = self._spawn_to_tell(control)
        said = self._told(ready)
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
            self._mend()
            self._follow_rehearsal()
            received = signal.sigtimedwait(HANDLED, self._next_due())
            if received is not None:
                self._handle(signal.Signals(received.si_signo))

    def stop(self) -> int:
        """Drains the workers, then ends control, so that the last evidence is written. 1 when one had to be killed."""
        workers = [child for name, child in self.children.items() if name != "control"]
        if self.kept_open:  # who comes now waits there for the next start
            self._leave_listener(workers)
        else:
            take_no_more(self.sockets["public"])
        clean = self._end([*workers, *self.draining], LONGEST_DRAIN)
        return 0 if self._end([self.children["control"]], STOP_GRACE) and clean else 1

    def _handle(self, received: signal.Signals) -> None:
        if received in (signal.SIGTERM, signal.SIGINT):
            self.stopping = True
        elif received == signal.SIGHUP:
            _signal(self.children["control"], signal.SIGHUP)
        elif received == signal.SIGUSR1:
            with contextlib.suppress(OSError):  # a full disk must not keep halt from the workers
                (self.settings.state / "halt").touch(mode=0o600)
            for child in (*self.children.values(), *self.draining):
                _signal(child, signal.SIGUSR1)
        elif received == signal.SIGUSR2 and self.rehearsal is None:
            self._begin_rehearsal()

    # new code

    def _begin_rehearsal(self) -> None:
        say("rehearsal")
        self.rehearsal_ends = time.monotonic() + handover.REHEARSAL_LIMIT
        try:
            self.rehearsal = handover.rehearse()
        except OSError as error:
            say("handover_refused", error=str(error))

    def _follow_rehearsal(self) -> None:
        if self.rehearsal is None:
            return
        if self.rehearsal.poll() is None and time.monotonic() >= self.rehearsal_ends:
            self.rehearsal.kill()
            self.rehearsal.wait()
        code = self.rehearsal.poll()
        if code is None:
            return
        self.rehearsal = None
        if code != 0:
            say("handover_refused", exit=code)
        elif not self.stopping:
            self._become_new_code()

    def _become_new_code(self) -> None:
        left = Handover(
            sockets={name: listener.fileno() for name, listener in self.sockets.items()},
            kept_open=self.kept_open,
            lock=self.lock,
            pins=self.pins,
            link_folder=str(self.link_folder),
            serving=self._pids(),
            draining=_pids_of(self.draining),
            restarts={name: child.restarts for name, child in self.children.items()},
        )
        try:
            handover.replace_process(left)
        except OSError as error:
            say("handover_refused", error=str(error))

    def take_over(self, before: Handover) -> int:
        """Replaces the processes of the code before, one kind after the other. Returns 0: whatever fails, somebody
        serves.

        1. The new control reads routes.yaml and waits. 2. The old one writes its evidence and ends. 3. The new one
        opens the store and the link, where the old workers find it. 4. The new workers listen beside the old ones.
        5. The old ones stop listening and drain."""
        old = {
            name: Child(name, TakenOver(pid), time.monotonic(), before.restarts.get(name, 0))
            for name, pid in before.serving.items()
        }
        self.children = dict(old)
        for name in before.restarts.keys() - old.keys():  # it was dead when the code changed
            self.children[name] = Child(name, restarts=before.restarts[name])
        self.draining = [Child("draining", TakenOver(pid)) for pid in before.draining]
        if not self._replace_control():
            say("handover_failed", at="control")
            return 0
        fresh = [
            Child(f"worker-{index}", restarts=before.restarts.get(f"worker-{index}", 0))
            for index in range(self.settings.workers)
        ]
        ready = [self._spawn_to_tell(child) for child in fresh]
        serving = [self._told(each) == b"+" for each in ready]
        for each in ready:
            os.close(each)
        if all(serving):
            leaving = [
                child for name, child in self.children.items() if name != "control" and child.process is not None
            ]
            self.children = {"control": self.children["control"], **{child.name: child for child in fresh}}
            self._leave_listener(leaving)
            self.draining += leaving
            say("handed_over")
        else:
            say("handover_failed", at="workers")
            self._end(fresh, 0.0)
        self._write_run_file()
        return 0

    def _replace_control(self) -> bool:
        """Steps 1 to 3. When it is the third that fails, the new control is started again like one that died."""
        old = self.children["control"]
        control = Child("control", restarts=old.restarts)
        turn, go = os.pipe()
        ready = self._spawn_to_tell(control, turn)
        os.close(turn)
        try:
            if self._told(ready) != b".":
                _ended(control.process, 0.0)
                return False
            _signal(old, signal.SIGTERM)
            deadline = time.monotonic() + STOP_GRACE
            while old.process is not None and old.process.poll() is None and time.monotonic() < deadline:
                self._halt_if_asked(0.05)
            _ended(old.process, 0.0)
            self.children["control"] = control
            self._write_run_file()
            os.write(go, b"+")
            return self._told(ready) == b"+"
        finally:
            os.close(ready)
            os.close(go)

    def _leave_listener(self, workers: list[Child]) -> None:
        """Lets workers drain while the listening socket stays open: they leave at once what waits in it."""
        for child in workers:
            _signal(child, signal.SIGUSR2)

    def _pids(self) -> dict[str, int]:
        return {name: child.process.pid for name, child in self.children.items() if child.process is not None}

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
        alive = [child for child in self.draining if child.process is not None and child.process.poll() is None]
        if changed or len(alive) < len(self.draining):
            self.draining = alive
            self._write_run_file()

    def _next_due(self) -> float:
        waits = [child.due - time.monotonic() for child in self.children.values() if child.process is None]
        if self.rehearsal is not None:
            waits.append(self.rehearsal_ends - time.monotonic())
        return max(min(waits, default=3600.0), 0.01)

    def _spawn_to_tell(self, child: Child, turn: int | None = None) -> int:
        """Starts a process that tells how far it is; the pipe to read that from."""
        ready, told = os.pipe()
        self._spawn(child, told, turn)
        os.close(told)
        return ready

    def _told(self, ready: int) -> bytes:
        """What a process that starts says next; nothing when it ended, took too long, or we are to stop. A halt does
        not wait for it."""
        deadline = time.monotonic() + START_LIMIT
        while time.monotonic() < deadline and not signal.sigpending() & {signal.SIGTERM, signal.SIGINT}:
            self._halt_if_asked(0)
            if select.select([ready], [], [], 0.05)[0]:
                return os.read(ready, 1)
        return b""

    def _halt_if_asked(self, limit: float) -> None:
        received = signal.sigtimedwait({signal.SIGUSR1}, limit)
        if received is not None:
            self._handle(signal.SIGUSR1)

    def _spawn(self, child: Child, ready: int | None = None, turn: int | None = None) -> None:
        kind, _, index = child.name.partition("-")
        listener = self.sockets["admin" if kind == "control" else "public"]
        order = {
            "settings": self.settings.plain(),
            "listener": listener.fileno(),
            "link": str(self.link_folder / "link"),
            "index": int(index or 0),
            "restarts": child.restarts,
            "pins": self.pins,
            "ready": ready,
            "turn": turn,
        }
        fds = [fd for fd in (listener.fileno(), self.pins, ready, turn) if fd is not None]
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

    def _end(self, children: list[Child], limit: float) -> bool:
        """SIGTERM to all of them; killed after `limit` seconds or at a second SIGTERM. True when none was killed."""
        for child in children:
            _signal(child, signal.SIGTERM)
        deadline = time.monotonic() + limit
        alive = [child for child in children if child.process is not None]
        while (alive := [child for child in alive if child.process and child.process.poll() is None]) and (
            time.monotonic() < deadline
        ):
            received = signal.sigtimedwait(HANDLED, max(deadline - time.monotonic(), 0.01))
            if received is not None and received.si_signo in (signal.SIGTERM, signal.SIGINT):
                break
            if received is not None and received.si_signo == signal.SIGUSR1:
                self._handle(signal.SIGUSR1)
        for child in alive:
            if child.process is not None:
                say("killed", process=child.name)
                child.process.kill()
                child.process.wait()
        return not alive

    def _write_run_file(self) -> None:
        pids = self._pids() | {f"draining-{number}": pid for number, pid in enumerate(_pids_of(self.draining))}
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
    if handover.is_rehearsal():
        return handover.rehearsed(settings.config)
    before = handover.taken_over()
    passed = before.sockets if before else passed_by_manager()
    try:
        with (
            state_folder(settings.state, before) as lock,
            listeners(settings, passed) as sockets,
            link_folder(before) as folder,
        ):
            signal.pthread_sigmask(signal.SIG_BLOCK, HANDLED)
            pins = before.pins if before else os.memfd_create("strangler-pins")
            kept_open = before.kept_open if before else "public" in passed
            supervisor = Supervisor(settings, sockets, folder, lock, pins, kept_open)
            code = supervisor.take_over(before) if before else supervisor.start()
            if code == 0:
                supervisor.watch()
                code = supervisor.stop()
            return code
    except StartError as trouble:
        print(f"strangler: {trouble}", file=sys.stderr)  # noqa: T201 - a person starts this from a terminal
        return 2


def _signal(child: Child, number: signal.Signals) -> None:
    if child.process is not None and child.process.poll() is None:
        child.process.send_signal(number)


def _pids_of(children: Iterable[Child]) -> list[int]:
    return [child.process.pid for child in children if child.process is not None]


def _ended(process: Process | None, limit: float) -> int:
    if process is None:
        return 2
    try:
        return process.wait(limit)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
        return 2
