"""The JSON answers of the benchmark, of exact sizes."""

from __future__ import annotations

import json

SIZES = {"145": 145, "16k": 16 * 1024, "1m": 1024 * 1024}
SAME_ID = "req_0123456789abcdef_00042_00042"


def charge(number: int) -> dict[str, object]:
    return {"id": f"ch_{number:06d}", "amount": 129900 + number, "currency": "eur", "paid": True, "fee": 3.25}


def body(size: int, request_id: str) -> str:
    """JSON text of exactly `size` bytes when `request_id` is as long as SAME_ID."""
    document: dict[str, object] = {"request_id": SAME_ID, "data": [charge(1)], "note": ""}
    rows, left = [charge(1)], size - len(compact(document))
    while (left := left - len("," + compact(row := charge(len(rows) + 1)))) >= 0:
        rows.append(row)
    document["data"] = rows
    document["note"] = "x" * (size - len(compact(document)))
    return compact(document).replace(SAME_ID, request_id)


def compact(document: object) -> str:
    return json.dumps(document, separators=(",", ":"))
