"""A one-page PDF 1.4, built by hand: six objects, the table of their offsets, and a trailer (ISO 32000-1, 7.5).

Its CreationDate is the moment it was asked for, so no two renderings of one invoice are equal.
"""

from collections.abc import Sequence
from datetime import datetime

LINE_HEIGHT_PT = 18


def text_page(title: str, lines: Sequence[str], created: datetime) -> bytes:
    """A4 in Helvetica, one text line per item. `created` must be in UTC. Letters beyond Latin-1 become `?`."""
    shown = [b"BT /F1 12 Tf 72 770 Td %d TL" % LINE_HEIGHT_PT, *(b"(%s) Tj T*" % _text(line) for line in lines), b"ET"]
    content = b"\n".join(shown)
    date = created.strftime("D:%Y%m%d%H%M%SZ").encode()
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R"
        b" /Resources << /Font << /F1 5 0 R >> >> >>",
        b"<< /Length %d >>\nstream\n%s\nendstream" % (len(content), content),
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>",
        b"<< /Title (%s) /Producer (Tripe) /CreationDate (%s) >>" % (_text(title), date),
    ]
    document = bytearray(b"%PDF-1.4\n")
    offsets = []
    for number, body in enumerate(objects, start=1):
        offsets.append(len(document))
        document += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    table_at = len(document)
    document += b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    document += b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    document += b"trailer\n<< /Size %d /Root 1 0 R /Info 6 0 R >>\n" % (len(objects) + 1)
    document += b"startxref\n%d\n%%%%EOF\n" % table_at
    return bytes(document)


def _text(line: str) -> bytes:
    return line.encode("cp1252", "replace").replace(b"\\", rb"\\").replace(b"(", rb"\(").replace(b")", rb"\)")
