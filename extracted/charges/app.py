"""The charges service: its routes on the chassis."""

from functools import partial

from aiohttp import web

from extracted.charges.create import create_charge
from extracted.charges.rendering import render_charge, render_charge_first_build
from extracted.chassis.database import Database
from extracted.chassis.lists import Reads
from extracted.chassis.service import create_service


def create_app(database: Database, build: str = "charges-1.0.0", *, rounding_bug: bool = False) -> web.Application:
    render = render_charge_first_build if rounding_bug else render_charge
    app = create_service(database, build)
    app.router.add_post("/v1/charges", partial(create_charge, render=render))
    Reads("charge", "charges", ("succeeded", "failed"), render).add_to(app)
    return app
