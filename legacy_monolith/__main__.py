"""`python -m legacy_monolith`: one address line on stdout, everything else on stderr, SIGTERM ends it kindly."""

import argparse
import asyncio
import os
import signal
import sqlite3
import sys
from pathlib import Path

import structlog
import uvloop
from aiohttp import web

from legacy_monolith.app import create_app
from legacy_monolith.seed import ensure_seeded

SHUTDOWN_S = 20.0  # for downloads in hand; live streams end at once


def arguments() -> argparse.Namespace:
    env = os.environ
    parser = argparse.ArgumentParser(prog="python -m legacy_monolith", description="Tripe, the payment processor.")
    parser.add_argument("--host", default=env.get("TRIPE_HOST", "127.0.0.1"))
    parser.add_argument("--port", type=int, default=env.get("TRIPE_PORT", "8001"), help="0 takes a free one")
    parser.add_argument("--database", type=Path, default=env.get("TRIPE_DATABASE", "tripe.sqlite3"), metavar="FILE")
    parser.add_argument(
        "--seed-scale",
        type=float,
        default=env.get("TRIPE_SEED_SCALE", "1"),
        help="share of the sample data to write on first start (default 1: 20,000 charges)",
    )
    return parser.parse_args()


async def serve(options: argparse.Namespace) -> None:
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    runner = web.AppRunner(create_app(options.database), access_log=None, shutdown_timeout=SHUTDOWN_S)
    await runner.setup()
    try:
        await web.TCPSite(runner, options.host, options.port).start()
        host, port = runner.addresses[0][:2]
        sys.stdout.write(f"listening on http://{host}:{port}\n")
        sys.stdout.flush()
        await stop.wait()
    finally:
        await runner.cleanup()


def main() -> int:
    structlog.configure(logger_factory=structlog.PrintLoggerFactory(sys.stderr))
    options = arguments()
    try:
        ensure_seeded(options.database, options.seed_scale)
        uvloop.run(serve(options))
    except sqlite3.Error as error:
        sys.stderr.write(f"legacy_monolith: cannot use {options.database}: {error}. Choose a file with --database.\n")
        return 2
    except OSError as error:
        address = f"{options.host}:{options.port}"
        sys.stderr.write(f"legacy_monolith: cannot listen on {address}: {error.strerror}. Choose another --port.\n")
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
