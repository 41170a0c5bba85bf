"""Parameters of a request, read as the API always has: unknown ones are refused, numbers may come as text."""

import re
from collections.abc import Collection, Mapping
from typing import Any

from aiohttp import web

from extracted.chassis.answers import bad_request

LONGEST_TEXT = 500
_WHOLE = re.compile(r"-?[0-9]{1,15}")
_ENTRY = re.compile(r"(\w+)\[(\w+)\]")


class Params:
    """The given parameters; each accessor refuses the request if its parameter is not of the right form."""

    def __init__(self, given: Mapping[str, Any], known: Collection[str]) -> None:
        self._given = given
        unknown = next((name for name in given if name not in known), None)
        if unknown is not None:
            raise bad_request(unknown, f"Received unknown parameter: {unknown}", "parameter_unknown")

    def need(self, name: str, value: Any) -> Any:
        """The value, which must not be None."""
        if value is None:
            raise bad_request(name, f"Missing required param: {name}.", "parameter_missing")
        return value

    def integer(self, name: str, low: int, high: int) -> int | None:
        value = self._given.get(name)
        if value is None:
            return None
        if isinstance(value, bool) or _WHOLE.fullmatch(str(value)) is None:
            raise bad_request(name, f"Invalid integer: {value}")
        number = int(value)
        if number < low or number > high:
            raise bad_request(name, f"{name} must be from {low} to {high}.")
        return number

    def text(self, name: str) -> str | None:
        """None also where the text is empty."""
        value = self._given.get(name)
        if value in (None, ""):
            return None
        if not isinstance(value, str) or len(value) > LONGEST_TEXT:
            raise bad_request(name, f"{name} must be a text of at most {LONGEST_TEXT} characters.")
        return value

    def choice(self, name: str, choices: Collection[str]) -> str | None:
        value = self.text(name)
        if value is None or value in choices:
            return value
        raise bad_request(name, f"{name} must be one of {', '.join(choices)}.")

    def texts(self, name: str, at_most: int) -> list[str]:
        values = self._given.get(name, [])
        if isinstance(values, list) and len(values) <= at_most and all(isinstance(value, str) for value in values):
            return values
        raise bad_request(name, f"{name} must be a list of at most {at_most} texts.")

    def mapping(self, name: str, at_most: int) -> dict[str, str]:
        values = self._given.get(name, {})
        if isinstance(values, dict) and len(values) <= at_most and all(isinstance(v, str) for v in values.values()):
            return values
        raise bad_request(name, f"{name} must be an object of at most {at_most} texts.")


def from_query(request: web.Request, known: Collection[str], expandable: Collection[str]) -> tuple[Params, bool]:
    """The query's parameters, and whether any of the `expandable` fields is to be expanded."""
    given: dict[str, Any] = {}
    for name, value in request.query.items():
        if name.removesuffix("[]") == "expand":
            given.setdefault("expand", []).append(value.removeprefix("data."))
        else:
            given[name] = value
    params = Params(given, {"expand", *known})
    wanted = given.get("expand", [])
    for name in wanted:
        if name not in expandable:
            raise bad_request("expand", f"This property cannot be expanded ({name}).")
    return params, bool(wanted)


async def from_body(request: web.Request, known: Collection[str]) -> Params:
    """A JSON object, or a form in which `metadata[k]=v` makes an object and `tags[]=v` a list."""
    if request.content_type == "application/json":
        try:
            body = await request.json()
        except ValueError:
            raise bad_request("", "The body is not valid JSON.", "body_invalid") from None
        if not isinstance(body, dict):
            raise bad_request("", "The body must be a JSON object.", "body_invalid")
        return Params(body, known)
    given: dict[str, Any] = {}
    for name, value in (await request.post()).items():
        if entry := _ENTRY.fullmatch(name):
            _container(given, entry[1], dict)[entry[2]] = value
        elif name.endswith("[]"):
            _container(given, name.removesuffix("[]"), list).append(value)
        else:
            given[name] = value
    return Params(given, known)


def _container(given: dict[str, Any], name: str, kind: type[Any]) -> Any:
    """What a form gathers under `name`, which it may not also use for something else."""
    gathered = given.setdefault(name, kind())
    if not isinstance(gathered, kind):
        raise bad_request(name, f"{name} is given in two forms.")
    return gathered
