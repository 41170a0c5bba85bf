"""Paths to places in a JSON document: `$`, `.name`, `['odd name']`, `[*]` (any element), `.*` (any member).

A small, exact part of JSONPath (RFC 9535), on purpose: no recursive descent and no filters, because a rule that reaches
further than its author saw hides real differences, and no numbered elements, because lists grow.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from enum import Enum
from functools import lru_cache


class Wild(Enum):
    """A step that stands for many: any element of an array, any member of an object. Never equal to a member's name."""

    ELEMENT = "[*]"
    MEMBER = ".*"


Step = str | Wild  # a plain str is the name of a member
FieldPath = tuple[Step, ...]

_STEP = re.compile(r"\.\*|\[\*\]|\.([^\W\d][\w-]*)|\['((?:[^'\\]|\\['\\])*)'\]")
_NAME = re.compile(r"[^\W\d][\w-]*")


def parse_path(text: str) -> FieldPath:
    """The steps of `text`. Raises ValueError, in words for a person, when it is not a path."""
    if not text.startswith("$"):
        raise ValueError(f"path {text!r} must start with $")
    steps: list[Step] = []
    at = 1
    while at < len(text):
        found = _STEP.match(text, at)
        if not found:
            raise ValueError(
                f"path {text!r} is not understood from {text[at:]!r} on; use .name, ['odd name'], [*] or .*"
            )
        token, name, quoted = found.group(0), found.group(1), found.group(2)
        if name is not None:
            steps.append(name)
        elif quoted is not None:
            steps.append(re.sub(r"\\(['\\])", r"\1", quoted))
        else:
            steps.append(Wild(token))
        at = found.end()
    return tuple(steps)


@lru_cache(maxsize=4096)
def write_step(step: Step) -> str:
    """One step as it is written in a path."""
    if isinstance(step, Wild):
        return step.value
    if _NAME.fullmatch(step):
        return f".{step}"
    return "['" + step.replace("\\", "\\\\").replace("'", "\\'") + "']"


def write_path(steps: Sequence[Step]) -> str:
    return "$" + "".join(write_step(step) for step in steps)
