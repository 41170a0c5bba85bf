"""What every `/v1` handler shares of HTTP: errors, parameters, stamped answers.

An error is raised as `ApiError` wherever it is noticed and becomes an answer in one place (`app.py`).
"""

import json
import re
import secrets
from collections.abc import Collection, Mapping
from datetime import UTC, datetime
from typing import Any

from aiohttp import web

Params = dict[str, Any]
GZIP_FROM_BYTES = 400
CURRENCIES = ("usd", "eur", "gbp")
REQUEST_ID = web.RequestKey("request_id", str)


class ApiError(Exception):
    """An answer of 4xx: `status`, and what goes into the body's `error` object."""

    def __init__(self, status: int, kind: str, code: str | None, message: str, **extra: str) -> None:
        super().__init__(message)
        self.status = status
        self.body = {"error": {"type": kind, "code": code, "message": message, **extra}}


def invalid(param: str, message: str, code: str = "parameter_invalid") -> ApiError:
    return ApiError(400, "invalid_request_error", code, message, param=param)


def missing_object(kind: str, object_id: str, param: str = "id", status: int = 404) -> ApiError:
    message = f"No such {kind}: '{object_id}'"
    return ApiError(status, "invalid_request_error", "resource_missing", message, param=param)


def answer(
    request: web.Request, body: Mapping[str, Any], status: int = 200, headers: Mapping[str, str] | None = None
) -> web.Response:
    """The body as JSON, stamped with a request id and the time: no two answers are equal."""
    served_at = datetime.now(UTC).isoformat(timespec="microseconds")
    stamped = {**body, "request_id": f"req_{secrets.token_hex(8)}", "served_at": served_at}
    response = web.json_response(stamped, status=status, headers=headers)
    response.headers["Vary"] = "Accept-Encoding"
    accepts_gzip = "gzip" in request.headers.get("Accept-Encoding", "").lower()
    if accepts_gzip and isinstance(response.body, bytes) and len(response.body) >= GZIP_FROM_BYTES:
        response.enable_compression(web.ContentCoding.gzip)
    return response


def query_params(request: web.Request, known: Collection[str]) -> Params:
    """The query as a flat dict; `expand` and `expand[]` are gathered in a list under `expand`."""
    params: Params = {}
    for name, value in request.query.items():
        if name in ("expand", "expand[]"):
            params.setdefault("expand", []).append(value.removeprefix("data."))
        else:
            params[name] = value
    return _only(params, {*known, "expand"})


async def body_params(request: web.Request, known: Collection[str]) -> Params:
    """The body, JSON or form. In a form `metadata[k]=v` makes a dict and `tags[]=v` a list."""
    if request.content_type == "application/json":
        try:
            params = json.loads(await request.text())
        except ValueError:
            raise invalid("", "The body is not valid JSON.", "body_invalid") from None
        if not isinstance(params, dict):
            raise invalid("", "The body must be a JSON object.", "body_invalid")
        return _only(params, known)
    params = {}
    for name, value in (await request.post()).items():
        if match := re.fullmatch(r"(\w+)\[(\w+)\]", name):
            _gathered(params, match[1], {})[match[2]] = value
        elif name.endswith("[]"):
            _gathered(params, name[:-2], []).append(value)
        else:
            params[name] = value
    return _only(params, known)


def _gathered(params: Params, name: str, empty: Any) -> Any:
    value = params.setdefault(name, empty)
    if type(value) is not type(empty):
        raise invalid(name, f"{name} is given in two forms.")
    return value


def _only(params: Params, known: Collection[str]) -> Params:
    for name in params:
        if name not in known:
            raise invalid(name, f"Received unknown parameter: {name}", "parameter_unknown")
    return params


def integer(params: Params, name: str, low: int, high: int) -> int | None:
    """The whole number under `name`, from JSON or text; None where it is not given."""
    value = params.get(name)
    if value is None:
        return None
    if isinstance(value, bool) or not re.fullmatch(r"-?[0-9]{1,15}", str(value)):
        raise invalid(name, f"Invalid integer: {value}")
    if not low <= int(value) <= high:
        raise invalid(name, f"{name} must be from {low} to {high}.")
    return int(value)


def text(params: Params, name: str, longest: int = 500) -> str | None:
    """The text under `name`; None where it is not given or empty."""
    value = params.get(name)
    if value is None or value == "":
        return None
    if not isinstance(value, str) or len(value) > longest:
        raise invalid(name, f"{name} must be a text of at most {longest} characters.")
    return value


def one_of(params: Params, name: str, choices: Collection[str]) -> str | None:
    value = text(params, name)
    if value is not None and value not in choices:
        raise invalid(name, f"{name} must be one of {', '.join(choices)}.")
    return value


def required(name: str, value: Any) -> Any:
    if value is None:
        raise invalid(name, f"Missing required param: {name}.", "parameter_missing")
    return value
