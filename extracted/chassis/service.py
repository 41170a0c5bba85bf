"""The application around a service's handlers: who may ask, what each answer carries, what is counted and logged."""

import secrets
import sqlite3
from collections.abc import AsyncIterator
from time import perf_counter

import structlog
from aiohttp import web
from aiohttp.typedefs import Handler
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Counter, Histogram, generate_latest

from extracted.chassis.answers import Refusal, answer
from extracted.chassis.database import DATABASE, Database
from extracted.chassis.shadow import is_shadow

LARGEST_BODY = 64 * 1024
API_KEY = web.RequestKey("api_key", str)
REQUEST_ID = web.RequestKey("request_id", str)
BUILD = web.AppKey("build", str)
log = structlog.get_logger()


class Metrics:
    """Counts per route template, never per path. A registry of its own, so that two services fit in one process."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        labels = ("route", "method", "code", "shadow")
        self.requests = Counter("service_requests_total", "Requests answered.", labels, registry=self.registry)
        self.seconds = Histogram("service_request_seconds", "Time to answer.", ("route",), registry=self.registry)


METRICS = web.AppKey("metrics", Metrics)


def create_service(database: Database, build: str) -> web.Application:
    """An application that closes `database` when it ends; the caller adds the routes under `/v1`."""
    app = web.Application(middlewares=[observe, answer_errors, require_api_key], client_max_size=LARGEST_BODY)
    app[DATABASE], app[BUILD], app[METRICS] = database, build, Metrics()
    app.cleanup_ctx.append(_close_database)
    app.on_response_prepare.append(_add_headers)
    app.router.add_get("/healthz", healthz)
    app.router.add_get("/metrics", metrics)
    return app


async def _close_database(app: web.Application) -> AsyncIterator[None]:
    yield
    app[DATABASE].close()


@web.middleware
async def observe(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Name the request, count it, and write one line about it."""
    request[REQUEST_ID] = request.headers.get("X-Request-Id") or f"req_{secrets.token_hex(8)}"
    began = perf_counter()
    response = await handler(request)
    seconds = perf_counter() - began
    resource = request.match_info.route.resource
    route = resource.canonical if resource else "unknown"
    shadow = is_shadow(request)
    counts = request.app[METRICS]
    counts.requests.labels(route, request.method, response.status, str(shadow).lower()).inc()
    counts.seconds.labels(route).observe(seconds)
    log.info(
        "request",
        request_id=request[REQUEST_ID],
        traceparent=request.headers.get("traceparent"),
        method=request.method,
        path=request.path,
        status=response.status,
        milliseconds=round(seconds * 1000, 2),
        shadow=shadow,
    )
    return response


@web.middleware
async def answer_errors(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Every failure is an error object; one of ours is logged and says nothing of the inside."""
    try:
        return await handler(request)
    except Refusal as refusal:
        return answer(request, {"error": refusal.error}, refusal.status)
    except web.HTTPException as error:
        message = error.reason
        if error.status == 404:
            message = f"Unrecognized request URL ({request.method}: {request.path})."
        body = {"error": {"type": "invalid_request_error", "code": None, "message": message}}
        response = answer(request, body, error.status)
        if "Allow" in error.headers:
            response.headers["Allow"] = error.headers["Allow"]
        return response
    except Exception:
        log.exception("request_failed", request_id=request[REQUEST_ID], method=request.method, path=request.path)
        body = {"error": {"type": "api_error", "code": None, "message": "Something went wrong on our side."}}
        return answer(request, body, 500)


@web.middleware
async def require_api_key(request: web.Request, handler: Handler) -> web.StreamResponse:
    if not request.path.startswith("/v1/"):
        return await handler(request)
    scheme, _, key = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not key:
        raise Refusal(
            401, type="authentication_error", code="api_key_missing", message="You did not provide an API key."
        )
    if request.app[DATABASE].row("SELECT 1 FROM api_keys WHERE key = ?", (key,)) is None:
        message = f"Invalid API key provided: {key[:8]}***"
        raise Refusal(401, type="authentication_error", code="api_key_invalid", message=message)
    request[API_KEY] = key
    return await handler(request)


async def _add_headers(request: web.Request, response: web.StreamResponse) -> None:
    response.headers["Server"] = "tripe"
    response.headers["X-Build"] = request.app[BUILD]
    response.headers["X-Request-Id"] = request[REQUEST_ID]
    response.headers.setdefault("Cache-Control", "no-store")


async def healthz(request: web.Request) -> web.Response:
    """200 while the database answers, else 503."""
    build = request.app[BUILD]
    try:
        request.app[DATABASE].row("SELECT 1 FROM api_keys")
    except sqlite3.Error as error:
        log.warning("database_unwell", error=str(error))
        return web.json_response({"status": "database does not answer", "build": build}, status=503)
    return web.json_response({"status": "ok", "build": build})


async def metrics(request: web.Request) -> web.Response:
    body = generate_latest(request.app[METRICS].registry)
    return web.Response(body=body, headers={"Content-Type": CONTENT_TYPE_LATEST})
