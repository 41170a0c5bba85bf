"""A route of an application that nobody here wrote moves to a new service while its own client, which nobody here wrote
either, goes on working: pypiserver is the monolith, `pip download` the client, and the project pages of the simple
index move to examples/pypi_index.py. docs/move-a-route-of-pypiserver.md tells the same story by hand.

The new service sends gzip where pypiserver sends plain text, so no two pages are equal byte by byte: each one is
captured, decoded, compared as text and counted, and the test counts along.
"""

from __future__ import annotations

import base64
import gzip
import http.client
import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from tests.support.running import PATIENCE, ROOT, Running, free_port, running, until

PROJECTS = [f"tiny-{number:03d}" for number in range(300)]  # of the last fifty there are 1.9.0 and 1.10.0
OTHER_SPELLING = "tiny.grown"  # PEP 503: the same project as tiny-grown
USERS = [f"team-{number:02d}" for number in range(40)]
ROUTE = "project-page"

EXAMPLES = ROOT / "examples"


class Page(NamedTuple):
    """What a client got. Only the new service sends gzip, which tells here who answered; the text is the same."""

    status: int
    coding: str
    raw: bytes

    @property
    def text(self) -> bytes:
        return gzip.decompress(self.raw) if self.coding == "gzip" else self.raw


@dataclass
class World:
    """Everything that runs, and what the client saw."""

    proxy: Running
    folder: Path
    extracted: int
    pages: int = 0
    errors: list[tuple[str, int]] = field(default_factory=list)

    def browse(self, names: Sequence[str], users: Sequence[str] = USERS[:1]) -> list[tuple[str, Page]]:
        """Asks for the page of each project over one connection, as the users in turn; (user, page) of each."""
        connection = http.client.HTTPConnection("127.0.0.1", self.proxy.port, timeout=PATIENCE)
        seen = []
        for place, name in enumerate(names):
            user = users[place % len(users)]
            page = _page(connection, name, user)
            self.pages += 1
            if page.status not in (200, 301):
                self.errors.append((name, page.status))
            seen.append((user, page))
        connection.close()
        return seen

    def pip(self, *projects: str, user: str = USERS[0]) -> list[str]:
        """`pip download` as it comes; the names of the files it brought, which it has checked against the hashes."""
        target = self.folder / f"pip-{len(os.listdir(self.folder))}"
        index = f"http://{user}:secret@127.0.0.1:{self.proxy.port}/simple/"
        command = [sys.executable, "-m", "pip", "download", "--isolated", "--no-deps", "--no-cache-dir", "--no-input"]
        command += ["--disable-pip-version-check", "--no-build-isolation", "--retries", "0", "--index-url", index]
        done = subprocess.run(
            [*command, "--dest", str(target), *projects],
            env={"PATH": os.defpath, "HOME": str(self.folder), "PIP_CONFIG_FILE": os.devnull},
            capture_output=True, text=True, timeout=2 * PATIENCE, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr + done.stdout
        return sorted(os.listdir(target))

    def strangler(self, *arguments: str, code: int = 0) -> str:
        done = self.proxy.command(*arguments)
        assert done.returncode == code, done.stdout + done.stderr
        return done.stdout + done.stderr

    def verdict(self) -> str:
        return str(self.proxy.route(ROUTE)["verdict"]["verdict"])

    def settled(self, sent: int) -> dict[str, Any]:
        """The route once every one of the `sent` exchanges under the evidence in force is accounted for."""

        def accounted() -> dict[str, Any] | None:
            route = self.proxy.route(ROUTE)
            return route if _account(route) >= sent else None

        return until(accounted, f"{sent} exchanges to be accounted for")


def test_a_route_of_pypiserver_moves_while_pip_works(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    packages = tmp_path / "packages"
    subprocess.run([sys.executable, str(EXAMPLES / "tiny_packages.py"), str(packages)], check=True)
    legacy, extracted = free_port(), free_port()
    routes = (EXAMPLES / "pypi_routes.yaml").read_text().replace("min_duration: 10s", "min_duration: 2s")
    routes = routes.replace("127.0.0.1:8001", f"127.0.0.1:{legacy}").replace("127.0.0.1:8101", f"127.0.0.1:{extracted}")
    lines: list[str] = []
    with ExitStack() as stack:
        stack.enter_context(_pypiserver(packages, legacy, tmp_path))
        proxy = stack.enter_context(running(tmp_path, routes))
        world = World(proxy, tmp_path, extracted)
        assert world.pip("tiny-000", "tiny-299") == [
            "tiny_000-1.0-py3-none-any.whl",
            "tiny_299-1.10.0-py3-none-any.whl",
        ]
        with _pypi_index(packages, extracted, "1"):
            lines.append(_the_first_build_is_found_out(world))
        with _pypi_index(packages, extracted, "2"):
            lines.append(_the_mended_build_passes(world))
            lines.append(_a_sticky_share_moves(world))
            lines.append(_all_move_and_legacy_still_serves_the_files(world))
        lines.append(_pip_does_not_notice_that_the_service_is_gone(world))
        assert not world.errors
        lines.append(f"clients: {world.pages:,} pages, {len(world.errors)} errors")
    with capsys.disabled():
        sys.stdout.write("\n" + "".join(f"  {line}\n" for line in lines))


def _the_first_build_is_found_out(world: World) -> str:
    world.proxy.edit("stage: legacy", "stage: shadow")
    until(lambda: world.proxy.route(ROUTE)["stage"] == "shadow", "the edit to be in force")
    world.browse([OTHER_SPELLING])
    seen = world.browse(PROJECTS[:30] + PROJECTS[-30:])
    assert {page.coding for _, page in seen} == {""}, "in shadow pypiserver answers"
    route = world.settled(61)
    assert route["build"] == "pypi-index-1"
    assert route["verdict"]["verdict"] == "fail"
    assert "not promoted" in world.strangler("promote", ROUTE, code=1).lower()
    found = {
        tuple(row["status_pair"]): row for row in world.proxy.api("GET", f"/routes/{ROUTE}/mismatches")["signatures"]
    }
    assert found[200, 200]["path"] == "$.html.body.a"
    assert found[200, 200]["count"] == 30
    assert found[301, 303]["risk"] == "high", "a name spelled otherwise was sent away to the public index"
    one = world.proxy.api("GET", f"/routes/{ROUTE}/mismatches/{found[200, 200]['signature']}")["exemplars"][0]
    assert "1.9.0" in one["differences"][0]["legacy"]
    assert "1.10.0" in one["differences"][0]["extracted"]
    assert _credentials(USERS[0]) not in str(one), "credentials are hidden before anything is stored"
    return _told(route)


def _the_mended_build_passes(world: World) -> str:
    world.browse([OTHER_SPELLING])
    until(lambda: world.proxy.route(ROUTE)["build"] == "pypi-index-2", "the mended build to be seen")
    seen = world.browse(PROJECTS)
    _no_two_are_equal(world.extracted, [page for _, page in seen])
    route = world.settled(len(PROJECTS) + 1)
    assert route["comparisons"]["mismatch"] == 0
    assert _share_compared(route) >= 0.99
    route = until(lambda: _passed(world), "the verdict")
    assert f"{len(PROJECTS) + 1} comparisons" in route["verdict"]["why"]
    world.strangler("promote", ROUTE, "--who", "ops", "--why", "the mended build agrees")
    return _told(route)


def _a_sticky_share_moves(world: World) -> str:
    assert world.proxy.route(ROUTE)["stage"] == "canary"
    assert world.verdict() == "inconclusive", "what was seen in shadow does not promote out of canary"
    seen = world.browse(PROJECTS, USERS)
    sides = {user: {page.coding for each, page in seen if each == user} for user in USERS}
    assert all(len(side) == 1 for side in sides.values()), "every user stays on one side"
    moved, stayed = ([user for user in USERS if side in sides[user]] for side in ("gzip", ""))
    assert 0 < len(moved) < len(stayed)
    _no_two_are_equal(world.extracted, [page for _, page in seen])
    route = world.settled(len(PROJECTS))
    assert _share_compared(route) >= 0.99
    for user, side in ((moved[0], "extracted"), (stayed[0], "legacy")):
        before = world.proxy.route(ROUTE)["sides"][side]["requests"]
        assert world.pip("tiny-298", user=user) == ["tiny_298-1.10.0-py3-none-any.whl"]
        until(lambda: world.proxy.route(ROUTE)["sides"][side]["requests"] > before, f"{side} to have answered pip")  # noqa: B023 - called at once
    route = until(lambda: _passed(world), "the verdict of the canary")
    world.strangler("promote", ROUTE)
    return _told(route) + f"; {len(moved)} of {len(USERS)} users moved"


def _all_move_and_legacy_still_serves_the_files(world: World) -> str:
    assert world.proxy.route(ROUTE)["stage"] == "live"
    for start in range(0, 60, 10):  # legacy is much slower than what answers now: it is not left behind
        seen = world.browse(PROJECTS[start : start + 10], USERS)
        assert {page.coding for _, page in seen} == {"gzip"}, "in live the new service answers everybody"
        route = world.settled(start + 10)
    assert route["comparisons"]["mismatch"] == 0
    assert _share_compared(route) >= 0.99, "legacy is still asked beside it: the way back stays proven"
    files = _served_unrouted(world)
    brought = world.pip("tiny-001", "tiny-297", "tiny-grown", user="somebody-new")
    assert brought == ["tiny_001-1.0-py3-none-any.whl", "tiny_297-1.10.0-py3-none-any.whl", "tiny_grown-2.0.tar.gz"]
    until(lambda: _served_unrouted(world) >= files + 3, "pypiserver to have served the files")
    return _told(route)


def _pip_does_not_notice_that_the_service_is_gone(world: World) -> str:
    assert world.pip("tiny-002", user="somebody-new") == ["tiny_002-1.0-py3-none-any.whl"]
    fallbacks = until(lambda: world.proxy.route(ROUTE)["fallbacks"], "legacy to step in")
    world.strangler("rollback", ROUTE, "--why", "the service is gone")
    assert world.proxy.route(ROUTE)["stage"] == "legacy"
    assert world.pip("tiny-003") == ["tiny_003-1.0-py3-none-any.whl"]
    assert "the service is gone" in world.strangler("history", ROUTE)
    return f"service gone: {fallbacks} fallbacks, then rolled back"


# What runs beside the proxy


@contextmanager
def _pypiserver(packages: Path, port: int, folder: Path) -> Iterator[None]:
    options = ["run", "--port", str(port), "--interface", "127.0.0.1", str(packages)]
    with _process([sys.executable, "-m", "pypiserver", *options], port, folder / "pypiserver.log"):
        yield


@contextmanager
def _pypi_index(packages: Path, port: int, build: str) -> Iterator[None]:
    command = [sys.executable, str(EXAMPLES / "pypi_index.py"), str(packages), "--port", str(port)]
    with _process(command, port, packages.parent / "pypi_index.log", PYPI_INDEX_BUILD=build):
        yield


@contextmanager
def _process(command: list[str], port: int, log: Path, **environment: str) -> Iterator[None]:
    with open(log, "ab") as file:
        process = subprocess.Popen(command, stdout=file, stderr=file, env={**os.environ, **environment})

    def listens() -> bool:
        assert process.poll() is None, log.read_text()
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE)
        try:
            return _page(connection, "tiny-000", "").status == 200
        except OSError:
            return False
        finally:
            connection.close()

    try:
        until(listens, f"{command[1:3]} to listen")
        yield
    finally:
        process.terminate()
        process.wait(PATIENCE)


def _page(connection: http.client.HTTPConnection, name: str, user: str) -> Page:
    headers = {"Accept-Encoding": "gzip, deflate", "Authorization": _credentials(user)}
    connection.request("GET", f"/simple/{name}/", headers=headers)
    answer = connection.getresponse()
    return Page(answer.status, answer.headers.get("Content-Encoding", ""), answer.read())


def _credentials(user: str) -> str:
    return "Basic " + base64.b64encode(f"{user}:secret".encode()).decode()


# Counting


def _no_two_are_equal(extracted: int, pages: list[Page]) -> None:
    """Asks the new service itself: its page of every project has the same text in other bytes."""
    connection = http.client.HTTPConnection("127.0.0.1", extracted, timeout=PATIENCE)
    for name, page in zip(PROJECTS, pages, strict=True):
        direct = _page(connection, name, "")
        assert direct.coding == "gzip"
        assert direct.text == page.text
        assert direct.raw != direct.text
        assert page.coding == "gzip" or page.raw != direct.raw
    connection.close()


def _account(route: dict[str, Any]) -> int:
    return int(sum(route["comparisons"].values()) + sum(route["dropped"].values()))


def _share_compared(route: dict[str, Any]) -> float:
    not_compared = route["comparisons"]["not_compared"]
    return float(1 - (not_compared + sum(route["dropped"].values())) / _account(route))


def _passed(world: World) -> dict[str, Any] | None:
    """The route when its verdict is pass; time may be missing, so more of the same is asked for meanwhile."""
    route = world.proxy.route(ROUTE)
    assert route["verdict"]["verdict"] != "fail", route["verdict"]
    if route["verdict"]["verdict"] == "pass":
        return route
    world.browse(PROJECTS[:5])
    return None


def _served_unrouted(world: World) -> int:
    unrouted = next(row for row in world.proxy.api("GET", "/status")["routes"] if row["name"] == "unrouted")
    return int(unrouted["sides"]["legacy"]["requests"])


def _told(route: dict[str, Any]) -> str:
    counts = ", ".join(f"{count} {result}" for result, count in route["comparisons"].items())
    dropped = sum(route["dropped"].values())
    share = f"{100 * _share_compared(route):.1f} % compared"
    return f"{route['stage']} {route['build']}: {counts}, {dropped} dropped, {share}; {route['verdict']['verdict']}"
