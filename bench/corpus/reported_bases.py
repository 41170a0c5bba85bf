"""Bases of the reported kinds, made of Tripe's real answers: JSON objects such as the reports are about.

A donation, a list of saved queries, a census, a host and its tests, a conversation, a basket with its taxes, a door
that is locked, a member, an order of a kitchen, a pipeline, a place in several languages, figures of a post, the offers
of a day, what a search finds, who signed in.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import Any
from uuid import UUID

from bench.corpus.answers import Real
from bench.corpus.unseen_bases import JSON, told

CENT = Decimal("0.01")
VAT = Decimal("0.19")
NAMES = ("Privé Zoë", "Åsa Ödman", "Café Müller", "Niño Peña")
STATES = ("queued", "running", "failed", "done")
RIGHTS = ("READ", "WRITE", "SHARE", "OWN")
FRUIT = ("apple", "banana", "cherry", "damson", "elder", "fig", "grape", "hazel")
PARTIES = ("Miller", "miller", "MILLER", "Milles")
TITLES = {"en": "Opening hours", "de": "Öffnungszeiten", "sv": "Öppettider", "fr": "Horaires"}
CLOSED = {"en": "Closed today", "de": "Heute geschlossen", "sv": "Stängt i dag", "fr": "Fermé aujourd'hui"}
LANGUAGES = ("sv", "de", "fr")


def ok(document: Any, headers: dict[str, str] | None = None, kind: str = JSON) -> Real:
    return told(200, {"content-type": kind} | (headers or {}), document)


def made(invoice: Any) -> datetime:
    return datetime.fromtimestamp(invoice["created"], UTC)


def stamp(time: datetime) -> str:
    return f"{time:%Y-%m-%dT%H:%M:%SZ}"


def cents(amount: Decimal) -> str:
    return str(amount.quantize(CENT, ROUND_HALF_UP))


def uuid_of(n: int, salt: int) -> str:
    return str(UUID(int=(n + 3) * (salt * 2**61 + 1) * 0x9E3779B97F4A7C15 % 2**128, version=4))


def _donation(n: int, invoice: Any) -> Real:
    return ok({
        "number": invoice["number"],
        "state": invoice["status"],
        "fees": [{"label": "card", "amount": "0.35"}] if n % 3 else [],
        "attempts": n % 3,
        "recurring": n % 2 == 0,
        "comment": "Keep going!" if n % 4 == 1 else "",
        "company": f"Yard {n}" if n % 3 == 1 else None,
        "address": {"street": f"Hafenstr. {n + 1}", "extra": None if n % 2 else "3rd floor"},
    })  # fmt: skip


def _saved_queries(n: int, invoice: Any) -> Real:
    rows = [{"uid": f"q-{n}-{place}", "name": f"By {FRUIT[(n + place) % 8]}"} for place in range(n % 3)]
    return ok({"results": rows, "paging": {"max": 20, "offset": 0}, "owner": invoice["customer"]})


def _census(n: int, invoice: Any) -> Real:
    return ok({
        "area": f"A{100 + n}",
        "codes": [str(110 + 7 * place + n) for place in range(3)],
        "average": 2.25 + n % 17 / 2,
        "share": round(0.1 + n % 7 / 10, 1),
        "wealth": f"79228162514264.33759354{395 + n}",
        "weight": f"{1.1 + n % 9 / 5:.1f}",
        "changed": f"{made(invoice):%Y-%m-%d}T00:00:00+00:00",
    })  # fmt: skip


def _host(n: int, invoice: Any) -> Real:
    first = made(invoice)
    tests = [{"at": stamp(first + timedelta(minutes=17 * place)), "mbit": 90 + (n + 7 * place) % 40}
             for place in range(3)]  # fmt: skip
    return ok({
        "host": f"h-{n:03d}",
        "enrolled": stamp(first),
        "detail_changed": stamp(first + timedelta(minutes=40)),
        "epoch": invoice["created"],
        "interfaces": [{"name": f"eth{place}", "seen": stamp(first)} for place in range(2)],
        "tests": tests,
    })  # fmt: skip


def _conversation(n: int, invoice: Any) -> Real:
    first = made(invoice)
    return ok({
        "inbox": n % 9,
        "updated": invoice["created"] + (125 * n % 999 + 1) / 1000,
        "opened": f"{first:%Y-%m-%dT%H:%M:%S}.{(137 * n + 41) % 1000:03d}Z",
        "messages": [{"ts": f"{invoice['created'] + place}.{389 + 1_000 * place + n:06d}", "text": FRUIT[n % 8]}
                     for place in range(3)],
    })  # fmt: skip


def lines_of(n: int) -> list[dict[str, Any]]:
    prices = (Decimal("1.03") + n % 11 * Decimal("1.07"), Decimal("7.07"), Decimal("0.33"))
    return [{"text": FRUIT[(n + place) % 8], "net": str(price)} for place, price in enumerate(prices)]


def _basket_taxes(n: int, invoice: Any) -> Real:
    lines = lines_of(n)
    nets = [Decimal(line["net"]) for line in lines]
    discount = cents(sum(nets, Decimal()) * Decimal("0.15"))
    return ok({
        "lines": lines,
        "tax": str(sum((Decimal(cents(net * VAT)) for net in nets), Decimal())),
        "discount": discount,
        "rounded_to_five": f"{Decimal(20 + n)}.00",
        "amount_due": 100 * (20 + n) + 10 * (n % 10),
        "display": f"{20 + n}.{n % 10}0",
        "currency": "EUR",
    })  # fmt: skip


def _door(n: int, invoice: Any) -> Real:
    return ok({
        "door": f"D-{n}",
        "mode": n % 4,
        "status": STATES[n % 4],
        "rights": 1 + n % 15,
        "locked": n % 2 == 0,
        "alarm": n % 3 == 0,
        "first_use": "Y" if n % 2 else "N",
    })  # fmt: skip


def _member(n: int, invoice: Any) -> Real:
    return ok({
        "player": uuid_of(n, 5),
        "migration": f"{n * 0x1F3D5B79 % 2**96 | 6:024x}",
        "mig_uuid": uuid_of(n, 11),
        "name": NAMES[n % 4],
    })  # fmt: skip


def _pipeline(n: int, invoice: Any) -> Real:
    return ok({
        "runName": f"run-{n}",
        "createTime": stamp(made(invoice)),
        "nextPage": f"/runs?after={n}",
        "lastResult": {"exitCode": n % 3, "logLines": 40 + n, "startedBy": invoice["customer"]},
    })  # fmt: skip


def _post(n: int, invoice: Any) -> Real:
    reviews = [{"by": NAMES[(n + place) % 4], "text": f"{FRUIT[place]} é {n}"} for place in range(4)]
    return ok({
        "title": f"{FRUIT[n % 8]} & {FRUIT[(n + 3) % 8]}",
        "visits": [{"day": f"2026-10-{20 + place}", "count": (n * 7 + place * 13) % 90 + 1} for place in range(5)],
        "reviews": reviews,
        "video": {"ref": f"60d10806dd65e129d4f2{n:04x}", "title": FRUIT[n % 8], "seconds": 90 + n},
        "related": [{"ref": 300 + n + place, "url": f"/posts/{300 + n + place}", "label": FRUIT[(n + place) % 8]}
                    for place in range(3)],
    })  # fmt: skip


def _venue(n: int, invoice: Any) -> Real:
    language = LANGUAGES[n % 3]
    return ok({
        "wanted": (language, f"{language}-{language.upper()}")[n // 4 % 2],
        "language": language,
        "title": TITLES[language],
        "notice": CLOSED[language],
    })  # fmt: skip


def _offers(n: int, invoice: Any) -> Real:
    return ok({"day": "2026-10-31", "offers": [FRUIT[(n + 3 * place) % 8] for place in range(3)], "shop": 40 + n})


def _found(n: int, invoice: Any) -> Real:
    rows = [{"statement": 1000 * n + place, "party": PARTIES[place % 3], "booked": f"2026-10-{9 + place // 2:02d}",
             "hidden": False} for place in range(6)]  # fmt: skip
    return ok({"term": "Miller", "rows": rows, "exact": n % 2 == 0})


def _signed_in(n: int, invoice: Any) -> Real:
    cookie = f"sid={invoice['id'][3:]}; Path=/; Max-Age=2592000; HttpOnly; Secure; SameSite=Lax"
    return ok({"user": invoice["customer"], "first": n % 5 == 0}, {"set-cookie": cookie})


RECORDS: dict[str, Callable[[int, Any], Real]] = {
    "donation": _donation, "saved_queries": _saved_queries, "census": _census, "host": _host,
    "conversation": _conversation, "basket_taxes": _basket_taxes, "door": _door, "member": _member,
    "pipeline": _pipeline, "post": _post, "venue": _venue, "offers": _offers, "found": _found,
    "signed_in": _signed_in,
}  # fmt: skip
