"""Further bases for a former held-out part, made of Tripe's real answers: JSON as shops, banks and hotels answer with.

A product of a catalogue, a booking, a bank statement, a page of search results, a profile, answers as GraphQL, HAL and
RFC 9457 (problem details) have them, and answers that say little more than a status and headers.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from bench.corpus.answers import Asked, Bases, Real

JSON = "application/json; charset=utf-8"
ENGLISH = ("Coffee beans", "Filter papers", "Hand grinder", "Kettle", "Cup, blue", "Delivery")
GERMAN = ("Kaffeebohnen", "Filtertüten", "Handmühle", "Wasserkessel", "Tasse, blau", "Lieferung")
FRENCH = ("Grains de café", "Filtres", "Moulin à main", "Bouilloire", "Tasse, bleue", "Livraison")
TRANSLITERATED = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "ß": "ss", " ": "-", ",": None})
COLOURS = ("amber", "Ähre", "Blau", "olive", "Öl", "Zinn")  # as a dictionary has them
DOTLESS, QUOTE = "\u0131", "\u2019"  # the Turkish i, a typographer's apostrophe
BRANDS = ("Gebrüder Groß", f"Diyarbak{DOTLESS}r", f"O{QUOTE}Neill & Sons", "Ñandú")
STATES = ("in_stock", "sold_out", "preorder")
BERLIN = ZoneInfo("Europe/Berlin")
ZONES = ("Europe/Kyiv", "Asia/Kolkata", "Europe/Berlin")
THIN = "\u202f"  # between thousands, as newer locale data have it


def json_bases(bases: Bases) -> Bases:
    """By name, the bases whose body is JSON."""
    made = {
        "product": _product, "booking": _booking, "statement": _statement, "profile": _profile, "graphql": _graphql,
        "hal": _hal, "search": _search, "invalid": _invalid, "denied": _denied, "retired": _retired, "bulk": _bulk,
    }  # fmt: skip
    return {name: tuple(make(n, json.loads(real[0].body)) for n, real in enumerate(bases["invoice"])) for name, make
            in made.items()}  # fmt: skip


def told(status: int, headers: dict[str, str], body: Any) -> Real:
    text = body if isinstance(body, str) else json.dumps(body)
    return (Asked(status, headers, text.encode()),)


def _ok(document: dict[str, Any]) -> Real:
    return told(200, {"content-type": JSON, "x-content-type-options": "nosniff"}, document)


def _money(cents: int) -> str:
    return f"{cents / 100:.2f}"


def _product(n: int, invoice: Any) -> Real:
    line, kind = invoice["lines"][0], n % len(ENGLISH)
    cents, local = line["unit_amount"], datetime.fromtimestamp(invoice["created"], BERLIN)
    tiers = [{"from": count, "amount": _money(cents * part // 100)} for count, part in ((1, 100), (10, 95), (50, 88))]
    skus = [{"sku": f"TR-{n:03d}-{size}", "position": place, "deleted_at": None} for place, size in enumerate("SML")]
    return _ok({
        "id": line["id"],
        "name": {"en": ENGLISH[kind], "de": GERMAN[kind], "fr": FRENCH[kind]},
        "slug": f"{GERMAN[kind].lower().translate(TRANSLITERATED)}-{n}",
        "brand": BRANDS[n // 4 % len(BRANDS)],
        "price": {"amount": _money(cents), "currency": invoice["currency"]},
        "was": {"amount": _money(cents + 500), "currency": invoice["currency"]} if n // 4 % 2 else None,
        "tiers": tiers,
        "rating": (n % 9 + 2) / 2,
        "weight_kg": (cents % 97 + 3) / 100,
        "size": {"length": 180 + n, "width": 90, "unit": "mm"},
        "path": ["Kitchen", "Coffee", ENGLISH[kind]],
        "abilities": 1 + n % 15,
        "state": STATES[n % len(STATES)],
        "colours": [COLOURS[place] for place in range(len(COLOURS)) if (n + place) % 5],
        "text": f"<p>Holds <b>{n % 4 + 1}½ l</b> at 20 m² & more.</p>",
        "remark": "" if n % 3 else "Fragile",
        "ships_to": ["DE", "AT", "CH", "DE"] if n % 2 else ["FR", "BE", "FR"],
        "variants": skus,
        "released": local.isoformat(),
    })  # fmt: skip


def _booking(n: int, invoice: Any) -> Real:
    begins = datetime.fromtimestamp(invoice["created"], BERLIN).replace(hour=15, minute=0, second=0)
    begins += timedelta(days=47 * n % 365)
    begins = begins.replace(tzinfo=None).replace(tzinfo=BERLIN)
    nights = 1 + n % 6
    return _ok({
        "id": invoice["id"],
        "born": f"{1960 + n}-{1 + n % 12:02d}-{1 + 3 * n % 28:02d}",
        "from": f"{begins:%Y-%m-%d}",
        "to": f"{begins + timedelta(days=nights):%Y-%m-%d}",
        "nights": nights,
        "check_in": begins.isoformat(),
        "zone": ZONES[n % len(ZONES)],
        "weekdays": sorted({n % 7 + 1, (n + 2) % 7 + 1}),  # Monday is 1
        "notice": ("P1M", "P14D", "P2M")[n % 3],
        "doors": f"{7 + n % 4:02d}:30",
        "card_expires": f"{2027 + n % 30}-05",
        "quarter": f"{begins:%Y}-Q{(begins.month + 2) // 3}",
        "beds": {"double": n % 3, "single": 2},
        "guests": [{"first": "Jana", "last": f"Guest {n}"}, {"first": "Tom", "last": None}],
        "cancelled_at": None,
    })  # fmt: skip


def _statement(n: int, invoice: Any) -> Real:
    balance, rows = 250_000 + invoice["total"], []
    opening = balance
    closes = datetime.fromtimestamp(invoice["created"], UTC)
    cents = [-line["amount"] for line in invoice["lines"]] + [-125 - n, 9000 + n]
    for place, amount in enumerate(cents):
        balance += amount
        on = closes - timedelta(days=len(cents) - 1 - place)
        rows.append({"on": f"{on:%Y-%m-%d}", "amount": _money(amount), "balance": _money(balance), "state": "booked"})
    third = invoice["total"] // 3
    split = [third + (place < invoice["total"] % 3) for place in range(3)]
    shown = f"{balance // 100:,}".replace(",", THIN)
    interest = (balance * 3 * 31 + 36_500 // 2) // 36_500  # cents: 3 % for 31 days, halves up
    return _ok({
        "account": f"DE89 3704 0044 0532 {n:04d} 00",
        "from": f"{closes - timedelta(days=30):%Y-%m-%d}",
        "to": f"{closes:%Y-%m-%d}",
        "opening": _money(opening),
        "entries": rows,
        "closing": _money(balance),
        "shown": f"{shown},{balance % 100:02d} €",
        "interest": _money(interest),
        "vat": _money(5 * n + 3),  # of 5 n + 2.5 cents, halves up
        "blocked": "0.00",
        "rate": f"1.08{4000 + 13 * n}",
        "split": [_money(part) for part in split],
        "entries_total": 130 + n,
    })  # fmt: skip


def _profile(n: int, invoice: Any) -> Real:
    return _ok({
        "id": invoice["customer"],
        "login": f"Ada.Lovelace+{n}@Mail.example",
        "roles": ["viewer", "clerk"] if n % 2 else ["viewer"],
        "scopes": ["invoices:read", "refunds:write"],
        "features": {"new_checkout": False, "dark_mode": bool(n % 2), "export": True},
        "limits": {"seats": 5 + n, "projects": None},
        "locale": ("de-DE", "en-GB", "pt-BR")[n % 3],
        "zone": ZONES[n % len(ZONES)],
        "preferences": {"columns": ["date", "amount"], "rows": 25},
        "plan": {"name": "team", "inherits": ["basic"], "may": ["export", "invite", "view"]},
        "terms_accepted": bool(n % 3),
        "manager": {"id": f"usr_{n:04d}", "name": f"Grace Hopper {n}"},
        "external_id": str(70_000 + n),
    })  # fmt: skip


def _graphql(n: int, invoice: Any) -> Real:
    edges = [
        {"cursor": f"bGluZToxMD{place}", "node": {"__typename": "Line", "id": line["id"], "cents": line["amount"]}}
        for place, line in enumerate(invoice["lines"])
    ]
    error = {"message": "Not allowed", "path": ["bill", "buyer", "tax"], "extensions": {"code": "FORBIDDEN"}}
    bill = {
        "__typename": "Invoice",
        "key": str(100 + n),
        "dueOn": f"{datetime.fromtimestamp(invoice['created'], UTC):%Y-%m-%d}",
        "buyer": {"__typename": "Company", "name": f"Kontor {n}", "tax": None},
        "lines": {"edges": edges, "pageInfo": {"hasNextPage": bool(n % 2), "endCursor": edges[-1]["cursor"]}},
    }
    return _ok({"data": {"bill": bill}, "errors": [error]})


def _hal(n: int, invoice: Any) -> Real:
    base = "https://api.example/v1/invoices"
    links = {
        "self": {"href": f"{base}/{invoice['id']}"},
        "find": {"href": f"{base}{{?page,size}}", "templated": True},
        "pay": {"href": f"{base}/{invoice['id']}/pay", "title": f"Pay {invoice['number']}"},
    }
    rows = [{"_links": {"self": {"href": f"{base}/lines/{line['id']}"}}, "cents": line["amount"]}
            for line in invoice["lines"]]  # fmt: skip
    body = {"_links": links, "number": invoice["number"], "_embedded": {"lines": rows}}
    headers = {
        "content-type": "application/hal+json",
        "etag": f'"{invoice["id"][3:11]}"',
        "allow": "GET, PATCH, DELETE",
    }
    return told(200, headers, body)


def _search(n: int, invoice: Any) -> Real:
    total, size, page = 9_700 + 97 * n, 10, 3 + n % 5
    names = sorted(("apple", "Banana", "cherry", "Date", "elder"), key=str.lower)
    found = [{"id": f"{invoice['id']}_{place}", "title": name, "price": None if place > 2 else 100 * place + n,
              "mark": f"a <em>{name[:3]}</em> of it"} for place, name in enumerate(names)]  # fmt: skip
    where = f"/search?q=cup%20of%20tea&page={page}"
    body = {
        "query": "cup of tea",
        "page": page,
        "per_page": size,
        "total": total,
        "pages": -(-total // size),
        "found": found,
        "facets": {"colour": {"red": 12 + n, "green": 7}, "size": {"s": 3, "m": 9 + n}},
        "next": where.replace(str(page), str(page + 1)),
        "previous": where.replace(str(page), str(page - 1)),
        "did_you_mean": None,
    }
    headers = {"content-type": JSON, "x-total-count": str(total), "access-control-allow-origin": "https://shop.example"}
    return told(200, headers, body)


def _invalid(n: int, invoice: Any) -> Real:
    errors = [
        {"pointer": f"/lines/{n % 4}/quantity", "code": "too_small", "detail": "must be at least 1"},
        {"pointer": "/currency", "code": "required", "detail": "must be given"},
        {"pointer": "/customer/email", "code": "format", "detail": "is no address"},
    ]
    body = {
        "type": "https://api.example/problems/invalid-invoice",
        "title": "The invoice is not valid",
        "status": 422,
        "detail": f"{len(errors)} fields of {invoice['number']} are wrong.",
        "instance": f"/v1/invoices/{invoice['id']}",
        "errors": errors,
    }
    return told(422, {"content-type": "application/problem+json", "content-language": "en"}, body)


def _denied(n: int, invoice: Any) -> Real:
    body = {"error": "invalid_token", "error_description": f"The token for {invoice['customer']} has expired"}
    challenge = 'Bearer realm="billing", error="invalid_token"'
    return told(401, {"content-type": JSON, "www-authenticate": challenge, "cache-control": "no-store"}, body)


def _retired(n: int, invoice: Any) -> Real:
    body = {"error": "gone", "resource": invoice["id"], "since": "2025-06-30"}
    return told(410, {"content-type": JSON, "sunset": "Mon, 30 Jun 2025 00:00:00 GMT"}, body)


def _bulk(n: int, invoice: Any) -> Real:
    items = [{"index": place, "status": 409 if (n + place) % 3 == 0 else 200, "id": line["id"]}
             for place, line in enumerate([*invoice["lines"], invoice["lines"][0], invoice["lines"][0]])]  # fmt: skip
    failed = sum(item["status"] == 409 for item in items)
    return told(207, {"content-type": JSON}, {"items": items, "failed": failed, "ok": failed == 0})
