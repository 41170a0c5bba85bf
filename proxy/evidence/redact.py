"""Secrets taken out before anything is stored or shown.

Credentials of HTTP itself always (RFC 9110 section 11, RFC 6265): names of cookies stay, their values go. Beyond them
what the route declares: `header:X-Secret`, `query:token`, or a path into JSON bodies. Where body paths are declared and
a body is not JSON, or repeats a key, or was cut, nobody can say where the secret is, so the whole body goes. A
difference whose path lies in, or above, a declared path loses both its values.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any
from urllib.parse import unquote_plus

from proxy.model.comparison import Difference, Kind
from proxy.model.field_path import FieldPath, Step, Wild, parse_path
from proxy.model.headers import Headers
from proxy.model.observation import CapturedBody, CapturedRequest, Observation

REDACTED = "[redacted]"
KEPT_BODY = 16 * 1024  # bytes of a stored body

Decode = Callable[[Headers, CapturedBody], bytes | None]
"""Undoes the content coding of a body; None when it cannot."""

_ALWAYS = frozenset({b"authorization", b"proxy-authorization"})
_TARGETS = frozenset({b"location", b"content-location", b"referer"})  # they repeat a target, with its query
_COOKIE_VALUE = re.compile(rb"=[^;]*")


def redact_request(request: CapturedRequest, fields: tuple[str, ...], decode: Decode) -> CapturedRequest:
    """`fields` as the route declares them."""
    body = _body(request.headers, request.body, fields, decode)
    target = redact_target(request.target, fields)
    return request._replace(target=target, headers=_headers(request.headers, fields), body=body)


def redact_target(target: bytes, fields: tuple[str, ...]) -> bytes:
    """The target without the values of the query parameters that `fields` declare, however their names are written."""
    names = {field[6:] for field in fields if field.startswith("query:")}
    path, mark, query = target.partition(b"?")
    if not names or not mark:
        return target
    return path + mark + b"&".join(_parameter(part, names) for part in query.split(b"&"))


def _parameter(part: bytes, names: set[str]) -> bytes:
    name, equals, _ = part.partition(b"=")
    return name + equals + REDACTED.encode() if equals and unquote_plus(name.decode("latin-1")) in names else part


def redact_observation(observation: Observation, fields: tuple[str, ...], decode: Decode) -> Observation:
    """`fields` as the route declares them."""
    body = _body(observation.headers, observation.body, fields, decode)
    return observation._replace(headers=_headers(observation.headers, fields), body=body)


def redact_differences(differences: tuple[Difference, ...], fields: tuple[str, ...]) -> tuple[Difference, ...]:
    """`fields` as the route declares them."""
    paths = _paths(fields)
    names = {f"header:{name.decode()}" for name in _hidden_names(fields) | {b"cookie", b"set-cookie"}}
    parameters = {f"header:location.query.{field[6:]}" for field in fields if field.startswith("query:")}
    whole = {"header:location"} if parameters else set()
    return tuple(
        one._replace(legacy=REDACTED, extracted=REDACTED, place=one.path)
        if one.path in whole or _tells(one, paths, names | parameters)
        else one._replace(place=one.path if paths else one.place)  # a place may hold the key of an element
        for one in differences
    )


def _headers(headers: Headers, fields: tuple[str, ...]) -> Headers:
    hidden = _hidden_names(fields)
    return tuple((name, _value(name.lower(), value, hidden, fields)) for name, value in headers)


def _value(name: bytes, value: bytes, hidden: frozenset[bytes], fields: tuple[str, ...]) -> bytes:
    if name in hidden:
        return REDACTED.encode()
    if name == b"cookie":
        return b"; ".join(_cookie(part) for part in value.split(b";"))
    if name == b"set-cookie":
        pair, semicolon, attributes = value.partition(b";")
        return _cookie(pair) + semicolon + attributes
    return redact_target(value, fields) if name in _TARGETS else value


def _cookie(pair: bytes) -> bytes:
    name, equals, _ = pair.strip().partition(b"=")
    return name + b"=" + REDACTED.encode() if equals else REDACTED.encode()


def _hidden_names(fields: tuple[str, ...]) -> frozenset[bytes]:
    declared = {field[7:].strip().lower().encode() for field in fields if field.startswith("header:")}
    return _ALWAYS | declared


def _paths(fields: tuple[str, ...]) -> list[FieldPath]:
    return [parse_path(field) for field in fields if field.startswith("$")]


def _body(headers: Headers, body: CapturedBody, fields: tuple[str, ...], decode: Decode) -> CapturedBody:
    """The body decoded, without secrets, cut to KEPT_BODY. `size` stays what was on the wire."""
    if not body.data:
        return body
    data = decode(headers, body)
    if data is None:
        return body._replace(data=b"", complete=False)
    paths = _paths(fields)
    if paths:
        data = _without_secrets(data, paths)
    kept = data[:KEPT_BODY]
    return body._replace(data=kept, complete=body.complete and len(kept) == len(data))


def _without_secrets(data: bytes, paths: list[FieldPath]) -> bytes:
    try:
        document = json.loads(data, object_pairs_hook=_no_repeats, parse_int=str.encode, parse_float=str.encode)
        for path in paths:
            document = _replaced(document, path)
        return _written(document).encode("utf-8", "backslashreplace")
    except (ValueError, RecursionError):
        return REDACTED.encode()


def _written(value: Any) -> str:
    """JSON text; numbers are bytes here, and are printed as they came, every digit."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{_written(name)}: {_written(one)}" for name, one in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(_written, value)) + "]"
    return value.decode() if isinstance(value, bytes) else json.dumps(value, ensure_ascii=False)


def _no_repeats(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise ValueError("a key is repeated")
    return members


def _replaced(value: Any, path: FieldPath) -> Any:
    if not path:
        return REDACTED
    step, rest = path[0], path[1:]
    if isinstance(value, list) and step is Wild.ELEMENT:
        return [_replaced(one, rest) for one in value]
    if isinstance(value, dict) and step is not Wild.ELEMENT:
        wanted = list(value) if step is Wild.MEMBER else [step] if step in value else []
        for name in wanted:
            value[name] = _replaced(value[name], rest)
    return value


def _tells(difference: Difference, paths: list[FieldPath], names: set[str]) -> bool:
    if any(difference.path == name or difference.path.startswith(f"{name}.") for name in names):
        return True  # a header, or a part of one: `header:set-cookie.session`
    if difference.kind is Kind.BODY:
        return bool(paths)
    if not difference.path.startswith("$"):
        return False
    place = parse_path(difference.path)
    return any(all(_may_be(one, other) for one, other in zip(place, path, strict=False)) for path in paths)


def _may_be(one: Step, other: Step) -> bool:
    return one == other or isinstance(one, Wild) or isinstance(other, Wild)
