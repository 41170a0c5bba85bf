"""Secrets planted wherever a request and an answer can hold one; then everything that the proxy wrote or says is read.

Planted in what is redacted without being asked (cookies, credentials) and in what the route declares (`redact`):
header, query, JSON, XML and form fields, on both sides, in matches and mismatches, on error pages and in requests
that are refused. Only the two backends and the client may ever see them."""

from __future__ import annotations

import base64
import json
from pathlib import Path

from tests.support.running import Backend, Running, backends, free_port, running, until

ROUTES = """
version: 1
backends:
  legacy: {{url: "{legacy}", connect_timeout: 1m, timeout: 10m}}
  service: {{url: "{service}", build_header: X-Build, shadow_writes: rolled_back}}
  dead: {{url: "http://127.0.0.1:{dead}"}}
legacy: legacy
reasks: {{delay: 100ms, per_second: 50}}
routes:
  - {{name: json, match: "GET /json/{{id}}", extracted: service, stage: shadow, redact: {redact}}}
  - {{name: xml, match: "GET /xml/{{id}}", extracted: service, stage: shadow, redact: ["$.r.card.number", {common}]}}
  - {{name: form, match: "POST /form", extracted: service, stage: shadow, redact: ["$.password", {common}],
      shadow: {{methods: [POST]}}}}
  - {{name: gone, match: "GET /gone", extracted: dead, stage: live, fallback: none, redact: {redact}}}
"""
COMMON = '"header:X-Api-Secret", "query:token"'
REDACT = f'["$.card.number", "$.tokens[*].value", {COMMON}]'
HEADERS = {
    "Authorization": "Bearer PLANTED-authorization",
    "Proxy-Authorization": "Basic PLANTED-proxy",
    "Cookie": "sid=PLANTED-cookie; other=PLANTED-other",
    "X-Api-Secret": "PLANTED-header",
    "Referer": "http://h/json/1?token=PLANTED-referer&page=1",
}


def answers(side: str) -> Backend:
    """What differs between the sides differs in the secrets too, so that they are the difference that is kept."""
    common = {
        "Set-Cookie": f"sid=PLANTED-set-{side}; HttpOnly",
        "X-Api-Secret": f"PLANTED-answer-{side}",
        "WWW-Authenticate": "Basic realm=x",
        "X-Build": "b1",
    }

    def answer(method: str, path: str) -> tuple[int, dict[str, str], bytes]:
        number = f"PLANTED-card-{side}"
        if path.startswith("/xml"):
            body = f"<r><card><number>{number}</number></card><by>{side}</by></r>"
            return 200, {**common, "Content-Type": "application/xml"}, body.encode()
        if path.startswith("/form"):
            body = f"password=PLANTED-answered-{side}&by={side}"
            return 200, {**common, "Content-Type": "application/x-www-form-urlencoded"}, body.encode()
        told = {"card": {"number": number}, "tokens": [{"value": f"PLANTED-list-{side}"}], "by": side, "path": path[:7]}
        return 200, {**common, "Content-Type": "application/json"}, json.dumps(told).encode()

    return Backend(answer)


def ask_everything(proxy: Running) -> str:
    """The client's side of it; returns the error pages, which are the proxy's own words."""
    pages = b""
    for number in range(6):
        assert proxy.get(f"/json/{number}?token=PLANTED-query&page={number}", headers=HEADERS)[0] == 200
        assert proxy.get(f"/xml/{number}?page=2&token=PLANTED-query", headers=HEADERS)[0] == 200
        form = {**HEADERS, "Content-Type": "application/x-www-form-urlencoded"}
        body = b"user=somebody&password=PLANTED-form"
        assert proxy._ask(proxy.port, "POST", "/form?token=PLANTED-query", body, form)[0] == 200
    pages += proxy.get("/gone?token=PLANTED-query", headers=HEADERS)[1]
    pages += proxy.get("/json/%2e%2e/xml/1?token=PLANTED-query", headers=HEADERS)[1]
    pages += proxy.get("/json/1?token=PLANTED-query", headers={**HEADERS, "Transfer-Encoding": "x"})[1]
    return pages.decode()


def said_by_the_proxy(proxy: Running) -> dict[str, str]:
    """Every answer of the admin API and every command that shows what was seen."""
    said = {"metrics": proxy.ask_admin("GET", "/metrics")[1].decode()}
    for path in ("/status", "/inventory", "/history"):
        said[path] = json.dumps(proxy.api("GET", path))
    for route in ("json", "xml", "form"):
        for path in ("", "/verdict", "/mismatches", "/suggestions", "/replay"):
            said[route + path] = json.dumps(proxy.api("GET", f"/routes/{route}{path}"))
        for found in proxy.api("GET", f"/routes/{route}/mismatches")["signatures"]:
            said[f"{route} exemplars"] = json.dumps(
                proxy.api("GET", f"/routes/{route}/mismatches/{found['signature']}")
            )
            said[f"{route} side by side"] = both(proxy, "mismatches", route, found["signature"])
        said[f"{route} suggested"] = both(proxy, "suggest-rules", route)
        said[f"{route} status"] = both(proxy, "status", route)
        said[f"{route} json"] = both(proxy, "status", route, "--json")
        said[f"{route} replayed"] = both(proxy, "replay-mismatches", route, "--why", "a test")
    said["history"] = both(proxy, "history")
    said["inventory"] = both(proxy, "inventory")
    return said


def both(proxy: Running, *command: str) -> str:
    told = proxy.command(*command)
    return told.stdout + told.stderr


def test_neither_on_the_disk_nor_in_a_log_nor_in_anything_that_is_shown(tmp_path: Path) -> None:
    legacy, service = answers("legacy"), answers("service")
    with backends(legacy, service):
        routes = ROUTES.format(legacy=legacy.url, service=service.url, dead=free_port(), redact=REDACT, common=COMMON)
        with running(tmp_path, routes) as proxy:
            pages = ask_everything(proxy)
            assert '"outcome"' in pages
            for route in ("json", "xml", "form"):
                until(lambda at=route: proxy.api("GET", f"/routes/{at}/mismatches")["signatures"], f"{route} to differ")  # type: ignore[misc]  # bound now
            said = said_by_the_proxy(proxy)
            assert '"by"' in said["json exemplars"] or "by" in said["json exemplars"], "exemplars are shown"
            assert proxy.stop() == 0
            written = {str(file): file.read_bytes().decode("latin-1") for file in tmp_path.rglob("*") if file.is_file()}
        assert any("evidence.sqlite3" in name for name in written)
        assert "/json/" in written[str(proxy.log)], "the access lines are there"
        for name, text in {**written, **said, "error pages": pages}.items():
            for form in ("PLANTED", base64.b64encode(b"PLANTED").decode()[:8], b"PLANTED".hex()):
                at = text.find(form)
                assert at < 0, f"{name}: ...{text[max(0, at - 80) : at + 60]}..."


def test_an_admin_token_is_in_no_file_no_log_and_no_answer(tmp_path: Path) -> None:
    legacy = answers("legacy")
    routes = f'version: 1\nbackends:\n  legacy: {{url: "{legacy.url}"}}\nlegacy: legacy\nroutes: []\n'
    with backends(legacy), running(tmp_path, routes, env={"STRANGLER_ADMIN_TOKEN": "PLANTED-token"}) as proxy:
        assert proxy.ask_admin("GET", "/api/v1/status", Authorization="Bearer PLANTED-guess")[0] == 401
        token = {"Authorization": "Bearer PLANTED-token"}
        said = b"".join(proxy.ask_admin("GET", path, **token)[1] for path in ("/api/v1/status", "/metrics", "/x"))
        assert proxy.stop() == 0
        written = b"".join(file.read_bytes() for file in tmp_path.rglob("*") if file.is_file())
    assert b"PLANTED" not in said
    assert b"PLANTED" not in written
