"""The commands against the real admin application: both sides of the API agree."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator

import pytest
from aiohttp import web

from proxy.admin import make_app
from tests.admin.helpers import Control
from tests.cli.conftest import Run

TOKEN = "s3cret"


@pytest.fixture
def control() -> Control:
    return Control()


@pytest.fixture
def url(control: Control, request: pytest.FixtureRequest) -> Iterator[str]:
    """The admin port's address, served by an event loop of its own in a thread."""
    loop = asyncio.new_event_loop()
    runner = web.AppRunner(make_app(control.face(), token=getattr(request, "param", None)))

    async def start() -> str:
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        host, port = runner.addresses[0]
        return f"http://{host}:{port}"

    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    yield asyncio.run_coroutine_threadsafe(start(), loop).result(10)
    asyncio.run_coroutine_threadsafe(runner.cleanup(), loop).result(10)
    loop.call_soon_threadsafe(loop.stop)
    thread.join()
    loop.close()


def test_writes_arrive_as_they_were_meant(run: Run, url: str, control: Control) -> None:
    told = ("--who", "ada", "--why", "because", "--admin", url)
    assert run("halt", *told).exit_code == 0
    assert run("resume", *told).exit_code == 0
    assert run("rollback", "charge-read", "--yes", "--json", *told).exit_code == 0
    given = ("--owner", "payments", "--reason", "meant", "--until", "2999-01-31", "--who", "ada", "--admin", url)
    assert run("accept", "charge-read", "s1", *given).exit_code == 0
    halt, resume, rollback, accept = control.done
    assert (halt[0], halt[1].who, halt[1].why) == ("halt", "ada", "because")
    assert resume[0] == "resume"
    assert (rollback[1], rollback[2].yes, rollback[2].who) == ("charge-read", True, "ada")
    assert (accept[2].signature, accept[2].owner, accept[2].until.isoformat()) == ("s1", "payments", "2999-01-31")


def test_a_promotion_is_refused_and_forced(run: Run, url: str, control: Control) -> None:
    refused = run("promote", "charge-read", "--admin", url)
    assert refused.exit_code == 1
    assert "264 more clean comparisons" in refused.stderr
    forced = run("promote", "charge-read", "--to", "live", "--force", "--why", "demo", "--json", "--admin", url)
    assert forced.exit_code == 0
    assert (control.done[-1][2].to, control.done[-1][2].why) == ("live", "demo")


def test_verdicts_and_reads(run: Run, url: str) -> None:
    assert run("verdict", "charge-read", "--admin", url).exit_code == 3
    assert run("verdict", "invoice-read", "--admin", url).exit_code == 0
    assert run("mismatches", "charge-read", "--admin", url).exit_code == 0
    assert run("mismatches", "charge-read", "s1", "--json", "--admin", url).exit_code == 0
    assert run("history", "--admin", url).exit_code == 0
    assert run("inventory", "--admin", url).exit_code == 0


def test_unknown_names_are_explained(run: Run, url: str) -> None:
    unknown = run("rollback", "charge-raed", "--admin", url)
    assert unknown.exit_code == 2
    assert "did you mean charge-read?" in unknown.stderr
    assert run("mismatches", "charge-read", "s9", "--admin", url).exit_code == 2


@pytest.mark.parametrize("url", [TOKEN], indirect=True)
def test_the_token(run: Run, url: str) -> None:
    assert run("verdict", "charge-read", "--admin", url).exit_code == 2
    assert run("verdict", "charge-read", "--admin", url, "--token", "wrong").exit_code == 2
    assert run("verdict", "charge-read", "--admin", url, env={"STRANGLER_ADMIN_TOKEN": TOKEN}).exit_code == 3
