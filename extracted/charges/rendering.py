"""A charge's row as the API shows it."""

import json
from sqlite3 import Row
from typing import Any

from extracted.charges.fees import PARTS, fee_lines, total_fee, total_fee_of_rounded_lines


def render_charge(row: Row) -> dict[str, Any]:
    paid = row["status"] == "succeeded"
    lines = fee_lines(row["amount"], row["currency"], row["country"]) if paid else []
    return {
        "id": row["id"],
        "object": "charge",
        "amount": row["amount"],
        "amount_refunded": row["amount_refunded"],
        "card": {part: row[part] for part in ("brand", "country", "exp_month", "exp_year", "last4")},
        "created": row["created"],
        "currency": row["currency"],
        "customer": row["customer"],
        "description": row["description"],
        "failure_code": row["failure_code"],
        "fee": total_fee(lines),
        "fees": [{"type": line.kind, "rate_bp": line.rate_bp, "amount": line.parts / PARTS} for line in lines],
        "invoice": row["invoice"],
        "livemode": False,
        "metadata": json.loads(row["metadata"]),
        "paid": paid,
        "receipt_email": row["receipt_email"],
        "refunded": row["amount_refunded"] == row["amount"],
        "status": row["status"],
        "tags": json.loads(row["tags"]),
    }


def render_charge_first_build(row: Row) -> dict[str, Any]:
    """As the first build did: fee lines rounded one by one, and no `receipt_email` where there is none."""
    charge = render_charge(row)
    if charge["paid"]:
        charge["fee"] = total_fee_of_rounded_lines(fee_lines(row["amount"], row["currency"], row["country"]))
    if charge["receipt_email"] is None:
        del charge["receipt_email"]
    return charge
