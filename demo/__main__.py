"""`python -m demo [--seconds N]`: exit code 0 if the story held, 1 if not, 130 if it was ended before its end."""

from __future__ import annotations

import argparse
import asyncio
import signal
import sys
from pathlib import Path

import uvloop

from demo.play import INTERRUPTED, play
from demo.screen import Screen
from demo.world import Ports, WorldError, clean_folder


def main() -> int:
    parser = argparse.ArgumentParser(
        prog="python -m demo", description=(sys.modules["demo"].__doc__ or "").split("\n")[0]
    )
    parser.add_argument("--seconds", type=float, metavar="N", help="end after the story, and not before N seconds")
    parser.add_argument("--folder", type=Path, default=Path(".demo"), help="for logs, database and state (.demo)")
    options = parser.parse_args()
    try:
        with clean_folder(options.folder.resolve()) as folder, Screen() as screen:
            return uvloop.run(_run(folder, screen, options.seconds))
    except WorldError as trouble:
        sys.stderr.write(f"demo: {trouble}\n")
        return 1


async def _run(folder: Path, screen: Screen, seconds: float | None) -> int:
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    report = await play(folder, screen, Ports(), stop=stop, seconds=seconds)
    if report.broken == [INTERRUPTED]:
        return 130
    return 1 if report.broken else 0


if __name__ == "__main__":
    sys.exit(main())
