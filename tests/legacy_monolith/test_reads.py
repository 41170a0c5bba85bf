"""Lists and retrieves under /v1: pages, filters, expand, errors."""

import gzip
from typing import Any

import pytest
from aiohttp import ClientSession

from legacy_monolith.ids import seeded_id
from tests.legacy_monolith.fixtures import Client
from tests.legacy_monolith.world import CHARGES, canonical

FIRST_CHARGE = seeded_id("ch", 0)


async def get(client: Client, path: str, **params: str) -> tuple[int, Any]:
    async with client.get(path, params=params) as response:
        return response.status, await response.json()


async def all_pages(client: Client, path: str, **params: str) -> list[Any]:
    found: list[Any] = []
    more = True
    while more:
        cursor = {"starting_after": found[-1]["id"]} if found else {}
        status, page = await get(client, path, limit="100", **params, **cursor)
        assert status == 200
        assert len(page["data"]) <= 100
        found += page["data"]
        more = page["has_more"]
    return found


async def test_a_seeded_charge_has_every_field_even_where_it_is_null(monolith: Client) -> None:
    status, charge = await get(monolith, f"/v1/charges/{FIRST_CHARGE}")
    assert status == 200
    assert charge["object"] == "charge"
    assert charge["customer"].startswith("cus_")
    assert charge["failure_code"] is None
    assert {"description", "receipt_email", "request_id", "served_at"} <= charge.keys()


async def test_the_fee_is_the_rounded_sum_of_exact_lines(monolith: Client) -> None:
    for charge in await all_pages(monolith, "/v1/charges", status="succeeded"):
        exact = sum(line["amount"] for line in charge["fees"])
        assert abs(charge["fee"] - exact) <= 0.5 + 1e-6
        assert charge["fees"][0]["amount"] == pytest.approx(charge["amount"] * 0.029)


async def test_pages_visit_every_charge_once_newest_first(monolith: Client) -> None:
    charges = await all_pages(monolith, "/v1/charges")
    assert [charge["id"] for charge in charges] == [seeded_id("ch", n) for n in reversed(range(CHARGES))]


@pytest.mark.parametrize(
    ("path", "name", "value"),
    [
        ("/v1/charges", "status", "failed"),
        ("/v1/charges", "currency", "gbp"),
        ("/v1/charges", "customer", seeded_id("cus", 5)),
        ("/v1/invoices", "status", "paid"),
        ("/v1/invoices", "customer", seeded_id("cus", 5)),
        ("/v1/refunds", "charge", seeded_id("ch", 24)),
        ("/v1/customers", "email", "customer5@mail.example"),
    ],
)
async def test_a_filter_gives_exactly_the_objects_that_fit(monolith: Client, path: str, name: str, value: str) -> None:
    everything = await all_pages(monolith, path)
    expected = [item["id"] for item in everything if item[name] == value]
    assert 0 < len(expected) < len(everything)
    assert [item["id"] for item in await all_pages(monolith, path, **{name: value})] == expected


async def test_created_bounds_a_list_on_both_sides(monolith: Client) -> None:
    everything = await all_pages(monolith, "/v1/charges")
    early, late = everything[-10]["created"], everything[10]["created"]
    within = await all_pages(monolith, "/v1/charges", **{"created[gt]": str(early), "created[lte]": str(late)})
    assert [charge["id"] for charge in within] == [charge["id"] for charge in everything[10:-10]]


@pytest.mark.parametrize("name", ["expand", "expand[]"])
async def test_expand_puts_the_customer_in_place_of_its_id(monolith: Client, name: str) -> None:
    _, plain = await get(monolith, f"/v1/charges/{FIRST_CHARGE}")
    _, customer = await get(monolith, f"/v1/customers/{plain['customer']}")
    _, expanded = await get(monolith, f"/v1/charges/{FIRST_CHARGE}", **{name: "customer"})
    _, page = await get(monolith, "/v1/charges", customer=plain["customer"], **{name: "data.customer"})
    assert canonical(expanded["customer"]) == canonical(customer)
    assert all(canonical(charge["customer"]) == canonical(customer) for charge in page["data"])


@pytest.mark.parametrize(
    ("path", "status", "code", "param"),
    [
        ("/v1/charges/ch_none", 404, "resource_missing", "id"),
        ("/v1/customers/cus_none", 404, "resource_missing", "id"),
        ("/v1/invoices/in_none/pdf", 404, "resource_missing", "id"),
        ("/v1/nothing", 404, None, None),
        ("/v1/charges?limit=0", 400, "parameter_invalid", "limit"),
        ("/v1/charges?limit=101", 400, "parameter_invalid", "limit"),
        ("/v1/charges?limit=ten", 400, "parameter_invalid", "limit"),
        ("/v1/charges?starting_after=ch_none", 400, "resource_missing", "starting_after"),
        ("/v1/charges?status=open", 400, "parameter_invalid", "status"),
        ("/v1/charges?colour=red", 400, "parameter_unknown", "colour"),
        ("/v1/charges?expand=secrets", 400, "parameter_invalid", "expand"),
    ],
)
async def test_a_mistake_is_told_as_an_error_object(
    monolith: Client, path: str, status: int, code: str | None, param: str | None
) -> None:
    async with monolith.get(path) as response:
        body = await response.json()
    assert (response.status, body["error"]["code"], body["error"].get("param")) == (status, code, param)
    assert body["error"]["type"] == "invalid_request_error"
    assert body["request_id"].startswith("req_")


@pytest.mark.parametrize("header", [None, "Basic c2s6", "Bearer ", "Bearer sk_test_unknown"])
async def test_without_a_valid_key_nothing_under_v1_answers(monolith: Client, header: str | None) -> None:
    async with ClientSession(headers={"Authorization": header} if header else {}) as stranger:
        for path in ("/v1/charges", f"/v1/charges/{FIRST_CHARGE}", "/v1/exports/charges.csv", "/v1/nothing"):
            async with stranger.get(monolith.make_url(path)) as response:
                body = await response.json()
                assert (response.status, body["error"]["type"]) == (401, "authentication_error")


async def test_two_answers_to_one_question_differ_in_stamps_and_in_the_order_of_some_lists_only(
    monolith: Client,
) -> None:
    path = "/v1/charges?limit=100&expand=customer"
    (_, one), (_, two) = await get(monolith, path), await get(monolith, path)
    assert one["request_id"] != two["request_id"]
    assert [charge["tags"] for charge in one["data"]] != [charge["tags"] for charge in two["data"]]
    assert canonical(one) == canonical(two)


async def test_gzip_only_when_asked(monolith: Client) -> None:
    async with ClientSession(headers=dict(monolith.session.headers), auto_decompress=False) as raw:
        url = monolith.make_url("/v1/charges")
        async with raw.get(url, headers={"Accept-Encoding": "gzip"}) as packed:
            assert packed.headers["Content-Encoding"] == "gzip"
            assert gzip.decompress(await packed.read()).startswith(b'{"object": "list"')
        async with raw.get(url, headers={"Accept-Encoding": "identity"}) as plain:
            assert "Content-Encoding" not in plain.headers
            assert (await plain.read()).startswith(b'{"object": "list"')


async def test_head_answers_as_get_without_a_body(monolith: Client) -> None:
    async with monolith.head(f"/v1/charges/{FIRST_CHARGE}") as response:
        assert response.status == 200
        assert int(response.headers["Content-Length"]) > 100
        assert await response.read() == b""


async def test_old_paths_redirect_and_keep_the_query(monolith: Client) -> None:
    async with monolith.get(f"/v1/charge/{FIRST_CHARGE}?expand=customer", allow_redirects=False) as response:
        assert response.status == 301
        assert response.headers["Location"] == f"/v1/charges/{FIRST_CHARGE}?expand=customer"
    async with monolith.get("/", allow_redirects=False) as response:
        assert (response.status, response.headers["Location"]) == (302, "/merchant")


async def test_a_request_id_comes_back_or_is_made(monolith: Client) -> None:
    async with monolith.get("/v1/charges", headers={"X-Request-Id": "mine-7"}) as response:
        assert response.headers["X-Request-Id"] == "mine-7"
    async with monolith.get("/v1/charges") as response:
        assert response.headers["X-Request-Id"].startswith("req_")


async def test_a_wrong_method_says_which_are_allowed(monolith: Client) -> None:
    async with monolith.delete("/v1/charges") as response:
        assert response.status == 405
        assert response.headers["Allow"] == "GET,HEAD,POST"
        assert (await response.json())["error"]["message"] == "Method Not Allowed"
