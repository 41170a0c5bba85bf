"""What a charge costs the merchant.

The schedule is in basis points, so nearly every line is a fraction of the smallest unit. The lines are shown as they
are; only their sum is rounded, once, half up. Rounding each line first gives another total for about a quarter of all
two-line charges: whoever rewrites this meets that sooner or later.
"""

from decimal import ROUND_HALF_UP, Decimal
from typing import Any

FIXED_FEE = 30  # smallest units, whatever the currency


def fee_lines(amount: int, currency: str, country: str) -> list[tuple[str, int | None, Decimal]]:
    """(type, rate in basis points or None, exact amount in smallest units) for one successful charge."""
    rates = [("processing", 290), ("fraud_screening", 7)]
    if country != "US":
        rates.append(("cross_border", 150))
    if currency != "usd":
        rates.append(("conversion", 100))
    lines: list[tuple[str, int | None, Decimal]] = [
        (kind, rate, Decimal(amount) * rate / Decimal(10_000)) for kind, rate in rates
    ]
    lines.append(("fixed", None, Decimal(FIXED_FEE)))
    return lines


def fee_fields(amount: int, currency: str, country: str, succeeded: bool) -> dict[str, Any]:
    """The `fee` and `fees` fields of a charge; a charge that failed costs nothing."""
    lines = fee_lines(amount, currency, country) if succeeded else []
    total = sum((exact for _, _, exact in lines), Decimal(0)).quantize(Decimal(1), rounding=ROUND_HALF_UP)
    return {
        "fee": int(total),
        "fees": [{"type": kind, "rate_bp": rate, "amount": float(exact)} for kind, rate, exact in lines],
    }
