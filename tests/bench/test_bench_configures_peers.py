"""The configurations the harness writes are ones their programs accept."""

from __future__ import annotations

import subprocess
from datetime import date
from pathlib import Path

import pytest

from bench.lookup import routes_yaml
from bench.machine import find_program
from bench.peers import Place, nginx_command, strangler_command
from bench.throughput import new_pem
from bench.upstream import Upstream, nginx_config
from proxy import config

UPSTREAM = Upstream(legacy=8001, extracted=8101, bulk=8201, hang=8301)


def place(folder: Path, pem: Path | None = None) -> Place:
    return Place(folder, 8080, 9900, UPSTREAM, pem)


def test_our_routes_have_no_problem_and_the_stages_the_cases_need(tmp_path: Path) -> None:
    command = strangler_command("python", place(tmp_path))
    text = Path(command[command.index("-c") + 1]).read_text()
    loaded = config.load(text, env={}, today=date(2026, 1, 1))
    assert loaded.problems == ()
    assert loaded.spec is not None
    assert {route.name: route.stage.value for route in loaded.spec.routes} == {
        "plain": "legacy",
        "equal": "shadow",
        "differs": "shadow",
        "canary": "canary",
        "large": "legacy",
        "tls": "legacy",
        "calm": "legacy",
        "hang": "shadow",
        "bulk-shadow": "shadow",
    }


def test_our_port_speaks_tls_where_it_is_to(tmp_path: Path) -> None:
    pem = new_pem(tmp_path)
    command = strangler_command("python", place(tmp_path, pem))
    loaded = config.load(Path(command[command.index("-c") + 1]).read_text(), env={}, today=date(2026, 1, 1))
    assert loaded.problems == ()
    assert loaded.spec is not None
    assert [(one.certificate, one.key) for one in loaded.spec.listen.tls] == [(str(pem), str(pem))]


def test_the_routes_of_the_lookup_case_have_no_problem() -> None:
    assert config.load(routes_yaml(10), env={}, today=date(2026, 1, 1)).problems == ()


@pytest.mark.skipif(find_program("nginx") is None, reason="nginx is not installed")
def test_nginx_accepts_what_is_written_for_it(tmp_path: Path) -> None:
    program = find_program("nginx")
    assert program is not None
    upstream = tmp_path / "upstream.conf"
    upstream.write_text(nginx_config(UPSTREAM, tmp_path))
    secure = tmp_path / "secure"
    secure.mkdir()
    peers = (nginx_command(program, place(tmp_path)), nginx_command(program, place(secure, new_pem(tmp_path))))
    for command in (*peers, [program, "-p", str(tmp_path), "-c", str(upstream)]):
        done = subprocess.run([*command, "-t"], capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
