"""What keeps the proxy from starting is said in one message with its remedy, exit code 2, never a traceback."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

from tests.support.running import PATIENCE, Running, backends, json_backend, running

ROUTES = """
version: 1
backends:
  legacy: {{url: "{url}"}}
legacy: legacy
"""


def refused(proxy: Running) -> str:
    """Runs it, expects exit code 2, returns what it said."""
    proxy.start(wait=False)
    assert proxy.process is not None
    try:
        assert proxy.process.wait(PATIENCE) == 2, proxy.log.read_text()
    finally:
        proxy.kill_all()
    said = proxy.log.read_text()
    assert "Traceback" not in said
    return said


def test_a_bad_file_names_every_problem_with_its_place(tmp_path: Path) -> None:
    said = refused(Running(tmp_path, "version: 1\nbackend: {}\nlegacy: legacy\n"))
    assert "routes.yaml:2:1" in said
    assert "backends" in said


def test_a_missing_file(tmp_path: Path) -> None:
    proxy = Running(tmp_path, "")
    proxy.file.unlink()
    assert "no such file" in refused(proxy)


@pytest.mark.parametrize("option", ["--listen", "--admin"])
def test_a_taken_port(tmp_path: Path, option: str) -> None:
    proxy = Running(tmp_path, ROUTES.format(url="http://127.0.0.1:9"))
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", proxy.port if option == "--listen" else proxy.admin_port))
        taken.listen()
        said = refused(proxy)
    assert option in said
    assert "in use" in said


def test_a_state_folder_that_is_a_file(tmp_path: Path) -> None:
    proxy = Running(tmp_path, ROUTES.format(url="http://127.0.0.1:9"))
    proxy.state.write_text("")
    assert "--state" in refused(proxy)


def test_a_state_folder_in_use(tmp_path: Path) -> None:
    legacy = json_backend()
    with backends(legacy), running(tmp_path, ROUTES.format(url=legacy.url)) as first:
        (tmp_path / "second").mkdir()
        second = Running(tmp_path / "second", ROUTES.format(url=legacy.url))
        second.state = first.state
        second.start(wait=False)
        assert second.process is not None
        assert second.process.wait(PATIENCE) == 2
        assert "another strangler" in second.log.read_text()
        assert first.get("/")[0] == 200


def test_an_admin_port_for_others_without_a_token(tmp_path: Path) -> None:
    said = refused(Running(tmp_path, ROUTES.format(url="http://127.0.0.1:9"), "--admin", "0.0.0.0:0"))
    assert "STRANGLER_ADMIN_TOKEN" in said


def test_a_backend_that_is_not_there_is_a_502_and_no_reason_not_to_start(tmp_path: Path) -> None:
    with running(tmp_path, ROUTES.format(url="http://127.0.0.1:9")) as proxy:
        status, body = proxy.get("/anything")
        assert status == 502
        assert b"upstream_connect_refused" in body
        assert b"legacy" not in body
