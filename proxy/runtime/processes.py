"""What control and the workers have in common at their start: their order, their signals, their log."""

from __future__ import annotations

import json
import logging
import os
import signal
import sys
from dataclasses import dataclass

import structlog

from proxy.runtime.settings import TOKEN_VARIABLE, Settings
from proxy.runtime.supervisor import HANDLED


@dataclass(frozen=True, slots=True)
class Order:
    """What the supervisor tells a process on its command line. `ready` is a pipe to write `+` to, or None."""

    settings: Settings
    listener: int
    link: str
    index: int
    restarts: int
    ready: int | None

    @classmethod
    def read(cls, text: str) -> Order:
        plain = json.loads(text)
        settings = Settings.from_plain(plain.pop("settings"), os.environ.get(TOKEN_VARIABLE))
        return cls(settings=settings, **plain)


def prepare(settings: Settings, process: str) -> None:
    """Signals: those that the supervisor blocks are let through, Ctrl-C is the supervisor's to hear. Logs: structlog to
    standard output, JSON or for a console."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    signal.signal(signal.SIGUSR1, signal.SIG_IGN)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, HANDLED)
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
        logger_factory=structlog.WriteLoggerFactory(file=sys.stdout),
        cache_logger_on_first_use=True,
    )
    structlog.contextvars.bind_contextvars(process=process)
