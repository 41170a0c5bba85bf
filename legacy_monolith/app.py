"""The application: routes, and what happens around every handler."""

import secrets
from collections.abc import AsyncIterator
from pathlib import Path

import structlog
from aiohttp import web
from aiohttp.typedefs import Handler

from legacy_monolith.database import Database
from legacy_monolith.documents import export_charges, invoice_pdf
from legacy_monolith.feed import end_streams, event_stream, keep_feed, socket
from legacy_monolith.merchant import add_pages
from legacy_monolith.resources import DATABASE, add_reads
from legacy_monolith.wire import ApiError, answer
from legacy_monolith.writes import API_KEY, create_charge, create_refund

LARGEST_BODY = 64 * 1024
CLIENT_GONE = 499
log = structlog.get_logger()


def create_app(database: Path) -> web.Application:
    """Tripe on the seeded database file at that path."""
    app = web.Application(middlewares=[answer_errors, require_api_key], client_max_size=LARGEST_BODY)
    app[DATABASE] = Database(database)
    app.cleanup_ctx.append(close_database)
    app.cleanup_ctx.append(keep_feed)
    app.on_shutdown.append(end_streams)
    app.on_response_prepare.append(add_headers)
    app.router.add_get("/v1/exports/charges.csv", export_charges)
    app.router.add_get("/v1/events/stream", event_stream, allow_head=False)
    app.router.add_get("/v1/socket", socket, allow_head=False)
    app.router.add_get("/v1/invoices/{id}/pdf", invoice_pdf)
    app.router.add_get("/v1/charge/{id}", moved_charge)
    app.router.add_post("/v1/charges", create_charge)
    app.router.add_post("/v1/refunds", create_refund)
    add_reads(app)
    add_pages(app)
    return app


async def close_database(app: web.Application) -> AsyncIterator[None]:
    yield
    app[DATABASE].close()


async def moved_charge(request: web.Request) -> web.Response:
    """Version 0 called it `charge`; some clients still do."""
    raise web.HTTPMovedPermanently(
        request.rel_url.with_path(f"/v1/charges/{request.match_info['id']}", keep_query=True)
    )


@web.middleware
async def answer_errors(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Under `/v1` every error is an error object; elsewhere aiohttp's plain text will do."""
    api = request.path.startswith("/v1/")
    try:
        return await handler(request)
    except ApiError as error:
        return answer(request, error.body, error.status)
    except web.HTTPClientError as error:
        if not api:
            raise
        message = (
            f"Unrecognized request URL ({request.method}: {request.path})." if error.status == 404 else error.reason
        )
        body = {"error": {"type": "invalid_request_error", "code": None, "message": message}}
        allow = {"Allow": error.headers["Allow"]} if "Allow" in error.headers else None
        return answer(request, body, error.status, allow)
    except web.HTTPException:
        raise
    except ConnectionError:
        log.info("client_gone", method=request.method, path=request.path)
        return web.Response(status=CLIENT_GONE)  # nobody reads it
    except Exception:
        log.exception("request_failed", method=request.method, path=request.path)
        if not api:
            raise web.HTTPInternalServerError from None
        body = {"error": {"type": "api_error", "code": None, "message": "Something went wrong on our side."}}
        return answer(request, body, 500)


@web.middleware
async def require_api_key(request: web.Request, handler: Handler) -> web.StreamResponse:
    if request.path.startswith("/v1/"):
        scheme, _, key = request.headers.get("Authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not key:
            raise ApiError(401, "authentication_error", "api_key_missing", "You did not provide an API key.")
        if request.app[DATABASE].one("SELECT 1 FROM api_keys WHERE key = ?", (key,)) is None:
            raise ApiError(401, "authentication_error", "api_key_invalid", f"Invalid API key provided: {key[:8]}***")
        request[API_KEY] = key
    return await handler(request)


async def add_headers(request: web.Request, response: web.StreamResponse) -> None:
    """The request's id comes back if it had one, else it gets one."""
    response.headers["Server"] = "tripe"
    response.headers["X-Request-Id"] = request.headers.get("X-Request-Id") or f"req_{secrets.token_hex(8)}"
    if request.path.startswith("/v1/"):
        response.headers.setdefault("Cache-Control", "no-store")
