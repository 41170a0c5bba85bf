"""Mistakes in single values: a service that was written anew from the monolith's behaviour, and not quite."""

from __future__ import annotations

import struct
import unicodedata
from datetime import UTC, datetime, timedelta
from typing import Any

from bench.corpus.kinds import Answer, Asking, Wrong


def _missing(a: Answer, q: Asking) -> None:
    del a.body["receipt_email"]


def _nested_missing(a: Answer, q: Asking) -> None:
    del a.body["card"]["exp_year"]


def _extra(a: Answer, q: Asking) -> None:
    a.body["internal_risk_score"] = 17


def _text(a: Answer, q: Asking) -> None:
    a.body["amount"] = str(a.body["amount"])


def _whole_to_float(a: Answer, q: Asking) -> None:
    a.body["total"] = a.body["total"] / 100


def _null(a: Answer, q: Asking) -> bool | None:
    if a.body["receipt_email"] is None:
        return False
    a.body["receipt_email"] = None
    return None


def _null_dropped(a: Answer, q: Asking) -> bool | None:
    nulls = [name for name, value in a.body.items() if value is None]
    for name in nulls:
        del a.body[name]
    return bool(nulls)


def _empty_for_null(a: Answer, q: Asking) -> bool | None:
    if a.body["invoice"] is not None:
        return False
    a.body["invoice"] = ""
    return None


def _empty_list_dropped(a: Answer, q: Asking) -> bool | None:
    if a.body["tags"]:
        return False
    del a.body["tags"]
    return None


def _rounded(a: Answer, q: Asking) -> bool | None:
    if not a.body["fee"]:
        return False
    a.body["fee"] -= 1
    return None


def _single_precision(a: Answer, q: Asking) -> bool:
    before = [row["amount"] for row in a.body["fees"]]
    for row in a.body["fees"]:
        row["amount"] = struct.unpack("f", struct.pack("f", row["amount"]))[0]
    return bool(before != [row["amount"] for row in a.body["fees"]])


def _cut_decimals(a: Answer, q: Asking) -> bool:
    before = [row["amount"] for row in a.body["fees"]]
    for row in a.body["fees"]:
        row["amount"] = int(row["amount"] * 100) / 100
    return bool(before != [row["amount"] for row in a.body["fees"]])


def _big(a: Answer, q: Asking) -> None:
    a.body["account"] = int(float(a.body["account"]))  # a double holds 53 bits


def _sign(a: Answer, q: Asking) -> None:
    a.body["amount"] = -a.body["amount"]


def _units(a: Answer, q: Asking) -> None:
    a.body["amount"] *= 100


def _stale(a: Answer, q: Asking) -> bool | None:
    if a.body["amount_refunded"] == 0:
        return False
    a.body["amount_refunded"] = 0
    return None


def _currency(a: Answer, q: Asking) -> bool | None:
    if a.body["currency"] == "usd":
        return False
    a.body["currency"] = "usd"
    return None


def _upper(a: Answer, q: Asking) -> None:
    a.body["currency"] = a.body["currency"].upper()


def _enum(a: Answer, q: Asking) -> None:
    a.body["status"] = {"paid": "PAID", "open": "PENDING"}.get(a.body["status"], "UNKNOWN")


def _default(a: Answer, q: Asking) -> bool | None:
    if a.body["country"] == "US":
        return False
    a.body["country"] = "US"
    return None


def _inverted(a: Answer, q: Asking) -> None:
    a.body["refunded"] = not a.body["refunded"]


def _number_for_boolean(a: Answer, q: Asking) -> None:
    a.body["paid"] = int(a.body["paid"])


def _zeros(a: Answer, q: Asking) -> None:
    a.body["number"] = f"TRP-{int(a.body['number'].removeprefix('TRP-'))}"


def _id_mapping(a: Answer, q: Asking) -> None:
    known = a.body["customer"]
    a.body["customer"] = f"cus_{(int(known.removeprefix('cus_'), 16) + 4099) % 16**16:016x}"


def _id_of_row(a: Answer, q: Asking) -> None:
    a.body["id"] = str(10_000 + q.fixed("row", 90_000))


def _created_zone(a: Answer, q: Asking) -> None:
    a.body["created"] += 3600


def _created_millis(a: Answer, q: Asking) -> None:
    a.body["created"] *= 1000


def _month_end(a: Answer, q: Asking) -> None:
    due = datetime.fromtimestamp(a.body["created"], UTC)
    a.body["due"] = f"{due + timedelta(days=30):%Y-%m-%d}"  # legacy: the last day of the next month


def _mojibake(a: Answer, q: Asking) -> bool:
    before = a.body["name"]
    a.body["name"] = before.encode().decode("cp1252", "replace")
    return bool(a.body["name"] != before)


def _decomposed(a: Answer, q: Asking) -> bool:
    before = a.body["name"]
    a.body["name"] = unicodedata.normalize("NFD", before)
    return bool(a.body["name"] != before)


def _ascii_only(a: Answer, q: Asking) -> bool:
    before = a.body["name"]
    a.body["name"] = before.encode("ascii", "replace").decode()
    return bool(a.body["name"] != before)


def _escaped(a: Answer, q: Asking) -> bool:
    before = a.body["name"]
    a.body["name"] = before.replace("'", "&#39;")
    return bool(a.body["name"] != before)


def _trimmed(a: Answer, q: Asking) -> None:
    a.body["statement"] = a.body["statement"].strip()


def _locale(a: Answer, q: Asking) -> None:
    a.body["display"] = a.body["display"].replace(",", "'").replace(".", ",")


def _flat(a: Answer, q: Asking) -> None:
    card: dict[str, Any] = a.body.pop("card")
    a.body |= {f"card_{name}": value for name, value in card.items()}


def _renamed(a: Answer, q: Asking) -> None:
    a.body["paymentMethods"] = a.body.pop("payment_methods")


def _tax_twice(a: Answer, q: Asking) -> bool | None:
    if not a.body["tax"]:
        return False
    a.body["total"] += a.body["tax"]
    return None


def _unmasked(a: Answer, q: Asking) -> None:
    a.body["card"]["last4"] = f"424242424242{a.body['card']['last4']}"


def _string_null(a: Answer, q: Asking) -> bool | None:
    if a.body["due_date"] is not None:
        return False
    a.body["due_date"] = "null"
    return None


VALUES = (
    Wrong("missing_field", "charge", "receipt_email is not there", _missing),
    Wrong("nested_missing_field", "charge", "card.exp_year is not there", _nested_missing),
    Wrong("extra_field", "charge", "an internal field leaks", _extra),
    Wrong("number_as_text", "charge", 'amount "2345"', _text),
    Wrong("units_for_cents", "invoice", "total 23.45 for 2345", _whole_to_float),
    Wrong("cents_twice", "refund", "amount times 100", _units),
    Wrong("null_for_value", "charge", "receipt_email null", _null),
    Wrong("null_left_out", "invoice", "what is null is left out", _null_dropped),
    Wrong("empty_text_for_null", "charge", 'invoice ""', _empty_for_null),
    Wrong("text_null", "invoice", 'due_date "null"', _string_null),
    Wrong("empty_list_left_out", "charge", "tags left out when empty", _empty_list_dropped),
    Wrong("rounding", "charge", "the fee one cent lower", _rounded),
    Wrong("single_precision", "charge", "amounts of fees as 32-bit floats", _single_precision),
    Wrong("decimals_cut", "charge", "amounts of fees cut to two decimals", _cut_decimals),
    Wrong("big_integer", "account", "an account number rounded to 53 bits", _big),
    Wrong("sign", "refund", "amount negative", _sign),
    Wrong("stale_value", "charge", "amount_refunded as before the refund", _stale),
    Wrong("wrong_currency", "invoice", "usd for all", _currency),
    Wrong("case_change", "charge", "currency in capitals", _upper),
    Wrong("renamed_enum", "invoice", "PAID for paid", _enum),
    Wrong("wrong_default", "customer", "country US for all", _default),
    Wrong("boolean_inverted", "charge", "refunded", _inverted),
    Wrong("number_for_boolean", "charge", "paid 1", _number_for_boolean),
    Wrong("leading_zeros_lost", "invoice", "number TRP-250", _zeros),
    Wrong("wrong_id_mapping", "invoice", "another customer's id", _id_mapping),
    Wrong("row_id_for_public_id", "customer", "the database's id", _id_of_row),
    Wrong("time_zone", "invoice", "created an hour later", _created_zone),
    Wrong("milliseconds_for_seconds", "charge", "created times 1000", _created_millis),
    Wrong("month_end", "account", "thirty days on for the end of the next month", _month_end),
    Wrong("mojibake", "customer", "a name in UTF-8 read as Windows-1252", _mojibake),
    Wrong("unicode_decomposed", "customer", "a name in NFD", _decomposed),
    Wrong("question_marks", "customer", "a name in ASCII", _ascii_only),
    Wrong("escaped_twice", "customer", "&#39; in a name in JSON", _escaped),
    Wrong("white_space_trimmed", "account", "a padded statement text", _trimmed),
    Wrong("locale_number", "account", "1'234,56 for 1,234.56", _locale),
    Wrong("nesting_lost", "charge", "card_brand for card.brand", _flat),
    Wrong("camel_case", "customer", "paymentMethods", _renamed),
    Wrong("tax_twice", "invoice", "total with the tax once more", _tax_twice),
    Wrong("mask_lost", "charge", "all digits of the card", _unmasked),
)
