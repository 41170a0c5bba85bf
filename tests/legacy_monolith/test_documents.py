"""The PDF and the CSV export."""

import asyncio
import csv
import io
import re

from legacy_monolith.ids import seeded_id
from tests.legacy_monolith.fixtures import Client
from tests.legacy_monolith.world import CHARGES, KEY


async def test_an_invoice_is_a_pdf_whose_offsets_are_right(monolith: Client) -> None:
    async with monolith.get(f"/v1/invoices/{seeded_id('in', 0)}/pdf") as response:
        assert response.headers["Content-Type"] == "application/pdf"
        pdf = await response.read()
    assert pdf.startswith(b"%PDF-1.4\n")
    assert pdf.endswith(b"%%EOF\n")
    assert re.search(rb"/CreationDate \(D:20\d{12}Z\)", pdf)
    assert b"(Invoice TRP-000001) Tj" in pdf
    table_at = int(re.findall(rb"startxref\n(\d+)", pdf)[0])
    assert pdf[table_at:].startswith(b"xref\n0 7\n")
    offsets = [int(line[:10]) for line in pdf[table_at:].splitlines()[3:9]]
    assert all(pdf[at:].startswith(b"%d 0 obj" % number) for number, at in enumerate(offsets, start=1))
    stream = re.search(rb"/Length (\d+) >>\nstream\n(.*)\nendstream", pdf, re.DOTALL)
    assert stream is not None
    assert int(stream[1]) == len(stream[2])


async def test_the_export_has_every_charge_once(monolith: Client) -> None:
    async with monolith.get("/v1/exports/charges.csv") as response:
        assert response.headers["Content-Type"] == "text/csv; charset=utf-8"
        assert response.headers["Transfer-Encoding"] == "chunked"
        assert response.headers["Content-Disposition"] == 'attachment; filename="charges.csv"'
        rows = list(csv.DictReader(io.StringIO(await response.text())))
    assert [row["id"] for row in rows] == [seeded_id("ch", number) for number in range(CHARGES)]
    async with monolith.get("/v1/exports/charges.csv", params={"status": "failed"}) as response:
        failed = list(csv.DictReader(io.StringIO(await response.text())))
    assert failed == [row for row in rows if row["status"] == "failed"]


async def test_the_export_comes_in_chunks_and_not_at_once(monolith: Client) -> None:
    reader, writer = await asyncio.open_connection(monolith.host, monolith.port)
    key = KEY["Authorization"]
    writer.write(f"GET /v1/exports/charges.csv HTTP/1.1\r\nHost: t\r\nAuthorization: {key}\r\n\r\n".encode())
    await reader.readuntil(b"\r\n\r\n")
    sizes = []
    while size := int(await reader.readline(), 16):
        sizes.append(len((await reader.readexactly(size + 2))[:-2]))
    writer.close()
    await writer.wait_closed()
    assert len(sizes) == 1 + CHARGES / 100  # the column names, then batches of 100 rows


async def test_head_on_the_export_leaves_the_connection_usable(monolith: Client) -> None:
    reader, writer = await asyncio.open_connection(monolith.host, monolith.port)
    for method, path in (("HEAD", "/v1/exports/charges.csv"), ("GET", "/v1/charges/none")):
        key = KEY["Authorization"]
        writer.write(f"{method} {path} HTTP/1.1\r\nHost: t\r\nAuthorization: {key}\r\n\r\n".encode())
    assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 200 ")
    assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 404 ")
    writer.close()
    await writer.wait_closed()
