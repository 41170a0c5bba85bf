"""One access line per exchange, refused ones too; switched off or sampled where asked; no secrets in it."""

from __future__ import annotations

import json
import socket
from pathlib import Path
from typing import Any

from tests.support.routes import two_sides
from tests.support.running import PATIENCE, Running, backends, json_backend, running, until

ROUTES = """\
routes:
  - {name: read, match: "GET /items/{id}", extracted: service, stage: live, redact: ["query:token"]}
"""


def lines(proxy: Running) -> list[dict[str, Any]]:
    found = (json.loads(line) for line in proxy.log.read_text().splitlines() if line.startswith("{"))
    return [line for line in found if line["event"] == "exchange"]


def raw(proxy: Running, data: bytes) -> bytes:
    with socket.create_connection(("127.0.0.1", proxy.port), timeout=PATIENCE) as connection:
        connection.sendall(data)
        return connection.recv(65536)


def test_each_with_its_route_side_outcome_and_request_id(tmp_path: Path) -> None:
    legacy, service = json_backend(), json_backend("b1")
    with backends(legacy, service), running(tmp_path, two_sides(legacy.url, service.url, ROUTES)) as proxy:
        proxy.get(
            "/items/1?token=planted-secret&a=1",
            headers={"Authorization": "Bearer planted-secret", "X-Request-Id": "abc-1"},
        )
        proxy.get("/other")
        assert b" 400 " in raw(proxy, b"GET /a%2F..%2Fitems/1 HTTP/1.1\r\nHost: x\r\n\r\n")
        assert b" 400 " in raw(proxy, b"GET / HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n")
        until(lambda: len(lines(proxy)) == 4, "four lines")
        read, other, ambiguous, smuggled = lines(proxy)
        assert (read["route"], read["side"], read["outcome"], read["code"]) == ("read", "extracted", "ok", 200)
        assert (read["request_id"], read["target"], read["why"]) == (
            "abc-1",
            "/items/1?token=[redacted]&a=1",
            "stage live",
        )
        assert (other["route"], other["side"]) == ("unrouted", "legacy")
        assert (ambiguous["side"], ambiguous["outcome"]) == ("proxy", "request_path_ambiguous")
        assert (ambiguous["method"], ambiguous["target"]) == ("GET", "/a%2F..%2Fitems/1")
        assert (smuggled["outcome"], smuggled["code"]) == ("request_head_invalid", 400)
        assert "planted-secret" not in proxy.log.read_text()
        counted = 'strangler_requests_total{code="400",outcome="request_path_ambiguous",route="unrouted",side="proxy"}'
        assert proxy.metric(counted) == 1.0


def test_none_when_switched_off(tmp_path: Path) -> None:
    legacy, service = json_backend(), json_backend("b1")
    routes = two_sides(legacy.url, service.url, ROUTES)
    with backends(legacy, service), running(tmp_path, routes, "--access-log", "off") as proxy:
        for number in range(20):
            proxy.get(f"/items/{number}")
        until(lambda: proxy.route("read")["sides"]["extracted"]["requests"] == 20, "20 exchanges to be counted")
        assert lines(proxy) == []


def test_a_share_when_sampled(tmp_path: Path) -> None:
    legacy, service = json_backend(), json_backend("b1")
    routes = two_sides(legacy.url, service.url, ROUTES)
    with backends(legacy, service), running(tmp_path, routes, "--access-log", "20%") as proxy:
        for number in range(300):
            proxy.get(f"/items/{number}")
        until(lambda: proxy.route("read")["sides"]["extracted"]["requests"] == 300, "300 exchanges to be counted")
        assert 20 <= len(lines(proxy)) <= 110  # 60 expected; the bounds are 6 standard deviations away
