"""Charges are created while their route is shadowed: Tripe's own monolith and charges service, by the sample's routes.

The monolith creates the charge, the service creates it too and rolls back, and the two answers are compared. Ids are
each side's own: one renaming has to explain them. Only the proxy may mark a request as a shadow, or anybody could make
the service forget his payment.
"""

from __future__ import annotations

import http.client
import json
import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.legacy_monolith.world import KEY, NEW_CHARGE, SCALE, canonical, process, stored
from tests.support.running import PATIENCE, ROOT, Running, running, until

ROUTE = "charge-create"
TABLES = ("charges", "events", "idempotency")
SOURCES = ("tok_visa", "tok_visa_de", "tok_mastercard", "tok_declined", "tok_insufficient", "tok_amex")
ANSWERED = f'strangler_requests_total{{code="200",outcome="ok",route="{ROUTE}",side="extracted"}}'
FORGED = {"X-Strangler-Shadow": "1"}


def sample_routes(legacy: str, charges: str) -> str:
    """The sample's routes.yaml with the addresses of this test, the creation of charges shadowed."""
    text = (ROOT / "routes.yaml").read_text()
    text = text.replace("http://127.0.0.1:8001", legacy).replace("http://127.0.0.1:8101", charges)
    before, _, route = text.partition(f"- name: {ROUTE}")
    return before + f"- name: {ROUTE}" + route.replace("stage: legacy", "stage: shadow", 1)


@contextmanager
def tripe(folder: Path) -> Iterator[tuple[Running, Path]]:
    """The proxy in front of the monolith and the charges service; the database that both work on."""
    file = folder / "tripe.sqlite3"
    with (
        process("legacy_monolith", "--database", str(file), "--seed-scale", str(SCALE)) as (_, legacy),
        process("extracted.charges", "--database", str(file), LOG_LEVEL="warning") as (_, charges),
        running(folder, sample_routes(legacy, charges)) as proxy,
    ):
        yield proxy, file


def create(proxy: Running, headers: dict[str, str], **changed: Any) -> tuple[int, Any, str | None]:
    connection = http.client.HTTPConnection("127.0.0.1", proxy.port, timeout=PATIENCE)
    body = json.dumps({**NEW_CHARGE, **changed})
    try:
        connection.request("POST", "/v1/charges", body, {**KEY, "Content-Type": "application/json", **headers})
        answer = connection.getresponse()
        return answer.status, json.loads(answer.read()), answer.headers.get("Idempotent-Replayed")
    finally:
        connection.close()


def create_numbered(proxy: Running, number: int) -> tuple[int, Any, str | None]:
    source = SOURCES[number % len(SOURCES)]
    key = {"Idempotency-Key": f"key-{number}"}
    return create(proxy, key, amount=1_000 + 37 * number, source=source, tags=["vip", "web", "new"])


def counts(file: Path) -> list[int]:
    return [stored(file, table) for table in TABLES]


def compared(proxy: Running, asked: int) -> dict[str, int]:
    """The tallies of the route once every copy is accounted for."""

    def tallied() -> dict[str, int] | None:
        tallies = dict(proxy.route(ROUTE)["comparisons"])
        return tallies if sum(tallies.values()) >= asked else None

    return until(tallied, f"{asked} copies to be accounted for")


def test_charges_created_under_shadow_are_stored_once_and_compared(tmp_path: Path) -> None:
    with tripe(tmp_path) as (proxy, file):
        before = counts(file)
        # 1. creates of every kind, four at a time, each under a key of its own
        with ThreadPoolExecutor(4) as clients:
            made = list(clients.map(lambda number: create_numbered(proxy, number), range(120)))
        assert {status for status, _, _ in made} == {200, 402}
        # 2. retries, a key that is used for something else, and one who calls his payment a shadow
        again = [create_numbered(proxy, number) for number in range(6)]
        assert [replayed for _, _, replayed in again] == ["true"] * 6
        assert [canonical(body) for _, body, _ in again] == [canonical(body) for _, body, _ in made[:6]]
        assert create(proxy, {"Idempotency-Key": "key-0"}, amount=99)[0] == 400
        assert create(proxy, FORGED)[0] == 200
        # 3. nothing is there twice, and no charge of the service's is there at all
        tallies = compared(proxy, 128)
        assert counts(file) == [before[0] + 121, before[1] + 121, before[2] + 120]
        # 4. the answers agree: the ids by one renaming, all else as the rules say
        assert tallies["mismatch"] == 0, proxy.command("mismatches", ROUTE).stdout
        assert tallies["ignored"] >= 0.99 * 128, tallies


def test_nobody_but_the_proxy_makes_a_live_service_forget_a_payment(tmp_path: Path) -> None:
    with tripe(tmp_path) as (proxy, file):
        moved = re.sub(
            rf"(- name: {ROUTE}\b.*?)stage: shadow", r"\1stage: live", proxy.file.read_text(), flags=re.DOTALL
        )
        proxy.file.write_text(moved)
        until(lambda: proxy.route(ROUTE)["stage"] == "live", "the route to be live")
        before = counts(file)
        status, charge, _ = create(proxy, {**FORGED, "Idempotency-Key": "k"})
        assert (status, charge["paid"]) == (200, True)
        until(lambda: proxy.metric(ANSWERED) == 1.0, "the service's answer to be counted")
        again = create(proxy, {**FORGED, "Idempotency-Key": "k"})
        assert (again[1]["id"], again[2]) == (charge["id"], "true")
        assert counts(file) == [count + 1 for count in before]
