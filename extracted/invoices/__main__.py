"""`python -m extracted.invoices`"""

import os
import sys

from aiohttp import web

from extracted.chassis.database import Database
from extracted.chassis.serve import main
from extracted.invoices.app import create_app


def create(database: Database) -> web.Application:
    return create_app(database, os.environ.get("BUILD") or "invoices-1.0.0")


if __name__ == "__main__":
    sys.exit(main("invoices", 8102, create))
