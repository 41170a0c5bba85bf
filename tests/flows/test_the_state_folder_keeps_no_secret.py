"""What is stored of a mismatch is for its owner alone, and holds no credential and nothing that the route redacts."""

from __future__ import annotations

from pathlib import Path

from tests.support.routes import READ, two_sides
from tests.support.running import Backend, backends, running, until

NOT_ASKED_AGAIN = "reasks: {per_second: 0}\n" + READ
ROUTES = NOT_ASKED_AGAIN + '    redact: [$.card.number, "header:X-Api-Secret", "query:token"]\n'
NAMES_ONLY = NOT_ASKED_AGAIN + "    names_only: true\n    compare: {headers: [content-type, x-api-secret]}\n"


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
    with backends(legacy, service), running(tmp_path, two_sides(legacy.url, service.url, ROUTES)) as proxy:
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


def test_a_names_only_route_keeps_no_value_at_all(tmp_path: Path) -> None:
    """Values differ in the body and in a compared header; path, query and other headers hold some too."""

    def answer(side: str) -> Backend:
        headers = {
            "Content-Type": "application/json",
            "X-Api-Secret": f"planted-{side}",
            "X-Trace": "planted-1",
            "X-Build": "b1",
        }
        body = b'{"salary": "planted-%s", "at": 1790000000.%d, "list": ["planted-x"]}' % (side.encode(), len(side))
        return Backend(lambda method, path: (200, headers, body))

    legacy, service = answer("legacy"), answer("service")
    routes = two_sides(legacy.url, service.url, NAMES_ONLY)
    with backends(legacy, service), running(tmp_path, routes) as proxy:
        for number in range(5):
            sent = {"Cookie": "planted-2=planted-3", "X-Note": "planted-4", "X-Request-Id": f"r{number}"}
            assert proxy.get(f"/items/planted-{number}?planted-5=planted-6", headers=sent)[0] == 200
        found = until(lambda: proxy.api("GET", "/routes/read/mismatches")["signatures"], "a mismatch")
        path = f"/routes/read/mismatches/{found[0]['signature']}"
        exemplar = until(lambda: proxy.api("GET", path)["exemplars"], "its exemplar")[0]
        assert (exemplar["request"]["method"], exemplar["request"]["target"]) == ("GET", "/items/{id}")
        assert ["X-Note", ""] in exemplar["request"]["headers"]
        assert ["X-Trace", ""] in exemplar["legacy"]["headers"]
        assert (exemplar["legacy"]["status"], exemplar["legacy"]["body"]) == (200, "")
        differs = {(one["path"], one["kind"], one["legacy"], one["extracted"]) for one in exemplar["differences"]}
        assert ("$.salary", "value", "", "") in differs
        assert ("header:x-api-secret", "header", "", "") in differs
        told = proxy.command("mismatches", "read", found[0]["signature"])
        assert told.returncode == 0, told.stderr
        assert proxy.command("inventory").returncode == 0
        assert proxy.stop() == 0
        stored = b"".join(file.read_bytes() for file in proxy.state.iterdir() if file.is_file())
        assert b"$.salary" in stored, "the exemplar is in one of them"
        assert b"planted-" not in stored
        assert "planted-" not in proxy.log.read_text() + told.stdout
