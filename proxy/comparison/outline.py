"""What an object is that only one side has: its members and their types.

`object with 2 members` says nothing of an object that legacy has in one answer of ten: no two answers have it at once,
so what is wrong inside is never compared. `object {battery: integer, scanner: string}` shows it to a person, and shows
noise which makes of objects legacy says there. Only of objects with a few members of plain names: what lists its
records by their ids is a map, and each would be of its own make.
"""

from __future__ import annotations

import re
from typing import Any

from proxy.comparison.findings import SHOWN, member_steps, shown
from proxy.comparison.json_text import is_whole, type_name

MEMBERS = 12

_PLAIN = re.compile(r"[\w@#-]{1,40}")


def outlined(value: Any) -> str:
    """A short printable form; as `shown`, but for small objects."""
    whole = shown(value)
    if type(value) is not dict or not 0 < len(value) <= MEMBERS or whole.startswith("element"):
        return whole
    if not all(_PLAIN.fullmatch(name) and member_steps(name)[0] != ".*" for name in value):
        return whole
    text = "object {" + ", ".join([f"{name}: {_type(value[name])}" for name in sorted(value)]) + "}"
    return text if len(text) <= SHOWN else whole


def _type(value: object) -> str:
    if type(value) is bytes:
        return "integer" if is_whole(value) else "decimal"
    return type_name(value)
