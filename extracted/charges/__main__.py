"""`python -m extracted.charges`; the package says which environment variables choose the build."""

import os
import sys

from aiohttp import web

from extracted.charges.app import create_app
from extracted.chassis.database import Database
from extracted.chassis.serve import main

BUGS = {"": False, "rounding": True}


def create(database: Database) -> web.Application:
    rounding_bug = BUGS[os.environ.get("CHARGES_BUG", "")]
    build = os.environ.get("BUILD") or ("charges-0.9.0" if rounding_bug else "charges-1.0.0")
    return create_app(database, build, rounding_bug=rounding_bug)


if __name__ == "__main__":
    if os.environ.get("CHARGES_BUG", "") not in BUGS:
        sys.stderr.write("extracted.charges: CHARGES_BUG must be unset or `rounding`.\n")
        sys.exit(2)
    sys.exit(main("charges", 8101, create))
