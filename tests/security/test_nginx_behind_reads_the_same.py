"""The corpus once more, with nginx behind: its log must name the requests that the proxy counted, and no other."""

from __future__ import annotations

import asyncio
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.security.corpus import PASSES, REFUSED
from tests.security.judges import END, LIMITS
from tests.support.engine import Running, backend, spec_of
from tests.support.running import PATIENCE, free_port
from tests.support.wire import connect, until

NGINX = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin")
CONFIG = """
daemon off; master_process off; worker_processes 1; pid {folder}/pid; error_log {folder}/error crit;
events {{ worker_connections 256; }}
http {{
  log_format line '$request'; access_log {folder}/access line; client_body_temp_path {folder}/bodies;
  proxy_temp_path {folder}/p; fastcgi_temp_path {folder}/f; uwsgi_temp_path {folder}/u; scgi_temp_path {folder}/s;
  keepalive_requests 1000000; large_client_header_buffers 8 64k;
  server {{ listen 127.0.0.1:{port}; location / {{ return 200; }} }}
}}
"""


@pytest.fixture
def nginx(tmp_path: Path) -> Iterator[tuple[int, Path]]:
    if NGINX is None:
        pytest.skip("nginx is not installed")
    port = free_port()
    (tmp_path / "conf").write_text(CONFIG.format(folder=tmp_path, port=port))
    process = subprocess.Popen(
        [NGINX, "-p", str(tmp_path), "-e", str(tmp_path / "error"), "-c", str(tmp_path / "conf")]
    )
    try:
        yield port, tmp_path / "access"
    finally:
        process.terminate()
        process.wait(PATIENCE)


async def reached(port: int) -> bool:
    try:
        wire = await connect(port)
    except OSError:
        return False
    wire.close()
    return True


async def test_its_log_has_the_requests_that_were_counted(nginx: tuple[int, Path]) -> None:
    port, log = nginx
    async with asyncio.timeout(PATIENCE):
        while not await reached(port):  # noqa: ASYNC110 - no event says that a program listens
            await asyncio.sleep(0.02)
    counted: list[str] = []
    async with Running(spec_of(backend("legacy", port), limits=LIMITS)) as proxy:
        for name, raw in [*REFUSED.items(), *((name, raw) for name, (raw, _) in PASSES.items())]:
            wire = await proxy.connect()
            await wire.send(raw + END)
            await wire.rest()
            wire.close()
            before = len(counted)
            for one in proxy.ended:
                if one.side != "proxy":
                    target = PASSES[name][1][1] if one.target != b"/end" else one.target
                    counted.append(f"{one.method.decode()} {target.decode()} HTTP/1.1")
            proxy.ended.clear()
            await until(lambda: len(log.read_text().splitlines()) >= len(counted), f"nginx to log {name}")
            assert log.read_text().splitlines()[before:] == counted[before:], name
    assert len(counted) == 2 * len(PASSES)
