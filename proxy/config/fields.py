"""What a single value of routes.yaml may be: one reader, one schema and one remedy for each kind.

Readers get text (see `yaml_text`) and give the value in the unit of model/spec.py.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Sequence
from datetime import date
from difflib import get_close_matches
from typing import Annotated, Any, NamedTuple
from urllib.parse import urlsplit

import re2
from pydantic import Field, PlainValidator, WithJsonSchema
from pydantic_core import PydanticCustomError

from proxy.config.units import (
    duration_text,
    parse_duration,
    parse_percent,
    parse_size,
    percent_text,
    size_text,
)
from proxy.model.field_path import parse_path
from proxy.model.sides import Stage

# fmt: off
METHODS = (
    "GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "COPY", "LOCK", "UNLOCK", "MKCOL",
    "MOVE", "PROPFIND", "PROPPATCH", "SEARCH", "BIND", "REBIND", "UNBIND", "ACL", "REPORT", "MKACTIVITY",
    "CHECKOUT", "MERGE", "M-SEARCH", "NOTIFY", "SUBSCRIBE", "UNSUBSCRIBE", "PURGE", "MKCALENDAR", "LINK",
    "UNLINK", "SOURCE",
)
# fmt: on
_ENV = r".*\$\{.*"  # editors see the reference, not its value
_NAME = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")
_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]{1,256}")  # RFC 9110 section 5.6.2
LONGEST_SOCKET_PATH = 107  # bytes that Linux has for the name of a Unix socket: unix(7)
_HOST = re.compile(r"(\*\.)?[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?(\.[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?)*\.?")


def bad(message: str, remedy: str) -> PydanticCustomError:
    """The one kind of error that readers raise."""
    return PydanticCustomError("bad", "{message}", {"message": message, "remedy": remedy})


def did_you_mean(word: str, known: Sequence[str]) -> str:
    """`Did you mean `x`? ` or the choice, whichever helps more."""
    close = get_close_matches(word, known, n=1, cutoff=0.6) or get_close_matches(word.upper(), known, n=1, cutoff=0.9)
    if close:
        return f"Did you mean `{close[0]}`?"
    shown = ", ".join(f"`{one}`" for one in sorted(known)[:20])
    return f"Known are {shown}." if shown else "None is known."


def value(read: Callable[[str], Any], kind: str, schema: dict[str, Any]) -> tuple[PlainValidator, WithJsonSchema]:
    """What makes an annotation a kind of value: `read` it, and its schema, named `kind`."""

    def check(given: object) -> Any:
        if isinstance(given, str):
            return read(given)
        if given is None:
            raise bad("has no value", "Give it one, or remove the key.")
        raise bad(f"must be a single value ({kind})", f"Write one {kind} after the colon.")

    return PlainValidator(check), WithJsonSchema({"title": kind, **schema})


def choice(*words: str, kind: str = "word", special: Callable[[str], None] = lambda _: None) -> Callable[[str], str]:
    """A reader of one word out of `words`; `special` may refuse a word with a message of its own."""

    def read(given: str) -> str:
        special(given)
        if given not in words:
            raise bad(f"names no {kind}", did_you_mean(given, words))
        return given

    return read


def default(known: object, about: str, shown: Any = None) -> Any:
    """A key that may be left out: its value in the unit of the spec, what it means, and how the file would write it."""
    extra = {"default": shown} if shown is not None else None
    return Field(default=known, description=about, json_schema_extra=extra)


def seconds(known: float, about: str) -> Any:
    return default(known, about, duration_text(known))


def size(known: int, about: str) -> Any:
    return default(known, about, size_text(known))


def percent(known: float, about: str) -> Any:
    return default(known, about, percent_text(known))


def rate(known: float, about: str) -> Any:
    """As `percent`, for what the spec keeps as a fraction."""
    return default(known, about, percent_text(known * 100))


def _text(given: str) -> str:
    if len(given) > 4096 or not given.isprintable():
        raise bad("must be one line of at most 4096 printable characters", "Shorten it, or remove the line break.")
    return given


def _name(given: str) -> str:
    if _NAME.fullmatch(given):
        return given
    mended = re.sub(r"[^a-z0-9]+", "-", given.lower()).strip("-")[:63].strip("-")
    hint = f"Try `{mended}`." if mended else "For example `charge-read`."
    raise bad("must be 1 to 63 small letters, digits and inner hyphens", hint)


def _flag(given: str) -> bool:
    if given in ("true", "True", "TRUE", "yes", "on"):
        return True
    if given in ("false", "False", "FALSE", "no", "off"):
        return False
    raise bad("must be true or false", did_you_mean(given.lower(), ("true", "false")))


def _whole(least: int, most: int) -> Callable[[str], int]:
    def read(given: str) -> int:
        if not re.fullmatch(r"[0-9]{1,12}", given, re.ASCII) or not least <= int(given) <= most:
            raise bad(f"must be a whole number from {least} to {most}", "Write digits only.")
        return int(given)

    return read


def _version(given: str) -> int:
    if given != "1":
        raise bad("must be 1", "This strangler reads version 1 of the format.")
    return 1


def _number(given: str) -> float:
    if not re.fullmatch(r"[0-9]{1,15}(\.[0-9]{1,15})?([eE]-?[0-9]{1,2})?", given, re.ASCII):
        raise bad("must be a number that is not negative", "For example `0.01`.")
    return float(given)


def _duration(least: float) -> Callable[[str], float]:
    def read(given: str) -> float:
        parsed = parse_duration(given)
        if parsed is None:
            hint = (
                f"Say the unit: `{given}s`?"
                if given.replace(".", "", 1).isdigit()
                else "For example `250ms` or `1m30s`."
            )
            raise bad("must be a duration", hint)
        if not least <= parsed <= 3650 * 86400:
            raise bad(f"must be from {duration_text(least)} to 3650d", "For example `5s`.")
        return parsed

    return read


def _size(given: str) -> int:
    parsed = parse_size(given)
    if parsed is None or not 1 <= parsed <= 1024**5:
        raise bad("must be a size", "For example `64KB`, `10MB` or `1GB`.")
    return parsed


def _percent(given: str) -> float:
    parsed = parse_percent(given)
    if parsed is None or not 0 <= parsed <= 100:
        raise bad("must be a percent from 0 to 100", "For example `5%` or `5`.")
    return parsed


def _rate(given: str) -> float:
    parsed = parse_percent(given)
    if parsed is None or not 0.0001 <= parsed <= 50:
        raise bad(
            "must be a percent from 0.0001% to 50%", "For example `0.1%`; a rate of nothing at all can never be shown."
        )
    return parsed / 100


def _confidence(given: str) -> float:
    parsed = parse_percent(given)
    if parsed is None or not 50 <= parsed <= 99.9999:
        hint = (
            f"Write `{float(given) * 100:.12g}%`." if re.fullmatch(r"0?\.[5-9][0-9]*", given) else "For example `95%`."
        )
        raise bad("must be a percent from 50% to 99.9999%", hint)
    return parsed / 100


def _ratio(given: str) -> float:
    parsed = _number(given)
    if not 1 <= parsed <= 100:
        raise bad("must be a number from 1 to 100", "`1.2` lets the extracted side take a fifth longer.")
    return parsed


class Address(NamedTuple):
    """Where a backend listens; an IPv6 `host` without its brackets. `socket` is the path of a Unix socket, or None."""

    url: str
    host: str
    port: int
    tls: bool = False
    socket: str | None = None


def _address(given: str) -> Address:
    example = "For example `http://127.0.0.1:8101`."
    if given.startswith("unix:"):
        return _socket(given)
    try:
        parts = urlsplit(given)
        port = parts.port
    except ValueError as trouble:
        raise bad("must be a URL", example) from trouble
    host = parts.hostname or ""
    if parts.scheme not in ("http", "https") or not re.fullmatch(r"[A-Za-z0-9._-]+|[0-9A-Fa-f:.]+", host) or port == 0:
        raise bad("must be http://host:port, https://host:port or unix:/path", example)
    if parts.username is not None or parts.path not in ("", "/") or "?" in given or "#" in given:
        raise bad("must end after the port", "Remove user, path and query: the client's own path is sent on unchanged.")
    tls = parts.scheme == "https"
    return Address(given.rstrip("/"), host, port or (443 if tls else 80), tls)


def _socket(given: str) -> Address:
    path = given.removeprefix("unix:")
    if not path.startswith("/") or not path.isprintable() or len(path.encode()) > LONGEST_SOCKET_PATH:
        raise bad(
            f"must be `unix:` and an absolute path of at most {LONGEST_SOCKET_PATH} bytes",
            "For example `unix:/run/charges.sock`.",
        )
    return Address(given, "", 0, False, path)


def _file(given: str) -> str:
    if not given or not given.isprintable() or len(given) > 4096:
        raise bad("is no name of a file", "For example `tls/cert.pem`; it is looked for beside routes.yaml.")
    return given


def _header(given: str) -> str:
    if not _TOKEN.fullmatch(given):
        raise bad("is no header name", "Header names are letters, digits and hyphens: `X-Build`.")
    return given


def _cookie_or_header(given: str) -> str:
    if not _TOKEN.fullmatch(given):
        raise bad("is no name of a cookie or header", "Names are letters, digits, hyphens and underscores.")
    return given


def _host(given: str) -> str:
    host = given.lower().rstrip(".")
    try:
        return str(ipaddress.ip_address(host.strip("[]")))
    except ValueError:
        if not _HOST.fullmatch(host) or len(host) > 253:
            raise bad("is no host name", "For example `api.example.com` or `*.example.com`, without a port.") from None
    return host


def _network(given: str) -> str:
    if given == "unix":
        return given
    try:
        return str(ipaddress.ip_network(given))
    except ValueError:
        try:
            hint = f"Did you mean `{ipaddress.ip_network(given, strict=False)}`?"
        except ValueError:
            hint = "For example `10.0.0.0/8` or `127.0.0.1`."
        raise bad("is no address or network", hint) from None


def _field_path(given: str) -> str:
    try:
        parse_path(given)
    except ValueError:
        hint = "Begin with `$`, then `.name`, `['odd name']`, `[*]` or `.*`: `$.data[*].fee`."
        if re.search(r"\[[0-9]+\]", given):
            hint = "Write `[*]`: a rule holds for every element of a list."
        raise bad("is no field path", hint) from None
    return given


def _compared(given: str) -> str:
    prefix, colon, name = given.partition(":")
    if prefix.lower() == "header" and colon:
        _header(name.partition(".")[0])
        return f"header:{name}"
    return _field_path(given)


def _regex(given: str) -> str:
    pattern(given)
    return given


def _redacted(given: str) -> str:
    prefix, _, name = given.partition(":")
    if prefix == "header" and name:
        return f"header:{_header(name)}"
    if prefix == "query" and name:
        return given
    return _field_path(given)


def _day(given: str) -> str:
    try:
        return date.fromisoformat(given).isoformat()
    except ValueError:
        raise bad("is no date", "Write year-month-day: `2027-01-31`.") from None


def pattern(given: str) -> None:
    """Refuse what google-re2 does not compile."""
    options = re2.Options()
    options.log_errors = False
    try:
        re2.compile(given, options)
    except re2.error as trouble:
        why, _, _ = trouble.args[0].decode(errors="replace").partition(": ")  # the rest repeats the pattern
        raise bad(f"is no regular expression: {why}", "Patterns are RE2: no look-around, no back references.") from None


def method(given: str) -> str:
    if given == "CONNECT":
        raise bad("CONNECT is never forwarded", "Remove it: the proxy answers it with 405.")
    if given not in METHODS:
        raise bad("names no HTTP method that the proxy passes on", did_you_mean(given, METHODS))
    return given


def _no_auto(given: str) -> None:
    if given == "auto":
        remedy = "Name the stage, and move it with `strangler promote`."
        raise bad("is `auto`, which needs the rollout controller, and that does not exist yet", remedy)


def _string(pattern: str) -> dict[str, Any]:
    return {"type": "string", "pattern": f"^({pattern}|{_ENV})$"}


_NUMBERS: dict[str, Any] = {"type": ["number", "string"]}
_STAGES = tuple(stage.value for stage in Stage)

Text = Annotated[str, *value(_text, "text", {"type": ["string", "number", "boolean"]})]
Name = Annotated[str, *value(_name, "name", _string("[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?"))]
Flag = Annotated[bool, *value(_flag, "true or false", {"type": ["boolean", "string"]})]
Version = Annotated[int, *value(_version, "`1`", {"const": 1})]
Count = Annotated[int, *value(_whole(1, 10_000_000), "count", {"type": ["integer", "string"], "minimum": 1})]
Number = Annotated[float, *value(_number, "number", _NUMBERS)]
_DURATION_SCHEMA = _string(r"([0-9]+(\.[0-9]+)?(ms|s|m|h|d))+")
Duration = Annotated[float, *value(_duration(0.001), "duration", _DURATION_SCHEMA)]
DurationOrZero = Annotated[float, *value(_duration(0.0), "duration", _DURATION_SCHEMA)]
Size = Annotated[int, *value(_size, "size", {"type": ["string", "integer"]})]
Percent = Annotated[float, *value(_percent, "percent", {**_NUMBERS, "minimum": 0, "maximum": 100})]
Rate = Annotated[float, *value(_rate, "percent", {**_NUMBERS, "exclusiveMinimum": 0, "maximum": 50})]
Confidence = Annotated[float, *value(_confidence, "percent", {**_NUMBERS, "minimum": 50, "maximum": 99.9999})]
Ratio = Annotated[float, *value(_ratio, "number", {**_NUMBERS, "minimum": 1, "maximum": 100})]
Url = Annotated[Address, *value(_address, "URL", _string(r"https?://[^/?#@]+/?|unix:/.+"))]
FileName = Annotated[str, *value(_file, "file", {"type": "string"})]
HeaderName = Annotated[str, *value(_header, "header name", _string(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+"))]
CookieName = Annotated[str, *value(_cookie_or_header, "name", {"type": "string"})]
Host = Annotated[str, *value(_host, "host name", {"type": "string"})]
Network = Annotated[str, *value(_network, "address, network or `unix`", {"type": "string"})]
FieldPath = Annotated[str, *value(_field_path, "field path", _string(r"\$.*"))]
Redacted = Annotated[
    str, *value(_redacted, "field path, `header:Name` or `query:name`", _string(r"\$.*|header:.+|query:.+"))
]
ComparedPath = Annotated[str, *value(_compared, "field path or `header:name`", _string(r"\$.*|header:.+"))]
Pattern = Annotated[str, *value(_regex, "pattern", {"type": "string"})]
Day = Annotated[str, *value(_day, "date", _string("[0-9]{4}-[0-9]{2}-[0-9]{2}"))]
Method = Annotated[str, *value(method, "method", {"enum": list(METHODS)})]
StageWord = Annotated[str, *value(choice(*_STAGES, kind="stage", special=_no_auto), "stage", {"enum": list(_STAGES)})]


def words(*known: str, kind: str) -> tuple[PlainValidator, WithJsonSchema]:
    """The annotation of a value that is one of `known`."""
    return value(choice(*known, kind=kind), kind, {"enum": list(known)})
