"""Form bodies (application/x-www-form-urlencoded, WHATWG URL section 5) read for comparing.

A field is a member of one object; `$.name` is its value. The order of differently named fields says nothing. A name
that occurs more than once, in either body, is a list, and its order counts.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from proxy.comparison.declared import Lists

Fields = dict[str, list[str]]

_FORM = re.compile(r"[!#-;=?-z|~]*=[!#-;=?-z|~]*")  # no spaces, quotes, angle brackets or braces: those are encoded
_LOOSE = re.compile(r"(?![\[{<\"\s])[^\r\n]*")


def read(text: str, spend: Callable[[int], None], declared: bool) -> Fields | None:
    """The values of each name in order; None when the text is no form. Raises BudgetSpent.

    Any text can be read as a form. So what is not declared as one has to be written as one, and what is must not begin
    like something else."""
    text = text.strip("\r\n")
    if not _FORM.fullmatch(text) and not (declared and _LOOSE.fullmatch(text)):
        return None
    spend(text.count("&") + 1)
    fields: Fields = {}
    for piece in text.split("&"):
        if piece:
            name, _, value = piece.partition("=")
            fields.setdefault(_plain(name), []).append(_plain(value))
    return fields


def trees(left: Fields, right: Fields, lists: Lists) -> tuple[dict[str, object], dict[str, object]]:
    many = {name for fields in (left, right) for name, values in fields.items() if len(values) > 1}
    many |= {name for fields in (left, right) for name in fields if lists.member(name).here}
    return _tree(left, many), _tree(right, many)


def _tree(fields: Fields, many: set[str]) -> dict[str, object]:
    return {name: values if name in many else values[0] for name, values in fields.items()}


def _plain(text: str) -> str:
    return _ESCAPES.sub(_unescaped, text.replace("+", " "))


_ESCAPES = re.compile(r"(?:%[0-9A-Fa-f]{2})+")


def _unescaped(escapes: re.Match[str]) -> str:
    return bytes.fromhex(escapes.group().replace("%", "")).decode("utf-8", "surrogateescape")
