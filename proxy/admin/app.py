"""The admin application: paths to the callables of control's face."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from importlib.resources import files
from typing import TypeVar

from aiohttp import web
from pydantic import BaseModel, ValidationError

from proxy.admin.face import Accept, ControlFace, Promote, ReplayMismatches, Reply, Rollback, Who
from proxy.admin.guard import guard, respond
from proxy.admin.problems import problem, unknown_route
from proxy.model.evidence import Ruling

_MAX_BODY = 64 * 1024
_MAX_HISTORY = 10_000
_FILES = {
    "/": ("dashboard.html", "text/html"),
    "/dashboard.js": ("dashboard.js", "text/javascript"),
    "/dashboard.css": ("dashboard.css", "text/css"),
}
_FACE: web.AppKey[ControlFace] = web.AppKey("face", ControlFace)
_PASS = Ruling.PASS.value

Body = TypeVar("Body", bound=BaseModel)
Handler = Callable[[web.Request], Awaitable[web.Response]]


def make_app(face: ControlFace, *, token: str | None) -> web.Application:
    """The admin port's application. `token` None means that none is demanded: only for a loopback address."""
    app = web.Application(middlewares=[guard(token)], client_max_size=_MAX_BODY)
    app[_FACE] = face
    api = "/api/v1"
    app.router.add_get("/healthz", _healthz)
    app.router.add_get("/readyz", _readyz)
    app.router.add_get("/metrics", _metrics)
    app.router.add_get(f"{api}/status", _status)
    app.router.add_get(f"{api}/inventory", _inventory)
    app.router.add_get(f"{api}/history", _history)
    for path in ("", "/verdict", "/mismatches", "/mismatches/{signature}", "/replay", "/suggestions"):
        app.router.add_get(f"{api}/routes/{{route}}{path}", _route_reader(path))
    app.router.add_get(f"{api}/routes/{{route}}/gate", _gate)
    app.router.add_post(f"{api}/routes/{{route}}/gate", _gate)
    app.router.add_post(f"{api}/routes/{{route}}/promote", _route_writer(Promote, lambda face: face.promote))
    app.router.add_post(f"{api}/routes/{{route}}/rollback", _route_writer(Rollback, lambda face: face.rollback))
    app.router.add_post(f"{api}/routes/{{route}}/accept", _route_writer(Accept, lambda face: face.accept))
    app.router.add_post(f"{api}/routes/{{route}}/replay", _route_writer(ReplayMismatches, lambda face: face.replay))
    app.router.add_post(f"{api}/halt", _writer(lambda face: face.halt))
    app.router.add_post(f"{api}/resume", _writer(lambda face: face.resume))
    app.router.add_post(f"{api}/reload", _writer(lambda face: face.reload))
    for path, (name, kind) in _FILES.items():
        app.router.add_get(path, _page(files("proxy.admin").joinpath(name).read_text("utf-8"), kind))
    return app


async def _healthz(request: web.Request) -> web.Response:
    return web.Response(text="ok\n")


async def _readyz(request: web.Request) -> web.Response:
    ready, why = request.app[_FACE].ready()
    return web.Response(text="ready\n" if ready else f"not ready: {why}\n", status=200 if ready else 503)


async def _metrics(request: web.Request) -> web.Response:
    headers = {"Content-Type": "text/plain; version=0.0.4; charset=utf-8"}
    return web.Response(body=await request.app[_FACE].metrics(), headers=headers)


async def _status(request: web.Request) -> web.Response:
    return respond(Reply(200, await request.app[_FACE].status()))


async def _inventory(request: web.Request) -> web.Response:
    return respond(Reply(200, request.app[_FACE].inventory()))


async def _history(request: web.Request) -> web.Response:
    face = request.app[_FACE]
    route = request.query.get("route") or None
    limit = request.query.get("limit", "100")
    if not (limit.isascii() and limit.isdecimal() and len(limit) < 6 and 1 <= int(limit) <= _MAX_HISTORY):
        return respond(problem(400, "bad limit", f"limit is a whole number from 1 to {_MAX_HISTORY}"))
    return respond(await face.history(route, int(limit)))


async def _gate(request: web.Request) -> web.Response:
    """The verdict, said by the status: 200 when it is the one asked for (`?verdict=`, or pass), 412 when it is not.
    The same by GET and by POST, since Flagger's webhooks POST."""
    face, route = request.app[_FACE], request.match_info["route"]
    if route not in (known := face.routes()):
        return respond(unknown_route(route, known))
    wanted = request.query.get("verdict", _PASS)
    if wanted not in list(Ruling):
        return respond(problem(400, "bad verdict", f"verdict is one of {', '.join(Ruling)}"))
    verdict = face.verdict(route)
    return respond(Reply(200 if verdict["verdict"] == wanted else 412, verdict))


async def _read(face: ControlFace, path: str, route: str, signature: str) -> Reply:
    match path:
        case "/verdict":
            return Reply(200, face.verdict(route))
        case "/suggestions":
            return Reply(200, face.suggestions(route))
        case "/mismatches":
            return await face.mismatches(route)
        case "/mismatches/{signature}":
            return await face.mismatch(route, signature)
        case "/replay":
            return face.replayed(route)
        case _:
            return Reply(200, face.route(route))


def _route_reader(path: str) -> Handler:
    async def handler(request: web.Request) -> web.Response:
        face, route = request.app[_FACE], request.match_info["route"]
        if route not in (known := face.routes()):
            return respond(unknown_route(route, known))
        return respond(await _read(face, path, route, request.match_info.get("signature", "")))

    return handler


def _route_writer(
    model: type[Body], action: Callable[[ControlFace], Callable[[str, Body], Awaitable[Reply]]]
) -> Handler:
    async def handler(request: web.Request) -> web.Response:
        face, route = request.app[_FACE], request.match_info["route"]
        if route not in (known := face.routes()):
            return respond(unknown_route(route, known))
        body = await _body(request, model)
        return respond(body if isinstance(body, Reply) else await action(face)(route, body))

    return handler


def _writer(action: Callable[[ControlFace], Callable[[Who], Awaitable[Reply]]]) -> Handler:
    async def handler(request: web.Request) -> web.Response:
        body = await _body(request, Who)
        return respond(body if isinstance(body, Reply) else await action(request.app[_FACE])(body))

    return handler


async def _body(request: web.Request, model: type[Body]) -> Body | Reply:
    """The body as `model`, or a problem that names every field at fault. An empty body is an empty object."""
    raw = await request.read()
    try:
        return model.model_validate_json(raw.strip() or b"{}")
    except ValidationError as error:
        faults = [
            {"field": ".".join(map(str, fault["loc"])) or "body", "message": fault["msg"]}
            for fault in error.errors(include_url=False, include_input=False, include_context=False)
        ]
        detail = "; ".join(f"{fault['field']}: {fault['message']}" for fault in faults)
        return problem(400, "bad request body", detail, faults=faults)


def _page(text: str, kind: str) -> Handler:
    async def handler(request: web.Request) -> web.Response:
        return web.Response(text=text, content_type=kind, charset="utf-8")

    return handler
