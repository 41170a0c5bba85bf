"""The JSON API: what is passed to control, and what comes back."""

from __future__ import annotations

from datetime import date

import pytest
from aiohttp.test_utils import TestClient
from aiohttp.web import Application, Request

from proxy.admin import Accept, Promote, ReplayMismatches, Rollback, Who, make_app
from proxy.model.sides import Stage
from tests.admin.helpers import VERDICT, Control

Client = TestClient[Request, Application]


@pytest.fixture
def control() -> Control:
    return Control()


@pytest.fixture
async def client(aiohttp_client, control: Control) -> Client:  # type: ignore[no-untyped-def]  # the fixture has no public type
    made: Client = await aiohttp_client(make_app(control.face(), token=None))
    return made


async def test_health_and_readiness(client: Client, control: Control) -> None:
    assert (await client.get("/healthz")).status == 200
    assert (await client.get("/readyz")).status == 200
    control.why_not_ready = "no worker is connected"
    answer = await client.get("/readyz")
    assert (answer.status, await answer.text()) == (503, "not ready: no worker is connected\n")
    assert (await client.get("/healthz")).status == 200


async def test_metrics_are_prometheus_text(client: Client) -> None:
    answer = await client.get("/metrics")
    assert answer.headers["Content-Type"] == "text/plain; version=0.0.4; charset=utf-8"
    assert "strangler_halted 0.0" in await answer.text()


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("status", {"halted": False, "routes": [{"name": "charge-read"}, {"name": "invoice-read"}]}),
        ("inventory", {"rows": [], "estimated": False}),
        ("routes/charge-read", {"name": "charge-read", "signatures": []}),
        ("routes/unrouted", {"name": "unrouted", "signatures": []}),
        ("routes/charge-read/verdict", VERDICT),
        ("routes/charge-read/mismatches", {"route": "charge-read", "build": "build-1", "signatures": []}),
        ("routes/charge-read/mismatches/s1", {"signature": {"signature": "s1"}, "exemplars": []}),
        ("history", {"rows": [], "asked": [None, 100]}),
        ("history?route=charge-read&limit=7", {"rows": [], "asked": ["charge-read", 7]}),
    ],
)
async def test_reads(client: Client, path: str, body: object) -> None:
    answer = await client.get(f"/api/v1/{path}")
    assert answer.status == 200
    assert answer.content_type == "application/json"
    assert await answer.json() == body


async def test_the_gate_speaks_by_its_status(client: Client) -> None:
    closed = await client.get("/api/v1/routes/charge-read/gate")
    assert (closed.status, await closed.json()) == (412, VERDICT)
    assert (await client.get("/api/v1/routes/invoice-read/gate")).status == 200
    posted = await client.post("/api/v1/routes/invoice-read/gate", json={"name": "charges", "phase": "Progressing"})
    assert (posted.status, (await posted.json())["verdict"]) == (200, "pass")
    assert (await client.post("/api/v1/routes/charge-read/gate", json={})).status == 412


async def test_the_gate_may_be_asked_for_another_verdict(client: Client, control: Control) -> None:
    for ruling, code in (("pass", 412), ("inconclusive", 412), ("fail", 200)):
        control.verdicts["charge-read"] = {**VERDICT, "verdict": ruling}
        assert (await client.get("/api/v1/routes/charge-read/gate?verdict=fail")).status == code
    bad = await client.get("/api/v1/routes/charge-read/gate?verdict=failed")
    assert (bad.status, (await bad.json())["detail"]) == (400, "verdict is one of pass, fail, inconclusive")


async def test_the_verdict_is_always_200(client: Client, control: Control) -> None:
    for ruling in ("pass", "fail", "inconclusive"):
        control.verdicts["charge-read"] = {**VERDICT, "verdict": ruling}
        answer = await client.get("/api/v1/routes/charge-read/verdict")
        assert (answer.status, (await answer.json())["verdict"]) == (200, ruling)


async def test_a_replay_is_begun_and_looked_at(client: Client, control: Control) -> None:
    begun = await client.post("/api/v1/routes/charge-read/replay", json={"signature": "s1", "who": "ann"})
    assert await begun.json() == {"route": "charge-read", "running": True}
    assert control.done == [("replay", "charge-read", ReplayMismatches(who="ann", signature="s1"))]
    assert await (await client.get("/api/v1/routes/charge-read/replay")).json() == {
        "route": "charge-read",
        "running": False,
    }


async def test_writes_reach_control_with_all_that_was_said(client: Client, control: Control) -> None:
    base = "/api/v1/routes/charge-read"
    who = {"who": "ann", "why": "looks good"}
    promote = {**who, "to": "canary", "percent": 10, "force": True}
    assert (await client.post(f"{base}/promote", json=promote)).status == 200
    assert (await client.post(f"{base}/rollback", json={**who, "yes": True})).status == 200
    accept = {"signature": "s1", "owner": "payments", "reason": "rounding", "until": "2027-01-31", "who": "ann"}
    assert (await client.post(f"{base}/accept", json=accept)).status == 200
    assert await (await client.post("/api/v1/halt", json=who)).json() == {"halted": True, "skipped": []}
    assert (await client.post("/api/v1/resume", json={})).status == 200
    until = date(2027, 1, 31)
    assert control.done == [
        ("promote", "charge-read", Promote(who="ann", why="looks good", to=Stage.CANARY, percent=10, force=True)),
        ("rollback", "charge-read", Rollback(who="ann", why="looks good", yes=True)),
        ("accept", "charge-read", Accept(signature="s1", owner="payments", reason="rounding", until=until, who="ann")),
        ("halt", Who(who="ann", why="looks good")),
        ("resume", Who()),
    ]


async def test_a_refused_promotion_is_a_problem_with_the_verdict(client: Client) -> None:
    answer = await client.post("/api/v1/routes/charge-read/promote", json={})
    assert answer.status == 409
    assert answer.content_type == "application/problem+json"
    body = await answer.json()
    assert body["title"] == "not yet"
    assert body["verdict"] == VERDICT


@pytest.mark.parametrize("path", ["", "/verdict", "/gate", "/mismatches", "/mismatches/s1", "/replay"])
async def test_an_unknown_route_is_answered_with_the_nearest_names(client: Client, path: str) -> None:
    answer = await client.get(f"/api/v1/routes/charge-raed{path}")
    assert (answer.status, answer.content_type) == (404, "application/problem+json")
    body = await answer.json()
    assert body["did_you_mean"] == ["charge-read"]
    assert "did you mean charge-read?" in body["detail"]


@pytest.mark.parametrize("action", ["promote", "rollback", "accept", "replay", "gate"])
async def test_an_unknown_route_is_never_written(client: Client, control: Control, action: str) -> None:
    assert (await client.post(f"/api/v1/routes/nope/{action}", json={})).status == 404
    assert control.done == []


@pytest.mark.parametrize(
    ("path", "body", "field"),
    [
        ("routes/charge-read/promote", '{"to": "canari"}', "to"),
        ("routes/charge-read/promote", '{"percent": 101}', "percent"),
        ("routes/charge-read/promote", '{"percent": NaN}', "percent"),
        ("routes/charge-read/promote", '{"forse": true}', "forse"),
        ("routes/charge-read/promote", '{"force": true}', "force"),
        ("routes/charge-read/promote", '{"force": true, "why": " "}', "force"),
        ("routes/charge-read/promote", '{"who": "a\\nb"}', "who"),
        ("routes/charge-read/promote", '{"why": "' + "x" * 1001 + '"}', "why"),
        ("routes/charge-read/promote", '{"to": ', "body"),
        ("routes/charge-read/promote", "[]", "body"),
        ("routes/charge-read/accept", '{"owner": "o", "reason": "r", "until": "2027-01-31"}', "signature"),
        (
            "routes/charge-read/accept",
            '{"signature": "s", "owner": "o", "reason": " ", "until": "2027-01-31"}',
            "reason",
        ),
        ("routes/charge-read/accept", '{"signature": "s", "owner": "o", "reason": "r", "until": "soon"}', "until"),
        ("halt", '{"yes": true}', "yes"),
    ],
)
async def test_a_bad_body_is_refused_by_field_and_changes_nothing(
    client: Client, control: Control, path: str, body: str, field: str
) -> None:
    answer = await client.post(f"/api/v1/{path}", data=body, headers={"Content-Type": "application/json"})
    assert answer.status == 400
    assert [fault["field"] for fault in (await answer.json())["faults"]] == [field]
    assert control.done == []


@pytest.mark.parametrize("limit", ["0", "-1", "10001", "x", "٣", "99999999999999999999"])
async def test_a_bad_history_limit_is_refused(client: Client, limit: str) -> None:
    assert (await client.get("/api/v1/history", params={"limit": limit})).status == 400


async def test_a_body_beyond_the_limit_is_refused(client: Client, control: Control) -> None:
    answer = await client.post("/api/v1/halt", data=b" " * 70_000, headers={"Content-Type": "application/json"})
    assert (answer.status, answer.content_type) == (413, "application/problem+json")
    assert control.done == []


async def test_unknown_paths_and_methods_are_problems_too(client: Client) -> None:
    missing = await client.get("/api/v1/nothing")
    assert (missing.status, missing.content_type) == (404, "application/problem+json")
    wrong = await client.get("/api/v1/halt")
    assert (wrong.status, wrong.headers["Allow"]) == (405, "POST")


async def test_a_bug_says_nothing_of_the_inside(client: Client, capsys: pytest.CaptureFixture[str]) -> None:
    answer = await client.post("/api/v1/reload", json={})
    assert answer.status == 500
    assert "secret detail" not in await answer.text()
    assert "secret detail" in capsys.readouterr().out
