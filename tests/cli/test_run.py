"""`run` only reads options: what they become, and which are refused."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from proxy.cli.run import parse_share
from proxy.runtime import supervisor
from proxy.runtime.settings import Settings, is_loopback, parse_address
from tests.cli.conftest import Run


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> list[Settings]:
    """The settings that the supervisor was started with."""
    made: list[Settings] = []

    def run(settings: Settings) -> int:
        made.append(settings)
        return 1

    monkeypatch.setattr(supervisor, "run", run)
    return made


def test_defaults_and_the_supervisors_exit_code(run: Run, started: list[Settings]) -> None:
    assert run("run").exit_code == 1
    assert started == [
        Settings(
            config=Path("routes.yaml"),
            listen=("127.0.0.1", 8080),
            admin=("127.0.0.1", 9900),
            workers=1,
            state=Path(".strangler"),
            token=None,
            log_format="json",
            access_log=1.0,
        )
    ]


def test_the_environment_gives_what_the_command_line_does_not(run: Run, started: list[Settings]) -> None:
    environment = {
        "STRANGLER_LISTEN": "[::1]:0",
        "STRANGLER_ADMIN_LISTEN": "0.0.0.0:9901",
        "STRANGLER_ADMIN": "http://elsewhere:9900",
        "STRANGLER_ADMIN_TOKEN": "s3cret",
        "STRANGLER_WORKERS": "3",
        "STRANGLER_CONFIG": "other.yaml",
        "STRANGLER_STATE": "state",
        "STRANGLER_LOG_FORMAT": "console",
        "STRANGLER_ACCESS_LOG": "5%",
    }
    run("run", "--workers", "2", env=environment)
    (made,) = started
    assert (made.listen, made.admin, made.token) == (("::1", 0), ("0.0.0.0", 9901), "s3cret")
    assert (made.workers, made.config, made.state) == (2, Path("other.yaml"), Path("state"))
    assert (made.log_format, made.access_log) == ("console", 0.05)


@pytest.mark.parametrize(
    "options",
    [
        ("--listen", "8080"),
        ("--listen", ":8080"),
        ("--listen", "::1:8080"),
        ("--listen", "[zz]:8080"),
        ("--listen", "localhost:http"),
        ("--listen", "localhost:70000"),
        ("--listen", "localhost:"),
        ("--workers", "0"),
        ("--access-log", "sometimes"),
        ("--log-format", "xml"),
        ("--admin", "0.0.0.0:9900"),
        ("--admin", "[::]:9900"),
    ],
)
def test_what_cannot_be_run_exits_2_with_the_option_named(
    run: Run, started: list[Settings], options: tuple[str, str]
) -> None:
    result = run("run", *options)
    assert result.exit_code == 2
    assert options[0] in result.stderr
    assert "Traceback" not in result.stderr
    assert started == []


def test_addresses() -> None:
    assert parse_address("localhost:80") == ("localhost", 80)
    assert parse_address("[2001:db8::1]:443") == ("2001:db8::1", 443)
    assert [
        host for host in ("localhost", "127.9.9.9", "::1", "0.0.0.0", "::", "example.org") if is_loopback(host)
    ] == [
        "localhost",
        "127.9.9.9",
        "::1",
    ]


@pytest.mark.parametrize("text", ["101%", "-1%", "nan%", "5", "", "ON"])
def test_a_share_is_on_off_or_a_percent(text: str) -> None:
    with pytest.raises(ValueError, match="percent"):
        parse_share(text)


def test_shares() -> None:
    assert [parse_share(text) for text in ("on", "off", "0%", "12.5%", "100%")] == [1.0, 0.0, 0.0, 0.125, 1.0]


@pytest.mark.parametrize("token", ["tok-\u00e9", "two words", "line\nend"])
def test_a_token_that_no_client_could_send_is_refused(run: Run, started: list[Settings], token: str) -> None:
    result = run("run", env={"STRANGLER_ADMIN_TOKEN": token})
    assert result.exit_code == 2
    assert "STRANGLER_ADMIN_TOKEN" in result.stderr
    assert token not in result.stderr
    assert not started


def test_settings_travel_as_json_without_the_token() -> None:
    settings = Settings(Path("r.yaml"), ("::1", 1), ("h", 2), 3, Path("s"), "s3cret", "json", 0.5)
    text = json.dumps(settings.plain())
    assert "s3cret" not in text
    assert Settings.from_plain(json.loads(text), "s3cret") == settings
