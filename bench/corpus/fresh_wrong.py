"""Mistakes of a former held-out part in steady values, structure and lists of JSON answers."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal

from bench.corpus.kinds import Answer, Asking, Wrong

ALPHA_3 = {"US": "USA", "DE": "DEU", "GB": "GBR", "FR": "FRA"}


def _fee_by_lines(a: Answer, q: Asking) -> bool:
    before = a.body["fee"]
    lines = [Decimal(repr(row["amount"])).quantize(Decimal(1), ROUND_HALF_UP) for row in a.body["fees"]]
    a.body["fee"] = int(sum(lines))
    return bool(before != a.body["fee"])


def _month_from_zero(a: Answer, q: Asking) -> None:
    a.body["card"]["exp_month"] -= 1


def _object_text(a: Answer, q: Asking) -> None:
    a.body["card"] = "[object Object]"


def _list_for_object(a: Answer, q: Asking) -> bool:
    given = a.body["metadata"]
    a.body["metadata"] = given or []
    return not given


def _object_for_list(a: Answer, q: Asking) -> bool:
    a.body["tags"] = {str(place): tag for place, tag in enumerate(a.body["tags"])}
    return bool(a.body["tags"])


def _expanded(a: Answer, q: Asking) -> None:
    a.body["customer"] = {"id": a.body["customer"], "object": "customer", "livemode": False}


def _iso_for_epoch(a: Answer, q: Asking) -> None:
    a.body["created"] = f"{datetime.fromtimestamp(a.body['created'], UTC):%Y-%m-%dT%H:%M:%SZ}"


def _currency_object(a: Answer, q: Asking) -> None:
    a.body["amount"] = {"value": a.body["amount"], "currency": a.body["currency"]}


def _enveloped(a: Answer, q: Asking) -> None:
    a.body = {"data": a.body, "meta": {}}


def _names_swapped(a: Answer, q: Asking) -> None:
    first, _, last = a.body["name"].rpartition(" ")
    a.body["name"] = f"{last} {first}"


def _surname_lost(a: Answer, q: Asking) -> None:
    a.body["name"] = a.body["name"].split()[0]


def _national(a: Answer, q: Asking) -> bool:
    before = a.body["phone"]
    a.body["phone"] = before and before.removeprefix("+1")
    return before is not None


def _alpha_3(a: Answer, q: Asking) -> None:
    a.body["country"] = ALPHA_3[a.body["country"]]


def _neighbours_email(a: Answer, q: Asking) -> None:
    number = int(a.body["email"].removeprefix("customer").partition("@")[0])
    a.body["email"] = f"customer{number + 1}@mail.example"


def _without_quantity(a: Answer, q: Asking) -> bool:
    before = a.body["subtotal"]
    a.body["subtotal"] = sum(line["unit_amount"] for line in a.body["lines"])
    return bool(before != a.body["subtotal"])


def _paid_still_due(a: Answer, q: Asking) -> bool:
    before = a.body["amount_remaining"]
    a.body["amount_remaining"] = a.body["total"]
    return bool(before != a.body["total"])


def _zero_for_null(a: Answer, q: Asking) -> bool:
    null = a.body["due_date"] is None
    a.body["due_date"] = a.body["due_date"] or 0
    return null


def _slash(a: Answer, q: Asking) -> None:
    a.body["invoice_pdf"] += "/"


def _overflow(a: Answer, q: Asking) -> None:
    a.body["account"] = (a.body["account"] + 2**31) % 2**32 - 2**31


def _us_date(a: Answer, q: Asking) -> None:
    year, month, day = a.body["due"].split("-")
    a.body["due"] = f"{month}/{day}/{year}"


def _minor_units(a: Answer, q: Asking) -> None:
    a.body["prices"]["jpy"] = f"{int(a.body['prices']['jpy']) / 100:.2f}"


def _fraction(a: Answer, q: Asking) -> None:
    a.body["tax_percent"] /= 100


def _scientific(a: Answer, q: Asking) -> None:
    a.body["spread"] = f"{float(a.body['spread']):g}"


def _nan(a: Answer, q: Asking) -> None:
    a.body["margin"] = float("nan")


def _week_of_sundays(a: Answer, q: Asking) -> bool:
    before = a.body["week"]
    monday = datetime.strptime(f"{before}-1", "%G-W%V-%u").replace(tzinfo=UTC)
    a.body["week"] = f"{monday:%Y-W%U}"
    return bool(before != a.body["week"])


def _365_days(a: Answer, q: Asking) -> None:
    a.body["renews"] = f"{datetime.fromisoformat(a.body['renews']) - timedelta(days=1):%Y-%m-%d}"


def _255(a: Answer, q: Asking) -> None:
    a.body["note"] = a.body["note"][:255]


def _three_bytes(a: Answer, q: Asking) -> None:
    a.body["note"] = "".join("?" if letter > "\uffff" else letter for letter in a.body["note"])


def _one_line(a: Answer, q: Asking) -> None:
    a.body["address"] = a.body["address"].replace("\n", " ")


def _backslash_n(a: Answer, q: Asking) -> None:
    a.body["address"] = a.body["address"].replace("\n", "\\n")


def _encoded_twice(a: Answer, q: Asking) -> bool:
    before = a.body["search"]
    a.body["search"] = before.replace("%", "%25")
    return bool(before != a.body["search"])


def _ampersands(a: Answer, q: Asking) -> None:
    a.body["search"] = a.body["search"].replace("&", "&amp;")


def _sorted_as_text(a: Answer, q: Asking) -> bool:
    before = list(a.body["lines"])
    a.body["lines"].sort(key=lambda line: str(line["amount"]))
    return bool(before != a.body["lines"])


def _map_shifted(a: Answer, q: Asking) -> bool:
    weights = a.body["weights"]
    values = list(weights.values())
    a.body["weights"] = dict(zip(weights, [*values[1:], values[0]], strict=True))
    return len(weights) > 1


def _boundary_twice(a: Answer, q: Asking) -> bool:
    rows = a.body["data"]
    if not rows:
        return False
    cursor = {**rows[0], "id": rows[0]["id"][:-2] + "aa", "created": rows[0]["created"] + 1571}
    a.body["data"] = [cursor, *rows[:-1]]
    return True


def _null_row(a: Answer, q: Asking) -> None:
    a.body["data"].append(None)


def _list_in_list(a: Answer, q: Asking) -> None:
    a.body["data"] = [a.body["data"]]


def _abridged(a: Answer, q: Asking) -> bool:
    for row in a.body["data"]:
        del row["lines"]
    return bool(a.body["data"])


def _path(a: Answer, q: Asking) -> None:
    a.body["url"] = a.body["url"].removeprefix("/v1")


def _null_page(a: Answer, q: Asking) -> None:
    a.body["data"] = None


def _every_other_currency(a: Answer, q: Asking) -> bool:
    rows = a.body["data"]
    kept = [row for row in rows if row["currency"] == "usd"]
    a.body["data"] = kept
    return len(kept) < len(rows)


def _param(a: Answer, q: Asking) -> None:
    del a.body["error"]["param"]


def _error_as_text(a: Answer, q: Asking) -> None:
    a.body["error"] = a.body["error"]["message"]


def _newest_as_text(a: Answer, q: Asking) -> bool:
    versions = sorted(a.body["releases"])
    before = a.body["info"]["version"]
    a.body["info"]["version"] = versions[-1]
    return bool(before != versions[-1])


FRESH_VALUES = (
    Wrong("lines_rounded_first", "charge", "the fee as the sum of rounded lines", _fee_by_lines),
    Wrong("month_from_zero", "charge", "card.exp_month 0 to 11", _month_from_zero),
    Wrong("object_as_text", "charge", '"[object Object]"', _object_text),
    Wrong("list_for_empty_object", "charge", "metadata []", _list_for_object),
    Wrong("object_for_list", "charge", 'tags {"0": ..., "1": ...}', _object_for_list),
    Wrong("object_for_id", "charge", "the customer expanded unasked", _expanded),
    Wrong("iso_for_epoch", "charge", "created as ISO 8601", _iso_for_epoch),
    Wrong("object_for_number", "refund", "amount with its currency inside", _currency_object),
    Wrong("enveloped", "refund", "everything under data", _enveloped),
    Wrong("names_swapped", "customer", "last name first", _names_swapped),
    Wrong("surname_lost", "customer", "the first name alone", _surname_lost),
    Wrong("country_prefix_lost", "customer", "phone without +1", _national),
    Wrong("country_of_three_letters", "customer", "USA", _alpha_3),
    Wrong("email_of_another", "customer", "the next customer's", _neighbours_email),
    Wrong("quantity_forgotten", "invoice", "subtotal of single prices", _without_quantity),
    Wrong("payment_forgotten", "invoice", "amount_remaining of a paid invoice", _paid_still_due),
    Wrong("zero_for_null", "invoice", "due_date 0", _zero_for_null),
    Wrong("trailing_slash", "invoice", "invoice_pdf with a slash at its end", _slash),
    Wrong("overflow_of_32_bits", "account", "an account number wrapped round", _overflow),
    Wrong("date_of_the_us", "account", "due 02/15/2024", _us_date),
    Wrong("minor_unit_of_yen", "quote", "yen with two decimals", _minor_units),
    Wrong("fraction_for_percent", "quote", "0.19", _fraction),
    Wrong("scientific_notation", "quote", "4.2e-05 in a text", _scientific),
    Wrong("nan_for_null", "quote", "NaN", _nan),
    Wrong("week_from_sunday", "quote", "the week's number as in the US", _week_of_sundays),
    Wrong("leap_day_forgotten", "quote", "a year of 365 days across February 29th", _365_days),
    Wrong("cut_at_255", "quote", "a note of 255 characters", _255),
    Wrong("emoji_lost", "quote", "? for what UTF-8 writes in four bytes", _three_bytes),
    Wrong("line_breaks_lost", "quote", "an address in one line", _one_line),
    Wrong("line_breaks_escaped", "quote", "backslash and n in an address", _backslash_n),
    Wrong("percent_encoded_twice", "quote", "%2520", _encoded_twice),
    Wrong("ampersand_in_url", "quote", "&amp; in a URL", _ampersands),
    Wrong("values_of_a_map_shifted", "quote", "each id with its neighbour's value", _map_shifted),
)
FRESH_LISTS = (
    Wrong("sorted_as_text", "quote", "1000 before 200", _sorted_as_text),
    Wrong("boundary_row_twice", "charges", "the page begins with the row before", _boundary_twice),
    Wrong("null_row", "charges", "null at the end", _null_row),
    Wrong("list_in_list", "refunds", "[[...]]", _list_in_list),
    Wrong("null_for_page", "refunds", "data null", _null_page),
    Wrong("rows_abridged", "invoices", "rows without their lines", _abridged),
    Wrong("path_without_prefix", "customers", "url /customers", _path),
    Wrong("filter_nobody_asked_for", "invoices", "rows in dollars only", _every_other_currency),
    Wrong("error_without_param", "refused", "which parameter it is", _param),
    Wrong("error_as_text", "missing", "a text for the error object", _error_as_text),
    Wrong("newest_version_as_text", "project", "1.9.0 for 1.10.0", _newest_as_text),
)
