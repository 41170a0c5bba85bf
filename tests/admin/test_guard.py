"""Who may ask: token, host, other sites."""

from __future__ import annotations

import base64
from collections.abc import Awaitable, Callable

import pytest
from aiohttp.test_utils import TestClient
from aiohttp.web import Application, Request

from proxy.admin import make_app
from tests.admin.helpers import Control

Client = TestClient[Request, Application]
Start = Callable[[str | None], Awaitable[Client]]
JSON = {"Content-Type": "application/json"}


@pytest.fixture
def control() -> Control:
    return Control()


@pytest.fixture
def start(aiohttp_client, control: Control) -> Start:  # type: ignore[no-untyped-def]  # the fixture has no public type
    async def started(token: str | None) -> Client:
        made: Client = await aiohttp_client(make_app(control.face(), token=token))
        return made

    return started


@pytest.mark.parametrize(
    "authorization",
    [None, "", "Bearer", "Bearer ", "Bearer wrong", "Bearer s3cre", "Basic s3cret", "s3cret", "Bearer é"],
)
async def test_without_the_token_nothing_is_told_and_nothing_done(
    start: Start, control: Control, authorization: str | None
) -> None:
    client = await start("s3cret")
    headers = {} if authorization is None else {"Authorization": authorization}
    for path in ("/api/v1/status", "/metrics", "/api/v1/nothing", "/api/v1/routes/charge-read"):
        answer = await client.get(path, headers=headers)
        assert answer.status == 401
        assert answer.headers["WWW-Authenticate"].startswith("Bearer")
    assert (await client.post("/api/v1/halt", json={}, headers=headers)).status == 401
    assert control.done == []


async def test_with_the_token_everything_is_open(start: Start, control: Control) -> None:
    client = await start("s3cret")
    headers = {"Authorization": "bearer s3cret", "Host": "proxy.example:9900"}
    assert (await client.get("/api/v1/status", headers=headers)).status == 200
    assert (await client.get("/metrics", headers=headers)).status == 200
    assert (await client.post("/api/v1/halt", json={}, headers=headers)).status == 200
    assert len(control.done) == 1


async def test_health_and_the_pages_that_hold_no_data_need_no_token(start: Start) -> None:
    client = await start("s3cret")
    for path in ("/healthz", "/readyz", "/", "/dashboard.js", "/dashboard.css"):
        assert (await client.get(path)).status == 200


@pytest.mark.parametrize(
    "host", ["evil.example", "127.0.0.1.evil.example", "localhost.evil.example", "10.0.0.1", "[::2]", ""]
)
async def test_without_a_token_a_foreign_host_name_is_refused(start: Start, host: str) -> None:
    client = await start(None)
    assert (await client.get("/api/v1/status", headers={"Host": host})).status == 403
    assert (await client.get("/healthz", headers={"Host": host})).status == 200  # probes ask by address


@pytest.mark.parametrize("host", ["localhost", "localhost:9900", "127.0.0.1:1", "127.1.2.3", "[::1]:9900", "LOCALHOST"])
async def test_loopback_names_are_served(start: Start, host: str) -> None:
    client = await start(None)
    assert (await client.get("/api/v1/status", headers={"Host": host})).status == 200


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "http://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://localhost:1"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
    ],
)
async def test_a_write_from_another_site_is_refused(start: Start, control: Control, headers: dict[str, str]) -> None:
    client = await start(None)
    answer = await client.post("/api/v1/halt", data="{}", headers={**JSON, **headers})
    assert answer.status == 403
    assert control.done == []


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data", None])
async def test_a_write_that_a_form_could_send_is_refused(start: Start, control: Control, kind: str | None) -> None:
    client = await start(None)
    headers = {} if kind is None else {"Content-Type": kind}
    assert (await client.post("/api/v1/halt", data=b"{}", headers=headers)).status == 415
    assert control.done == []


async def test_a_write_from_the_own_page_is_taken(start: Start, control: Control) -> None:
    client = await start(None)
    origin = f"http://{client.host}:{client.port}"
    headers = {**JSON, "Origin": origin, "Sec-Fetch-Site": "same-origin"}
    assert (await client.post("/api/v1/halt", data="{}", headers=headers)).status == 200
    assert len(control.done) == 1


@pytest.mark.parametrize("path", ["/", "/dashboard.js", "/api/v1/status", "/api/v1/nothing", "/healthz"])
async def test_every_answer_carries_the_headers_that_bind_a_browser(start: Start, path: str) -> None:
    client = await start(None)
    answer = await client.get(path)
    policy = answer.headers["Content-Security-Policy"]
    assert policy.startswith("default-src 'none'")
    assert "unsafe" not in policy
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["X-Strangler-Api"] == "v1", "by which clients know an admin port"
    assert answer.headers["Cache-Control"] == "no-store"
    assert "Access-Control-Allow-Origin" not in answer.headers


async def test_a_preflight_is_never_answered(start: Start) -> None:
    client = await start(None)
    headers = {"Origin": "http://evil.example", "Access-Control-Request-Method": "POST"}
    answer = await client.options("/api/v1/halt", headers=headers)
    assert answer.status >= 400
    assert "Access-Control-Allow-Origin" not in answer.headers


@pytest.mark.parametrize(
    ("given", "gate"),
    [("flagger:s3cret", 412), (":s3cret", 412), ("flagger:wrong", 401), ("s3cret", 401), ("s3cret:", 401)],
)
async def test_the_gate_alone_takes_the_token_as_a_password(
    start: Start, control: Control, given: str, gate: int
) -> None:
    client = await start("s3cret")
    headers = {"Authorization": "Basic " + base64.b64encode(given.encode()).decode()}
    for ask in (client.get, client.post):
        answer = await ask("/api/v1/routes/charge-read/gate", headers={**JSON, **headers}, data=b"")
        assert answer.status == gate
    assert (await client.get("/api/v1/routes/charge-read/verdict", headers=headers)).status == 401
    assert (await client.post("/api/v1/halt", json={}, headers=headers)).status == 401
    assert (await client.get("/api/v1/routes/charge-read/gate", headers={"Authorization": "Basic é"})).status == 401
    assert control.done == []
