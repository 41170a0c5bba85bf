"""Two tiny applications for the first route of README.md: a shop, and the service that is to take over its items.

    python examples/shop.py legacy           # the shop, on http://127.0.0.1:8001
    python examples/shop.py items            # the service, on http://127.0.0.1:8101

BUILD=1, the default, is the first build of the service and has a mistake: it leaves `discount` out where it is null,
as many a serializer does. BUILD=2 has it mended. The answer's X-Build header says which build it is.
"""

import os
import sys
import time

from aiohttp import web

PORTS = {"legacy": 8001, "items": 8101}
BUILD = os.environ.get("BUILD", "1")
ROLE = sys.argv[1] if len(sys.argv) > 1 else ""


async def item(request: web.Request) -> web.Response:
    number = int(request.match_info["id"])
    fields = {
        "id": number,
        "name": f"item {number}",
        "price": 199 * number % 10_000,
        "discount": None if number % 20 == 0 else number % 5,
        "served_at": time.time(),
    }
    if ROLE == "legacy":
        return web.json_response(fields)
    if BUILD == "1" and fields["discount"] is None:
        del fields["discount"]
    return web.json_response(fields, headers={"X-Build": BUILD})


async def basket(request: web.Request) -> web.Response:
    return web.json_response({"lines": []})


if ROLE not in PORTS:
    sys.exit("Say which one: python examples/shop.py legacy, or items")
app = web.Application()
app.router.add_get(r"/items/{id:\d+}", item)
if ROLE == "legacy":
    app.router.add_get("/basket", basket)
web.run_app(app, host="127.0.0.1", port=PORTS[ROLE])
