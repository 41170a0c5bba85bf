"""The two folders of a run: the state folder that outlives it, and the one that holds the Unix socket of the link."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import shutil
import signal
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from proxy.runtime.handover import Handover
from proxy.runtime.listeners import StartError

LINK_FOLDER = "strangler-"  # how the name of the folder that holds the Unix socket begins


def say(event: str, **facts: object) -> None:
    """One JSON line on standard error, without the logging stack: the supervisor imports as little as it can."""
    line = {"event": event, "level": "warning", "process": "supervisor", "at": round(time.time(), 3), **facts}
    with contextlib.suppress(OSError):  # nobody reads standard error any more: serving goes on
        os.write(2, (json.dumps(line) + "\n").encode())


@contextlib.contextmanager
def state_folder(state: Path, before: Handover | None) -> Iterator[int]:
    """Makes the folder private, locks it against a second proxy, and ends what a killed supervisor left running. The
    descriptor of the lock; after a hand-over it is ours already, and so is all that runs."""
    try:
        state.mkdir(mode=0o700, parents=True, exist_ok=True)
        lock = before.lock if before else os.open(state / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
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
        if before is None:
            _end_leftovers(state)
            for stale in ("snapshot", "admin.json"):
                with contextlib.suppress(OSError):
                    (state / stale).unlink()
        yield lock
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
def link_folder(before: Handover | None) -> Iterator[Path]:
    """A short private path: a Unix socket's name may have only about 100 bytes, a state folder's more."""
    folder = Path(before.link_folder if before else tempfile.mkdtemp(prefix=LINK_FOLDER))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
