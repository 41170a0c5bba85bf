"""What stands behind every proxy: one nginx worker with the JSON answers of both sides, and `stubs` for odd
behaviour.

nginx `return` makes an answer without touching a file, so the load core is left to wrk. A configuration word may not
exceed 4 KB, hence the pieces; only the answer of 1 MB is a file, which the kernel sends. The field `request_id` is
either constant (both sides byte-equal) or made of the number of the connection and of the request on it: unique per
answer, so a pair is never byte-equal and differs in that one field. (nginx's `$request_id` would do as well but draws
random bytes, which costs a quarter of the upstream's rate.)
"""

from __future__ import annotations

import os
import pwd
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from bench.answers import SAME_ID, SIZES, body, compact
from bench.harmful import FAULTS
from bench.machine import BenchError, Cores, find_program, free_port, start, stop, wait_listening

CASES = (
    "plain",
    "equal",
    "differs",
    "canary",
    "large",
    "tls",
    "calm",
    *FAULTS,
)  # the first part of a path; the second is the size
UNIQUE_ID = "req_0123456789abcdef_${connection}_${connection_requests}"
LOOSE = 12  # bytes by which an answer with UNIQUE_ID may differ from its nominal size
PIECE = 3000


@dataclass(frozen=True)
class Upstream:
    """Ports of the two sides, of the stub that moves large bodies and of the one that never answers."""

    legacy: int
    extracted: int
    bulk: int
    hang: int


def sizes_of(case: str) -> tuple[str, ...]:
    """The sizes that a case is measured at."""
    return {"large": ("1m",), "tls": ("145",)}.get(case, ("145", "16k"))


def location(case: str, size_name: str, folder: Path) -> str:
    if case == "large":
        return f"    location = /{case}/{size_name} {{ alias {folder}/{size_name}.json; }}\n"
    text = body(SIZES[size_name], UNIQUE_ID if case == "differs" else SAME_ID)
    pieces = [text[start : start + PIECE] for start in range(0, len(text), PIECE)]
    sets = "".join(f"set $p{number} '{piece}'; " for number, piece in enumerate(pieces))
    names = "".join(f"${{p{number}}}" for number in range(len(pieces)))
    return f'    location = /{case}/{size_name} {{ {sets}return 200 "{names}"; }}\n'


def nginx_config(ports: Upstream, folder: Path) -> str:
    locations = "".join(location(case, size, folder) for case in CASES for size in sizes_of(case))
    for path in ("bulk", "bulk-shadow"):
        locations += f"    location /{path}/ {{ proxy_pass http://127.0.0.1:{ports.bulk}; }}\n"
    locations += "    location = /status { stub_status; }\n"
    servers = "".join(
        f"  server {{\n    listen 127.0.0.1:{port} backlog=1024;\n    add_header X-Build {name}-1;\n{locations}  }}\n"
        for name, port in (("legacy", ports.legacy), ("extracted", ports.extracted))
    )
    # started by root its worker would be nobody, who may not read in this folder
    return f"""user {pwd.getpwuid(os.getuid()).pw_name};
{nginx_head(folder)}
  default_type application/json;
  sendfile on;
  open_file_cache max=10;
  proxy_buffering off;
  proxy_request_buffering off;
  proxy_http_version 1.1;
{servers}}}
"""


def nginx_head(folder: Path) -> str:
    """The opening of every nginx.conf here, upstream and peer alike: one worker, no log, long keep-alive."""
    return f"""worker_processes 1;
daemon off;
pid {folder}/pid;
error_log stderr error;
events {{ worker_connections 4096; }}
http {{
  access_log off;
  keepalive_requests 100000000;
  keepalive_timeout 300s;
  client_max_body_size 0;
  client_body_temp_path {folder}/client;
  proxy_temp_path {folder}/proxy;
  fastcgi_temp_path {folder}/fastcgi;
  uwsgi_temp_path {folder}/uwsgi;
  scgi_temp_path {folder}/scgi;"""


def requests_served(ports: Upstream) -> int:
    """All requests the upstream nginx has answered, both sides together: how copies are counted without asking the
    proxy.
    """
    with urllib.request.urlopen(f"http://127.0.0.1:{ports.legacy}/status", timeout=5) as answer:
        numbers: str = answer.read().decode().splitlines()[2]
    return int(numbers.split()[2])


@contextmanager
def run_upstream(cores: Cores, folder: Path) -> Iterator[Upstream]:
    nginx = find_program("nginx")
    if nginx is None:
        raise BenchError("the benchmark needs nginx as its upstream: apt-get install nginx-light")
    ports = Upstream(free_port(), free_port(), free_port(), free_port())
    home = folder / "upstream"
    home.mkdir()
    config = home / "nginx.conf"
    config.write_text(nginx_config(ports, home))
    (home / "1m.json").write_text(compact({"note": "x" * (SIZES["1m"] - len(compact({"note": ""})))}))
    server = start("upstream nginx", [nginx, "-p", str(home), "-c", str(config)], cores.load, home / "nginx.log")
    stubs = start(
        "stubs", [sys.executable, "-m", "bench.stubs", str(ports.bulk), str(ports.hang)], cores.load, home / "stubs.log"
    )
    try:
        for process, port in (
            (server, ports.legacy),
            (server, ports.extracted),
            (stubs, ports.bulk),
            (stubs, ports.hang),
        ):
            wait_listening(process, port)
        yield ports
    finally:
        stop(server)
        stop(stubs)
