"""A whole proxy with TLS or at a Unix socket: start, renewal, edit, stop."""

from __future__ import annotations

import http.client
import os
import shutil
import socket
import stat
from pathlib import Path

import pytest

from tests.support.certificates import Authority
from tests.support.running import PATIENCE, Running, backends, json_backend, running, until

ROUTES = """\
version: 1
backends: {{legacy: {{url: "http://127.0.0.1:{port}"}}}}
legacy: legacy
{more}
"""


def ask(proxy: Running, authority: Authority) -> tuple[int, str]:
    """The status of an answer over TLS, and for whom the certificate was made."""
    context = authority.client()
    connection = http.client.HTTPSConnection("localhost", proxy.port, timeout=PATIENCE, context=context)
    try:
        connection.request("GET", "/")
        subject = connection.sock.getpeercert()["subject"]  # type: ignore[index]  # it has one
        return connection.getresponse().status, str(dict(pair for group in subject for pair in group)["commonName"])  # type: ignore[misc]  # typeshed's union of shapes
    finally:
        connection.close()


def test_certificates_follow_their_files_and_a_bad_one_is_seen_in_the_metrics(tmp_path: Path) -> None:
    authority = Authority(tmp_path / "tls")
    pem, key = authority.sign("first", "localhost", password="open sesame")
    legacy = json_backend()
    tls = 'listen: {tls: [{certificate: tls/first.pem, key: tls/first.key, password: "${KEY_WORD}"}]}'
    routes = ROUTES.format(port=legacy.port, more=tls)
    with backends(legacy), running(tmp_path, routes, "--workers", "2", env={"KEY_WORD": "open sesame"}) as proxy:
        assert ask(proxy, authority) == (200, "first")
        until(lambda: proxy.log.read_text().count('"event": "listening"') == 2, "both workers to listen")
        assert proxy.metric("strangler_certificates_ok") == 1
        # 1. A broken file changes nothing but the gauge.
        pem.write_text("not a certificate")
        until(lambda: proxy.metric("strangler_certificates_ok") == 0, "the gauge to fall")
        assert ask(proxy, authority) == (200, "first")
        # 2. A good one is used, and the gauge says so.
        renewed, renewed_key = authority.sign("renewed", "localhost")
        shutil.copy(renewed, pem)
        shutil.copy(renewed_key, key)
        until(lambda: proxy.metric("strangler_certificates_ok") == 1, "the gauge to rise")
        until(lambda: all(ask(proxy, authority) == (200, "renewed") for _ in range(8)), "the new one everywhere")
        # 3. An edit that names a missing file is refused whole.
        proxy.edit("tls/first.pem", "tls/missing.pem")
        until(lambda: proxy.metric("strangler_config_reload_success") == 0, "the edit to be refused")
        assert ask(proxy, authority) == (200, "renewed")
        # 4. Without the block, the port speaks plain HTTP again.
        proxy.file.write_text(ROUTES.format(port=legacy.port, more=""))
        until(lambda: speaks_plain(proxy), "plain HTTP")
        assert proxy.stop() == 0
        log = proxy.log.read_text()
    assert "open sesame" not in log
    assert "certificate_not_read" in log


def speaks_plain(proxy: Running) -> bool:
    try:
        return proxy.get("/")[0] == 200
    except (OSError, http.client.HTTPException):
        return False


def test_a_start_without_its_certificate_is_one_clear_message(tmp_path: Path) -> None:
    routes = ROUTES.format(port=1, more="listen: {tls: [{certificate: a.pem, key: a.key}]}")
    proxy = Running(tmp_path, routes).start(wait=False)
    assert proxy.process is not None
    assert proxy.process.wait(PATIENCE) == 2
    log = proxy.log.read_text()
    place, named = f"{proxy.file}:4:16", f"{tmp_path}/a.pem with key {tmp_path}/a.key"
    assert f"{place}: error: listen: certificate {named} can't be read: No such file" in log
    assert "Traceback" not in log
    checked = proxy.command("check", "-c", str(proxy.file))
    assert (checked.returncode, "warning: listen: certificate" in checked.stdout) == (0, True)


def ask_socket(path: Path) -> bytes:
    with socket.socket(socket.AF_UNIX) as wire:
        wire.settimeout(PATIENCE)
        wire.connect(str(path))
        wire.sendall(b"GET /a HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
        return b"".join(iter(lambda: wire.recv(65536), b""))


@pytest.fixture
def short_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("s")  # the name of a Unix socket has its bounds


def test_a_public_unix_socket_has_its_mode_replaces_a_stale_one_and_goes_at_the_end(short_folder: Path) -> None:
    path = short_folder / "front.sock"
    with socket.socket(socket.AF_UNIX) as left:
        left.bind(str(path))  # as a process that was killed leaves it
    legacy = json_backend()
    proxy = Running(short_folder, ROUTES.format(port=legacy.port, more=""))
    proxy.options = ("--listen", f"unix:{path},mode=0600", "--workers", "2")
    with backends(legacy):
        try:
            proxy.start()
            assert stat.S_IMODE(path.stat().st_mode) == 0o600
            assert ask_socket(path).startswith(b"HTTP/1.1 200 ")
            # A second one is told.
            other = Running(short_folder, proxy.file.read_text())
            other.state, other.log = short_folder / "other", short_folder / "other.log"
            other.options = proxy.options
            assert other.start(wait=False).process.wait(PATIENCE) == 2  # type: ignore[union-attr]  # it was just started
            assert f"can't listen on unix:{path}: the path is taken" in other.log.read_text()
            assert ask_socket(path).startswith(b"HTTP/1.1 200 ")
            assert proxy.stop() == 0
        finally:
            proxy.kill_all()
    assert not os.path.exists(path)


def test_another_file_is_never_replaced_by_a_socket(short_folder: Path) -> None:
    path = short_folder / "precious"
    path.write_text("mine")
    proxy = Running(short_folder, ROUTES.format(port=1, more=""))
    proxy.options = ("--listen", f"unix:{path}")
    assert proxy.start(wait=False).process.wait(PATIENCE) == 2  # type: ignore[union-attr]  # it was just started
    assert path.read_text() == "mine"


def test_exchanges_over_tls_end_at_a_stop(tmp_path: Path) -> None:
    authority = Authority(tmp_path / "tls")
    authority.sign("front", "localhost")
    legacy = json_backend()
    routes = ROUTES.format(port=legacy.port, more="listen: {tls: [{certificate: tls/front.pem, key: tls/front.key}]}")
    with backends(legacy), running(tmp_path, routes) as proxy:
        with socket.create_connection(("127.0.0.1", proxy.port), PATIENCE) as raw:
            wire = authority.client().wrap_socket(raw, server_hostname="localhost")
            wire.sendall(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\na")
            until(lambda: proxy.metric("strangler_in_flight") == 1, "the exchange to begin")
            assert proxy.process is not None
            proxy.process.terminate()
            until(lambda: '"event": "drain"' in proxy.log.read_text(), "the drain")
            wire.sendall(b"b")
            answer = b"".join(iter(lambda: wire.recv(65536), b""))
            wire.close()
        assert answer.startswith(b"HTTP/1.1 200 ")
        assert b"\r\nConnection: close\r\n" in answer
        assert proxy.process.wait(PATIENCE) == 0
