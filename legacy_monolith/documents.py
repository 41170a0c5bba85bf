"""Answers that are not JSON: an invoice as PDF, and all charges as CSV, streamed."""

import asyncio
import csv
import io
import json
from collections.abc import Sequence
from datetime import UTC, datetime

from aiohttp import web

from legacy_monolith.objects import charge_object
from legacy_monolith.pdf import text_page
from legacy_monolith.resources import DATABASE, INVOICES, find
from legacy_monolith.wire import missing_object, one_of, query_params

EXPORT_BATCH = 100  # rows: a few milliseconds between two chances for other requests
EXPORT_COLUMNS = ("id", "created", "status", "amount", "amount_refunded", "currency", "fee", "customer", "description")


async def invoice_pdf(request: web.Request) -> web.Response:
    invoice_id = request.match_info["id"]
    row = find(request.app[DATABASE], INVOICES, invoice_id)
    if row is None:
        raise missing_object("invoice", invoice_id)
    lines = [f"Invoice {row['number']}", f"Customer {row['customer']}", ""]
    lines += [
        f"{line['quantity']} x {line['description']}: {line['amount']} {row['currency']}"
        for line in json.loads(row["lines"])
    ]
    lines += ["", f"Tax: {row['tax']} {row['currency']}", f"Total: {row['total']} {row['currency']} ({row['status']})"]
    page = text_page(f"Invoice {row['number']}", lines, datetime.now(UTC))
    disposition = f'inline; filename="{row["number"]}.pdf"'
    return web.Response(body=page, content_type="application/pdf", headers={"Content-Disposition": disposition})


async def export_charges(request: web.Request) -> web.StreamResponse:
    """Every charge, oldest first, in chunks. Each batch is a query of its own, so no snapshot stays open."""
    database = request.app[DATABASE]
    status = one_of(query_params(request, ("status",)), "status", ("succeeded", "failed"))
    response = web.StreamResponse(headers={"Content-Disposition": 'attachment; filename="charges.csv"'})
    response.content_type, response.charset = "text/csv", "utf-8"
    response.enable_chunked_encoding()
    await response.prepare(request)
    if request.method == "HEAD":
        return response
    await response.write(_csv([EXPORT_COLUMNS]))
    seq = 0
    while True:
        rows = database.all("SELECT * FROM charges WHERE seq > ? ORDER BY seq LIMIT ?", (seq, EXPORT_BATCH))
        if not rows:
            break
        seq = rows[-1]["seq"]
        charges = [charge_object(row) for row in rows if status in (None, row["status"])]
        await response.write(_csv([[charge[name] for name in EXPORT_COLUMNS] for charge in charges]))
        await asyncio.sleep(0)  # a write that fits into the socket's buffer does not let others run
    await response.write_eof()
    return response


def _csv(rows: Sequence[Sequence[object]]) -> bytes:
    page = io.StringIO()
    csv.writer(page).writerows(rows)
    return page.getvalue().encode()
