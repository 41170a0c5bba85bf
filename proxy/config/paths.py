"""The path of a match: the short form `GET /v1/charges/{id}`, and what each path type allows.

The long form is that of Gateway API's HTTPRoute, so that a match can be carried over by copying. The short form says
the usual cases in one line: `{name}` stands for one whole segment, `/*` at the end for everything below (and the path
itself, as in Gateway API's PathPrefix), and GET includes HEAD, because a client that may read may also ask for the
head (RFC 9110 section 9.3.2).
"""

from __future__ import annotations

import re
from typing import Any

from proxy.config.fields import bad, method, pattern
from proxy.model.spec import PathType

_SEGMENT_NAME = re.compile(r"\{[A-Za-z_][A-Za-z0-9_-]{0,63}\}")


def short_form(given: str) -> dict[str, Any]:
    """`GET,POST /path` as the long form would say it. No method means any."""
    words = given.split()
    if not 1 <= len(words) <= 2:
        raise bad(
            "must be `METHOD /path` or `/path`", "For example `GET /v1/charges/{id}`; spaces in a path are `%20`."
        )
    methods = [method(word) for word in words[0].split(",")] if len(words) == 2 else []
    if len(words) == 1 and not words[0].startswith("/"):
        raise bad(
            "must be `METHOD /path` or `/path`",
            f"Write `{words[0][:20]} /path`." if words[0].isalpha() else "Begin with `/`.",
        )
    if "GET" in methods and "HEAD" not in methods:
        methods.append("HEAD")
    path = words[-1]
    if path.endswith("/*"):
        kind, path = PathType.PREFIX, path[:-2] or "/"
        if "{" in path:
            raise bad("`{name}` and `/*` do not go together", "Use `matches:` with path type RegularExpression.")
    else:
        kind = PathType.TEMPLATE if "{" in path or "}" in path else PathType.EXACT
    return {"path": {"type": kind.value, "value": path}, "method": methods}


def check_path(kind: PathType, path: str) -> str:
    """`path` as it is compiled; raises when `kind` does not allow it."""
    if kind is PathType.REGEX:
        pattern(path)
        return path
    if not path.startswith("/"):
        raise bad("must begin with `/`", f"Did you mean `/{path[:60]}`?")
    if "?" in path or "#" in path:
        raise bad("holds a query or fragment", "Name query parameters under `queryParams`.")
    if re.search(r"[\x00-\x20\x7f\\]", path) or not path.isascii():
        raise bad("holds a character that no path holds", "Percent-encode it: a space is `%20`, `é` is `%C3%A9`.")
    if "//" in path or re.search(r"/\.{1,2}(/|$)", path):
        raise bad("holds `//`, `/./` or `/../`", "Write the path as it is after these are resolved.")
    if kind is PathType.TEMPLATE:
        _check_template(path)
    elif "{" in path or "}" in path:
        raise bad(f"holds `{{` or `}}`, which mean nothing in {kind.value}", "Use path type Template.")
    if kind is PathType.PREFIX and path.endswith("*"):
        raise bad("ends with `*`", f"A PathPrefix holds for all below: `{path.rstrip('*').rstrip('/') or '/'}`.")
    return path


def _check_template(path: str) -> None:
    names = []
    for segment in path.split("/"):
        if "{" not in segment and "}" not in segment:
            continue
        if not _SEGMENT_NAME.fullmatch(segment):
            hint = "Write `/{name}/`; for a part of a segment use path type RegularExpression."
            raise bad("has a `{name}` that is not one whole segment", hint)
        names.append(segment)
    if len(set(names)) < len(names):
        raise bad("uses one `{name}` twice", "Give each its own name.")
    if not names:
        raise bad("is a Template without any `{name}`", "Use path type Exact.")
