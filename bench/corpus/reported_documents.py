"""Bases of the reported kinds that are not JSON: SOAP, XML, CSV, pages, and a stream of events."""

from __future__ import annotations

import json
from collections.abc import Callable
from html import escape
from typing import Any

from bench.corpus.answers import Bases, Real
from bench.corpus.reported_bases import FRUIT, NAMES, RECORDS
from bench.corpus.reported_bases_lists import LISTS
from bench.corpus.unseen_bases import told

XML = '<?xml version="1.0" encoding="UTF-8"?>\n'
SOAP_11 = "http://schemas.xmlsoap.org/soap/envelope/"
SOAP_12 = "http://www.w3.org/2003/05/soap-envelope"
PAGE = "text/html; charset=utf-8"


def reported_bases(bases: Bases) -> Bases:
    """By name, all bases of the reported kinds."""
    makers = RECORDS | LISTS | DOCUMENTS
    invoices = [json.loads(real[0].body) for real in bases["invoice"]]
    return {name: tuple(make(n, invoice) for n, invoice in enumerate(invoices)) for name, make in makers.items()}


def _ticket_created(n: int, invoice: Any) -> Real:
    body = f"<t:TicketCreateResponse><Article>{21 + n}</Article><Ticket>{12 + n}</Ticket></t:TicketCreateResponse>"
    text = f'{XML}<e:Envelope xmlns:e="{SOAP_12}" xmlns:t="urn:tickets"><e:Body>{body}</e:Body></e:Envelope>'
    return told(200, {"content-type": "application/soap+xml; charset=utf-8"}, text)


def _whois(n: int, invoice: Any) -> Real:
    remark = f"<remark>{FRUIT[n % 8]}</remark>" if n // 4 % 2 else "<remark/>"
    rows = f"<person>{escape(NAMES[n % 4])}</person>{remark}<phone>+49 40 {5_000 + n}</phone>"
    return told(200, {"content-type": "application/xml; charset=utf-8"},
                f'{XML}<whois xmlns="urn:whois"><object type="mntner">{rows}</object></whois>')  # fmt: skip


def _todos(n: int, invoice: Any) -> Real:
    rows = "".join(f"<todo><rank>{n + place}</rank></todo>" for place in range(n % 3))
    return told(200, {"content-type": "application/xml; charset=utf-8"}, f'{XML}<todos type="array">{rows}</todos>')


def _cards_csv(n: int, invoice: Any) -> Real:
    titles = (f"First call {n}", f"My name is #{FRUIT[n % 8]}", f"Büropark {NAMES[n % 4]}")
    rows = [f'"{title}",{("Low", "High")[place % 2]},"code {n}-{place}"' for place, title in enumerate(titles)]
    text = "\r\n".join(["Überschrift,Priority,Code", *rows, ""])
    return told(200, {"content-type": "text/csv; charset=utf-8"}, text)


def _notes_page(n: int, invoice: Any) -> Real:
    note = escape(f"foo -> {FRUIT[n % 8]} & <b>bar</b>", quote=False)
    code = escape(escape(f"x <= {n}", quote=False), quote=False)
    text = f"""<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Note {n}</title></head>
<body><p class="note">{note}</p><pre>{code}</pre>
<form method="post" action="/notes/{n}"><input name="title" value="Note {n}"><button>Save</button></form></body></html>
"""
    return told(200, {"content-type": PAGE}, text)


def _lost_page(n: int, invoice: Any) -> Real:
    text = f'<!doctype html><html lang="en"><head><title>404</title></head><body><h1>No page {n}</h1></body></html>'
    return told(404, {"content-type": PAGE}, text)


def _home_page(n: int, invoice: Any) -> Real:
    text = f"""<!doctype html>
<html lang="en"><head><title>Welcome</title></head>
<body><h1>Hello {invoice["customer"]}</h1><ul><li>{FRUIT[n % 8]}</li><li>{FRUIT[(n + 2) % 8]}</li></ul></body></html>
"""
    return told(200, {"content-type": PAGE}, text)


def _dashboard(n: int, invoice: Any) -> Real:
    text = f"""<!doctype html>
<html lang="en"><head><title>Dashboard</title><script>start({n});</script></head>
<body><h2>Part {n}</h2><div>{FRUIT[n % 8]}</div></body></html>
"""
    return told(200, {"content-type": PAGE}, text)


def _event_stream(n: int, invoice: Any) -> Real:
    events = [f"event: value\nid: {10 * n + place}\ndata: {json.dumps({'tag': FRUIT[place], 'v': n + place})}\n"
              for place in range(3)]  # fmt: skip
    return told(200, {"content-type": "text/event-stream"}, "\n".join([*events, ""]))


DOCUMENTS: dict[str, Callable[[int, Any], Real]] = {
    "ticket_created": _ticket_created, "whois": _whois, "todos": _todos, "cards_csv": _cards_csv,
    "notes_page": _notes_page, "lost_page": _lost_page, "home_page": _home_page, "dashboard": _dashboard,
    "event_stream": _event_stream,
}  # fmt: skip
REPORTED_PLAIN = frozenset(DOCUMENTS) | {"handlers"}
