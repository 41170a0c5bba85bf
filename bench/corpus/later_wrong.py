"""Mistakes of a former held-out part in steady values of JSON answers of carriers, offices and clinics.

Such a field says the same at every asking, so one wrong answer is enough for whoever knows that, and no share is left
out. But one mistake comes and goes, in every fourth asking, and might be rare noise of both sides. Were it, all of k
such answers would be the extracted side's with a chance of 2**-k, so k has to be 10 for 1e-3. Among the requests of
learning and judging k is 1,300 (all), 69 (5 %), 17 (1 %) and 4 (a tenant), so a tenant is left out.
"""

from __future__ import annotations

from decimal import Decimal

from bench.corpus.kinds import Answer, Asking, Wrong
from bench.corpus.later_bases import BRACKETS, LETTERS, billed_weight, cents
from bench.corpus.later_steps import at

LITRE_DIVISOR = 6_000  # of the carrier's other product
LAST_YEAR = {11_784: 11_604, 17_005: 17_005, 66_760: 66_760}
MG_PER_MMOL = 18.016  # of glucose, in a decilitre


def _divisor(a: Answer, q: Asking) -> None:
    a.body["billed_kg"] = billed_weight(a.body["weight_g"], a.body["size_cm"], LITRE_DIVISOR)


def _first_of_each_code(events: list[dict[str, str]]) -> list[dict[str, str]]:
    return list({event["code"]: event for event in reversed(events)}.values())[::-1]


def _known_code(code: str) -> str:
    return "in_transit" if code == "attempt_failed" else code


def _by_the_second(a: Answer, q: Asking) -> None:
    for call in a.body["calls"]:
        call["billed_seconds"] = call["seconds"]


def _no_free_calls(calls: list[dict[str, str]]) -> list[dict[str, str]]:
    return [call for call in calls if float(call["charge"])]


def _rounded_calls(a: Answer, q: Asking) -> None:
    amounts = [Decimal(cents(call["charge"])) for call in a.body["calls"]]
    a.body["net"] = str(sum(amounts, Decimal(a.body["base_fee"])))


def _unit_of_a_thousand(count: int) -> int:
    return count * 10**9 // 2**30


def _average_night(a: Answer, q: Asking) -> None:
    for offer in a.body["offers"]:
        average = cents(sum(Decimal(night["price"]) for night in offer["nights"]) / 3)
        offer["total"] = str(Decimal(average) * 3)


def _tax_for_children(a: Answer, q: Asking) -> None:
    heads = 2 + len(a.body["children"])
    for offer in a.body["offers"]:
        offer["city_tax"] = cents(Decimal("2.35") * heads * 3)


def _full_day(value: str) -> str:
    return f"{value}-01-01"[:10] if len(value) == 4 else f"{value}-01"[:10]


def _default_booked(state: str) -> str:
    return "booked" if state == "waitlist" else state


def _milligrams(a: Answer, q: Asking) -> None:
    glucose = a.body["results"][0]
    glucose["value"] = f"{float(glucose['value']) * MG_PER_MMOL:.2f}"


def _range_of_men(a: Answer, q: Asking) -> None:
    iron = a.body["results"][1]
    value = float(iron["value"])
    iron |= {"range": "13.50-17.50", "flag": "L" if value < 13.5 else "H" if value > 17.5 else "N"}


def _not_amended(a: Answer, q: Asking) -> None:
    if a.body["amended"]:
        a.body["results"][0]["value"] = a.body["amended"]["before"]


def _by_floor(value: str) -> str:
    hours, minutes = value[1:].split(":")
    whole = -(int(hours) * 60 + int(minutes))
    return f"{whole // 60}:{whole % 60:02d}"


def _without_this_month(a: Answer, q: Asking) -> None:
    months = a.body["year_to_date"]["months"] - 1
    a.body["year_to_date"]["gross"] = cents(Decimal(a.body["gross"]) * months)


def _one_pod(a: Answer, q: Asking) -> None:
    if q.dice.random() < 0.25:
        a.body["vacation"] = a.body["vacation"] | {"carried": 0.0, "left": 15.5}


def _top_rate(a: Answer, q: Asking) -> None:
    income = a.body["income"]
    rate = max(rate for start, rate in BRACKETS if start < income)
    a.body |= {"tax": income * rate // 100, "due": income * rate // 100 - a.body["prepaid"]}


def _brackets_of_last_year(a: Answer, q: Asking) -> None:
    more = (11_784 - 11_604) * BRACKETS[1][1] // 100
    for bracket in a.body["brackets"]:
        bracket["from"] = LAST_YEAR.get(bracket["from"], 0)
    a.body |= {"tax": a.body["tax"] + more, "due": a.body["due"] + more}


def _month_end_drifts(a: Answer, q: Asking) -> None:
    for row in a.body["schedule"][2:]:
        row["due"] = f"{row['due'][:8]}{28 if row['due'] > '2027-02' else 31}"


def _last_instalment(a: Answer, q: Asking) -> None:
    before, last = a.body["schedule"][2:]
    monthly = Decimal(before["paid"])
    rest = Decimal(last["balance"]) + Decimal(last["paid"]) - monthly
    last |= {"paid": str(monthly), "balance": cents(rest)}


def _fee_once(a: Answer, q: Asking) -> None:
    basket = a.body["basket"]
    basket["total"] = cents(basket["count"] * Decimal(basket["face"]) + Decimal(basket["fee"]))


def _all_letters(seats: dict[str, str]) -> dict[str, str]:
    return {f"{chr(65 + LETTERS.index(label[0]))}{label[1:]}": state for label, state in seats.items()}


LATER_VALUES = (
    Wrong("divisor_of_another_product", "parcel", "6,000 cubic centimetres a kilogram", _divisor),
    Wrong("one_scan_of_each_code", "parcel", "the second way out is lost", at("events", _first_of_each_code)),
    Wrong("failed_attempt_in_transit", "parcel", "a code that the new table lacks", at("events.*.code", _known_code)),
    Wrong("billed_by_the_second", "usage", "61 seconds are not 120", _by_the_second),
    Wrong("giga_for_gibi", "usage", "5 GB for 5 GiB", at("data.allowance_bytes", _unit_of_a_thousand)),
    Wrong("free_calls_hidden", "usage", "calls of 0.0000 are left out", at("calls", _no_free_calls)),
    Wrong("rounded_call_by_call", "usage", "the sum of rounded charges", _rounded_calls),
    Wrong("average_night_by_three", "stay", "an average that was rounded, times three", _average_night),
    Wrong("city_tax_for_children", "stay", "who pays none", _tax_for_children),
    Wrong("deadline_at_midnight", "stay", "a column that keeps the day alone",
          at("offers.*.cancel_until", lambda text: text.replace("T18:", "T00:"))),
    Wrong("reference_with_host", "visit", "an internal host before Patient/4001",
          at("participant.*.actor.reference", lambda text: f"http://fhir-int:8080/r4/{text}")),
    Wrong("day_made_up", "visit", "1971-03-01 for 1971-03", at("contained.0.birthDate", _full_day)),
    Wrong("waitlist_as_booked", "visit", "what the new enum lacks", at("status", _default_booked)),
    Wrong("value_in_another_unit", "labs", "97.29 mmol/L", _milligrams),
    Wrong("below_the_limit_as_value", "labs", "5 for <5", at("results.*.value", lambda text: text.lstrip("<"))),
    Wrong("range_of_men", "labs", "another range, and the flag of it", _range_of_men),
    Wrong("amendment_not_taken", "labs", "the value as it was before", _not_amended),
    Wrong("negative_hours_by_floor", "payslip", "-1:25 for -0:35", at("hours.overtime", _by_floor)),
    Wrong("year_without_this_month", "payslip", "gross up to the month before", _without_this_month),
    Wrong(
        "one_pod_of_four_is_old", "payslip", "no days carried over, at each fourth asking", _one_pod, flaky=True,
        left_out=("a tenant",),
    ),
    Wrong("top_rate_on_everything", "assessment", "the highest rate of all income", _top_rate),
    Wrong("brackets_of_last_year", "assessment", "11,604 for 11,784", _brackets_of_last_year),
    Wrong("refund_floored_at_zero", "assessment", "0 for what is paid back", at("due", lambda due: max(0, due))),
    Wrong("month_end_drifts", "loan", "March 28th after February 28th", _month_end_drifts),
    Wrong("plus_of_a_grade_lost", "loan", "a space, as of a form", at("grade", lambda text: text.replace("+", " "))),
    Wrong("reasons_by_number", "loan", "not by their weight", at("decision.reasons", sorted)),
    Wrong("last_instalment_like_the_others", "loan", "and a balance that is not 0.00", _last_instalment),
    Wrong("blocked_seats_free", "seats", "what the house keeps is sold",
          at("map.*", lambda state: "free" if state == "blocked" else state)),
    Wrong("fee_once_for_all", "seats", "one fee for four tickets", _fee_once),
    Wrong("rows_with_i", "seats", "I after H, where there is no such row", at("map", _all_letters)),
)  # fmt: skip
