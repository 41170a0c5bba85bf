"""The invoices service: its routes on the chassis, and an invoice's row as the API shows it."""

import json
from sqlite3 import Row
from typing import Any

from aiohttp import web

from extracted.chassis.database import Database
from extracted.chassis.lists import Reads
from extracted.chassis.service import create_service

SAME_AS_COLUMN = ("id", "charge", "created", "currency", "customer", "description", "due_date", "number", "status")


def create_app(database: Database, build: str = "invoices-1.0.0") -> web.Application:
    app = create_service(database, build)
    Reads("invoice", "invoices", ("paid", "open", "uncollectible"), render_invoice).add_to(app)
    return app


def render_invoice(row: Row) -> dict[str, Any]:
    remaining = 0 if row["status"] == "paid" else row["total"]
    return {
        **{name: row[name] for name in SAME_AS_COLUMN},
        "object": "invoice",
        "livemode": False,
        "subtotal": row["subtotal"],
        "tax": row["tax"],
        "total": row["total"],
        "amount_due": row["total"],
        "amount_paid": row["total"] - remaining,
        "amount_remaining": remaining,
        "invoice_pdf": f"/v1/invoices/{row['id']}/pdf",
        "lines": json.loads(row["lines"]),
    }
