"""Errors as `application/problem+json` (RFC 9457)."""

from __future__ import annotations

import difflib
from collections.abc import Collection
from typing import Any

from proxy.admin.face import Reply


def problem(status: int, title: str, detail: str, **more: Any) -> Reply:
    """A refusal: `title` names its kind, `detail` says what to do about this one; `more` are further members."""
    return Reply(status, {"status": status, "title": title, "detail": detail, **more})


def unknown_route(name: str, known: Collection[str]) -> Reply:
    """404 with the nearest names."""
    near = difflib.get_close_matches(name, known, n=3, cutoff=0.6)
    hint = f"did you mean {' or '.join(near)}?" if near else "GET /api/v1/status lists the routes"
    return problem(404, "unknown route", f"no route is named {name!r}; {hint}", did_you_mean=near)
