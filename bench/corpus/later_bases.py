"""Further bases for a former held-out part, made of Tripe's real answers: JSON of carriers, offices and clinics.

A parcel, a bill of calls, offers of a hotel, an appointment (FHIR) and results of a laboratory, a payslip, a tax
assessment, a loan, and the seats of a hall.
"""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from math import ceil
from typing import Any

from bench.corpus.answers import Real
from bench.corpus.unseen_bases import BERLIN, JSON, told

CODES = ("delivered", "out_for_delivery", "attempt_failed", "out_for_delivery", "arrived", "picked_up")
DIVISOR = 5_000  # cubic centimetres of a kilogram, by air
PER_MINUTE = Decimal("0.0891")
GIBIBYTE = 2**30
BRACKETS = ((0, 0), (11_784, 14), (17_005, 24), (66_760, 42))  # from, and per cent of what is above
LETTERS = "ABCDEFGHJKLMNPQR"  # of rows: no I and no O
CENT = Decimal("0.01")


def cents(amount: Decimal | float | str) -> str:
    return str(Decimal(amount).quantize(CENT, ROUND_HALF_UP))


def _ok(document: dict[str, Any], kind: str = JSON) -> Real:
    return told(200, {"content-type": kind}, document)


def _made(invoice: Any) -> datetime:
    return datetime.fromtimestamp(invoice["created"], UTC)


def billed_weight(grams: int, size: list[int], divisor: int) -> float:
    """The heavier of weight and volume, in half kilograms."""
    return ceil(max(grams / 1000, size[0] * size[1] * size[2] / divisor) * 2) / 2


def _parcel(n: int, invoice: Any) -> Real:
    made = _made(invoice)
    size, grams = [40 + 3 * (n % 7), 30 + n % 5, 20 + n % 11], 1_250 + 37 * n
    first = 0 if n % 3 else 1
    events = [
        {"code": code, "at": f"{made + timedelta(hours=70 - 9 * place):%Y-%m-%dT%H:%M:%SZ}", "depot": f"D{20 + place}"}
        for place, code in enumerate(CODES)
    ]
    return _ok({
        "tracking": f"00340434{n:012d}",
        "service": ("express", "standard")[n % 2],
        "weight_g": grams,
        "size_cm": size,
        "billed_kg": billed_weight(grams, size, DIVISOR),
        "events": events[first:],
        "state": events[first]["code"],
        "window": {"from": "09:00", "to": "13:00"},
        "address": {"street": "Hafenstraße 7", "postcode": f"01{n:03d}", "city": "Dresden", "country": "DE"},
        "customs": {"code": "090121", "origin": "BR"},
        "pieces": 1 + n % 4,
        "keep_at": None if n % 3 else "garage",
    })  # fmt: skip


def _usage(n: int, invoice: Any) -> Real:
    made = _made(invoice)
    calls, net = [], Decimal("9.95")
    for place, seconds in enumerate((61 + n, 12 + n % 40, 0 if n % 2 else 240, 754 + 7 * n)):
        minutes = ceil(seconds / 60)
        charge = minutes * PER_MINUTE if place != 1 else Decimal("0.0000")
        calls.append({
            "to": f"+49{30 + place}5550{n:03d}",
            "at": f"{made - timedelta(days=place, minutes=11):%Y-%m-%dT%H:%M:%SZ}",
            "seconds": seconds,
            "billed_seconds": 60 * minutes,
            "charge": str(charge),
            "network": ("home", "other")[place % 2],
        })  # fmt: skip
        net += charge
    return _ok({
        "number": f"+491511234{n:03d}",
        "from": f"{made - timedelta(days=30):%Y-%m-%d}",
        "to": f"{made:%Y-%m-%d}",
        "calls": calls,
        "base_fee": "9.95",
        "net": cents(net),
        "vat_rate": "19.00",
        "data": {"used_bytes": 417_000_001 + 13_777 * n, "allowance_bytes": 5 * GIBIBYTE, "throttled": False},
        "bundle": {"minutes_left": 120 - n, "messages_left": None},
        "credit": f"-{3 + n % 4}.20",
        "since": f"{2015 + n % 9}-02-01",
    })  # fmt: skip


def _stay(n: int, invoice: Any) -> Real:
    begins = _made(invoice).date()
    offers = []
    for place, (room, board) in enumerate((("DBL", "BB"), ("DBL", "HB"), ("SUI", "RO"))):
        prices = [Decimal(8_900 + 2_000 * place + 71 * ((n + 3 * night) % 17)) / 100 for night in range(3)]
        offers.append({
            "room": room,
            "board": board,
            "nights": [{"on": f"{begins + timedelta(days=night)}", "price": str(price)}
                       for night, price in enumerate(prices)],
            "total": str(sum(prices)),
            "city_tax": cents(Decimal("2.35") * 2 * 3),
            "left": 1 + (n + place) % 5,
            "cancel_until": f"{begins - timedelta(days=2)}T18:00:00+02:00",
        })  # fmt: skip
    return _ok({
        "hotel": f"BER{n:03d}",
        "adults": 2,
        "children": [4, 11] if n % 2 else [8],
        "offers": offers,
        "stars": 3.5 if n % 2 else 4.0,
        "check_in": "15:00",
        "distance_m": 350 + 40 * n,
        "currency": "EUR",
        "facilities": ["wifi", "pool", "spa"][: 1 + n % 3],
    })  # fmt: skip


def _visit(n: int, invoice: Any) -> Real:
    begins = _made(invoice).astimezone(BERLIN).replace(minute=20, second=0)
    people = (("Patient", 4_000 + n, "accepted"), ("Practitioner", 12 + n % 5, "accepted"), ("Location", 3, "declined"))
    return _ok({
        "resourceType": "Appointment",
        "id": f"apt-{n}",
        "status": ("booked", "waitlist", "arrived")[n % 3],
        "serviceType": [{"coding": [{"system": "http://snomed.info/sct", "code": "185349003", "display": "Check up"}]}],
        "start": begins.isoformat(),
        "end": (begins + timedelta(minutes=15 + 5 * (n % 4))).isoformat(),
        "minutesDuration": 15 + 5 * (n % 4),
        "participant": [{"actor": {"reference": f"{kind}/{number}"}, "status": says} for kind, number, says in people],
        "contained": [{"resourceType": "Patient", "birthDate": ("1971-03", "1984-11-30", "1990")[n // 3 % 3]}],
        "patientInstruction": "Nüchtern kommen.\nKarte mitbringen.",
    }, "application/fhir+json")  # fmt: skip


def _labs(n: int, invoice: Any) -> Real:
    glucose, iron = 4.0 + n % 30 / 10, 11.5 + n % 13 / 2
    return _ok({
        "patient": f"P-{4_000 + n}",
        "sex": "F",
        "collected": f"{_made(invoice):%Y-%m-%dT%H:%MZ}",
        "results": [
            {"code": "2345-7", "name": "Glucose", "value": f"{glucose:.2f}", "unit": "mmol/L",
             "range": "3.90-5.50", "flag": "H" if glucose > 5.5 else "N"},
            {"code": "718-7", "name": "Haemoglobin", "value": f"{iron:.2f}", "unit": "g/dL",
             "range": "12.00-15.50", "flag": "L" if iron < 12 else "H" if iron > 15.5 else "N"},
            {"code": "1988-5", "name": "CRP", "value": f"<{5 + n % 2}", "unit": "mg/L", "range": "<5", "flag": "N"},
        ],
        "status": "amended" if n % 2 else "final",
        "amended": {"code": "2345-7", "before": f"{glucose + 1.1:.2f}"} if n % 2 else None,
    })  # fmt: skip


def _payslip(n: int, invoice: Any) -> Real:
    month, gross, minutes = 1 + n % 12, Decimal(4_250 + 13 * n), -(15 + 35 * (n % 6))
    tax, social = (gross * Decimal("0.183")).quantize(CENT), (gross * Decimal("0.2035")).quantize(CENT)
    parts = (33.34, 33.33, 33.33)
    return _ok({
        "employee": f"{400 + n:06d}",
        "name": f"{('van der Meer', 'Özdemir', 'de la Cruz')[n % 3]}, Jo",
        "month": f"2026-{month:02d}",
        "gross": cents(gross),
        "deductions": [{"code": "tax", "amount": cents(tax)}, {"code": "social", "amount": cents(social)}],
        "net": cents(gross - tax - social),
        "year_to_date": {"gross": cents(gross * month), "months": month},
        "hours": {"contract": "38:30", "overtime": f"-{-minutes // 60}:{-minutes % 60:02d}"},
        "vacation": {"entitled": 28.0, "carried": 3.0, "taken": 12.5, "left": 18.5},
        "absence": {"from": "2026-10-02", "to": "2026-10-06", "days": 3, "kind": "sick"},
        "cost_centres": [{"id": f"47{place}1", "percent": part} for place, part in enumerate(parts)],
        "part_time": 0.8 if n % 4 == 0 else 1.0,
    })  # fmt: skip


def tax_of(income: int) -> int:
    """Each bracket's rate for what is in it."""
    bounds = [*(start for start, _ in BRACKETS[1:]), income]
    return sum(max(0, min(income, end) - start) * rate for (start, rate), end in zip(BRACKETS, bounds, strict=True)
               ) // 100  # fmt: skip


def _assessment(n: int, invoice: Any) -> Real:
    income, paid = 31_000 + 1_913 * n, 3_000 + (900 if n % 2 else 550) * (n + 1)
    return _ok({
        "year": 2025,
        "taxpayer": f"12 345 678 {n:03d}",
        "income": income,
        "brackets": [{"from": start, "percent": rate} for start, rate in BRACKETS],
        "tax": tax_of(income),
        "prepaid": paid,
        "due": tax_of(income) - paid,
        "due_on": f"{date(2026, 7, 1) + timedelta(days=n % 28)}",
        "lines": {"0101": str(income), "0102": "0", "1401": str(paid)},
        "joint": n % 3 == 0,
        "children": n % 4,
    })  # fmt: skip


def _loan(n: int, invoice: Any) -> Real:
    balance, monthly, rate = Decimal(1_000 + 10 * n), Decimal(260) + Decimal("2.7") * n, Decimal("3.85") + n
    rows = []
    for place in range(4):
        year, month = 2026 + (place + 11) // 12, (place + 11) % 12 + 1
        interest = Decimal(cents(balance * rate / 1200))
        paid = balance + interest if place == 3 else monthly
        balance += interest - paid
        due = f"{year}-{month:02d}-{monthrange(year, month)[1]}"
        rows.append({"due": due, "interest": str(interest), "paid": cents(paid), "balance": cents(balance)})
    return _ok({
        "id": f"ln_{n:05d}",
        "nominal": str(rate),
        "effective": str(rate + Decimal("0.07")),
        "grade": ("B+", "A", "C-", "A+")[n % 4],
        "schedule": rows,
        "arrears": {"days": n % 9, "amount": "0.00"},
        "decision": {"approved": bool(n % 2), "reasons": ["R12", "R07", f"R{30 + n}"]},
        "share_of_value": 0.7825,
        "day_count": "30/360",
    })  # fmt: skip


def _seats(n: int, invoice: Any) -> Real:
    state = ("free", "sold", "blocked", "free", "sold")
    labels = [f"{LETTERS[(n + row) % len(LETTERS)]}{seat}" for row in range(4) for seat in (1, 2)]
    face, fee, count = Decimal(35 + n), Decimal("4.50"), 1 + n % 4
    return _ok({
        "hall": f"H{n % 5}",
        "starts": f"{_made(invoice).astimezone(BERLIN).replace(hour=20, minute=0, second=0).isoformat()}",
        "map": {label: state[(n + place) % len(state)] for place, label in enumerate(labels)},
        "basket": {"count": count, "face": cents(face), "fee": cents(fee), "total": cents(count * (face + fee))},
        "most_per_order": None if n % 3 == 0 else 6,
        "sale": {"state": ("presale", "open", "ended")[n % 3], "code_needed": n % 3 == 0},
        "age_from": 0 if n % 2 else 16,
        "free_seats": sum((n + place) % 5 in (0, 3) for place in range(8)),
    })  # fmt: skip


OFFICE_BASES: dict[str, Callable[[int, Any], Real]] = {
    "parcel": _parcel, "usage": _usage, "stay": _stay, "visit": _visit, "labs": _labs, "payslip": _payslip,
    "assessment": _assessment, "loan": _loan, "seats": _seats,
}  # fmt: skip
