"""Over real processes: a service with other paths and another name for itself matches its monolith, because copies and
questions get the filters of their side, and answers are compared as a client would have got them."""

from __future__ import annotations

from pathlib import Path

from tests.support.running import Backend, Running, backends, free_port, running, until

ROUTES = """
version: 1
backends:
  legacy: {{url: "{legacy}", rewrite: {{location: true}}}}
  service: {{url: "{service}", build_header: X-Build, rewrite: {{location: true}}}}
legacy: legacy
reasks: {{delay: 0s, sample: 100%, per_second: 50}}
routes:
  - name: items
    match: GET /v1/items/*
    extracted: service
    stage: shadow
    filters:
      extracted:
        rewrite: {{path: {{type: ReplacePrefixMatch, value: /items}}}}
        response_headers: {{remove: [X-Trace], set: {{X-Shape: "1"}}}}
    compare: {{headers: [content-type, x-shape, x-trace]}}
"""


def shop(prefix: str, build: str, **fields: str) -> Backend:
    """Sends every request on to its own name, below its own prefix."""
    port = free_port()

    def answer(method: str, path: str) -> tuple[int, dict[str, str], bytes]:
        assert path.startswith(prefix)
        headers = {"Location": f"http://127.0.0.1:{port}{path}/latest", "Content-Type": "text/plain", **fields}
        return 302, {**headers, **({"X-Build": build} if build else {})}, b"moved\n"

    return Backend(answer, port=port)


def test_a_service_with_other_paths_and_another_name_matches(tmp_path: Path) -> None:
    legacy = shop("/v1/items/", "", **{"X-Shape": "1"})
    service = shop("/items/", "b1", **{"X-Trace": "abc"})
    routes = ROUTES.format(legacy=legacy.url, service=service.url)
    with backends(legacy, service), running(tmp_path, routes) as proxy:
        for number in range(20):
            assert proxy.get(f"/v1/items/{number}")[0] == 302
        until(lambda: proxy.route("items")["comparisons"]["match"] == 20, "20 matches")
        until(lambda: len(service.marked) > 30, "questions besides the 20 copies")
        assert len(service.asked) == len(service.marked)
        assert {path.rpartition("/")[0] for _, path in service.asked} == {"/items"}
        assert {path.rpartition("/")[0] for _, path in legacy.asked} == {"/v1/items"}

        # what filters do to answers is part of what evidence is about; a time-out is not
        proxy.edit("    compare:", "    timeouts: {request: 20s}\n    compare:")
        until(lambda: "timeouts" in proxy.command("history").stdout, "the edit in the history")
        assert proxy.route("items")["comparisons"]["match"] == 20
        proxy.edit('set: {X-Shape: "1"}', 'set: {X-Shape: "2"}')
        assert proxy.get("/v1/items/100")[0] == 302
        until(lambda: proxy.route("items")["comparisons"]["mismatch"] >= 1 or ask_again(proxy), "a mismatch")
        assert proxy.route("items")["comparisons"]["match"] == 0


def ask_again(proxy: Running) -> bool:
    proxy.get("/v1/items/101")
    return False
