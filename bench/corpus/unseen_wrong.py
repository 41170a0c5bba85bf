"""Mistakes of a former held-out part in steady values of JSON answers: texts, numbers, money, days and hours.

Such a field says the same at every asking, so one wrong answer is enough for whoever knows that, and no share is left
out. But two mistakes come and go, in every third or tenth asking, and might be rare noise of both sides. Were they, all
of k such answers would be the extracted side's with a chance of 2**-k, so k has to be 10 for 1e-3. Among the requests
of learning and judging, k is

    wrong in            all    5 %  1 %  a tenant
    each third asking   1,733  92   23   6         a tenant is left out
    each tenth asking   520    28   7    2         1 % and a tenant are left out
"""

from __future__ import annotations

import json
import re
import unicodedata
from datetime import datetime, timedelta
from typing import Any

from bench.corpus.kinds import Answer, Asking, Inject, Wrong
from bench.corpus.unseen_bases import DOTLESS, QUOTE, STATES, THIN

IBAN = re.compile(r"(\w{4}) (\d{4} ){4}(\d\d)")
OLD_NAMES = {"Europe/Kyiv": "Europe/Kiev", "Asia/Kolkata": "Asia/Calcutta"}


def _set(name: str, made: Any) -> Inject:
    """`made` of the value of the field; False where it stays the same."""

    def inject(a: Answer, q: Asking) -> bool:
        before = a.body[name]
        a.body[name] = made(before)
        return bool(a.body[name] != before)

    return inject


def _replaced(name: str, before: str, after: str) -> Inject:
    return _set(name, lambda text: text.replace(before, after))


def _cents(text: str) -> int:
    return round(float(text) * 100)


def _compatible(text: str) -> str:
    return unicodedata.normalize("NFKC", text)


def _of_unknown(state: str) -> str | None:
    return None if state == STATES[2] else state


def _without_what_comes_twice(values: list[str]) -> list[str]:
    return list(dict.fromkeys(values))


def _translation(a: Answer, q: Asking) -> None:
    a.body["name"]["fr"] = a.body["name"]["en"]


def _tiers(a: Answer, q: Asking) -> None:
    for tier in a.body["tiers"][1:]:
        tier["from"] += 1


def _was_is_price(a: Answer, q: Asking) -> bool:
    null = a.body["was"] is None
    a.body["was"] = a.body["was"] or dict(a.body["price"])
    return null


def _winter_time(value: str) -> str:
    if not value.endswith("+02:00"):
        return value
    return f"{datetime.fromisoformat(value) - timedelta(hours=1):%Y-%m-%dT%H:%M:%S}+01:00"


def _relabelled(value: str) -> str:
    return value[:19] + "+00:00"


def _day_before(value: str) -> str:
    return f"{datetime.fromisoformat(value) - timedelta(days=1):%Y-%m-%d}"


def _sunday_first(days: list[int]) -> list[int]:
    return sorted(day % 7 + 1 for day in days)


def _days_for_months(value: str) -> str:
    return re.sub(r"P(\d)M", lambda found: f"P{30 * int(found[1])}D", value)


def _old_zone(value: str) -> str:
    return OLD_NAMES.get(value, value)


def _of_last_century(value: str) -> str:
    return f"19{value[2:]}" if value >= "2030" else value


def _zero_left_out(beds: dict[str, int]) -> dict[str, int]:
    return {name: count for name, count in beds.items() if count}


def _half_even(value: str) -> str:
    cents = _cents(value)  # each was rounded up from a half
    return f"{(cents - 1 if cents % 2 else cents) / 100:.2f}"


def _reversed(values: list[str]) -> list[str]:
    return values[::-1]


def _balance_before(a: Answer, q: Asking) -> None:
    for row in a.body["entries"]:
        row["balance"] = f"{(_cents(row['balance']) - _cents(row['amount'])) / 100:.2f}"


def _in_brackets(a: Answer, q: Asking) -> None:
    for row in a.body["entries"]:
        row["amount"] = re.sub(r"-(.*)", r"(\1)", row["amount"])


def _banking_year(a: Answer, q: Asking) -> bool:
    before = a.body["interest"]
    a.body["interest"] = f"{round(_cents(a.body['closing']) * 3 * 31 / 36_000) / 100:.2f}"
    return bool(before != a.body["interest"])


def _starred(value: str) -> str:
    return IBAN.sub(r"\1 **** **** **** **** \3", value)


def _feature_on(a: Answer, q: Asking) -> None:
    a.body["features"]["new_checkout"] = True


def _no_limit(a: Answer, q: Asking) -> None:
    a.body["limits"]["projects"] = -1


def _one_old_instance(a: Answer, q: Asking) -> bool:
    if q.dice.random() >= 1 / 3:
        return False
    a.body["plan"]["name"] = "trial"
    return True


def _lost_in_a_race(a: Answer, q: Asking) -> bool:
    if q.dice.random() >= 0.1:
        return False
    a.body["nights"] += 1
    return True


UNSEEN_VALUES = (
    Wrong("umlaut_lost_in_slug", "product", "filtertuten for filtertueten", _replaced("slug", "ue", "u")),
    Wrong("translation_fallback", "product", "French texts in English", _translation),
    Wrong("dotless_i", "product", "an i with its dot, in Turkish", _replaced("brand", DOTLESS, "i")),
    Wrong("quotes_straightened", "product", "a typewriter's apostrophe", _replaced("brand", QUOTE, "'")),
    Wrong("unicode_compatibility_form", "product", "m2 for m²", _set("text", _compatible)),
    Wrong("integer_division", "product", "a rating of 4.0 for 4.5", _set("rating", lambda stars: float(int(stars)))),
    Wrong("tier_exclusive", "product", "from 11 for from 10", _tiers),
    Wrong("price_before_by_default", "product", "was: the price itself, for null", _was_is_price),
    Wrong("ordinal_for_enum", "product", "1 for sold_out", _set("state", STATES.index)),
    Wrong("null_for_new_enum_value", "product", "null for what the new code does not know", _set("state", _of_unknown)),
    Wrong("null_for_empty_text", "product", "as Oracle has it", _set("remark", lambda text: text or None)),
    Wrong("collation_by_bytes", "product", "Ähre after Zinn", _set("colours", sorted)),
    Wrong("distinct_for_all", "product", "without what comes twice", _set("ships_to", _without_what_comes_twice)),
    Wrong("offset_changed_time_not", "product", "15:00+00:00 for 15:00+01:00", _set("released", _relabelled)),
    Wrong("summer_time_ignored", "booking", "an hour less in summer", _set("check_in", _winter_time)),
    Wrong("midnight_in_utc", "booking", "born a day earlier", _set("born", _day_before)),
    Wrong("week_begins_on_sunday", "booking", "1 for Sunday", _set("weekdays", _sunday_first)),
    Wrong("thirty_days_for_a_month", "booking", "P30D for P1M", _set("notice", _days_for_months)),
    Wrong("zone_by_its_old_name", "booking", "Europe/Kiev", _set("zone", _old_zone)),
    Wrong("year_of_two_digits", "booking", "1931 for 2031", _set("card_expires", _of_last_century)),
    Wrong("zero_left_out", "booking", "what is 0 is left out, as protobuf does", _set("beds", _zero_left_out)),
    Wrong(
        "lost_in_a_race", "booking", "one night more, at each tenth asking", _lost_in_a_race, flaky=True,
        left_out=("1 %", "a tenant"),
    ),
    Wrong("halves_to_even", "statement", "2.5 cents are 2", _set("vat", _half_even)),
    Wrong("remainder_to_the_last", "statement", "the odd cent of a third", _set("split", _reversed)),
    Wrong("balance_before_the_entry", "statement", "each row's balance one entry late", _balance_before),
    Wrong("negative_in_brackets", "statement", "(12.50) for -12.50", _in_brackets),
    Wrong("minus_zero", "statement", "-0.00", _set("blocked", lambda text: f"-{text}")),
    Wrong("year_of_360_days", "statement", "interest by the banks' year", _banking_year),
    Wrong("space_of_older_locale_data", "statement", "U+00A0 for U+202F", _replaced("shown", THIN, "\u00a0")),
    Wrong("masked_for_its_owner", "statement", "stars in one's own IBAN", _set("account", _starred)),
    Wrong("feature_on_by_default", "profile", "new_checkout for everybody", _feature_on),
    Wrong("minus_one_for_no_limit", "profile", "-1 for null", _no_limit),
    Wrong("json_in_a_text", "profile", "preferences encoded twice", _set("preferences", json.dumps)),
    Wrong("underscore_in_locale", "profile", "de_DE", _replaced("locale", "-", "_")),
    Wrong(
        "one_instance_of_three_is_old", "profile", "another plan at each third asking", _one_old_instance, flaky=True,
        left_out=("a tenant",),
    ),
)  # fmt: skip
