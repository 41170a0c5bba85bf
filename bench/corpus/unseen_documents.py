"""Further bases for a former held-out part that are not JSON, or have no body: what an older system is full of.

A page of a shop, SOAP with what XML Schema knows, a fault under 200 (as old .NET clients want it), an Atom feed, a
stream of server-sent events, a calendar (RFC 5545), a CSV sheet, a file of fixed columns for a bank, an answer in
name-value pairs; and 304, 206 and the answer to a preflight.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from html import escape
from typing import Any
from urllib.parse import urlencode

from bench.corpus.answers import Bases, Real
from bench.corpus.unseen_bases import json_bases, told

BANK_CHARGES = "Überweisung"
SOAP = '<?xml version="1.0" encoding="utf-8"?>\n<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/">'
RELATED = ("beans", "cups", "filters", "kettles")


def unseen_bases(bases: Bases) -> Bases:
    """By name, all further bases."""
    return json_bases(bases) | {
        name: tuple(make(n, json.loads(real[0].body)) for n, real in enumerate(bases["invoice"]))
        for name, make in DOCUMENTS.items()
    }


def _page(n: int, invoice: Any) -> Real:
    line = invoice["lines"][0]
    options = "".join(
        f'<option value="{size}"{" selected" if place == n % 3 else ""}>{size.upper()}</option>'
        for place, size in enumerate("sml")
    )
    reviewer = escape(f"<Jo> & Söhne {n}")
    day = datetime.fromtimestamp(invoice["created"], UTC)
    count = n % 3
    text = f"""<!doctype html>
<html lang="de"><head><meta charset="utf-8"><title>{escape(line["description"])} - Tripe</title>
<link rel="canonical" href="https://shop.example/p/{line["id"]}"><meta name="robots" content="noindex"></head>
<body><h1>{escape(line["description"])}</h1><img src="/i/{line["id"]}.jpg" alt="{escape(line["description"])}">
<p class="price">{line["unit_amount"] / 100:.2f} €</p><p class="left">{count} {"item" if count == 1 else "items"}</p>
<p>Since <time datetime="{day:%Y-%m-%d}">{day:%d.%m.%Y}</time> by {reviewer}</p>
<form action="/basket" method="post"><select name="size">{options}</select>
<input name="count" type="number" min="1" max="9" value="1">
<input name="gift" type="checkbox"{" checked" if n // 4 % 2 else ""}><label for="note">Note</label>
<textarea id="note" name="note" maxlength="200"></textarea><button>Buy</button></form>
</body></html>
"""
    headers = {"content-type": "text/html; charset=utf-8", "x-frame-options": "DENY"}
    cookie = f"visit={line['id']}; Domain=shop.example; Max-Age=3600; Path=/; Secure; HttpOnly"
    return told(200, headers | {"set-cookie": cookie}, text)


def _order(n: int, invoice: Any) -> Real:
    lines = "".join(
        f'<o:line><o:text>{escape(line["description"])}</o:text><o:sum xsi:type="o:Money">{line["amount"]}</o:sum>'
        f"<o:gift>{'true' if place % 2 else 'false'}</o:gift></o:line>"
        for place, line in enumerate(invoice["lines"])
    )
    day = datetime.fromtimestamp(invoice["created"], UTC)
    body = f"""<s:Body><o:Order xmlns:o="urn:tripe:orders" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">
<o:id>{invoice["id"]}</o:id><o:day>{day:%Y-%m-%d}</o:day><o:shipped xsi:nil="true"/>
<o:count>{len(invoice["lines"])}</o:count><o:lines>{lines}</o:lines><o:note>Tür links &amp; läuten</o:note>
</o:Order></s:Body></s:Envelope>"""
    return told(200, {"content-type": "text/xml; charset=utf-8"}, SOAP + body)


def _fault(n: int, invoice: Any) -> Real:
    detail = f"<detail><t:Refused xmlns:t='urn:tripe'><t:code>E{40 + n}</t:code></t:Refused></detail>"
    fault = f"<s:Fault><faultcode>s:Client</faultcode><faultstring>No such order {invoice['id']}</faultstring>"
    text = f"{SOAP}<s:Body>{fault}{detail}</s:Fault></s:Body></s:Envelope>"
    return told(200, {"content-type": "text/xml; charset=utf-8"}, text)


def _atom(n: int, invoice: Any) -> Real:
    day = datetime.fromtimestamp(invoice["created"], UTC)
    entries = "".join(
        f"<entry><id>urn:line:{line['id']}</id><title>{escape(line['description'])}</title>"
        f"<published>{day + timedelta(minutes=place):%Y-%m-%dT%H:%M:%SZ}</published>"
        f'<link rel="alternate" href="https://shop.example/{line["id"]}"/>'
        f'<summary type="html">&lt;b&gt;{line["amount"]}&lt;/b&gt;</summary></entry>'
        for place, line in enumerate(invoice["lines"])
    )
    head = f'<feed xmlns="http://www.w3.org/2005/Atom" xml:lang="en"><title>Tripe {n}</title>'
    text = f'<?xml version="1.0" encoding="utf-8"?>\n{head}<author><name>Tripe</name></author>{entries}</feed>'
    return told(200, {"content-type": "application/atom+xml; charset=utf-8"}, text)


def _events(n: int, invoice: Any) -> Real:
    events = [
        f"id: {100 * n + place}\nevent: line\ndata: {line['id']}\ndata: {line['amount']}\n\n"
        for place, line in enumerate(invoice["lines"])
    ]
    last = f"id: {100 * n + 99}\nevent: done\ndata: {invoice['total']}\n\n"
    return told(200, {"content-type": "text/event-stream"}, "retry: 3000\n\n" + "".join(events) + last)


def _calendar(n: int, invoice: Any) -> Real:
    begins = datetime.fromtimestamp(invoice["created"], UTC).replace(minute=30, second=0)
    rows = [
        "BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//Tripe//EN", "BEGIN:VEVENT", f"UID:{invoice['id']}@tripe.example",
        f"DTSTART:{begins:%Y%m%dT%H%M%SZ}", f"DTEND:{begins + timedelta(hours=1):%Y%m%dT%H%M%SZ}",
        "RRULE:FREQ=WEEKLY;BYDAY=MO,TH;COUNT=10", f"SUMMARY:Tasting {n}\\, beans\\; cups", "END:VEVENT",
        "BEGIN:VEVENT", f"UID:{invoice['charge']}@tripe.example", f"DTSTART;VALUE=DATE:{begins:%Y%m%d}",
        f"DTEND;VALUE=DATE:{begins + timedelta(days=2):%Y%m%d}", "SUMMARY:Fair", "BEGIN:VALARM", "TRIGGER:-PT15M",
        "ACTION:DISPLAY", "END:VALARM", "END:VEVENT", "END:VCALENDAR",
    ]  # fmt: skip
    disposition = f"attachment; filename=\"plan.ics\"; filename*=UTF-8''Pl%C3%A4ne-{n}.ics"
    headers = {"content-type": "text/calendar; charset=utf-8", "content-disposition": disposition}
    return told(200, headers, "\r\n".join(rows) + "\r\n")


def _sheet(n: int, invoice: Any) -> Real:
    page = io.StringIO()
    write = csv.writer(page)
    write.writerow(("id", "text", "amount", "note", "active"))
    for place, line in enumerate(invoice["lines"]):
        text = f'{line["description"]}, 10" wide'
        write.writerow((line["id"], text, f"-{line['amount'] / 100:.2f}", "" if place % 2 else "=A1", "true"))
    write.writerow((f"sum_{n}", "Total", f"{invoice['total'] / 100:.2f}", "", "false"))
    return told(200, {"content-type": "text/csv; charset=utf-8"}, page.getvalue())


def _bank(n: int, invoice: Any) -> Real:
    rows = [f"1{'TRIPE GMBH':<20}{datetime.fromtimestamp(invoice['created'], UTC):%y%m%d}{n:06d}"]
    rows += [f"2{f'{BANK_CHARGES} {place}':<20}{line['amount']:012d}EUR{line['quantity']:03d}"
             for place, line in enumerate(invoice["lines"])]  # fmt: skip
    total = sum(line["amount"] for line in invoice["lines"])
    rows.append(f"9{len(invoice['lines']):06d}{total:014d}")
    return told(200, {"content-type": "text/plain; charset=utf-8"}, "\n".join(rows) + "\n")


def _pairs(n: int, invoice: Any) -> Real:
    named: list[tuple[str, str]] = [("ACK", "Success"), ("VERSION", "63.0"), ("PAYER", f"jo+{n}@mail.example")]
    for place, line in enumerate(invoice["lines"]):
        named += [(f"L_NAME{place}", line["description"]), (f"L_AMT{place}", f"{line['amount'] / 100:.2f}")]
    headers = {"content-type": "application/x-www-form-urlencoded"}
    return told(200, headers, urlencode([*named, ("NOTE", ""), ("AMT", f"{invoice['total'] / 100:.2f}")]))


def _unchanged(n: int, invoice: Any) -> Real:
    return told(304, {"etag": f'W/"{invoice["id"][3:13]}"', "cache-control": "private, max-age=0"}, "")


def _part(n: int, invoice: Any) -> Real:
    text = json.dumps(invoice["lines"], separators=(",", ":"))
    headers = {"content-type": "text/plain", "content-range": f"bytes 10-59/{len(text)}", "accept-ranges": "bytes"}
    return told(206, headers, text[10:60])


def _preflight(n: int, invoice: Any) -> Real:
    return told(204, {
        "access-control-allow-origin": f"https://shop-{n}.example",
        "access-control-allow-methods": "GET, POST, PATCH",
        "access-control-allow-credentials": "true",
        "access-control-max-age": "600",
    }, "")  # fmt: skip


DOCUMENTS: dict[str, Callable[[int, Any], Real]] = {
    "page": _page, "order": _order, "fault": _fault, "atom": _atom, "events": _events, "calendar": _calendar,
    "sheet": _sheet, "bank": _bank, "pairs": _pairs, "unchanged": _unchanged, "part": _part, "preflight": _preflight,
}  # fmt: skip
UNSEEN_PLAIN = frozenset(DOCUMENTS)
