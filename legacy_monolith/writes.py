"""Creating charges and refunds: each once, however often the client has to ask.

A request with an `Idempotency-Key` stores its answer under that key, in the same transaction as what it did; a retry
gets the stored answer (marked `Idempotent-Replayed`), and the same key with other parameters is refused. A declined
charge is an answer like any other: stored, replayed. A request that was never valid leaves nothing.
"""

import hashlib
import json
import time
from collections.abc import Callable
from functools import partial
from sqlite3 import Connection
from typing import Any

from aiohttp import web

from legacy_monolith.ids import fresh_id
from legacy_monolith.objects import Object, charge_object, refund_object
from legacy_monolith.resources import DATABASE
from legacy_monolith.wire import (
    CURRENCIES,
    ApiError,
    Params,
    answer,
    body_params,
    integer,
    invalid,
    missing_object,
    one_of,
    required,
    text,
)

API_KEY = web.RequestKey("api_key", str)
Made = tuple[int, Object]
SMALLEST_AMOUNT, LARGEST_AMOUNT = 50, 99_999_999
# What a test card does: brand, last four digits, country, and why it is declined if it is.
SOURCES: dict[str, tuple[str, str, str, str | None]] = {
    "tok_visa": ("visa", "4242", "US", None),
    "tok_mastercard": ("mastercard", "4444", "US", None),
    "tok_amex": ("amex", "8431", "US", None),
    "tok_visa_gb": ("visa", "0000", "GB", None),
    "tok_visa_de": ("visa", "0276", "DE", None),
    "tok_declined": ("visa", "0002", "US", "card_declined"),
    "tok_insufficient": ("visa", "9995", "US", "insufficient_funds"),
}
REASONS = ("requested_by_customer", "duplicate", "fraudulent")


async def create_charge(request: web.Request) -> web.Response:
    given = await body_params(
        request, ("amount", "currency", "customer", "source", "description", "receipt_email", "tags", "metadata")
    )
    params = {
        "amount": required("amount", integer(given, "amount", SMALLEST_AMOUNT, LARGEST_AMOUNT)),
        "currency": required("currency", one_of(given, "currency", CURRENCIES)),
        "customer": required("customer", text(given, "customer")),
        "source": required("source", one_of(given, "source", tuple(SOURCES))),
        "description": text(given, "description"),
        "receipt_email": text(given, "receipt_email"),
        "tags": _texts(given, "tags"),
        "metadata": _metadata(given),
    }
    return await _create_once(request, params, partial(_charge, params))


def _charge(params: Params, connection: Connection) -> Made:
    if connection.execute("SELECT 1 FROM customers WHERE id = ?", (params["customer"],)).fetchone() is None:
        raise missing_object("customer", params["customer"], "customer", 400)
    brand, last4, country, failure_code = SOURCES[params["source"]]
    row = connection.execute(
        "INSERT INTO charges (id, amount, amount_refunded, currency, customer, description, failure_code,"
        " receipt_email, status, brand, last4, country, exp_month, exp_year, tags, metadata, created)"
        " VALUES (?, ?, 0, ?, ?, ?, ?, ?, ?, ?, ?, ?, 12, 2030, ?, ?, ?) RETURNING *",
        (
            fresh_id("ch"),
            params["amount"],
            params["currency"],
            params["customer"],
            params["description"],
            failure_code,
            params["receipt_email"],
            "failed" if failure_code else "succeeded",
            brand,
            last4,
            country,
            json.dumps(params["tags"]),
            json.dumps(params["metadata"]),
            int(time.time()),
        ),
    ).fetchone()
    charge = charge_object(row)
    if failure_code is None:
        _announce(connection, "charge.created", charge)
        return 200, charge
    _announce(connection, "charge.failed", charge)
    declined = ApiError(402, "card_error", failure_code, "Your card was declined.", charge=charge["id"])
    return declined.status, declined.body


async def create_refund(request: web.Request) -> web.Response:
    given = await body_params(request, ("charge", "amount", "reason"))
    params = {
        "charge": required("charge", text(given, "charge")),
        "amount": integer(given, "amount", 1, LARGEST_AMOUNT),
        "reason": one_of(given, "reason", REASONS),
    }
    return await _create_once(request, params, partial(refund_charge, params))


def refund_charge(params: Params, connection: Connection) -> Made:
    """Refund `amount` (all that is left if None) of a charge; the refund's object, with status 200."""
    charge = connection.execute("SELECT * FROM charges WHERE id = ?", (params["charge"],)).fetchone()
    if charge is None:
        raise missing_object("charge", params["charge"], "charge", 400)
    left = charge["amount"] - charge["amount_refunded"] if charge["status"] == "succeeded" else 0
    if left == 0:
        raise invalid("charge", f"Charge {charge['id']} has nothing left to refund.", "charge_not_refundable")
    amount = params["amount"] or left
    if amount > left:
        raise invalid("amount", f"Refund amount ({amount}) is greater than unrefunded amount ({left}).")
    connection.execute("UPDATE charges SET amount_refunded = amount_refunded + ? WHERE id = ?", (amount, charge["id"]))
    row = connection.execute(
        "INSERT INTO refunds (id, amount, charge, currency, reason, status, created)"
        " VALUES (?, ?, ?, ?, ?, 'succeeded', ?) RETURNING *",
        (fresh_id("re"), amount, charge["id"], charge["currency"], params["reason"], int(time.time())),
    ).fetchone()
    refund = refund_object(row)
    _announce(connection, "refund.created", refund)
    return 200, refund


async def _create_once(request: web.Request, params: Params, make: Callable[[Connection], Made]) -> web.Response:
    key = request.headers.get("Idempotency-Key")
    if key is None:
        status, body = await request.app[DATABASE].write(make)
        return answer(request, body, status)
    if not 1 <= len(key) <= 255:
        raise invalid("Idempotency-Key", "Idempotency-Key must have 1 to 255 characters.")
    canonical = json.dumps(params, sort_keys=True, separators=(",", ":"))
    fingerprint = hashlib.sha256(f"{request.path}\n{canonical}".encode()).hexdigest()

    def make_once(connection: Connection) -> tuple[Made, bool]:
        owner = (request[API_KEY], key)
        known = connection.execute("SELECT * FROM idempotency WHERE api_key = ? AND key = ?", owner).fetchone()
        if known is not None:
            if known["fingerprint"] != fingerprint:
                message = "This Idempotency-Key was first used with other parameters."
                raise ApiError(400, "idempotency_error", "idempotency_key_in_use", message)
            return (known["status"], json.loads(known["body"])), True
        status, body = make(connection)
        stored = (*owner, fingerprint, status, json.dumps(body), int(time.time()))
        connection.execute("INSERT INTO idempotency VALUES (?, ?, ?, ?, ?, ?)", stored)
        return (status, body), False

    (status, body), replayed = await request.app[DATABASE].write(make_once)
    return answer(request, body, status, {"Idempotent-Replayed": "true"} if replayed else None)


def _announce(connection: Connection, kind: str, subject: Object) -> None:
    event = (fresh_id("evt"), kind, json.dumps(subject), int(time.time()))
    connection.execute("INSERT INTO events (id, type, object, created) VALUES (?, ?, ?, ?)", event)


def _texts(given: Params, name: str) -> list[str]:
    values = given.get(name, [])
    if not isinstance(values, list) or len(values) > 10 or not all(isinstance(value, str) for value in values):
        raise invalid(name, f"{name} must be a list of at most 10 texts.")
    return values


def _metadata(given: Params) -> dict[str, Any]:
    values = given.get("metadata", {})
    texts = isinstance(values, dict) and all(isinstance(value, str) for value in values.values())
    if not texts or len(values) > 20:
        raise invalid("metadata", "metadata must be an object of at most 20 texts.")
    return dict(values)
