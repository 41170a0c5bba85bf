"""A customer as other objects embed it. Customers are still the monolith's; the services only show them."""

import json
from collections.abc import Iterable
from sqlite3 import Row
from typing import Any

from extracted.chassis.database import Database


def embed_customers(database: Database, objects: list[dict[str, Any]]) -> None:
    """Replace each object's customer id by the customer, with one query for all."""
    found = _customers(database, {item["customer"] for item in objects})
    for item in objects:
        item["customer"] = found.get(item["customer"], item["customer"])


def _customers(database: Database, ids: Iterable[str]) -> dict[str, dict[str, Any]]:
    sql = "SELECT * FROM customers WHERE id IN (SELECT value FROM json_each(?))"
    return {row["id"]: _render(row) for row in database.rows(sql, (json.dumps(sorted(ids)),))}


def _render(row: Row) -> dict[str, Any]:
    return {
        "id": row["id"],
        "object": "customer",
        "balance": row["balance"],
        "country": row["country"],
        "created": row["created"],
        "delinquent": row["delinquent"] == 1,
        "email": row["email"],
        "livemode": False,
        "name": row["name"],
        "payment_methods": json.loads(row["payment_methods"]),
        "phone": row["phone"],
    }
