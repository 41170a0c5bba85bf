"""The examples for Argo Rollouts and Flagger are not run in a cluster here; a real admin port is asked exactly as they
ask, and what they conclude from its answers is worked out as those tools do."""

from __future__ import annotations

import base64
import json
import re
from typing import Any
from urllib.parse import urlsplit

import pytest
import yaml
from aiohttp.test_utils import TestClient
from aiohttp.web import Application, Request

from proxy.admin import make_app
from proxy.model.evidence import Ruling
from tests.admin.helpers import VERDICT, Control
from tests.support.running import ROOT

Client = TestClient[Request, Application]
TOKEN = "t0ken"
RULINGS = ("pass", "fail", "inconclusive")

TEMPLATE: dict[str, Any] = yaml.safe_load((ROOT / "deploy/argo-rollouts/analysis-template.yaml").read_text())
ROLLOUT: dict[str, Any] = yaml.safe_load((ROOT / "deploy/argo-rollouts/rollout.yaml").read_text())
CANARY: dict[str, Any] = yaml.safe_load((ROOT / "deploy/flagger/canary.yaml").read_text())
METRIC: dict[str, Any] = TEMPLATE["spec"]["metrics"][0]
WEBHOOKS: dict[str, dict[str, Any]] = {hook["type"]: hook for hook in CANARY["spec"]["analysis"]["webhooks"]}


@pytest.fixture
def control() -> Control:
    return Control()


@pytest.fixture
async def client(aiohttp_client, control: Control) -> Client:  # type: ignore[no-untyped-def]  # the fixture has no public type
    made: Client = await aiohttp_client(make_app(control.face(), token=TOKEN))
    return made


def filled(text: str, **arguments: str) -> str:
    """`{{args.name}}` as Argo Rollouts fills it in; every argument must be declared."""
    declared = {argument["name"] for argument in TEMPLATE["spec"]["args"]}
    assert set(re.findall(r"{{args\.([\w-]+)}}", text)) <= declared
    return re.sub(r"{{args\.([\w-]+)}}", lambda found: arguments[found[1]], text)


def at(path: str, document: Any) -> Any:
    """A Kubernetes jsonPath of plain member names: {$.a.b}."""
    found = re.fullmatch(r"\{\$((?:\.\w+)+)\}", path)
    assert found, path
    for name in found[1].split(".")[1:]:
        document = document[name]
    return document


def holds(condition: str, result: object) -> bool:
    """A condition of the form `result == "text"`, which means the same to Argo Rollouts."""
    found = re.fullmatch(r'result == ("\w+")', condition)
    assert found, condition
    return bool(result == json.loads(found[1]))


async def measured(client: Client) -> str:
    """One measurement of the template: the phase that Argo Rollouts gives it."""
    web = METRIC["provider"]["web"]
    argument = ROLLOUT["spec"]["strategy"]["canary"]["steps"][1]["analysis"]["args"][0]
    values = {"token": TOKEN, "strangler": "http://strangler-admin:9900", argument["name"]: argument["value"]}
    url = urlsplit(filled(web["url"], **values))
    headers = {header["key"]: filled(header["value"], **values) for header in web["headers"]}
    answer = await client.get(url.path, headers=headers)
    if not 200 <= answer.status < 300:
        return "Error"
    result = at(web["jsonPath"], await answer.json())
    succeeded, failed = holds(METRIC["successCondition"], result), holds(METRIC["failureCondition"], result)
    return "Failed" if failed else "Successful" if succeeded else "Inconclusive"


@pytest.mark.parametrize(
    ("ruling", "phase"), [("pass", "Successful"), ("fail", "Failed"), ("inconclusive", "Inconclusive")]
)
async def test_argo_rollouts_measures_the_verdict(client: Client, control: Control, ruling: str, phase: str) -> None:
    control.verdicts["charge-read"] = {**VERDICT, "verdict": ruling}
    assert await measured(client) == phase


async def test_argo_rollouts_takes_a_route_that_is_not_there_for_an_error(client: Client, control: Control) -> None:
    del control.verdicts["charge-read"]
    assert await measured(client) == "Error"


def test_waiting_is_no_success_for_argo_rollouts() -> None:
    assert "count" not in METRIC, "reaching a count is a success, even if all was inconclusive"
    assert (METRIC["consecutiveSuccessLimit"], METRIC["failureLimit"]) == (1, 0)
    assert METRIC["inconclusiveLimit"] > 60, "an inconclusive verdict is waited for"
    used = ROLLOUT["spec"]["strategy"]["canary"]["steps"][1]["analysis"]["templates"]
    assert used == [{"templateName": TEMPLATE["metadata"]["name"]}]
    assert ROLLOUT["spec"]["template"]["metadata"]["labels"] == ROLLOUT["spec"]["selector"]["matchLabels"]


async def called(client: Client, hook: dict[str, Any]) -> bool:
    """One call of a webhook as Flagger makes it: whether it says yes, that is a status of at most 202."""
    url = urlsplit(hook["url"].replace("TOKEN", TOKEN))
    pair = base64.b64encode(f"{url.username}:{url.password}".encode()).decode()
    body = {"name": CANARY["metadata"]["name"], "namespace": "default", "phase": "Progressing"}
    headers = {"Content-Type": "application/json", "Authorization": f"Basic {pair}"}
    answer = await client.post(f"{url.path}?{url.query}", data=json.dumps(body), headers=headers)
    assert answer.status in (200, 412)
    assert (await answer.json())["why"] == VERDICT["why"], "Flagger logs the verdict"
    return answer.status <= 202


@pytest.mark.parametrize("ruling", RULINGS)
async def test_flagger_promotes_on_pass_and_rolls_back_on_fail_alone(
    client: Client, control: Control, ruling: str
) -> None:
    control.verdicts["charge-read"] = {**VERDICT, "verdict": ruling}
    assert await called(client, WEBHOOKS["confirm-promotion"]) == (ruling == "pass")
    assert await called(client, WEBHOOKS["rollback"]) == (ruling == "fail")


def test_there_is_no_other_verdict() -> None:
    assert [str(each) for each in Ruling] == list(RULINGS)
