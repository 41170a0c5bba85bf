"""What is stored of a mismatch is for its owner alone, and holds no credential and nothing that the route redacts."""

from __future__ import annotations

from pathlib import Path

from tests.support.running import Backend, backends, running, until

ROUTES = """
version: 1
backends:
  legacy: {{url: "{legacy}"}}
  service: {{url: "{service}", build_header: X-Build}}
legacy: legacy
routes:
  - name: read
    match: "GET /items/{{id}}"
    extracted: service
    stage: shadow
    redact: [$.card.number, "header:X-Api-Secret", "query:token"]
"""


def backend(side: str) -> Backend:
    headers = {
        "Content-Type": "application/json",
        "X-Build": "b1",
        "Set-Cookie": "sid=planted-1; Path=/",
        "X-Api-Secret": "planted-2",
    }
    return Backend(
        lambda method, path: (200, headers, b'{"card": {"number": "planted-3"}, "by": "%s"}' % side.encode())
    )


def test_neither_in_its_files_nor_in_the_log(tmp_path: Path) -> None:
    legacy, service = backend("legacy"), backend("service")
    with backends(legacy, service), running(tmp_path, ROUTES.format(legacy=legacy.url, service=service.url)) as proxy:
        secrets = {"Authorization": "Bearer planted-4", "Cookie": "sid=planted-5", "X-Api-Secret": "planted-6"}
        assert proxy.get("/items/1?token=planted-7&page=2", headers=secrets)[0] == 200
        found = until(lambda: proxy.api("GET", "/routes/read/mismatches")["signatures"], "a mismatch")
        path = f"/routes/read/mismatches/{found[0]['signature']}"
        exemplar = until(lambda: proxy.api("GET", path)["exemplars"], "its exemplar")[0]
        assert exemplar["request"]["target"] == "/items/1?token=[redacted]&page=2"
        files = [file for file in proxy.state.iterdir() if file.is_file()]
        assert {"evidence.sqlite3", "run.json", "admin.json", "snapshot"} <= {file.name for file in files}
        assert {file.name: oct(file.stat().st_mode & 0o077) for file in files if file.stat().st_mode & 0o077} == {}
        stored = b"".join(file.read_bytes() for file in files)
        assert b"page=2" in stored, "the exemplar is in one of them"
        assert b"planted-" not in stored
        assert "planted-" not in proxy.log.read_text()
