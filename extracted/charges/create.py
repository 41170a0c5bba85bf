"""Creating a charge, once per `Idempotency-Key`, whichever side a retry reaches.

The key, the fingerprint of the parameters and the answer are stored as the monolith stores them (its `schema.sql` says
how), in the transaction of the charge itself. In a shadow the monolith has usually stored the key already. The service
then makes its own charge all the same, to be rolled back: repeating the monolith's stored answer would compare the
monolith with itself.
"""

import hashlib
import json
import secrets
import time
from collections.abc import Callable
from sqlite3 import Connection, Row
from typing import Any, NamedTuple

from aiohttp import web

from extracted.chassis.answers import Refusal, answer, bad_request, not_found
from extracted.chassis.lists import CURRENCIES
from extracted.chassis.params import Params, from_body
from extracted.chassis.service import API_KEY
from extracted.chassis.shadow import is_shadow, write

PARAMETERS = ("amount", "currency", "customer", "source", "description", "receipt_email", "tags", "metadata")
Render = Callable[[Row], dict[str, Any]]


class Card(NamedTuple):
    brand: str
    last4: str
    country: str
    declined: str | None = None


CARDS = {
    "tok_visa": Card("visa", "4242", "US"),
    "tok_mastercard": Card("mastercard", "4444", "US"),
    "tok_amex": Card("amex", "8431", "US"),
    "tok_visa_gb": Card("visa", "0000", "GB"),
    "tok_visa_de": Card("visa", "0276", "DE"),
    "tok_declined": Card("visa", "0002", "US", "card_declined"),
    "tok_insufficient": Card("visa", "9995", "US", "insufficient_funds"),
}


class Outcome(NamedTuple):
    status: int
    body: dict[str, Any]
    replayed: bool = False


async def create_charge(request: web.Request, render: Render) -> web.Response:
    wanted = _validated(await from_body(request, PARAMETERS))
    key = request.headers.get("Idempotency-Key")
    if key is not None and not 1 <= len(key) <= 255:
        raise bad_request("Idempotency-Key", "Idempotency-Key must have 1 to 255 characters.")
    owner = None if key is None else (request[API_KEY], key)
    text = json.dumps(wanted, sort_keys=True, separators=(",", ":"))
    fingerprint = hashlib.sha256(f"{request.path}\n{text}".encode()).hexdigest()
    shadow = is_shadow(request)

    def work(connection: Connection) -> Outcome:
        known = _known(connection, owner, fingerprint) if owner else None
        if known and not shadow:
            return known
        outcome = _charge(connection, wanted, render)
        if owner and not known:
            row = (*owner, fingerprint, outcome.status, json.dumps(outcome.body), int(time.time()))
            connection.execute("INSERT INTO idempotency VALUES (?, ?, ?, ?, ?, ?)", row)
        return outcome

    outcome = await write(request, work)
    response = answer(request, outcome.body, outcome.status)
    if outcome.replayed:
        response.headers["Idempotent-Replayed"] = "true"
    return response


def _validated(params: Params) -> dict[str, Any]:
    return {
        "amount": params.need("amount", params.integer("amount", 50, 99_999_999)),
        "currency": params.need("currency", params.choice("currency", CURRENCIES)),
        "customer": params.need("customer", params.text("customer")),
        "source": params.need("source", params.choice("source", CARDS)),
        "description": params.text("description"),
        "receipt_email": params.text("receipt_email"),
        "tags": params.texts("tags", 10),
        "metadata": params.mapping("metadata", 20),
    }


def _known(connection: Connection, owner: tuple[str, str], fingerprint: str) -> Outcome | None:
    row = connection.execute("SELECT * FROM idempotency WHERE api_key = ? AND key = ?", owner).fetchone()
    if row is None:
        return None
    if row["fingerprint"] != fingerprint:
        message = "This Idempotency-Key was first used with other parameters."
        raise Refusal(400, type="idempotency_error", code="idempotency_key_in_use", message=message)
    return Outcome(row["status"], json.loads(row["body"]), replayed=True)


def _charge(connection: Connection, wanted: dict[str, Any], render: Render) -> Outcome:
    customer = wanted["customer"]
    if connection.execute("SELECT 1 FROM customers WHERE id = ?", (customer,)).fetchone() is None:
        raise not_found("customer", customer, param="customer", status=400)
    card = CARDS[wanted["source"]]
    now = int(time.time())
    values = {
        **{name: wanted[name] for name in ("amount", "currency", "customer", "description", "receipt_email")},
        "id": f"ch_{secrets.token_hex(8)}",
        "amount_refunded": 0,
        "created": now,
        "status": "failed" if card.declined else "succeeded",
        "failure_code": card.declined,
        "brand": card.brand,
        "last4": card.last4,
        "country": card.country,
        "exp_month": 12,
        "exp_year": 2030,
        "tags": json.dumps(wanted["tags"]),
        "metadata": json.dumps(wanted["metadata"]),
    }
    columns, marks = ", ".join(values), ", ".join(f":{name}" for name in values)
    sql = f"INSERT INTO charges ({columns}) VALUES ({marks}) RETURNING *"  # noqa: S608  the columns are ours
    charge = render(connection.execute(sql, values).fetchone())
    event = (
        f"evt_{secrets.token_hex(8)}",
        "charge.failed" if card.declined else "charge.created",
        json.dumps(charge),
        now,
    )
    connection.execute("INSERT INTO events (id, type, object, created) VALUES (?, ?, ?, ?)", event)
    if card.declined is None:
        return Outcome(200, charge)
    error = {"type": "card_error", "code": card.declined, "message": "Your card was declined.", "charge": charge["id"]}
    return Outcome(402, {"error": error})
