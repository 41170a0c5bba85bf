"""A service as a process: options, logs on stderr, one address line on stdout, an orderly end on SIGTERM."""

import argparse
import asyncio
import logging
import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path

import structlog
import uvloop
from aiohttp import web

from extracted.chassis.database import Database, DatabaseUnusableError

SHUTDOWN_S = 5.0


def main(name: str, port: int, create: Callable[[Database], web.Application]) -> int:
    """Run the service until SIGTERM or SIGINT; the process's exit code. `port` is the default, 0 takes a free one.

    Environment: TRIPE_DATABASE for the file, LOG_LEVEL (default info: one line per request).
    """
    level = logging.getLevelNamesMapping().get(os.environ.get("LOG_LEVEL", "info").upper(), logging.INFO)
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            structlog.processors.JSONRenderer(),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )
    parser = argparse.ArgumentParser(prog=f"python -m extracted.{name}", description=f"The {name} service of Tripe.")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=port, help="0 takes a free one")
    database = os.environ.get("TRIPE_DATABASE", "tripe.sqlite3")
    parser.add_argument("--database", type=Path, default=database, metavar="FILE", help="the monolith's database file")
    options = parser.parse_args()
    try:
        uvloop.run(_serve(create(Database(options.database)), options.host, options.port))
    except DatabaseUnusableError as error:
        sys.stderr.write(f"extracted.{name}: {error}\n")
        return 2
    except OSError as error:
        address = f"{options.host}:{options.port}"
        sys.stderr.write(f"extracted.{name}: cannot listen on {address}: {error.strerror}. Choose another --port.\n")
        return 2
    return 0


async def _serve(app: web.Application, host: str, port: int) -> None:
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=SHUTDOWN_S)
    await runner.setup()
    try:
        await web.TCPSite(runner, host, port).start()
        bound_host, bound_port = runner.addresses[0][:2]
        sys.stdout.write(f"listening on http://{bound_host}:{bound_port}\n")
        sys.stdout.flush()
        await stop.wait()
    finally:
        await runner.cleanup()
