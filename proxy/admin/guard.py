"""Who may ask.

- With a token, everything but health and the dashboard's own files (which hold no data) demands it; it is compared in
  constant time.
- Without one the port is on loopback, where any web page that the operator's browser has open can send requests. A
  `Host` that is not a loopback name is refused (DNS rebinding), and a write must be JSON and come from no other site:
  a cross-site form cannot send `application/json`, a cross-site script would need a preflight that is never answered,
  and browsers say where a request comes from (`Origin`, RFC 6454; `Sec-Fetch-Site`).
- The gate of a route takes the token as the password of Basic authentication too (RFC 7617): Flagger's webhooks can
  send no header of their own, but do send what stands in their URL.
- Whatever goes wrong inside is logged here and said outside without details.
"""

from __future__ import annotations

import base64
import hmac
import ipaddress
from urllib.parse import urlsplit

import structlog
from aiohttp import web
from aiohttp.typedefs import Handler, Middleware

from proxy.admin.face import Reply
from proxy.admin.problems import problem

HEALTH = frozenset({"/healthz", "/readyz"})
PAGES = frozenset({"/", "/dashboard.js", "/dashboard.css"})
_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "no-store",
    "X-Strangler-Api": "v1",  # how clients know that this is an admin port; never an answer of the public one
}
_log = structlog.get_logger("strangler.admin")


def respond(reply: Reply) -> web.Response:
    """The reply as JSON."""
    kind = "application/problem+json" if reply.status >= 400 and "title" in reply.body else "application/json"
    return web.json_response(reply.body, status=reply.status, content_type=kind)


def guard(token: str | None) -> Middleware:
    """The middleware that stands before every handler."""
    expected = b"" if token is None else token.encode()

    @web.middleware
    async def middleware(request: web.Request, handler: Handler) -> web.StreamResponse:
        refusal = _refusal(request, expected)
        response = respond(refusal) if refusal else await _answer(request, handler)
        if refusal is not None and refusal.status == 401:
            response.headers["WWW-Authenticate"] = 'Bearer realm="strangler admin"'
        response.headers.update(_HEADERS)
        return response

    return middleware


async def _answer(request: web.Request, handler: Handler) -> web.StreamResponse:
    try:
        return await handler(request)
    except web.HTTPException as error:
        refused = respond(
            problem(error.status, error.reason.lower(), f"{request.method} {request.path}: {error.reason}")
        )
        if allow := error.headers.get("Allow"):
            refused.headers["Allow"] = allow
        return refused
    except Exception:
        _log.exception("admin request failed", method=request.method, path=request.path)
        return respond(problem(500, "internal error", "this is a bug of strangler; its log has the details"))


def _refusal(request: web.Request, token: bytes) -> Reply | None:
    if request.path in HEALTH:
        return None
    if token:
        if request.path not in PAGES and not _authorized(request, token):
            return problem(401, "token needed", "send the admin token: Authorization: Bearer ... (commands: --token)")
    elif not _is_loopback(request.host):
        return problem(403, "host refused", "without a token the admin port answers to loopback names only")
    if request.method in ("GET", "HEAD"):
        return None
    if request.content_type != "application/json":
        return problem(415, "JSON needed", "send a JSON object with Content-Type: application/json")
    if _is_cross_site(request):
        return problem(403, "cross-site request refused", "another site's page may not change anything here")
    return None


def _authorized(request: web.Request, token: bytes) -> bool:
    scheme, _, given = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() == "basic" and request.path.endswith("/gate"):
        return hmac.compare_digest(_password(given), token)
    return scheme.lower() == "bearer" and hmac.compare_digest(given.strip().encode("utf-8", "surrogateescape"), token)


def _password(given: str) -> bytes:
    try:
        return base64.b64decode(given.strip().encode("utf-8", "surrogateescape"), validate=True).partition(b":")[2]
    except ValueError:
        return b""


def _is_loopback(host: str) -> bool:
    try:
        name = urlsplit(f"//{host}").hostname or ""
        return name == "localhost" or name.endswith(".localhost") or ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False


def _is_cross_site(request: web.Request) -> bool:
    if request.headers.get("Sec-Fetch-Site", "none") not in ("same-origin", "none"):
        return True
    origin = request.headers.get("Origin")
    return origin is not None and origin != f"{request.scheme}://{request.host}"
