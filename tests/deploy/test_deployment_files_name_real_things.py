"""The Dockerfile, the compose file, the systemd unit and the Prometheus file are not run here; what they name is
checked against the code that they start, and the image's health check is run against a real proxy."""

from __future__ import annotations

import configparser
import importlib.util
import json
import re
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import click
import pytest
import yaml

from proxy import config
from proxy.cli import run as run_command
from tests.support.running import ROOT, Running

DOCKERFILE = (ROOT / "Dockerfile").read_text().replace("\\\n", "")
COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "deploy" / "compose.yaml").read_text())
SERVICES: dict[str, Any] = COMPOSE["services"]
UNIT = ROOT / "deploy" / "systemd" / "strangler.service"
ROUTES = """\
version: 1
backends: {legacy: {url: "http://127.0.0.1:9"}}
legacy: legacy
"""
PORTS = {"monolith": 8001, "charges": 8101, "invoices": 8102}


def test_the_routes_of_the_compose_file_lead_to_its_services() -> None:
    file = ROOT / "deploy" / "compose" / "routes.yaml"
    loaded = config.load(file.read_text(), file=str(file), env={})
    assert loaded.problems == ()
    assert loaded.spec is not None
    assert {backend.host: backend.port for backend in loaded.spec.backends.values()} == PORTS
    assert set(PORTS) < set(SERVICES)


def test_every_service_starts_a_module_and_a_target_that_exist() -> None:
    targets = set(re.findall(r"^FROM \S+ AS (\S+)", DOCKERFILE, re.MULTILINE))
    for name, service in SERVICES.items():
        assert service.get("build", {}).get("target", "build") in targets, name
        for module in service.get("command", [])[:1]:
            assert importlib.util.find_spec(module) is not None, name
        for other in service.get("depends_on", {}):
            assert other in SERVICES, name


def test_every_volume_of_the_compose_file_is_declared_or_in_the_checkout() -> None:
    for name, service in SERVICES.items():
        for source in (volume.split(":")[0] for volume in service.get("volumes", [])):
            known = (ROOT / "deploy" / source).exists() if source.startswith(".") else source in COMPOSE["volumes"]
            assert known, f"{name}: {source}"


def test_what_waits_for_health_waits_for_something_that_has_a_health_check() -> None:
    waited = {
        other
        for service in SERVICES.values()
        for other, how in service.get("depends_on", {}).items()
        if how["condition"] == "service_healthy"
    }
    assert waited == {"proxy", "monolith"}
    assert "HEALTHCHECK" in DOCKERFILE.rpartition("\nFROM ")[2], "the proxy's is in its image"
    assert "healthcheck" in SERVICES["monolith"]


@pytest.mark.parametrize("text", [DOCKERFILE, UNIT.read_text()], ids=["Dockerfile", "unit"])
def test_the_variables_set_are_options_of_run(text: str) -> None:
    known = {option.envvar for option in run_command.command.params if isinstance(option, click.Option)}
    lines = [line for line in text.splitlines() if line.startswith(("ENV ", "Environment="))]
    named = {name for line in lines for name in re.findall(r"(STRANGLER_\w+)=", line)}
    assert {"STRANGLER_CONFIG", "STRANGLER_STATE", "STRANGLER_LISTEN"} <= named <= known


def test_the_builder_is_sent_what_is_copied_and_nothing_else() -> None:
    copied = re.findall(r"^COPY (?!--from)(.+) \S+$", DOCKERFILE, re.MULTILINE)
    sources = {source for line in copied for source in line.split()}
    sent = {line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")}
    assert sources == sent


def test_the_last_stage_is_the_proxy_and_no_stage_that_runs_is_root() -> None:
    build, *stages = re.split(r"^FROM ", DOCKERFILE, flags=re.MULTILINE)[1:]
    assert "AS build" in build
    assert all(re.search(r"^USER [1-9]\d*$", stage, re.MULTILINE) for stage in stages)
    assert 'ENTRYPOINT ["strangler"]\nCMD ["run"]' in stages[-1]


def test_prometheus_scrapes_the_default_admin_port() -> None:
    scraped = yaml.safe_load((ROOT / "deploy" / "prometheus.yml").read_text())["scrape_configs"]
    admin = next(option for option in run_command.command.params if option.name == "admin")
    assert [job["static_configs"][0]["targets"] for job in scraped] == [[admin.default]]


def test_the_unit_runs_the_console_script_and_reloads_by_signal() -> None:
    unit = configparser.RawConfigParser(strict=False, interpolation=None)
    unit.optionxform = str  # type: ignore[assignment,method-assign]  # the documented way to keep the case of keys
    unit.read_string(UNIT.read_text())
    service = unit["Service"]
    program, command = service["ExecStart"].split()
    scripts = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["scripts"]
    assert Path(program).name in scripts
    assert (
        subprocess.run([sys.executable, "-m", "proxy", command, "--help"], capture_output=True, check=False).returncode
        == 0
    )
    assert service["ExecReload"] == "/bin/kill -HUP $MAINPID"
    assert service["DynamicUser"] == "yes"
    assert f"/var/lib/{service['StateDirectory']}" in UNIT.read_text()


def test_the_health_check_of_the_image_tells_a_ready_proxy_from_a_stopped_one(tmp_path: Path) -> None:
    found = re.search(r"^HEALTHCHECK .*CMD (\[.*\])$", DOCKERFILE, re.MULTILINE)
    assert found is not None
    program, *arguments = json.loads(found[1])
    assert program == "python"
    proxy = Running(tmp_path, ROUTES)

    def healthy() -> bool:
        environment = {"STRANGLER_STATE": str(proxy.state), "http_proxy": "http://127.0.0.1:9"}
        done = subprocess.run([sys.executable, *arguments], env=environment, capture_output=True, check=False)
        return done.returncode == 0

    try:
        assert not healthy()
        proxy.start()
        assert healthy()
        assert proxy.stop() == 0
        assert not healthy()
    finally:
        proxy.kill_all()
