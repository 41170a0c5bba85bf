"""Answers and refusals in the API's form."""

import secrets
from datetime import UTC, datetime
from typing import Any

from aiohttp import web

COMPRESS_FROM_BYTES = 400


class Refusal(Exception):  # noqa: N818  it is an answer, not a fault of ours
    """A 4xx answer: `error` is the body's error object."""

    def __init__(self, status: int, **error: Any) -> None:
        super().__init__(error["message"])
        self.status = status
        self.error = error


def bad_request(param: str, message: str, code: str = "parameter_invalid") -> Refusal:
    return Refusal(400, type="invalid_request_error", code=code, message=message, param=param)


def not_found(kind: str, object_id: str, *, param: str = "id", status: int = 404) -> Refusal:
    message = f"No such {kind}: '{object_id}'"
    return Refusal(status, type="invalid_request_error", code="resource_missing", message=message, param=param)


def answer(request: web.Request, body: dict[str, Any], status: int = 200) -> web.Response:
    """JSON with the stamps that the API's clients expect, gzipped where they accept it."""
    stamps = {
        "request_id": f"req_{secrets.token_hex(8)}",
        "served_at": datetime.now(UTC).isoformat(timespec="microseconds"),
    }
    response = web.json_response(body | stamps, status=status, headers={"Vary": "Accept-Encoding"})
    if "gzip" in request.headers.get("Accept-Encoding", "").lower() and len(response.text or "") >= COMPRESS_FROM_BYTES:
        response.enable_compression(web.ContentCoding.gzip)
    return response
