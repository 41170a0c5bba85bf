"""`pin_after_write` and `group`: who has written reads where he wrote, in every worker; a group goes together."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.running import Running, backends, json_backend, running

ROUTES = """
version: 1
backends:
  legacy: {{url: "{legacy}", connect_timeout: 1m, timeout: 10m}}
  carts: {{url: "{carts}", build_header: X-Build}}
legacy: legacy
routes:
  - name: cart-write
    match: "POST /carts/{{id}}"
    extracted: carts
    group: cart
    pin_after_write: 1h
    canary: &key {{key: {{header: X-User}}}}
  - name: cart-read
    match: "GET /carts/{{id}}"
    extracted: carts
    group: cart
    pin_after_write: 1h
    canary: *key
  - {{name: other, match: "GET /other/{{id}}", extracted: carts, canary: *key}}
"""


@pytest.fixture
def proxy(tmp_path: Path) -> Iterator[Running]:
    legacy, carts = json_backend(who="legacy"), json_backend("b1", who="carts")
    routes = ROUTES.format(legacy=legacy.url, carts=carts.url)
    with backends(legacy, carts), running(tmp_path, routes, "--workers", "3") as made:
        yield made


def who(proxy: Running, path: str, user: str, method: str = "GET") -> set[str]:
    """Who answers a user, over a dozen connections: each of three workers takes some."""
    times = 12 if method == "GET" else 1
    answers = [proxy.get(path, method, {"X-User": user}) for _ in range(times)]
    assert {status for status, _ in answers} == {200}
    return {"carts" if b"carts" in body.replace(b"/carts/", b"") else "legacy" for _, body in answers}


def promote(proxy: Running, route: str, to: str) -> None:
    done = proxy.command("promote", route, "--to", to, "--force", "--why", "test")
    assert done.returncode == 0, done.stderr


def test_a_group_moves_and_a_pinned_client_follows_his_write(proxy: Running) -> None:
    assert who(proxy, "/carts/1", "ada", "POST") == {"legacy"}
    promote(proxy, "cart-read", "live")
    assert {proxy.route(name)["stage"] for name in ("cart-read", "cart-write")} == {"live"}
    assert proxy.route("other")["stage"] == "legacy"
    assert who(proxy, "/carts/1", "ada") == {"legacy"}, "legacy took her write"
    assert who(proxy, "/carts/1", "bob") == {"carts"}
    assert who(proxy, "/carts/1", "ada", "POST") == {"carts"}, "a write is never held"
    assert who(proxy, "/carts/1", "ada") == {"carts"}, "her last write was there"

    rolled = proxy.command("rollback", "cart-write")
    assert rolled.returncode == 0, rolled.stderr
    assert "cart-read: live -> legacy" in rolled.stdout
    assert who(proxy, "/carts/1", "ada") == {"legacy"}, "a rollback wins over every pin"
    rows = [row["route"] for row in proxy.api("GET", "/history")["rows"] if row["action"] == "rollback"]
    assert sorted(rows) == ["cart-read", "cart-write"]


def test_the_verdict_is_asked_of_every_route_of_a_group(proxy: Running) -> None:
    promote(proxy, "cart-read", "shadow")
    refused = proxy.command("promote", "cart-read", "--to", "live")
    assert refused.returncode == 1
    assert "of group cart" in refused.stderr
    assert {proxy.route(name)["stage"] for name in ("cart-read", "cart-write")} == {"shadow"}


def test_promote_write_edits_every_route_of_the_group(proxy: Running) -> None:
    done = proxy.command("promote", "cart-write", "--to", "shadow", "--write", "-c", str(proxy.file))
    assert done.returncode == 0, done.stderr
    assert proxy.file.read_text().count("stage: shadow") == 2
