"""The story of `make demo`, shorter: real processes, a tenth of the sample data. And that it leaves nothing behind."""

from __future__ import annotations

import asyncio
import io
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from rich.console import Console

from demo.play import play
from demo.screen import Screen
from tests.support.running import PATIENCE, ROOT, until

ROUTE = "charge-read"
# Nothing here is decided by how fast this machine is today, so that latency is given all the room it may want, and
# control has no more to compare than it can when it gets a fraction of a core.
GATE = {"min_duration": "1s", "p95_ratio_below": "100"}
RATE = 120.0  # requests a second


async def test_a_route_moves_from_the_monolith_to_a_service_and_no_client_sees_it(tmp_path: Path) -> None:
    said = io.StringIO()
    (tmp_path / "logs").mkdir()
    with Screen(Console(file=said, highlight=False)) as screen:
        report = await play(tmp_path, screen, None, stop=asyncio.Event(), seconds=0.0, scale=0.1, rate=RATE, gate=GATE)

    assert report.broken == [], said.getvalue()
    assert not report.errors
    assert report.requests > 1_000
    # the bug was found where it is, and stopped the promotion
    paths = {path for build, path, _ in report.found if build == "charges-0.9.0"}
    assert {"$.fee", "$.receipt_email"} <= paths
    ruled = [(each.stage, each.build, each.verdict, each.outcome) for each in report.verdicts]
    assert ruled == [
        ("shadow", "charges-0.9.0", "fail", "refused, exit code 1"),
        ("shadow", "charges-1.0.0", "pass", "promoted to canary"),
        ("canary", "charges-1.0.1", "pass", "promoted to live"),
    ]
    # the mended builds differ in nothing but what the killing did
    assert {
        path for build, path, _ in report.found if build != "charges-0.9.0" and not path.startswith("outcome:")
    } == set()
    # a canary is sticky, and the service's own log agrees
    (cohort,) = report.cohorts
    assert 0 < len(cohort.extracted) < len(cohort.users)
    assert not cohort.on_both_sides
    assert cohort.answers == cohort.confirmed > 0
    # the kills
    assert report.failed_over
    assert report.restarts == ["control", "worker-0"]
    # the end
    assert report.status is not None
    route = report.status.route(ROUTE)
    assert (route["stage"], route["build"]) == ("live", "charges-1.0.1")
    assert report.share >= 0.99
    assert report.unequal > 0.9
    actions = [move["action"] for move in report.moves]
    assert {"reload", "reload_refused", "promote", "halt", "resume"} <= set(actions)
    assert "Did you mean `charges`?" in said.getvalue()
    assert processes_naming(tmp_path) == []


def test_ctrl_c_ends_every_process(tmp_path: Path) -> None:
    code, said = ended_early(tmp_path, lambda demo: demo.send_signal(signal.SIGINT))
    assert code == 130, said
    assert "ended before the story was told" in said
    assert "0 seen by clients" in said


def test_a_process_that_dies_by_itself_is_named_and_ends_the_demo(tmp_path: Path) -> None:
    def kill_monolith(_: subprocess.Popen[bytes]) -> None:
        (pid,) = [pid for pid, command in processes_naming(tmp_path) if b"legacy_monolith" in command]
        os.kill(pid, signal.SIGKILL)

    code, said = ended_early(tmp_path, kill_monolith)
    assert code == 1, said
    assert "legacy does not run" in said
    assert "Traceback" not in said


def ended_early(folder: Path, end: Callable[[subprocess.Popen[bytes]], None]) -> tuple[int, str]:
    """Starts the demo, ends it once it has traffic; its exit code and what it printed. Nothing of it may be left."""
    command = [sys.executable, "-m", "demo", "--folder", str(folder / "demo")]
    log = folder / "said"
    with open(log, "wb") as said:
        demo = subprocess.Popen(command, cwd=ROOT, stdout=said, stderr=said, env={**os.environ, "NO_COLOR": "1"})
    try:
        until(lambda: b"to shadow" in log.read_bytes() or demo.poll() is not None, "traffic", 2 * PATIENCE)
        end(demo)
        code = demo.wait(2 * PATIENCE)
    finally:
        demo.kill()
        demo.wait()
    assert processes_naming(folder) == []
    return code, log.read_text()


def processes_naming(folder: Path) -> list[tuple[int, bytes]]:
    """Ids and command lines of the running processes of Python modules that name the folder."""
    found = []
    for file in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            command = file.read_bytes()
        except OSError:  # it has just ended
            continue
        if str(folder).encode() in command and b"\0-m\0" in command:
            found.append((int(file.parent.name), command))
    return found
