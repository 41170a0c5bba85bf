"""What a request is called when its path must not be kept: by the path of its match, as routes.yaml writes it."""

from __future__ import annotations

from collections.abc import Sequence

from proxy.model.spec import Match, PathType
from proxy.routing.paths import canonical, canonical_pattern, split_target

_REST = "..."


def named_path(matches: Sequence[Match], target: bytes) -> bytes:
    """`/v1/charges/{id}` for a request of that template; `/v1/...` below the prefix /v1; `/...` where a regular
    expression decided. Never a part of the target itself."""
    path = canonical(split_target(target)[1].partition(b"?")[0])
    named = next((name for match in matches if (name := _name(match, path))), f"/{_REST}")
    return named.encode("ascii", "backslashreplace")


def _name(match: Match, path: bytes) -> str:
    wanted = canonical_pattern(match.path)
    match match.path_type:
        case PathType.EXACT:
            return match.path if path == wanted else ""
        case PathType.TEMPLATE:
            written, asked = wanted.split(b"/"), path.split(b"/")
            fits = len(written) == len(asked) and all(map(_stands_for, written, asked))
            return match.path if fits else ""
        case PathType.PREFIX:
            prefix = wanted.rstrip(b"/")
            if path == prefix:
                return match.path
            return f"{match.path.rstrip('/')}/{_REST}" if path.startswith(prefix + b"/") else ""
        case _:
            return ""


def _stands_for(written: bytes, asked: bytes) -> bool:
    return written == asked or (written[:1] == b"{" and asked != b"")
