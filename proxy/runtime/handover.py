"""New code without a dropped connection: the supervisor turns into a supervisor of the new code.

On SIGUSR2 the supervisor first lets the new code rehearse: the same command line in a process of its own, which
reads its options and routes.yaml, imports everything, and ends. Only if that went well does the supervisor replace
itself (execve), as HAProxy's master does: the process id stays, so systemd, a container engine and whoever waits for
the process notice nothing, and there is no pid file to be wrong. Across the execve go the listening sockets, the lock
of the state folder, and the processes of before, which stay its children and serve on throughout.

The order after it is in `Supervisor.take_over`. There is one control at a time: the new one starts, reads routes.yaml
and waits; the old one writes its evidence and ends; then the new one opens the store. Whatever fails before that
leaves everything as it was; what fails after it leaves the old workers serving.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Protocol

VARIABLE = "STRANGLER_HANDOVER"
REHEARSAL = "rehearsal"
REHEARSAL_LIMIT = 120.0  # seconds


@dataclass(frozen=True, slots=True)
class Handover:
    """What goes across. Descriptors of the listening sockets by name, and whether a process manager owns those; the
    lock's and the pins'; the folder of the link; process ids by name of who serves, and of those who drain already."""

    sockets: dict[str, int]
    kept_open: bool
    lock: int
    pins: int
    link_folder: str
    serving: dict[str, int]
    draining: list[int]
    restarts: dict[str, int]

    def descriptors(self) -> list[int]:
        return [*self.sockets.values(), self.lock, self.pins]


class Process(Protocol):
    """A child as the supervisor sees it: one that it started (`Popen`), or one that it took over."""

    pid: int
    returncode: Any

    def poll(self) -> int | None: ...
    def wait(self, timeout: float | None = None) -> int: ...
    def send_signal(self, sig: int) -> None: ...
    def kill(self) -> None: ...


class TakenOver:
    """A child that was started before the execve: all that is known of it is its id."""

    def __init__(self, pid: int) -> None:
        self.pid = pid
        self.returncode: int | None = None

    def poll(self) -> int | None:
        if self.returncode is None:
            try:
                pid, status = os.waitpid(self.pid, os.WNOHANG)
            except ChildProcessError:  # not ours, or reaped by somebody else: gone is all that can be said
                self.returncode = 0
            else:
                self.returncode = os.waitstatus_to_exitcode(status) if pid else None
        return self.returncode

    def wait(self, timeout: float | None = None) -> int:
        deadline = None if timeout is None else time.monotonic() + timeout
        while (code := self.poll()) is None:
            if deadline is not None and time.monotonic() > deadline:
                raise subprocess.TimeoutExpired(f"process {self.pid}", timeout or 0.0)
            time.sleep(0.01)
        return code

    def send_signal(self, sig: int) -> None:
        if self.poll() is None:
            os.kill(self.pid, sig)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)


def rehearse() -> subprocess.Popen[bytes]:
    """Starts the rehearsal of the new code; its exit code says whether it went well."""
    return subprocess.Popen(_command(), env={**os.environ, VARIABLE: REHEARSAL})  # noqa: S603 - as we were started


def is_rehearsal() -> bool:
    return os.environ.get(VARIABLE) == REHEARSAL


def rehearsed(config: Path) -> int:
    """What the rehearsal does: everything of a start that leaves no trace. An exit code, 2 where a start would fail."""
    from proxy.runtime import control, worker  # noqa: F401 - that they can be imported is the point
    from proxy.runtime.reading import load_now

    built = load_now(config)
    for problem in built.problems:
        print(problem, file=sys.stderr)  # noqa: T201 - where the supervisor writes too
    return 0 if built.compiled is not None else 2


def replace_process(handover: Handover) -> None:
    """Runs the new code in this process. Returns only when that can't be done."""
    for descriptor in handover.descriptors():
        os.set_inheritable(descriptor, True)
    try:
        os.execve(sys.executable, _command(), {**os.environ, VARIABLE: json.dumps(asdict(handover))})  # noqa: S606
    finally:
        for descriptor in handover.descriptors():
            os.set_inheritable(descriptor, False)


def taken_over() -> Handover | None:
    """What the code before left for us, once; None at an ordinary start."""
    text = os.environ.pop(VARIABLE, "")
    if not text:
        return None
    found = Handover(**json.loads(text))
    for descriptor in found.descriptors():
        os.set_inheritable(descriptor, False)
    return found


def _command() -> list[str]:
    return [sys.executable, *sys.orig_argv[1:]]
