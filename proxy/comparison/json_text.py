"""JSON read for comparing: nothing that was on the wire is lost.

Python's `json` turns 1, 1.0 and true into values that are equal to each other, rounds decimals to doubles and keeps the
last of two equal keys. So numbers stay what was written, as `bytes` (a type that JSON gives nothing else), which makes
`==` on whole documents exact *and* as fast as the interpreter can compare: most of comparing is one `==`. Repeated keys
become a `Repeated` (RFC 8259 section 4: what a receiver makes of them is unpredictable, so they are not taken as equal
to one key). NaN and Infinity are not JSON; such a document is compared as text.
"""

from __future__ import annotations

from decimal import Decimal, InvalidOperation
from json import JSONDecoder
from typing import Any


class Repeated(list[Any]):
    """All values of a key that one object names more than once, in order."""

    __slots__ = ()

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Repeated) and list.__eq__(self, other)

    __hash__ = None  # as every list


class NotJsonError(ValueError):
    """The text is not JSON as RFC 8259 has it."""


def _members(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) == len(pairs):
        return members
    all_of: dict[str, list[Any]] = {}
    for name, value in pairs:
        all_of.setdefault(name, []).append(value)
    return {name: values[0] if len(values) == 1 else Repeated(values) for name, values in all_of.items()}


def _refuse(constant: str) -> None:
    raise NotJsonError(f"{constant} is not JSON")


scan = JSONDecoder(
    parse_int=str.encode,  # the numbers of this reader are bytes
    parse_float=str.encode,
    parse_constant=_refuse,
    object_pairs_hook=_members,
).scan_once  # type: ignore[attr-defined]  # not in the stubs, stable since Python 2.6

SPACE = " \t\r\n"


def read(text: str) -> Any:
    """The document: dict, list, str, True, False, None, and numbers as the bytes written.

    Raises NotJsonError, and RecursionError for deep nesting."""
    if text[:1] in SPACE:
        text = text.lstrip(SPACE)
    try:
        document, end = scan(text, 0)
    except (StopIteration, ValueError):
        raise NotJsonError("not JSON") from None
    if end != len(text) and text[end:].strip(SPACE):
        raise NotJsonError("something follows the document")
    return document


def type_name(value: object) -> str:
    """The JSON type of a read value."""
    return _NAMES[type(value)]


_NAMES = {
    dict: "object",
    list: "array",
    Repeated: "repeated key",
    str: "string",
    bytes: "number",
    bool: "boolean",
    type(None): "null",
}


def is_whole(number: bytes) -> bool:
    """True for a number written without point and exponent. Typed clients refuse 1.0 where they read 1."""
    return number.lstrip(b"-").isdigit()


def exact(number: bytes | str) -> Decimal | None:
    """The value of a number, all its digits kept; None beyond what Decimal can hold."""
    try:
        return Decimal(number if isinstance(number, str) else number.decode())
    except InvalidOperation:
        return None


def same_number(left: bytes, right: bytes) -> bool:
    """1.0 and 1.00 and 10e-1 are the same number; 1 and 1.0 are not the same kind of number."""
    if is_whole(left) != is_whole(right):
        return False
    one, other = exact(left), exact(right)
    return one is not None and other is not None and one == other
