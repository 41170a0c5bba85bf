"""What a client of Tripe may rely on, written down by the client: each check returns what is wrong, "" if nothing.

The fields are the monolith's as its clients know them. A service that leaves one out, or adds the fee up wrongly,
breaks them; so would a proxy that mixed two answers up.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise
from typing import Any

Fields = Mapping[str, tuple[type, ...]]

_TEXT, _MAYBE, _WHOLE, _FLAG, _LIST, _MAP = (str,), (str, type(None)), (int,), (bool,), (list,), (dict,)
STAMPS: Fields = {"request_id": _TEXT, "served_at": _TEXT}
CHARGE: Fields = {
    "id": _TEXT, "object": _TEXT, "amount": _WHOLE, "amount_refunded": _WHOLE, "card": _MAP, "created": _WHOLE,
    "currency": _TEXT, "customer": (str, dict), "description": _MAYBE, "failure_code": _MAYBE, "fee": _WHOLE,
    "fees": _LIST, "invoice": _MAYBE, "livemode": _FLAG, "metadata": _MAP, "paid": _FLAG, "receipt_email": _MAYBE,
    "refunded": _FLAG, "status": _TEXT, "tags": _LIST,
}  # fmt: skip
CUSTOMER: Fields = {
    "id": _TEXT, "object": _TEXT, "name": _TEXT, "email": _TEXT, "phone": _MAYBE, "country": _TEXT, "balance": _WHOLE,
    "created": _WHOLE, "delinquent": _FLAG, "payment_methods": _LIST, "livemode": _FLAG,
}  # fmt: skip
INVOICE: Fields = {
    "id": _TEXT, "object": _TEXT, "amount_due": _WHOLE, "amount_paid": _WHOLE, "amount_remaining": _WHOLE,
    "charge": _MAYBE, "created": _WHOLE, "currency": _TEXT, "customer": (str, dict), "description": _MAYBE,
    "due_date": (int, type(None)), "invoice_pdf": _TEXT, "lines": _LIST, "livemode": _FLAG, "number": _TEXT,
    "status": _TEXT, "subtotal": _WHOLE, "tax": _WHOLE, "total": _WHOLE,
}  # fmt: skip
KINDS: Mapping[str, Fields] = {"charge": CHARGE, "customer": CUSTOMER, "invoice": INVOICE}


def one(body: Any, kind: str, wanted: str) -> str:
    """One object, asked for by its id."""
    wrong = _shape(body, {**KINDS[kind], **STAMPS}) or _content(body, kind)
    return wrong or ("" if body["id"] == wanted else f"ids: asked for {wanted}, got {body['id']}")


def expanded(body: Any, wanted: str) -> str:
    """A charge with its customer inside."""
    return one(body, "charge", wanted) or _shape(body["customer"], CUSTOMER)


def page(body: Any, kind: str) -> str:
    """A page of a list: newest first, none twice."""
    wrong = _shape(body, {"object": _TEXT, "url": _TEXT, "has_more": _FLAG, "data": _LIST, **STAMPS})
    if wrong:
        return wrong
    data = body["data"]
    for item in data:
        if wrong := _shape(item, KINDS[kind]) or _content(item, kind):
            return wrong
    if len({item["id"] for item in data}) != len(data) or not data:
        return f"ids: a page of {len(data)} {kind}s with some twice"
    ordered = all(a["created"] >= b["created"] for a, b in pairwise(data))
    return "" if ordered else "schema: a page that is not newest first"


def created(body: Any, asked: Mapping[str, Any]) -> str:
    """A charge that this client has just made: what it sent comes back."""
    wrong = _shape(body, {**CHARGE, **STAMPS}) or _content(body, "charge")
    if wrong:
        return wrong
    other = [name for name in ("amount", "currency", "customer", "metadata") if body[name] != asked[name]]
    return f"ids: sent {other}, and others came back" if other else ""


def missing(body: Any, wanted: str) -> str:
    """The error for an id that does not exist; it names the id."""
    error = body.get("error", {}) if isinstance(body, dict) else {}
    if error.get("code") != "resource_missing":
        return "schema: not the error of a missing object"
    return "" if wanted in str(error.get("message")) else "ids: the error names another id"


def _shape(body: Any, fields: Fields) -> str:
    if not isinstance(body, dict):
        return "schema: not an object"
    if body.keys() != fields.keys():
        return f"schema: fields {sorted(body.keys() ^ fields.keys())} missing or unknown"
    wrong = [name for name, types in fields.items() if type(body[name]) not in types]
    return f"schema: type of {wrong}" if wrong else ""


def _content(body: Mapping[str, Any], kind: str) -> str:
    if body["object"] != kind:
        return f"schema: asked for a {kind}, got a {body['object']}"
    if kind == "charge" and abs(body["fee"] - sum(line["amount"] for line in body["fees"])) > 0.5001:
        return "schema: the fee is not the sum of its lines"
    return ""
