"""Finding an admin port and speaking to it: whatever goes wrong is one message with a remedy, and exit 2."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from proxy.cli import client as client_module
from proxy.cli.client import Client
from proxy.cli.output import Trouble
from tests.cli import answers
from tests.cli.conftest import CannedAdmin, Run


@pytest.fixture
def raw_server() -> Iterator[tuple[str, list[bytes]]]:
    """A socket that says to each connection what the list holds, and closes; says nothing when it is empty."""
    said: list[bytes] = []
    listener = socket.create_server(("127.0.0.1", 0))
    listener.settimeout(0.05)
    stop = threading.Event()

    def serve() -> None:
        kept = []
        while not stop.is_set():
            try:
                connection, _ = listener.accept()
            except TimeoutError:
                continue
            kept.append(connection)
            if said:
                connection.recv(65536)
                connection.sendall(said[0])
                connection.close()
        for connection in kept:
            connection.close()

    thread = threading.Thread(target=serve)
    thread.start()
    yield f"http://127.0.0.1:{listener.getsockname()[1]}", said
    stop.set()
    thread.join()
    listener.close()


def free_url() -> str:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return f"http://127.0.0.1:{listener.getsockname()[1]}"


def test_the_state_folder_names_the_local_proxy(run: Run, admin: CannedAdmin, tmp_path: Path) -> None:
    admin.answers("GET", "/status", answers.status())
    (tmp_path / "there").mkdir()
    (tmp_path / "there" / "admin.json").write_text(json.dumps({"url": admin.url, "pid": 1, "token_required": False}))
    assert run("status", "--state", "there").exit_code == 0
    assert run("status", env={"STRANGLER_STATE": "there"}).exit_code == 0
    assert run("status", env={"STRANGLER_ADMIN": admin.url}).exit_code == 0


def test_no_proxy_at_all(run: Run) -> None:
    result = run("status")
    assert result.exit_code == 2
    assert "strangler run" in result.stderr
    assert "--admin" in result.stderr


@pytest.mark.parametrize("text", ["", "{", "[]", '{"pid": 1}', '{"url": "ftp://x"}'])
def test_a_broken_admin_file(run: Run, tmp_path: Path, text: str) -> None:
    (tmp_path / ".strangler").mkdir()
    (tmp_path / ".strangler" / "admin.json").write_text(text)
    result = run("status")
    assert result.exit_code == 2
    assert "admin.json" in result.stderr


def test_an_unreachable_proxy_is_named_with_a_remedy(run: Run) -> None:
    url = free_url()
    result = run("verdict", "charge-read", "--admin", url)
    assert result.exit_code == 2
    assert f"No proxy answers at {url}" in result.stderr
    assert "strangler run" in result.stderr
    assert result.stdout == ""


def test_a_halt_that_reaches_nobody_says_how_else_to_halt(run: Run) -> None:
    result = run("halt", "--admin", free_url())
    assert result.exit_code == 2
    assert "SIGUSR1" in result.stderr


@pytest.mark.parametrize("url", ["localhost:9900", "ftp://x", "http://", "http://x:70000", "http://me:pw@x"])
def test_what_is_no_admin_url(run: Run, url: str) -> None:
    result = run("status", "--admin", url)
    assert result.exit_code == 2
    assert "http://127.0.0.1:9900" in result.stderr


@pytest.mark.parametrize(
    "said", [b"SSH-2.0-OpenSSH\r\n", b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n<html>", b"\x00"]
)
def test_something_else_listens_there(run: Run, raw_server: tuple[str, list[bytes]], said: bytes) -> None:
    url, sayings = raw_server
    sayings.append(said)
    result = run("status", "--admin", url)
    assert result.exit_code == 2
    assert url in result.stderr
    assert "Traceback" not in result.stderr


def test_a_page_is_not_an_admin_answer(ask: Run, admin: CannedAdmin) -> None:
    admin.answers("GET", "/status", b"<html>hello</html>")
    result = ask("status")
    assert result.exit_code == 2
    assert "not a strangler admin port" in result.stderr


def test_a_proxy_that_hangs(run: Run, raw_server: tuple[str, list[bytes]], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client_module, "TIMEOUT", 0.1)
    result = run("status", "--admin", raw_server[0])
    assert result.exit_code == 2
    assert "did not answer within" in result.stderr


def test_the_token_is_sent_and_a_wrong_one_is_explained(ask: Run, admin: CannedAdmin) -> None:
    admin.answers("GET", "/status", answers.problem("Unauthorized", "No."), status=401)
    assert "wants a token" in ask("status").stderr
    result = ask("status", env={"STRANGLER_ADMIN_TOKEN": "s3cret"})
    assert result.exit_code == 2
    assert "refused the token" in result.stderr
    assert "s3cret" not in result.output
    assert admin.asked[-1].headers["Authorization"] == "Bearer s3cret"


def test_a_token_with_a_line_end_is_refused_before_it_is_sent(ask: Run, admin: CannedAdmin) -> None:
    assert ask("status", "--token", "a\r\nX: y").exit_code == 2
    assert admin.asked == []


def test_proxy_settings_of_the_environment_are_not_used(ask: Run, admin: CannedAdmin) -> None:
    admin.answers("GET", "/status", answers.status())
    assert ask("status", env={"http_proxy": free_url(), "HTTP_PROXY": free_url()}).exit_code == 0


def test_an_unknown_route_is_answered_with_the_proxys_guess(ask: Run) -> None:
    result = ask("verdict", "charge-raed")
    assert result.exit_code == 2
    assert "Did you mean charge-read?" in result.stderr


def test_parts_of_a_path_cannot_escape_it(ask: Run, admin: CannedAdmin) -> None:
    ask("mismatches", "../halt", "a/b?c")
    assert admin.asked[-1].target == "/api/v1/routes/..%2Fhalt/mismatches/a%2Fb%3Fc"


def test_a_server_fault_is_trouble(ask: Run, admin: CannedAdmin) -> None:
    admin.answers("POST", "/resume", answers.problem("Internal", "the store is gone"), status=500)
    result = ask("resume")
    assert result.exit_code == 2
    assert "the store is gone" in result.stderr


def test_an_address_with_a_path_keeps_it() -> None:
    client = Client.find("http://ops.example/strangler/", None, Path("x"))
    assert client.url == "http://ops.example/strangler"


def test_a_state_folder_that_is_no_folder(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(Trouble, match=r"Cannot read"):
        Client.find(None, None, tmp_path / "file")


@pytest.mark.parametrize("status", [200, 401, 409])
def test_json_of_an_application_is_not_taken_for_the_admin_port(ask: Run, admin: CannedAdmin, status: int) -> None:
    admin.is_admin = False
    admin.answers("GET", "/status", {"items": []}, status)
    result = ask("status")
    assert result.exit_code == 2
    assert "is not a strangler admin port" in result.stderr
    assert "Traceback" not in result.stderr
