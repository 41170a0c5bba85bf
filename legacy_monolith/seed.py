"""The first start: schema, fixed keys and logins, and sample data that is the same on every machine.

Everything is written in one transaction: a start that is killed half-way leaves an empty file, and of two first starts
at once one seeds and the other waits. `scale` shrinks the data for quick tests; a seeded object's id depends on its
number alone, so the first charge has the same id at every scale.
"""

import hashlib
import json
import random
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from importlib.resources import files
from pathlib import Path
from typing import Any

from legacy_monolith.database import SCHEMA_VERSION, connect
from legacy_monolith.ids import seeded_id

CUSTOMERS, CHARGES, INVOICES = 2_000, 20_000, 5_000
CHARGES_PER_INVOICE = CHARGES // INVOICES
FIRST_SECOND = 1_704_067_200  # 2024-01-01T00:00:00Z
SECONDS_BETWEEN_CHARGES = 1_571
API_KEYS = (("sk_test_tripe_alpha", "alpha"), ("sk_test_tripe_beta", "beta"), ("sk_test_tripe_gamma", "gamma"))
MERCHANT_EMAIL, MERCHANT_NAME = "owner@shop.example", "The Corner Shop"
MERCHANT_PASSWORD = "correct-horse"  # noqa: S105  the login of the sample data

FIRST_NAMES = ("Ada", "Bruno", "Chiara", "Dmitri", "Elif", "Femi", "Grace", "Hiro", "Inés", "Jürgen", "Kofi", "Łucja")
LAST_NAMES = ("Abe", "Brandt", "Costa", "Diallo", "Eriksen", "Fischer", "Greene", "Haddad", "Ivanova", "O'Neil")
CURRENCIES = ("usd", "usd", "usd", "eur", "gbp")
COUNTRIES = ("US", "US", "US", "DE", "GB", "FR")
BRANDS = ("visa", "visa", "mastercard", "amex")
TAGS = ("web", "mobile", "gift", "wholesale", "repeat", "express")
GOODS = ("Coffee beans", "Filter papers", "Hand grinder", "Kettle", "Cup, blue", "Delivery")
DECLINES = ("card_declined", "expired_card", "insufficient_funds")
REFUND_REASONS = (None, "requested_by_customer", "duplicate", "fraudulent")
TAX_PERCENT = {"usd": 0, "eur": 19, "gbp": 20}


def ensure_seeded(path: Path, scale: float = 1.0) -> None:
    """Write schema and sample data into the file at `path` unless they are there. Raises sqlite3.Error, OSError."""
    with closing(connect(path)) as connection:
        connection.execute("BEGIN IMMEDIATE")
        try:
            if connection.execute("PRAGMA user_version").fetchone()[0] == 0:
                _seed(connection, scale)
                connection.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")
            connection.execute("COMMIT")
        except BaseException:
            connection.execute("ROLLBACK")
            raise


def _seed(connection: sqlite3.Connection, scale: float) -> None:
    for statement in files("legacy_monolith").joinpath("schema.sql").read_text().split(";\n"):
        connection.execute(statement)
    connection.executemany("INSERT INTO api_keys VALUES (?, ?)", API_KEYS)
    salt = b"tripe-sample-data"
    password = hash_password(MERCHANT_PASSWORD, salt)
    connection.execute("INSERT INTO merchants VALUES (?, ?, ?, ?)", (MERCHANT_EMAIL, MERCHANT_NAME, salt, password))

    customers = max(10, round(CUSTOMERS * scale))
    invoice_count = max(25, round(INVOICES * scale))
    invoices = list(_invoices(random.Random(3), invoice_count))
    charges = list(_charges(random.Random(2), invoice_count * CHARGES_PER_INVOICE, customers, invoices))
    refunds = list(_refunds(random.Random(4), charges))
    _settle_invoices(charges, invoices)
    _insert(connection, "customers", _customers(random.Random(1), customers))
    _insert(connection, "charges", charges)
    _insert(connection, "refunds", refunds)
    _insert(connection, "invoices", invoices)
    connection.execute("ANALYZE")  # without it the planner may take the currency index where the customer's is meant


def hash_password(password: str, salt: bytes) -> bytes:
    return hashlib.scrypt(password.encode(), salt=salt, n=2**12, r=8, p=1)


def _insert(connection: sqlite3.Connection, table: str, rows: Iterator[dict[str, Any]] | list[dict[str, Any]]) -> None:
    rows = list(rows)
    names = ", ".join(rows[0])
    marks = ", ".join(f":{name}" for name in rows[0])
    connection.executemany(f"INSERT INTO {table} ({names}) VALUES ({marks})", rows)  # noqa: S608  names are ours


def _four_digits(dice: random.Random) -> str:
    return f"{dice.randrange(10_000):04}"


def _customers(dice: random.Random, count: int) -> Iterator[dict[str, Any]]:
    for number in range(count):
        first, last = dice.choice(FIRST_NAMES), dice.choice(LAST_NAMES)
        methods = [
            {
                "id": seeded_id("pm", number * 4 + k),
                "brand": dice.choice(BRANDS),
                "last4": _four_digits(dice),
            }
            for k in range(dice.randint(1, 4))
        ]
        yield {
            "id": seeded_id("cus", number),
            "name": f"{first} {last}",
            "email": f"customer{number}@mail.example",
            "phone": None if dice.random() < 0.4 else f"+1555{dice.randrange(10_000_000):07}",
            "country": dice.choice(COUNTRIES),
            "balance": dice.choice((0, 0, 0, -dice.randrange(5_000))),
            "delinquent": dice.random() < 0.03,
            "payment_methods": json.dumps(methods),
            "created": FIRST_SECOND + number * 37,
        }


def _invoices(dice: random.Random, count: int) -> Iterator[dict[str, Any]]:
    for number in range(count):
        currency = dice.choice(CURRENCIES)
        lines, subtotal = [], 0
        for k, goods in enumerate(dice.sample(GOODS, dice.randint(1, 4))):
            quantity, unit_amount = dice.randint(1, 6), dice.randrange(199, 9_999)
            line_id = seeded_id("il", number * 4 + k)
            amount = quantity * unit_amount
            line = {
                "id": line_id,
                "description": goods,
                "quantity": quantity,
                "unit_amount": unit_amount,
                "amount": amount,
            }
            lines.append(line)
        subtotal = sum(int(str(line["amount"])) for line in lines)
        tax = subtotal * TAX_PERCENT[currency] // 100
        created = FIRST_SECOND + number * CHARGES_PER_INVOICE * SECONDS_BETWEEN_CHARGES
        yield {
            "id": seeded_id("in", number),
            "number": f"TRP-{number + 1:06}",
            "customer": None,
            "charge": None,
            "currency": currency,
            "description": None if dice.random() < 0.5 else f"Order {dice.randrange(10_000, 99_999)}",
            "status": dice.choice(("open", "open", "uncollectible")),
            "subtotal": subtotal,
            "tax": tax,
            "total": subtotal + tax,
            "due_date": None if dice.random() < 0.3 else created + 14 * 86_400,
            "lines": json.dumps(lines),
            "created": created,
        }


def _charges(
    dice: random.Random, count: int, customers: int, invoices: list[dict[str, Any]]
) -> Iterator[dict[str, Any]]:
    for number in range(count):
        invoice = invoices[number // CHARGES_PER_INVOICE] if number % CHARGES_PER_INVOICE == 0 else None
        failure = dice.choice(DECLINES) if dice.random() < 0.06 else None
        yield {
            "id": seeded_id("ch", number),
            "amount": invoice["total"] if invoice else dice.randrange(100, 60_000),
            "amount_refunded": 0,
            "currency": invoice["currency"] if invoice else dice.choice(CURRENCIES),
            "customer": seeded_id("cus", dice.randrange(customers)),
            "description": None if dice.random() < 0.3 else f"{dice.choice(GOODS)} x{dice.randint(1, 5)}",
            "failure_code": failure,
            "invoice": invoice["id"] if invoice else None,
            "receipt_email": None if dice.random() < 0.3 else f"receipts+{number}@mail.example",
            "status": "failed" if failure else "succeeded",
            "brand": dice.choice(BRANDS),
            "last4": _four_digits(dice),
            "country": dice.choice(COUNTRIES),
            "exp_month": dice.randint(1, 12),
            "exp_year": dice.randint(2026, 2031),
            "tags": json.dumps(dice.sample(TAGS, dice.randint(0, 4))),
            "metadata": json.dumps({} if dice.random() < 0.5 else {"order": str(dice.randrange(10_000, 99_999))}),
            "created": FIRST_SECOND + number * SECONDS_BETWEEN_CHARGES,
        }


def _refunds(dice: random.Random, charges: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """Refund every seventeenth charge where it succeeded, in part or whole, and note it on the charge."""
    for number, charge in enumerate(charge for charge in charges[7::17] if charge["status"] == "succeeded"):
        amount = charge["amount"] if dice.random() < 0.5 else dice.randint(1, charge["amount"])
        charge["amount_refunded"] = amount
        yield {
            "id": seeded_id("re", number),
            "amount": amount,
            "charge": charge["id"],
            "currency": charge["currency"],
            "reason": dice.choice(REFUND_REASONS),
            "status": "succeeded",
            "created": charge["created"] + 86_400,
        }


def _settle_invoices(charges: list[dict[str, Any]], invoices: list[dict[str, Any]]) -> None:
    """An invoice belongs to its charge's customer, and is paid where that charge succeeded."""
    for charge, invoice in zip(charges[::CHARGES_PER_INVOICE], invoices, strict=True):
        invoice["customer"] = charge["customer"]
        if charge["status"] == "succeeded":
            invoice.update(status="paid", charge=charge["id"])
