"""Processes, cores and /proc: start a program on one core, count what its whole tree costs, end it by its pid.

CPU time is utime + stime of every process of the tree plus what its dead and reaped children used, so a worker that
was replaced or a comparing pool still counts. Both figures are Linux's; the clock tick is 10 ms, hence runs of a
second and more.
"""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

TICKS = os.sysconf("SC_CLK_TCK")
ROOT = Path(__file__).resolve().parent.parent  # so that `python -m bench...` and `python -m proxy` are found
PAGE = os.sysconf("SC_PAGE_SIZE")


class BenchError(Exception):
    """Something a person can mend; its text is the whole message."""


class Cores(NamedTuple):
    """`proxy` is the core of everything under test, `load` of the load generators and the upstreams."""

    proxy: int
    load: int


def pick_cores() -> Cores:
    allowed = sorted(os.sched_getaffinity(0))
    return Cores(allowed[0], allowed[1] if len(allowed) > 1 else allowed[0])


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass
class Process:
    """A started program and where its output goes."""

    name: str
    popen: subprocess.Popen[bytes]
    log: Path

    def tail(self, lines: int = 12) -> str:
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-lines:])

    def check(self) -> None:
        if self.popen.poll() is not None:
            raise BenchError(
                f"{self.name} ended with exit code {self.popen.returncode}; its last words:\n{self.tail()}"
            )


def start(name: str, command: Sequence[str], core: int, log: Path, env: dict[str, str] | None = None) -> Process:
    with log.open("ab") as out:
        popen = subprocess.Popen(
            command,
            cwd=ROOT,
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=subprocess.STDOUT,
            env={**os.environ, **(env or {})},
            preexec_fn=lambda: os.sched_setaffinity(0, {core}),
        )
    return Process(name, popen, log)


def stop(process: Process, patience: float = 5.0) -> None:
    if process.popen.poll() is None:
        process.popen.send_signal(signal.SIGTERM)
        try:
            process.popen.wait(patience)
        except subprocess.TimeoutExpired:
            for pid in tree(process.popen.pid):
                with suppress(ProcessLookupError):  # it ended by itself in between
                    os.kill(pid, signal.SIGKILL)
            process.popen.wait()


def wait_listening(process: Process, port: int, patience: float = 15.0) -> None:
    deadline = time.monotonic() + patience
    while time.monotonic() < deadline:
        process.check()
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            time.sleep(0.05)
        else:
            return
    raise BenchError(
        f"{process.name} did not listen on port {port} within {patience:.0f} s; its last words:\n{process.tail()}"
    )


def stolen_ms() -> int:
    """Milliseconds that the host of this virtual machine gave to others, since it began."""
    fields = Path("/proc/stat").read_text().split("\n", 1)[0].split()
    return int(fields[8]) * 1000 // os.sysconf("SC_CLK_TCK")


class Stat(NamedTuple):
    parent: int
    ticks: int  # own, and of reaped children


def parse_stat(text: str) -> Stat:
    """/proc/PID/stat: the name (field 2) may hold spaces and brackets, so count from the last bracket."""
    fields = text.rpartition(")")[2].split()
    return Stat(int(fields[1]), sum(int(value) for value in fields[11:15]))


def tree(root: int) -> dict[int, Stat]:
    """Every live process under `root`, itself included."""
    stats: dict[int, Stat] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                stats[int(entry.name)] = parse_stat((entry / "stat").read_text())
            except OSError:
                continue  # it ended while we looked
    found: dict[int, Stat] = {}
    level = [root]
    while level:
        found.update({pid: stats[pid] for pid in level if pid in stats})
        level = [pid for pid, stat in stats.items() if stat.parent in level and pid not in found]
    return found


def cpu_seconds(root: int) -> float:
    return sum(stat.ticks for stat in tree(root).values()) / TICKS


def rss_bytes(root: int) -> int:
    total = 0
    for pid in tree(root):
        try:
            total += int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * PAGE
        except OSError:
            continue
    return total


def settle(root: int, patience: float = 20.0, quiet: float = 0.2) -> bool:
    """Wait until the tree's CPU time stops growing: work it does after the answers, such as comparing, is done."""
    deadline = time.monotonic() + patience
    before = cpu_seconds(root)
    while time.monotonic() < deadline:
        time.sleep(quiet)
        after = cpu_seconds(root)
        if after - before <= quiet * 0.1:
            return True
        before = after
    return False


@contextmanager
def peak_rss(root: int, every: float = 0.01) -> Iterator[list[int]]:
    """Yields a list whose only item is the highest memory of the tree seen while the block runs."""
    peak = [rss_bytes(root)]
    done = threading.Event()

    def watch() -> None:
        while not done.wait(every):
            peak[0] = max(peak[0], rss_bytes(root))

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        yield peak
    finally:
        done.set()
        watcher.join()


def find_program(name: str) -> str | None:
    """On PATH, in the usual system folders, or beside this Python (where pip puts programs)."""
    return shutil.which(name) or shutil.which(name, path=f"/usr/sbin:/usr/local/sbin:{Path(sys.executable).parent}")


def first_line(command: Sequence[str]) -> str:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return (done.stdout or done.stderr).strip().partition("\n")[0]
