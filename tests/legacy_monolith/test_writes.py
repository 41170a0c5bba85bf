"""Creating charges and refunds: what is stored, refused, declined and replayed."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from legacy_monolith.ids import seeded_id
from tests.legacy_monolith.fixtures import Client
from tests.legacy_monolith.world import CHARGES, NEW_CHARGE, OTHER_KEY, canonical, stored


async def post(client: Client, path: str, body: Any, **headers: str) -> tuple[int, Any]:
    async with client.post(path, json=body, headers=headers) as response:
        return response.status, await response.json()


async def test_a_created_charge_can_be_retrieved(monolith: Client) -> None:
    wanted = {**NEW_CHARGE, "tags": ["web", "gift"], "metadata": {"order": "7"}}
    status, made = await post(monolith, "/v1/charges", wanted)
    assert (status, made["status"], made["paid"]) == (200, "succeeded", True)
    assert (made["description"], made["receipt_email"], made["failure_code"]) == (None, None, None)
    # 2345 at 2.9 % + 0.07 % + 1.5 % (card not from the US) + 1 % (not usd) is 128.2715, and 30.
    assert made["fee"] == 158
    async with monolith.get(f"/v1/charges/{made['id']}") as response:
        assert canonical(await response.json()) == canonical(made)


async def test_a_form_makes_the_same_charge_as_json(monolith: Client) -> None:
    form = {**NEW_CHARGE, "tags[]": "web", "metadata[order]": "7", "description": "by form"}
    async with monolith.post("/v1/charges", data={name: str(value) for name, value in form.items()}) as response:
        by_form = await response.json()
    body = {**NEW_CHARGE, "tags": ["web"], "metadata": {"order": "7"}, "description": "by form"}
    _, by_json = await post(monolith, "/v1/charges", body)
    for charge in (by_form, by_json):
        del charge["id"], charge["created"]
    assert canonical(by_form) == canonical(by_json)


async def test_a_declined_card_is_402_and_leaves_a_failed_charge(monolith: Client) -> None:
    status, body = await post(monolith, "/v1/charges", {**NEW_CHARGE, "source": "tok_declined"})
    assert (status, body["error"]["type"], body["error"]["code"]) == (402, "card_error", "card_declined")
    async with monolith.get(f"/v1/charges/{body['error']['charge']}") as response:
        charge = await response.json()
    assert (charge["status"], charge["failure_code"], charge["fee"], charge["fees"]) == (
        "failed",
        "card_declined",
        0,
        [],
    )


@pytest.mark.parametrize(
    ("change", "code", "param"),
    [
        ({"amount": None}, "parameter_missing", "amount"),
        ({"amount": 49}, "parameter_invalid", "amount"),
        ({"amount": "12.5"}, "parameter_invalid", "amount"),
        ({"amount": True}, "parameter_invalid", "amount"),
        ({"currency": "xxx"}, "parameter_invalid", "currency"),
        ({"customer": "cus_none"}, "resource_missing", "customer"),
        ({"source": "tok_none"}, "parameter_invalid", "source"),
        ({"description": "x" * 501}, "parameter_invalid", "description"),
        ({"tags": "web"}, "parameter_invalid", "tags"),
        ({"metadata": {"a": 1}}, "parameter_invalid", "metadata"),
        ({"colour": "red"}, "parameter_unknown", "colour"),
    ],
)
async def test_a_bad_parameter_is_named_and_nothing_is_stored(
    monolith: Client, database_file: Path, change: dict[str, Any], code: str, param: str
) -> None:
    status, body = await post(monolith, "/v1/charges", {**NEW_CHARGE, **change}, **{"Idempotency-Key": "k"})
    assert (status, body["error"]["code"], body["error"]["param"]) == (400, code, param)
    assert stored(database_file, "charges") == CHARGES
    assert stored(database_file, "idempotency") == 0


@pytest.mark.parametrize("body", [b"{", b"[1]", b"\xff"])
async def test_a_body_that_is_no_json_object_is_refused(monolith: Client, body: bytes) -> None:
    async with monolith.post("/v1/charges", data=body, headers={"Content-Type": "application/json"}) as response:
        assert (response.status, (await response.json())["error"]["code"]) == (400, "body_invalid")


async def test_a_body_too_large_is_refused(monolith: Client) -> None:
    status, body = await post(monolith, "/v1/charges", {**NEW_CHARGE, "description": "x" * 100_000})
    assert (status, body["error"]["type"]) == (413, "invalid_request_error")


async def test_a_form_field_in_two_forms_is_refused(monolith: Client) -> None:
    async with monolith.post("/v1/charges", data={"metadata": "x", "metadata[a]": "y"}) as response:
        assert (response.status, (await response.json())["error"]["param"]) == (400, "metadata")


@pytest.mark.parametrize(("source", "expected"), [("tok_visa", 200), ("tok_declined", 402)])
async def test_a_retry_with_the_same_key_gets_the_first_answer(
    monolith: Client, database_file: Path, source: str, expected: int
) -> None:
    body, key = {**NEW_CHARGE, "source": source}, {"Idempotency-Key": "key-1"}
    async with monolith.post("/v1/charges", json=body, headers=key) as first:
        one = await first.json()
        assert first.status == expected
        assert "Idempotent-Replayed" not in first.headers
    async with monolith.post("/v1/charges", json=body, headers=key) as second:
        two = await second.json()
        assert second.status == expected
        assert second.headers["Idempotent-Replayed"] == "true"
    assert canonical(one) == canonical(two)
    assert stored(database_file, "charges") == CHARGES + 1


async def test_many_tries_at_once_with_one_key_make_one_charge(monolith: Client, database_file: Path) -> None:
    tries = (post(monolith, "/v1/charges", NEW_CHARGE, **{"Idempotency-Key": "key-1"}) for _ in range(8))
    answers = await asyncio.gather(*tries)
    assert len({body["id"] for _, body in answers}) == 1
    assert stored(database_file, "charges") == CHARGES + 1


async def test_a_key_belongs_to_one_account_and_one_set_of_parameters(monolith: Client) -> None:
    key = {"Idempotency-Key": "key-1"}
    _, mine = await post(monolith, "/v1/charges", NEW_CHARGE, **key)
    _, theirs = await post(monolith, "/v1/charges", NEW_CHARGE, **key, **OTHER_KEY)
    status, refused = await post(monolith, "/v1/charges", {**NEW_CHARGE, "amount": 999}, **key)
    assert mine["id"] != theirs["id"]
    assert (status, refused["error"]["type"]) == (400, "idempotency_error")


async def test_refunds_add_up_to_the_charge_and_no_further(monolith: Client) -> None:
    _, charge = await post(monolith, "/v1/charges", NEW_CHARGE)
    status, part = await post(monolith, "/v1/refunds", {"charge": charge["id"], "amount": 345, "reason": "duplicate"})
    assert (status, part["amount"], part["charge"], part["reason"]) == (200, 345, charge["id"], "duplicate")
    status, refused = await post(monolith, "/v1/refunds", {"charge": charge["id"], "amount": 2_001})
    assert (status, refused["error"]["param"]) == (400, "amount")
    _, rest = await post(monolith, "/v1/refunds", {"charge": charge["id"]})
    assert rest["amount"] == 2_000
    status, refused = await post(monolith, "/v1/refunds", {"charge": charge["id"]})
    assert (status, refused["error"]["code"]) == (400, "charge_not_refundable")
    async with monolith.get(f"/v1/charges/{charge['id']}") as response:
        after = await response.json()
    assert (after["amount_refunded"], after["refunded"]) == (2_345, True)
    async with monolith.get("/v1/refunds", params={"charge": charge["id"], "expand": "data.charge"}) as response:
        refunds = (await response.json())["data"]
    assert [refund["id"] for refund in refunds] == [rest["id"], part["id"]]
    assert refunds[0]["charge"]["id"] == charge["id"]


async def test_a_retried_refund_pays_once(monolith: Client, database_file: Path) -> None:
    before = stored(database_file, "refunds")
    body, key = {"charge": seeded_id("ch", 1), "amount": 60}, {"Idempotency-Key": "key-2"}
    (_, one), (_, two) = (
        await post(monolith, "/v1/refunds", body, **key),
        await post(monolith, "/v1/refunds", body, **key),
    )
    assert one["id"] == two["id"]
    assert stored(database_file, "refunds") == before + 1
