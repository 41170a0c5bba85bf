"""The fee of a charge, in whole numbers: a rate in basis points times an amount counts ten-thousandths of a unit.

Lines are shown exactly and only their sum is rounded, half up, as the merchants' contracts say. The first build rounded
every line before adding, which reads as well and is off by one or two where the fractions add up. It stays here, chosen
by `CHARGES_BUG=rounding`, as the difference that shadowing this service is there to find.
"""

from typing import NamedTuple

PARTS = 10_000  # ten-thousandths: what one basis point of one unit is
FIXED = 30 * PARTS


class FeeLine(NamedTuple):
    kind: str
    rate_bp: int | None
    parts: int


def fee_lines(amount: int, currency: str, card_country: str) -> list[FeeLine]:
    lines = [FeeLine("processing", 290, 290 * amount), FeeLine("fraud_screening", 7, 7 * amount)]
    if card_country != "US":
        lines.append(FeeLine("cross_border", 150, 150 * amount))
    if currency != "usd":
        lines.append(FeeLine("conversion", 100, 100 * amount))
    return [*lines, FeeLine("fixed", None, FIXED)]


def total_fee(lines: list[FeeLine]) -> int:
    """In smallest units."""
    return _round(sum(line.parts for line in lines))


def total_fee_of_rounded_lines(lines: list[FeeLine]) -> int:
    """The first build's total."""
    return sum(_round(line.parts) for line in lines)


def _round(parts: int) -> int:
    return (parts + PARTS // 2) // PARTS
