"""The group: help, mistyped commands, and exit codes that no mistake can blur."""

from __future__ import annotations

import os
import subprocess
import sys
from types import SimpleNamespace

import click
import pytest

from proxy.cli.app import COMMANDS
from tests.cli.conftest import Run
from tests.support.running import PATIENCE


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_documents_an_example_and_its_exit_codes(run: Run, name: str) -> None:
    result = run(name, "--help")
    assert result.exit_code == 0
    assert "Example:\n" in result.output
    assert f"strangler {name}" in result.output
    assert "Exit codes:\n" in result.output
    assert "  2  " in result.output


def test_help_lists_every_command(run: Run) -> None:
    result = run("--help")
    assert result.exit_code == 0
    assert all(f"\n  {name} " in result.output for name in COMMANDS)


def test_help_needs_no_heavy_import() -> None:
    code = (
        "import sys; from proxy.cli.app import app\n"
        "try: app.main(['--help'])\n"
        "except SystemExit: pass\n"
        "heavy = {'rich', 'uvloop', 'httptools', 'aiohttp', 'pydantic', 'yaml', 'structlog'} & set(sys.modules)\n"
        "sys.exit(str(heavy) if heavy else 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=PATIENCE, check=False)
    assert done.returncode == 0, done.stderr


def test_a_mistyped_command_is_guessed(run: Run) -> None:
    result = run("statsu")
    assert result.exit_code == 2
    assert "Did you mean status?" in result.stderr


def test_an_unknown_command_lists_the_commands(run: Run) -> None:
    result = run("xyzzy")
    assert result.exit_code == 2
    assert "mismatches" in result.stderr


def test_a_mistyped_option_is_a_usage_error(run: Run) -> None:
    assert run("status", "--jsno").exit_code == 2
    assert run("--vresion").exit_code == 2


def test_version(run: Run) -> None:
    result = run("--version")
    assert result.exit_code == 0
    assert result.output.startswith("strangler ")


def test_a_fault_of_the_program_is_not_taken_for_a_verdict(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    @click.command()
    def broken() -> None:
        raise ZeroDivisionError

    monkeypatch.setattr("importlib.import_module", lambda _name: SimpleNamespace(command=broken))
    result = run("verdict")
    assert result.exit_code == 2
    assert "please report it" in result.stderr


def test_python_m_proxy_is_the_same_command() -> None:
    environment = {**os.environ, "STRANGLER_STATE": "/nonexistent"}
    done = subprocess.run(
        [sys.executable, "-m", "proxy", "verdict", "charge-read"],
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
        env=environment,
    )
    assert done.returncode == 2
    assert done.stderr.startswith("strangler: No running proxy found")
    assert "Traceback" not in done.stderr
