"""Legacy never says the same twice, and the proxy finds out by asking again: what is noise is explained and no more."""

from __future__ import annotations

import itertools
import json
import os
import secrets
import signal
import sqlite3
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

from tests.support.running import Backend, Running, backends, running, until

ROUTES = """# who may move
version: 1
backends:
  legacy: {{url: "{legacy}", connect_timeout: 1m, timeout: 10m}}
  service: {{url: "{service}", connect_timeout: 1m, timeout: 10m, build_header: X-Build}}   # the new one
{more}legacy: legacy
reasks: {{delay: 100ms, sample: 10%, per_second: 60{reasks}}}
routes:
  - name: read   # the first one
    match: /items/{{id}}
    extracted: service
    stage: shadow
    gate: {{mismatch_below: 5%, confidence: 80%, min_duration: 0s, error_increase_below: 5%, p95_ratio_below: 100}}
"""

Make = Callable[[int], dict[str, Any]]


def noisy(number: int) -> dict[str, Any]:
    """What legacy says: a clock and an id of its own in each answer."""
    return {
        "id": number,
        "fee": 100 + number % 7,
        "now": f"{time.time():.6f}",
        "trace": secrets.token_hex(8),
        "created": int(time.time() * 1000),
    }


def shop(make: Make = noisy, build: str = "", statuses: Callable[[bool], int] = lambda marked: 200) -> Backend:
    """Answers `/items/<number>` with `make(number)`."""

    def answer(method: str, path: str) -> tuple[int, dict[str, str], bytes]:
        marked = backend.marked[-1:] == [(method, path)]
        headers = {"Content-Type": "application/json", **({"X-Build": build} if build else {})}
        number = int(path.rpartition("/")[2])
        return statuses(marked), headers, json.dumps(make(number)).encode()

    backend = Backend(answer)
    return backend


def routes(legacy: Backend, service: Backend, reasks: str = "", **others: Backend) -> str:
    more = "".join(f'  {name}: {{url: "{other.url}"}}\n' for name, other in others.items())
    return ROUTES.format(legacy=legacy.url, service=service.url, more=more, reasks=reasks)


class Asking:
    """A client that asks one item after another."""

    def __init__(self, proxy: Running) -> None:
        self.proxy = proxy
        self.numbers = itertools.count()

    def until(self, condition: Callable[[dict[str, Any]], object], what: str) -> dict[str, Any]:
        """Asks until the route's view fulfils the condition, and gives the view."""

        def asked() -> dict[str, Any] | None:
            for _ in range(10):
                assert self.proxy.get(f"/items/{next(self.numbers)}")[0] == 200
            view = self.proxy.route("read")
            return view if condition(view) else None

        return until(asked, what, 60.0)


def flagged(view: dict[str, Any]) -> set[str]:
    return {field["path"] for field in view["noise"]["regressions"]}


def blocking(view: dict[str, Any]) -> set[str]:
    """The paths of the open signatures that block a pass."""
    return {row["path"] for row in view["signatures"] if row["signature"] in view["verdict"]["blocking"]}


def test_noise_alone_is_explained_and_the_verdict_passes(tmp_path: Path) -> None:
    legacy, service = shop(), shop(build="b1")
    with backends(legacy, service), running(tmp_path, routes(legacy, service)) as proxy:
        view = Asking(proxy).until(lambda view: view["verdict"]["verdict"] == "pass", "the verdict to pass")
        assert view["comparisons"]["explained"] > 0
        assert (view["comparisons"]["mismatch"], view["signatures"], flagged(view)) == (0, [], set())
        learned = {field["path"] for field in view["noise"]["learned"]}
        assert {"$.now", "$.trace", "$.created"} <= learned
        assert view["noise"]["reasks"]["done"] >= 30
        assert proxy.metric('strangler_comparisons_total{route="read",result="explained"}') > 0  # type: ignore[operator]
        assert proxy.metric('strangler_reasks_total{route="read",result="done"}') >= 30  # type: ignore[operator]
        assert proxy.metric("strangler_reasks_stopped") == 0
        assert service.marked

        # learned noise becomes rules, and the file keeps its comments
        suggested = proxy.command("suggest-rules", "read")
        assert (suggested.returncode, "$.trace" in suggested.stdout, "re-asks" in suggested.stdout) == (0, True, True)
        written = proxy.command("suggest-rules", "read", "--write", "-c", str(proxy.file))
        assert written.returncode == 0, written.stderr
        text = proxy.file.read_text()
        assert "# who may move\n" in text
        assert "- name: read   # the first one\n" in text
        view = Asking(proxy).until(lambda view: view["comparisons"]["ignored"] >= 20, "comparisons by the new rules")
        assert view["comparisons"]["mismatch"] == 0


def test_a_wrong_field_beside_noise_is_found(tmp_path: Path) -> None:
    legacy, service = shop(), shop(lambda number: {**noisy(number), "fee": 99}, build="b1")
    with backends(legacy, service), running(tmp_path, routes(legacy, service)) as proxy:
        view = Asking(proxy).until(lambda view: view["verdict"]["verdict"] == "fail", "the verdict to fail")
        worst = max(view["signatures"], key=lambda row: int(row["count"]))
        assert flagged(view) == set()  # it is a mismatch like any other, counted once
        assert worst["path"] == "$.fee"
        assert "$.fee" not in {field["path"] for field in view["noise"]["learned"]}
        kept = f"/routes/read/mismatches/{worst['signature']}"
        (example, *_) = until(lambda: proxy.api("GET", kept)["exemplars"], "an example to be stored")
        assert {one["path"] for one in example["differences"]} == {"$.fee"}


def test_a_clock_one_hour_off_is_found(tmp_path: Path) -> None:
    def off(number: int) -> dict[str, Any]:
        return {**noisy(number), "created": int(time.time() * 1000) + 3_600_000}

    legacy, service = shop(), shop(off, build="b1")
    with backends(legacy, service), running(tmp_path, routes(legacy, service)) as proxy:
        view = Asking(proxy).until(lambda view: view["comparisons"]["mismatch"] >= 20, "the clock to be found")
        assert {row["path"] for row in view["signatures"] if row["count"] >= 10} == {"$.created"}


def test_a_random_id_that_became_constant_is_flagged_and_blocks(tmp_path: Path) -> None:
    legacy = shop()
    service = shop(lambda number: {**noisy(number), "trace": "deadbeefdeadbeef"}, build="b1")
    with backends(legacy, service), running(tmp_path, routes(legacy, service)) as proxy:
        view = Asking(proxy).until(lambda view: flagged(view) == {"$.trace"}, "the constant id to be flagged")
        view = Asking(proxy).until(lambda view: "$.trace" in blocking(view), "it to block")
        assert view["verdict"]["verdict"] != "pass"
        (field,) = view["noise"]["regressions"]
        assert field["words"]


def test_a_legacy_that_has_enough_is_left_alone_and_no_client_notices(tmp_path: Path) -> None:
    legacy, service = shop(statuses=lambda marked: 429 if marked else 200), shop(build="b1")
    with backends(legacy, service), running(tmp_path, routes(legacy, service)) as proxy:
        view = Asking(proxy).until(lambda view: view["noise"]["reasks"].get("stopped", 0) >= 20, "the re-asks to stop")
        until(lambda: proxy.metric("strangler_reasks_stopped") == 1, "it to be said")
        assert view["noise"]["reasks"].get("done", 0) <= 16  # two each time it is tried again, after 10, 20, 40 s
        assert len(legacy.marked) < 60
        assert "reasks_stopped" in proxy.log.read_text()


def test_clients_beyond_their_quota_do_not_end_the_questions_and_what_refusals_say_is_known(tmp_path: Path) -> None:
    legacy = shop(statuses=lambda marked: 429)
    service = shop(lambda number: {**noisy(number), "fee": 99}, build="b1", statuses=lambda marked: 429)
    with backends(legacy, service), running(tmp_path, routes(legacy, service)) as proxy:
        numbers = itertools.count()

        def found() -> bool:
            assert {proxy.get(f"/items/{next(numbers)}")[0] for _ in range(10)} == {429}
            view = proxy.route("read")
            return view["noise"]["reasks"].get("done", 0) >= 3 and {row["path"] for row in view["signatures"]} == {
                "$.fee"
            }

        until(found, "the wrong fee of refusals to be found", 60.0)
        assert proxy.metric("strangler_reasks_stopped") == 0
        assert len(legacy.marked) < len(legacy.asked) / 10  # once a second


def test_a_write_is_never_asked_again(tmp_path: Path) -> None:
    legacy, service = shop(), shop(build="b1")
    text = routes(legacy, service).replace("build_header: X-Build}", "build_header: X-Build, shadow_writes: sandbox}")
    text = text.replace("stage: shadow\n", "stage: shadow\n    shadow: {methods: [GET, HEAD, POST]}\n")
    with backends(legacy, service), running(tmp_path, text) as proxy:
        for number in range(40):
            assert proxy.get(f"/items/{number}", method="POST")[0] == 200
        view = until(
            lambda: (view := proxy.route("read"))["comparisons"]["mismatch"] == 40 and view, "all to be compared"
        )
        assert view["noise"]["reasks"] == {}
        assert legacy.marked == []
        assert len(service.marked) == 40


def test_a_second_legacy_is_asked_in_place_of_the_first(tmp_path: Path) -> None:
    legacy, twin, service = shop(), shop(), shop(build="b1")
    text = routes(legacy, service, ", second_legacy: twin", twin=twin)
    with backends(legacy, twin, service), running(tmp_path, text) as proxy:
        view = Asking(proxy).until(lambda view: view["comparisons"]["explained"] >= 20, "noise to be explained")
        assert view["comparisons"]["mismatch"] == 0
        assert legacy.marked == []
        assert len(twin.asked) == len(twin.marked) >= 20


def _answers(proxy: Running) -> bool:
    try:
        return proxy.ask_admin("GET", "/readyz")[0] == 200
    except OSError:
        return False


def stored(proxy: Running) -> int:
    """The re-asks that the store knows of."""
    with closing(sqlite3.connect(proxy.state / "evidence.sqlite3")) as store:
        return sum(json.loads(body)["asked"] for (body,) in store.execute("SELECT body FROM noise"))


def test_what_was_learned_outlives_a_killed_control(tmp_path: Path) -> None:
    legacy, service = shop(), shop(build="b1")
    with backends(legacy, service), running(tmp_path, routes(legacy, service)) as proxy:
        Asking(proxy).until(lambda view: stored(proxy) >= 60, "noise to be known well, and kept")
        proxy.edit("per_second: 60", "per_second: 0")
        until(lambda: proxy.api("GET", "/status")["generation"] == 2, "the edit to be read")
        before = proxy.pids()["control"]
        os.kill(before, signal.SIGKILL)
        until(lambda: proxy.pids()["control"] != before and _answers(proxy), "a new control")
        view = proxy.route("read")
        assert view["noise"]["learned"][0]["asked"] >= 60
        known = view["comparisons"]["explained"]
        view = Asking(proxy).until(lambda view: view["comparisons"]["explained"] > known + 20, "what was known to hold")
        assert view["noise"]["reasks"] == {}


def test_a_random_sample_of_equal_pairs_is_asked_again_too(tmp_path: Path) -> None:
    legacy, service = shop(lambda number: {"id": number}), shop(lambda number: {"id": number}, build="b1")
    text = routes(legacy, service).replace("sample: 10%", "sample: 100%")
    with backends(legacy, service), running(tmp_path, text) as proxy:
        view = Asking(proxy).until(lambda view: view["noise"]["reasks"].get("done", 0) >= 10, "the sample to be asked")
        assert (view["comparisons"]["mismatch"], view["noise"]["learned"]) == (0, [])
        assert len(legacy.marked) >= 10


def test_what_cannot_be_asked_about_yet_is_no_mismatch(tmp_path: Path) -> None:
    legacy, service = shop(), shop(build="b1")
    text = routes(legacy, service).replace("per_second: 60", "per_second: 1")
    with backends(legacy, service), running(tmp_path, text) as proxy:
        view = Asking(proxy).until(lambda view: view["comparisons"]["not_compared"] >= 50, "pairs to be put aside")
        assert set(view["not_compared_reasons"]) == {"learning"}
        assert view["comparisons"]["mismatch"] == 0
        assert view["noise"]["reasks"]["budget"] >= 50
