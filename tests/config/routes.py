"""Small routes.yaml texts for the tests of this room."""

from __future__ import annotations

from datetime import date

from proxy.config import Loaded, load
from proxy.model.spec import Route, RoutesSpec

TOP = """version: 1
backends:
  legacy: {url: "http://127.0.0.1:8001"}
  charges: {url: "http://127.0.0.1:8101", build_header: X-Build}
  invoices: {url: "http://127.0.0.1:8102", build_header: X-Build, shadow_writes: rolled_back}
legacy: legacy
"""
TODAY = date(2026, 6, 1)


def read(text: str, **env: str) -> Loaded:
    return load(text, env=env, today=TODAY)


def spec(text: str, **env: str) -> RoutesSpec:
    result = read(text, **env)
    assert result.spec is not None, "\n".join(map(str, result.problems))
    return result.spec


def route_text(keys: str = "", *, name: str = "charge-read", match: str = "match: GET /v1/charges/{id}") -> str:
    """A file with one route that has `keys` (lines, not indented) beside the required ones."""
    lines = [f"name: {name}", match, *([] if "extracted:" in keys else ["extracted: charges"]), *keys.splitlines()]
    return TOP + "routes:\n  - " + "\n    ".join(lines) + "\n"


def route(keys: str = "", **rest: str) -> Route:
    return spec(route_text(keys, **rest)).routes[0]


def messages(text: str, **env: str) -> list[str]:
    return [str(problem) for problem in read(text, **env).problems]


def only_message(text: str, **env: str) -> str:
    found = messages(text, **env)
    assert len(found) == 1, "\n".join(found)
    return found[0]
