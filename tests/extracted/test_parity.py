"""The services answer as the monolith does: same request to both, same answer but for stamps and unordered lists."""

import asyncio
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from legacy_monolith.ids import seeded_id
from tests.legacy_monolith.fixtures import Client
from tests.legacy_monolith.world import NEW_CHARGE, canonical, stored
from tests.support.running import PATIENCE

COMPARED_HEADERS = (
    "Content-Type",
    "Cache-Control",
    "Content-Encoding",
    "Vary",
    "Allow",
    "Server",
    "Idempotent-Replayed",
)
CURSOR = {"charges": seeded_id("ch", 200), "invoices": seeded_id("in", 200)}
LIST_QUERIES = (
    "",
    "?limit=100",
    "?limit=1&expand=customer",
    "?limit=40&expand[]=data.customer&expand[]=customer",
    "?starting_after={cursor}",
    "?starting_after={cursor}&limit=3&currency=eur",
    f"?customer={seeded_id('cus', 5)}",
    "?customer=cus_none",
    "?customer=",
    "?currency=gbp&created[gte]=1704500000&created[lt]=1705000000&limit=100",
    "?created[gt]=1704500000&created[lte]=1704600000",
    "?limit=0",
    "?limit=101",
    "?limit=",
    "?limit=ten",
    "?limit=5&limit=6",
    "?limit=0&starting_after=none",
    "?starting_after=none&status=odd",
    "?created[gte]=-1",
    "?created[near]=1",
    "?status=odd",
    "?currency=yen",
    "?colour=red&limit=0",
    "?expand=secrets&limit=0",
    "?expand=",
    "?customer=" + "x" * 501,
)
OBJECT_PATHS = ("none", "%C3%BC", "none?expand=secrets", "none?colour=red", "none?limit=1")


class Seen(NamedTuple):
    status: int
    headers: dict[str, str | None]
    body: Any


async def ask(client: Client, method: str, path: str, **options: Any) -> Seen:
    async with client.request(method, path, **options) as response:
        body = await response.json() if method != "HEAD" else await response.read()
        return Seen(response.status, {name: response.headers.get(name) for name in COMPARED_HEADERS}, canonical(body))


async def both(monolith: Client, service: Client, method: str, path: str, **options: Any) -> Seen:
    """What both sides answered, once they have been found equal."""
    legacy, extracted = await ask(monolith, method, path, **options), await ask(service, method, path, **options)
    assert extracted == legacy, path
    return legacy


@pytest.mark.parametrize("query", LIST_QUERIES)
async def test_lists(monolith: Client, charges_service: Client, invoices_service: Client, query: str) -> None:
    for table, service in (("charges", charges_service), ("invoices", invoices_service)):
        await both(monolith, service, "GET", f"/v1/{table}{query.format(cursor=CURSOR[table])}")


@pytest.mark.parametrize(
    ("table", "status"),
    [("charges", "failed"), ("charges", "succeeded"), ("invoices", "open"), ("invoices", "uncollectible")],
)
async def test_lists_by_status(
    monolith: Client, charges_service: Client, invoices_service: Client, table: str, status: str
) -> None:
    service = charges_service if table == "charges" else invoices_service
    seen = await both(monolith, service, "GET", f"/v1/{table}?status={status}")
    assert {item["status"] for item in seen.body["data"]} == {status}


async def test_every_charge_and_invoice_on_every_page(
    monolith: Client, charges_service: Client, invoices_service: Client
) -> None:
    for table, service, expected in (("charges", charges_service, 1_000), ("invoices", invoices_service, 250)):
        seen, cursor, more = 0, "", True
        while more:
            page = (await both(monolith, service, "GET", f"/v1/{table}?limit=100{cursor}")).body
            seen += len(page["data"])
            cursor, more = f"&starting_after={page['data'][-1]['id']}", page["has_more"]
        assert seen == expected


async def test_single_objects(monolith: Client, charges_service: Client, invoices_service: Client) -> None:
    for table, prefix, service in (("charges", "ch", charges_service), ("invoices", "in", invoices_service)):
        for number in range(25):
            path = f"/v1/{table}/{seeded_id(prefix, number)}"
            assert (await both(monolith, service, "GET", path)).status == 200
            expanded = await both(monolith, service, "GET", f"{path}?expand=customer")
            assert expanded.body["customer"]["object"] == "customer"
        assert (await both(monolith, service, "HEAD", path)).status == 200


@pytest.mark.parametrize("path", OBJECT_PATHS)
async def test_objects_that_are_not_there(
    monolith: Client, charges_service: Client, invoices_service: Client, path: str
) -> None:
    for table, service in (("charges", charges_service), ("invoices", invoices_service)):
        assert (await both(monolith, service, "GET", f"/v1/{table}/{path}")).status in (400, 404)


async def test_keys_methods_and_unknown_paths(
    monolith: Client, charges_service: Client, invoices_service: Client
) -> None:
    for service, table in ((charges_service, "charges"), (invoices_service, "invoices")):
        for key in ("", "Bearer", "Bearer sk_test_unknown", "Basic c2s6", "bearer sk_test_tripe_beta"):
            await both(monolith, service, "GET", f"/v1/{table}?limit=1", headers={"Authorization": key})
        await both(monolith, service, "GET", "/v1/nothing")
        await both(monolith, service, "DELETE", f"/v1/{table}/x")
    await both(monolith, charges_service, "DELETE", "/v1/charges")


@pytest.mark.parametrize(
    "change",
    [
        {},
        {"tags": ["a", "b", "c"], "metadata": {"order": "7"}, "description": "é", "receipt_email": "a@mail.example"},
        {"description": "", "tags": []},
        {"currency": "usd", "source": "tok_visa"},
        {"source": "tok_declined"},
        {"amount": "2345"},
        {"amount": None},
        {"amount": 49},
        {"amount": 1.5},
        {"amount": True},
        {"currency": None, "amount": 1},
        {"currency": "yen"},
        {"customer": "cus_none"},
        {"customer": 7},
        {"source": "tok_none"},
        {"tags": "web"},
        {"tags": ["x"] * 11},
        {"metadata": {"a": 1}},
        {"metadata": {str(n): "" for n in range(21)}},
        {"colour": "red"},
        {"description": "x" * 501},
        {"description": "x" * 100_000},
    ],
)
async def test_creating_a_charge(monolith: Client, charges_service: Client, change: dict[str, Any]) -> None:
    body = {**NEW_CHARGE, **change}
    legacy, extracted = [await ask(side, "POST", "/v1/charges", json=body) for side in (monolith, charges_service)]
    for seen in (legacy, extracted):
        made = seen.body if seen.status == 200 else seen.body["error"]
        made.pop("created", None)
        made.pop("id" if seen.status == 200 else "charge", None)
    assert extracted == legacy


@pytest.mark.parametrize(
    ("data", "content_type"),
    [
        (b"{", "application/json"),
        (b"[]", "application/json"),
        (b"\xff", "application/json"),
        (b"amount=1&amount=2&colour=red", "application/x-www-form-urlencoded"),
        (b"metadata=x&metadata[a]=y", "application/x-www-form-urlencoded"),
        (b"tags[]=x&tags[a]=y", "application/x-www-form-urlencoded"),
        (b"amount=99", "text/plain"),
        (b"", "application/x-www-form-urlencoded"),
    ],
)
async def test_bodies_that_make_no_charge(
    monolith: Client, charges_service: Client, data: bytes, content_type: str
) -> None:
    options: dict[str, Any] = {"data": data, "headers": {"Content-Type": content_type}}
    assert (await both(monolith, charges_service, "POST", "/v1/charges", **options)).status == 400


async def test_a_retry_may_reach_the_other_side(monolith: Client, charges_service: Client, database_file: Path) -> None:
    before = stored(database_file, "charges")
    body = {**NEW_CHARGE, "metadata": {"name": "Zoë"}, "tags": ["a"]}
    for key, first, second in (("a", monolith, charges_service), ("b", charges_service, monolith)):
        headers = {"Idempotency-Key": key}
        made = await ask(first, "POST", "/v1/charges", json=body, headers=headers)
        again = await ask(second, "POST", "/v1/charges", json=body, headers=headers)
        assert (made.status, again.body) == (200, made.body)
        assert again.headers["Idempotent-Replayed"] == "true"
        await both(monolith, charges_service, "POST", "/v1/charges", json={**body, "amount": 77}, headers=headers)
    assert stored(database_file, "charges") == before + 2


async def test_both_sides_at_once_with_one_key_make_one_charge(
    monolith: Client, charges_service: Client, database_file: Path
) -> None:
    before = stored(database_file, "charges")
    headers = {"Idempotency-Key": "c"}
    sides = (monolith, charges_service) * 4
    made = await asyncio.gather(*(ask(side, "POST", "/v1/charges", json=NEW_CHARGE, headers=headers) for side in sides))
    assert len({seen.body["id"] for seen in made}) == 1
    assert stored(database_file, "charges") == before + 1


async def test_a_charge_made_by_the_service_is_announced_by_the_monolith(
    monolith: Client, charges_service: Client
) -> None:
    async with asyncio.timeout(PATIENCE), monolith.get("/v1/events/stream") as stream:
        await stream.content.readuntil(b"\n\n")
        made = await ask(charges_service, "POST", "/v1/charges", json=NEW_CHARGE)
        event = await stream.content.readuntil(b"\n\n")
    assert made.body["id"] in event.decode()


async def test_gzip_on_both_sides(monolith: Client, charges_service: Client) -> None:
    for accepted, expected in (("gzip", "gzip"), ("identity", None), ("deflate", None)):
        headers = {"Accept-Encoding": accepted}
        seen = await both(monolith, charges_service, "GET", "/v1/charges", headers=headers)
        assert seen.headers["Content-Encoding"] == expected
