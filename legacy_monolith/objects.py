"""Rows as the objects the API answers with. Lists that never promised an order come in a random one."""

import json
import random
from sqlite3 import Row
from typing import Any

from legacy_monolith.money import fee_fields

Object = dict[str, Any]


def _unordered(items: str) -> list[Any]:
    """A stored JSON list in an order nobody should rely on."""
    values = json.loads(items)
    random.shuffle(values)
    return list(values)


def customer_object(row: Row) -> Object:
    plain = {name: row[name] for name in ("id", "name", "email", "phone", "country", "balance", "created")}
    delinquent = bool(row["delinquent"])
    methods = _unordered(row["payment_methods"])
    return {**plain, "object": "customer", "delinquent": delinquent, "payment_methods": methods, "livemode": False}


def charge_object(row: Row) -> Object:
    succeeded = row["status"] == "succeeded"
    card = {name: row[name] for name in ("brand", "last4", "country", "exp_month", "exp_year")}
    return {
        "id": row["id"],
        "object": "charge",
        "amount": row["amount"],
        "amount_refunded": row["amount_refunded"],
        "card": card,
        "created": row["created"],
        "currency": row["currency"],
        "customer": row["customer"],
        "description": row["description"],
        "failure_code": row["failure_code"],
        **fee_fields(row["amount"], row["currency"], row["country"], succeeded),
        "invoice": row["invoice"],
        "livemode": False,
        "metadata": json.loads(row["metadata"]),
        "paid": succeeded,
        "receipt_email": row["receipt_email"],
        "refunded": row["amount_refunded"] == row["amount"],
        "status": row["status"],
        "tags": _unordered(row["tags"]),
    }


def refund_object(row: Row) -> Object:
    plain = {name: row[name] for name in ("id", "amount", "charge", "currency", "reason", "status", "created")}
    return {**plain, "object": "refund", "livemode": False}


def invoice_object(row: Row) -> Object:
    paid = row["total"] if row["status"] == "paid" else 0
    return {
        "id": row["id"],
        "object": "invoice",
        "amount_due": row["total"],
        "amount_paid": paid,
        "amount_remaining": row["total"] - paid,
        "charge": row["charge"],
        "created": row["created"],
        "currency": row["currency"],
        "customer": row["customer"],
        "description": row["description"],
        "due_date": row["due_date"],
        "invoice_pdf": f"/v1/invoices/{row['id']}/pdf",
        "lines": _unordered(row["lines"]),
        "livemode": False,
        "number": row["number"],
        "status": row["status"],
        "subtotal": row["subtotal"],
        "tax": row["tax"],
        "total": row["total"],
    }
