"""What every service has: health, metrics, build and trace headers, a log line per request; and it runs by itself."""

import json
import signal
import sqlite3
import urllib.request
from pathlib import Path

import pytest
from aiohttp import ClientSession

from extracted.chassis.database import Database, DatabaseUnusableError
from legacy_monolith.ids import seeded_id
from tests.legacy_monolith.fixtures import Client
from tests.legacy_monolith.world import KEY, NEW_CHARGE, process, refused_start
from tests.support.running import PATIENCE

CHARGE = f"/v1/charges/{seeded_id('ch', 0)}"


async def test_health_and_metrics_need_no_key(charges_service: Client) -> None:
    async with ClientSession() as stranger:
        async with stranger.get(charges_service.make_url("/healthz")) as response:
            assert (response.status, await response.json()) == (200, {"status": "ok", "build": "charges-1.0.0"})
        async with stranger.get(charges_service.make_url("/metrics")) as response:
            assert "service_requests_total" in await response.text()


async def test_health_tells_when_the_database_is_gone(charges_service: Client, database_file: Path) -> None:
    connection = sqlite3.connect(database_file)
    connection.execute("DROP TABLE api_keys")
    connection.close()
    async with charges_service.get("/healthz") as response:
        assert response.status == 503
    async with charges_service.get(CHARGE) as response:
        assert response.status == 500
        error = (await response.json())["error"]
    assert error == {"type": "api_error", "code": None, "message": "Something went wrong on our side."}


async def test_requests_are_counted_by_template_and_shadow(charges_service: Client) -> None:
    for number in range(3):
        await (await charges_service.get(f"/v1/charges/{seeded_id('ch', number)}")).read()
    shadow = {"X-Strangler-Shadow": "1"}
    await (await charges_service.post("/v1/charges", json=NEW_CHARGE, headers=shadow)).read()
    await (await charges_service.get("/v1/odd/path")).read()
    async with charges_service.get("/metrics") as response:
        text = await response.text()
    assert 'service_requests_total{code="200",method="GET",route="/v1/charges/{id}",shadow="false"} 3.0' in text
    assert 'service_requests_total{code="200",method="POST",route="/v1/charges",shadow="true"} 1.0' in text
    assert 'route="unknown"' in text
    assert "odd" not in text


async def test_every_answer_names_its_build_and_request(charges_service: Client) -> None:
    for path in (CHARGE, "/v1/charges/none", "/v1/odd", "/healthz"):
        async with charges_service.get(path, headers={"X-Request-Id": "mine-7"}) as response:
            assert response.headers["X-Build"] == "charges-1.0.0"
            assert response.headers["X-Request-Id"] == "mine-7"


def test_a_file_that_is_not_the_monoliths_is_refused_and_none_is_made(tmp_path: Path) -> None:
    missing, empty = tmp_path / "missing.sqlite3", tmp_path / "empty.sqlite3"
    empty.touch()
    for path in (missing, empty):
        with pytest.raises(DatabaseUnusableError, match="Start the monolith first"):
            Database(path)
    assert not missing.exists()


@pytest.mark.parametrize(
    ("module", "path", "env", "build"),
    [
        ("extracted.charges", CHARGE, {}, "charges-1.0.0"),
        ("extracted.charges", CHARGE, {"CHARGES_BUG": "rounding"}, "charges-0.9.0"),
        ("extracted.charges", CHARGE, {"CHARGES_BUG": "rounding", "BUILD": "x-7"}, "x-7"),
        ("extracted.invoices", f"/v1/invoices/{seeded_id('in', 0)}", {"BUILD": "invoices-2"}, "invoices-2"),
    ],
)
def test_a_service_runs_logs_and_ends_on_sigterm(
    database_file: Path, module: str, path: str, env: dict[str, str], build: str
) -> None:
    with process(module, "--database", str(database_file), **env) as (started, url):
        trace = {"X-Request-Id": "mine-7", "traceparent": "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"}
        with urllib.request.urlopen(urllib.request.Request(url + path, headers={**KEY, **trace})) as response:
            assert (response.status, response.headers["X-Build"]) == (200, build)
            assert json.load(response)["id"] == path.rpartition("/")[2]
        started.send_signal(signal.SIGTERM)
        assert started.wait(PATIENCE) == 0
        assert started.stderr is not None
        line = json.loads(started.stderr.read())
    assert (line["event"], line["status"], line["path"]) == ("request", 200, path)
    assert (line["request_id"], line["traceparent"]) == ("mine-7", trace["traceparent"])


def test_a_bad_start_is_told_in_one_line(tmp_path: Path) -> None:
    code, message = refused_start("extracted.invoices", "--database", str(tmp_path / "none.sqlite3"))
    assert (code, message.count("\n")) == (2, 1)
    code, message = refused_start("extracted.charges", "--database", "none", CHARGES_BUG="odd")
    assert code == 2
    assert "CHARGES_BUG must be unset or `rounding`" in message
