"""What control and the workers have in common at their start: their order, their signals, their log."""

from __future__ import annotations

import asyncio
import gc
import json
import logging
import os
import signal
import sys
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import TextIO, cast

import structlog

from proxy.runtime.settings import TOKEN_VARIABLE, Settings
from proxy.runtime.supervisor import HANDLED


@dataclass(frozen=True, slots=True)
class Order:
    """What the supervisor tells a process on its command line. `pins` is memory that the
    workers share, `ready` a pipe to write `+` to once it serves, `turn`
    one to read a byte from before it takes anything that only one control may hold; or None."""

    settings: Settings
    listener: int
    link: str
    index: int
    restarts: int
    pins: int
    ready: int | None
    turn: int | None = None

    @classmethod
    def read(cls, text: str) -> Order:
        plain = json.loads(text)
        settings = Settings.from_plain(plain.pop("settings"), os.environ.get(TOKEN_VARIABLE))
        return cls(settings=settings, **plain)


def tell(order: Order, word: bytes, *, last: bool = True) -> None:
    """Tells the supervisor how far this process is, if it asked."""
    if order.ready is not None:
        os.write(order.ready, word)
        if last:
            os.close(order.ready)


def wait_for_turn(order: Order) -> bool:
    """Waits until the control before this one has ended. False when the supervisor gave the hand-over up."""
    if order.turn is None:
        return True
    tell(order, b".", last=False)
    return os.read(order.turn, 1) == b"+"


class Patient:
    """A stream whose trouble is nobody else's: when standard output can't be written (a full disk, a reader that left)
    the line is lost and counted, and the next line that gets through is preceded by the count."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self.lost = 0

    def write(self, text: str) -> None:
        try:
            if self.lost:
                self._stream.write(f'{{"event": "log_lines_lost", "count": {self.lost}}}\n')
                self.lost = 0
            self._stream.write(text)
        except (OSError, ValueError):
            self.lost += 1

    def flush(self) -> None:
        try:
            self._stream.flush()
        except (OSError, ValueError):
            self.lost += 1


async def keep_going(job: Callable[[], Awaitable[None]], log: structlog.typing.FilteringBoundLogger) -> None:
    """Runs a background job for ever. One that raises is a bug: logged with its traceback, and begun again."""
    while True:
        try:
            await job()
        except Exception:
            log.exception("job_failed", job=job.__name__)
            await asyncio.sleep(1.0)


def hear(handlers: Mapping[signal.Signals, Callable[[], object]]) -> None:
    """Handles these signals from now on, those too that came while the process started: a worker that is told to make
    way before it can listen would serve old code for ever. The others that the supervisor blocks are ignored."""
    loop = asyncio.get_running_loop()
    for number in (signal.SIGHUP, signal.SIGUSR1, signal.SIGUSR2):
        if number not in handlers:
            signal.signal(number, signal.SIG_IGN)
    for number, handler in handlers.items():
        loop.add_signal_handler(number, handler)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, HANDLED)


def calm_collector() -> None:
    """Lets the garbage collector look rarely. Call once, when all that lives as long as the process is there.

    Exchanges and comparisons make no reference cycles: reference counts free them. What a search for cycles finds are
    the bits of connections that closed, while it walks through everything that waits for the next tick, again and
    again. It is rare here, not off, so that no cycle can grow without bound.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(100_000, 20, 20)


def prepare(settings: Settings, process: str) -> None:
    """Signals: Ctrl-C is the supervisor's to hear, SIGTERM ends who has not begun; what else the supervisor blocks
    waits for `hear`. Logs: structlog to standard output, JSON or for a console."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT, signal.SIGTERM, signal.SIGCHLD})
    colours = sys.stdout.isatty() and not os.environ.get("NO_COLOR")
    renderer: structlog.typing.Processor = (
        structlog.dev.ConsoleRenderer(colors=colours)
        if settings.log_format == "console"
        else structlog.processors.JSONRenderer(sort_keys=False)
    )
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True, key="at"),
            structlog.processors.format_exc_info,
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        logger_factory=structlog.WriteLoggerFactory(file=cast(TextIO, Patient(sys.stdout))),
        cache_logger_on_first_use=True,
    )
    structlog.contextvars.bind_contextvars(process=process)
