"""A command on a real terminal."""

from __future__ import annotations

import os
import pty
import subprocess
import sys

from tests.support.running import PATIENCE


def on_a_terminal(*arguments: str, columns: int = 80, typed: str = "", **environment: str) -> tuple[int, str]:
    """The exit code and what the command prints on a terminal of that width, where somebody types `typed`."""
    ours, theirs = pty.openpty()
    plain = {key: value for key, value in os.environ.items() if key not in ("NO_COLOR", "FORCE_COLOR", "COLORTERM")}
    process = subprocess.Popen(
        [sys.executable, "-m", "proxy", *arguments],
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        env={**plain, "TERM": "xterm", "COLUMNS": str(columns), **environment},
    )
    os.write(ours, typed.encode())
    os.close(theirs)
    pieces = []
    try:
        while piece := os.read(ours, 65536):
            pieces.append(piece)
    except OSError:  # Linux says EIO when the last writer has closed a terminal
        pass
    os.close(ours)
    return process.wait(PATIENCE), b"".join(pieces).decode().replace("\r\n", "\n")
