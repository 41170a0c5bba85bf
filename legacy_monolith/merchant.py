"""The merchant's pages: log in, look at the newest charges, refund one. HTML, a cookie session, CSRF tokens.

Logging in sets three cookies at once, each with attributes of its own. Before there is a session the login form is
guarded by a token that its cookie and its hidden field must agree on.
"""

import asyncio
import hmac
import html
import secrets
import time
from functools import partial
from sqlite3 import Connection, Row
from urllib.parse import urlencode

from aiohttp import web

from legacy_monolith.objects import charge_object
from legacy_monolith.resources import DATABASE
from legacy_monolith.seed import hash_password
from legacy_monolith.wire import ApiError
from legacy_monolith.writes import refund_charge

SESSION_S = 8 * 3600
PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>{title}</title></head>
<body><h1>{title}</h1>
{body}
</body></html>
"""
LOGIN = """{message}<form method="post" action="/merchant/login">
<input type="hidden" name="csrf" value="{csrf}">
<label>Email <input name="email" type="email"></label>
<label>Password <input name="password" type="password"></label>
<button>Log in</button></form>"""
HOME = """{message}<p>Logged in as {name}.</p>
<table>{rows}</table>
<form method="post" action="/merchant/refunds">
<input type="hidden" name="csrf" value="{csrf}">
<label>Refund charge <input name="charge"></label> <button>Refund</button></form>
<form method="post" action="/merchant/logout">
<input type="hidden" name="csrf" value="{csrf}"><button>Log out</button></form>"""


def add_pages(app: web.Application) -> None:
    app.router.add_get("/", _to_home)
    app.router.add_get("/merchant", home)
    app.router.add_get("/merchant/login", login_form)
    app.router.add_post("/merchant/login", log_in)
    app.router.add_post("/merchant/refunds", refund)
    app.router.add_post("/merchant/logout", log_out)


async def _to_home(_request: web.Request) -> web.Response:
    raise web.HTTPFound("/merchant")


def _page(title: str, body: str, status: int = 200) -> web.Response:
    return web.Response(text=PAGE.format(title=html.escape(title), body=body), content_type="text/html", status=status)


async def login_form(_request: web.Request, message: str = "", status: int = 200) -> web.Response:
    token = secrets.token_hex(16)
    response = _page("Log in", LOGIN.format(message=message, csrf=token), status)
    response.set_cookie("login_csrf", token, path="/merchant/login", httponly=True, samesite="Strict")
    return response


async def log_in(request: web.Request) -> web.Response:
    form = await request.post()
    email, password = str(form.get("email", "")), str(form.get("password", ""))
    if not _equal(str(form.get("csrf", "")), request.cookies.get("login_csrf", "")):
        return await login_form(request, "<p>The form was too old. Please try again.</p>", 403)
    merchant = request.app[DATABASE].one("SELECT * FROM merchants WHERE email = ?", (email,))
    salt = merchant["salt"] if merchant else b"nobody"
    # Hashed for an unknown email too, so that the time taken does not tell which emails exist.
    given = await asyncio.to_thread(hash_password, password, salt)
    if merchant is None or not hmac.compare_digest(given, merchant["password"]):
        return await login_form(request, "<p>Wrong email or password.</p>", 401)

    session, csrf = secrets.token_hex(16), secrets.token_hex(16)

    def remember(connection: Connection) -> None:
        connection.execute("INSERT INTO sessions VALUES (?, ?, ?, ?)", (session, email, csrf, int(time.time())))

    await request.app[DATABASE].write(remember)
    response = web.Response(status=302, headers={"Location": "/merchant"})
    response.set_cookie("session", session, max_age=SESSION_S, httponly=True, samesite="Lax")
    response.set_cookie("csrf", csrf, path="/merchant", samesite="Strict")
    response.set_cookie("last_merchant", "corner-shop", max_age=30 * 86_400)
    response.del_cookie("login_csrf", path="/merchant/login")
    return response


def _session(request: web.Request) -> Row:
    """The live session of this request's cookie, with the merchant's name; else a redirect to the login page."""
    sql = "SELECT sessions.*, name FROM sessions JOIN merchants USING (email) WHERE sessions.id = ? AND created > ?"
    row = request.app[DATABASE].one(sql, (request.cookies.get("session", ""), int(time.time()) - SESSION_S))
    if row is None:
        raise web.HTTPFound("/merchant/login")
    return row


async def _guarded_form(request: web.Request) -> tuple[Row, dict[str, str]]:
    session = _session(request)
    form = {name: str(value) for name, value in (await request.post()).items()}
    if not _equal(form.get("csrf", ""), session["csrf"]):
        raise web.HTTPForbidden(text="The form does not belong to this session.")
    return session, form


def _equal(given: str, expected: str) -> bool:
    return bool(expected) and hmac.compare_digest(given.encode(), expected.encode())


async def home(request: web.Request) -> web.Response:
    session = _session(request)
    charges = request.app[DATABASE].all("SELECT * FROM charges ORDER BY seq DESC LIMIT 20")
    rows = []
    for charge in map(charge_object, charges):
        cells = (
            charge["id"],
            charge["amount"],
            charge["currency"],
            charge["fee"],
            charge["status"],
            charge["description"],
        )
        rows.append("<tr>" + "".join(f"<td>{html.escape(str(cell or ''))}</td>" for cell in cells) + "</tr>")
    message = f"<p>{html.escape(request.query['message'])}</p>" if "message" in request.query else ""
    name = html.escape(session["name"])
    return _page("Charges", HOME.format(message=message, name=name, rows="\n".join(rows), csrf=session["csrf"]))


async def refund(request: web.Request) -> web.Response:
    _, form = await _guarded_form(request)
    params = {"charge": form.get("charge", ""), "amount": None, "reason": "requested_by_customer"}
    try:
        _, made = await request.app[DATABASE].write(partial(refund_charge, params))
        message = f"Refunded {made['amount']} {made['currency']}."
    except ApiError as error:
        message = str(error)
    raise web.HTTPSeeOther("/merchant?" + urlencode({"message": message}))


async def log_out(request: web.Request) -> web.Response:
    session, _ = await _guarded_form(request)

    def forget(connection: Connection) -> None:
        connection.execute("DELETE FROM sessions WHERE id = ?", (session["id"],))

    await request.app[DATABASE].write(forget)
    response = web.Response(status=302, headers={"Location": "/merchant/login"})
    response.del_cookie("session")
    response.del_cookie("csrf", path="/merchant")
    return response
