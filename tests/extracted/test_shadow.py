"""A request that carries the shadow mark is answered, and leaves nothing behind."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from tests.legacy_monolith.fixtures import Client
from tests.legacy_monolith.world import NEW_CHARGE, stored

SHADOW = {"X-Strangler-Shadow": "1"}
TABLES = ("charges", "events", "idempotency")


def counts(database_file: Path) -> list[int]:
    return [stored(database_file, table) for table in TABLES]


async def post(client: Client, body: dict[str, Any], **headers: str) -> tuple[int, Any, str | None]:
    async with client.post("/v1/charges", json=body, headers=headers) as response:
        return response.status, await response.json(), response.headers.get("Idempotent-Replayed")


@pytest.mark.parametrize(("source", "status"), [("tok_visa", 200), ("tok_declined", 402)])
async def test_a_marked_create_is_answered_and_not_stored(
    charges_service: Client, database_file: Path, source: str, status: int
) -> None:
    before = counts(database_file)
    seen, body, _ = await post(charges_service, {**NEW_CHARGE, "source": source}, **SHADOW, **{"Idempotency-Key": "k"})
    assert seen == status
    made = body["id"] if status == 200 else body["error"]["charge"]
    assert counts(database_file) == before
    async with charges_service.get(f"/v1/charges/{made}") as response:
        assert response.status == 404


async def test_an_unmarked_create_is_stored_with_event_and_key(charges_service: Client, database_file: Path) -> None:
    before = counts(database_file)
    await post(charges_service, NEW_CHARGE, **{"Idempotency-Key": "k"})
    assert counts(database_file) == [count + 1 for count in before]


async def test_the_copy_of_a_create_makes_its_own_answer_and_the_charge_is_stored_once(
    monolith: Client, charges_service: Client, database_file: Path
) -> None:
    before = stored(database_file, "charges")
    key = {"Idempotency-Key": "k"}
    _, legacy, _ = await post(monolith, NEW_CHARGE, **key)
    _, shadow, replayed = await post(charges_service, NEW_CHARGE, **key, **SHADOW)
    assert replayed is None
    assert shadow["id"] != legacy["id"]
    assert (shadow["fee"], shadow["fees"]) == (legacy["fee"], legacy["fees"])
    assert stored(database_file, "charges") == before + 1
    status, refused, _ = await post(charges_service, {**NEW_CHARGE, "amount": 77}, **key, **SHADOW)
    assert (status, refused["error"]["type"]) == (400, "idempotency_error")


async def test_marked_and_real_creates_at_once_do_not_disturb_each_other(
    monolith: Client, charges_service: Client, database_file: Path
) -> None:
    before = stored(database_file, "charges")
    real = [post(monolith, NEW_CHARGE) for _ in range(10)] + [post(charges_service, NEW_CHARGE) for _ in range(10)]
    marked = [post(charges_service, NEW_CHARGE, **SHADOW) for _ in range(20)]
    answers = await asyncio.gather(*real, *marked)
    assert {status for status, _, _ in answers} == {200}
    assert stored(database_file, "charges") == before + 20


async def test_a_refused_create_leaves_the_next_one_unharmed(charges_service: Client, database_file: Path) -> None:
    before = stored(database_file, "charges")
    for headers in ({}, SHADOW):
        status, _, _ = await post(charges_service, {**NEW_CHARGE, "customer": "cus_none"}, **headers)
        assert status == 400
    status, _, _ = await post(charges_service, NEW_CHARGE)
    assert status == 200
    assert stored(database_file, "charges") == before + 1
