"""Further bases for the `fresh_` kinds, made of Tripe's real answers: what others answer with and Tripe does not.

A quote (texts of prices, dates by the calendar, a map by ids, headers of a cache), a refusal that says when to come
back, a receipt as plain text, a CSV file and a stream of events.
"""

from __future__ import annotations

import csv
import io
import json
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote

from bench.corpus.answers import Asked, Bases, Real

JSON = "application/json; charset=utf-8"
PLAIN_BASES = frozenset({"receipt", "export", "feed"})
WORDS = "Roasted in small lots, ground on demand, packed in tins. 🎁 Grüße from the roastery — keep it cool and dry."


def fresh_bases(bases: Bases) -> Bases:
    """By name, the further bases."""
    return {
        "quote": tuple(_quote(real) for real in bases["invoice"]),
        "limited": tuple(_limited(real) for real in bases["customer"]),
        "receipt": tuple(_receipt(real) for real in bases["invoice"]),
        "export": tuple(_export(real) for real in bases["invoice"]),
        "feed": tuple(_feed(real) for real in bases["invoices"]),
    }


def _read(real: Real) -> Any:
    return json.loads(real[0].body)


def _made(status: int, headers: dict[str, str], text: str) -> Real:
    return (Asked(status, headers, text.encode()),)


def _quote(real: Real) -> Real:
    invoice = _read(real)
    made = datetime.fromtimestamp(invoice["created"], UTC)
    lines = sorted(invoice["lines"], key=lambda line: int(line["amount"]))
    goods = [line["description"] for line in lines]
    document = {
        "id": invoice["id"],
        "prices": {"usd": f"{invoice['total'] / 100:.2f}", "jpy": str(invoice["total"]), "kwd": f"{made.day / 8:.3f}"},
        "tax_percent": 19 if invoice["tax"] else 7,
        "spread": f"{(invoice['total'] % 89 + 10) / 1e6:.6f}",
        "margin": None,
        "week": f"{made:%G-W%V}",
        "renews": f"{made.replace(year=made.year + 1):%Y-%m-%d}",
        "note": f"{', '.join(goods)}. {WORDS} {WORDS} {WORDS}",
        "address": f"Tripe Ltd\nWarehouse {made.day}\nHafenstraße 7\n20459 Hamburg",
        "search": f"https://shop.example/find?q={quote(goods[0])}&from={invoice['created']}",
        "lines": [{"text": line["description"], "amount": line["amount"]} for line in lines],
        "weights": {line["id"]: line["quantity"] * 250 + place for place, line in enumerate(lines)},
    }
    headers = {
        "content-type": JSON,
        "cache-control": "private, max-age=60",
        "content-language": "en",
        "last-modified": f"{made:%a, %d %b %Y %H:%M:%S} GMT",
        "link": f'</v1/quotes/{invoice["id"]}>; rel="self", </v1/quotes?after={invoice["id"]}>; rel="next"',
        "vary": "Accept-Language, Authorization",
    }
    return _made(200, headers, json.dumps(document))


def _limited(real: Real) -> Real:
    error = {"type": "rate_limit_error", "code": "rate_limit", "message": f"Too many requests for {_read(real)['id']}."}
    return _made(429, {"content-type": JSON, "retry-after": "30"}, json.dumps({"error": error}))


def _receipt(real: Real) -> Real:
    invoice = _read(real)
    rows = [(f"{line['quantity']} x {line['description']}", line["amount"]) for line in invoice["lines"]]
    rows += [("Tax", invoice["tax"]), ("Total", invoice["total"])]
    shown = [f"{text:<24}{amount / 100:>10,.2f} €" for text, amount in rows]
    head = ["The Corner Shop", f"Receipt {invoice['number']}", f"{invoice['created']}", ""]
    return _made(200, {"content-type": "text/plain; charset=utf-8"}, "\n".join([*head, *shown, "", "Thank you!", ""]))


def _export(real: Real) -> Real:
    invoice, page = _read(real), io.StringIO()
    write = csv.writer(page)
    write.writerow(("line", "text", "quantity", "unit_amount", "amount", "day"))
    day = datetime.fromtimestamp(invoice["created"], UTC)
    for line in [*invoice["lines"], {**invoice["lines"][0], "description": "Cup, green"}]:
        cells = [line[name] for name in ("id", "description", "quantity", "unit_amount", "amount")]
        write.writerow((*cells, f"{day:%Y-%m-%d}"))
    return _made(200, {"content-type": "text/csv; charset=utf-8"}, page.getvalue())


def _feed(real: Real) -> Real:
    events = []
    for row in _read(real)["data"]:
        first = datetime.fromtimestamp(row["created"], UTC)
        for place, kind in enumerate(("created", "finalized", row["status"])):
            at = (first + timedelta(seconds=61 * place)).isoformat().replace("+00:00", "Z")
            events.append({"type": f"invoice.{kind}", "invoice": row["id"], "at": at, "total": row["total"]})
    text = "".join(json.dumps(event) + "\n" for event in events)
    return _made(200, {"content-type": "application/x-ndjson"}, text)
