"""Further bases for a former held-out part that are not JSON objects: of clinics, carriers, telecoms and media.

An HLS playlist, an advert (VAST), a track (GPX), a laboratory's message (HL7 version 2), a despatch advice (EDIFACT),
metrics as Prometheus reads them, SOAP 1.2, the page of a ticket, a sheet of hours (CSV), readings of devices (NDJSON)
and an address card.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from html import escape
from typing import Any

from bench.corpus.answers import Bases, Real
from bench.corpus.later_bases import OFFICE_BASES
from bench.corpus.later_bases_media import MEDIA_BASES
from bench.corpus.unseen_bases import told

SOAP_12 = "http://www.w3.org/2003/05/soap-envelope"
XML = '<?xml version="1.0" encoding="UTF-8"?>\n'


def later_bases(bases: Bases) -> Bases:
    """By name, all further bases."""
    makers = OFFICE_BASES | MEDIA_BASES | DOCUMENTS
    invoices = [json.loads(real[0].body) for real in bases["invoice"]]
    return {name: tuple(make(n, invoice) for n, invoice in enumerate(invoices)) for name, make in makers.items()}


def _made(invoice: Any) -> datetime:
    return datetime.fromtimestamp(invoice["created"], UTC)


def _playlist(n: int, invoice: Any) -> Real:
    rows = ["#EXTM3U", "#EXT-X-VERSION:6", "#EXT-X-TARGETDURATION:6", f"#EXT-X-MEDIA-SEQUENCE:{2_680 + n}"]
    for place in range(4):
        rows += ["#EXT-X-DISCONTINUITY"] * (place == 2)
        rows += [f"#EXTINF:{5.005 + place / 4 + n % 3 / 100:.3f},", f"seg/{n:03d}-{place:05d}.m4s"]
    return told(200, {"content-type": "application/vnd.apple.mpegurl"}, "\n".join([*rows, "#EXT-X-ENDLIST", ""]))


def _vast(n: int, invoice: Any) -> Real:
    click = f"https://click.example/c?ad={n}&to=https%3A%2F%2Ftea.example"
    text = f"""{XML}<VAST version="4.2"><Ad id="{7_000 + n}"><InLine><AdSystem>Tripe</AdSystem>
<Impression><![CDATA[https://seen.example/i?ad={n}&n=1]]></Impression>
<Creatives><Creative sequence="1"><Linear skipoffset="00:00:05"><Duration>00:00:{15 + n % 30}</Duration>
<TrackingEvents><Tracking event="start"><![CDATA[https://seen.example/s?ad={n}&e=1]]></Tracking></TrackingEvents>
<VideoClicks><ClickThrough><![CDATA[{click}]]></ClickThrough></VideoClicks></Linear></Creative></Creatives>
</InLine></Ad></VAST>"""
    return told(200, {"content-type": "application/xml; charset=utf-8"}, text)


def _track(n: int, invoice: Any) -> Real:
    points = "".join(
        f'<trkpt lat="{52.5 + place / 1000:.5f}" lon="{13.4 + n / 1000:.5f}"><ele>{34 + place + n}.5</ele>'
        f"<time>{_made(invoice) + timedelta(seconds=5 * place):%Y-%m-%dT%H:%M:%SZ}</time></trkpt>"
        for place in range(3)
    )
    head = '<gpx version="1.1" creator="Tripe" xmlns="http://www.topografix.com/GPX/1/1"><metadata/>'
    text = f"{XML}{head}<trk><name>Round {n}</name><trkseg>{points}</trkseg></trk></gpx>"
    return told(200, {"content-type": "application/gpx+xml; charset=utf-8"}, text)


def _hl7(n: int, invoice: Any) -> Real:
    at = _made(invoice)
    rows = [
        "MSH|^~\\&|LAB|HAM|TRIPE|BER|20260101000000||ORU^R01|0|P|2.5",
        f'PID|1||{4_000 + n:08d}^^^HAM^MR||Öz^Jo^^^^||197103|F|||Hafenstr. 7^^Berlin||""',
        f"OBR|1|{n}||24331-1^Lipids \\T\\ more^LN|||{at:%Y%m%d%H%M%S}+0100",
        f"OBX|1|NM|2345-7^Glucose^LN||{4 + n % 30 / 10:.2f}|mmol/L|3.90-5.50|N|||F",
        "OBX|2|ST|1988-5^CRP^LN||<5|mg/L|<5|N|||F",
    ]
    return told(200, {"content-type": "text/plain; charset=utf-8"}, "\r".join([*rows, ""]))


def _edifact(n: int, invoice: Any) -> Real:
    rows = [f"UNH+{n:06d}+DESADV:D:96A:UN", f"BGM+351+{invoice['number']}+9", f"DTM+137:{_made(invoice):%Y%m%d}:102",
            "NAD+DP+++O?'Neill ?+ Co", f"CPS+{1 + n % 4}", f"QTY+12:{n + 2},5:KGM"]  # fmt: skip
    rows.append(f"UNT+{len(rows) + 1}+{n:06d}")
    return told(200, {"content-type": "application/edifact; charset=utf-8"}, "".join(f"{row}'\n" for row in rows))


def _metrics(n: int, invoice: Any) -> Real:
    text = f"""# HELP jobs_total Jobs by state.
# TYPE jobs_total counter
jobs_total{{queue="mail",state="done"}} {41_000 + n}
jobs_total{{queue="mail",state="failed"}} {n % 5}
# TYPE job_seconds histogram
job_seconds_bucket{{le="0.1"}} {300 + n}
job_seconds_bucket{{le="1"}} {700 + n}
job_seconds_bucket{{le="+Inf"}} {710 + n}
job_seconds_sum {210.25 + n}
job_seconds_count {710 + n}
"""
    return told(200, {"content-type": "text/plain; version=0.0.4; charset=utf-8"}, text)


def _provision(n: int, invoice: Any) -> Real:
    body = f"""<e:Envelope xmlns:e="{SOAP_12}"><e:Header/><e:Body><Line xmlns="urn:tripe:lines">
<Number>+491511234{n:03d}</Number><Active>{str(n % 2 == 0).lower()}</Active>
<From>{_made(invoice):%Y-%m-%dT%H:%M:%SZ}</From><Card>89490200001{n:09d}</Card>
<Codes><Code>0</Code><Code>{1_000 + n}</Code></Codes><Barred/></Line></e:Body></e:Envelope>"""
    return told(200, {"content-type": "application/soap+xml; charset=utf-8"}, XML + body)


def _ticket(n: int, invoice: Any) -> Real:
    at, price = _made(invoice), 35 + n
    offer = {"@type": "Offer", "price": f"{price}.00", "priceCurrency": "EUR", "availability": "InStock"}
    data = {"@type": "Event", "name": f"Night {n}", "startDate": f"{at:%Y-%m-%dT20:00:00+02:00}", "offers": offer}
    text = f"""<!doctype html>
<html lang="de"><head><meta charset="utf-8"><title>Nacht {n}</title><meta property="og:title" content="Nacht {n}">
<link rel="alternate" hreflang="en" href="https://tickets.example/en/{n}">
<script type="application/ld+json">{json.dumps(data)}</script></head>
<body><h1>Nacht {n}</h1><p>Sitz <b>{escape('J"' if n % 2 else "K")}{n % 30}</b>, ab {price},00&nbsp;€</p>
<ol class="steps"><li>Wählen</li><li aria-current="step">Zahlen</li><li>Drucken</li></ol>
<dl data-event="{invoice["id"]}"><dt>Einlass</dt><dd>18:30</dd><dt>Beginn</dt><dd>20:00</dd></dl>
<button {"disabled " if n % 2 else ""}type="submit">Kaufen</button></body></html>
"""
    return told(200, {"content-type": "text/html; charset=utf-8"}, text)


def _hours(n: int, invoice: Any) -> Real:
    rows = ["employee;day;hours;break;note"]
    for place in range(4):
        day = _made(invoice) + timedelta(days=place)
        note = "krank; halbtags" if place == n % 4 else ""
        rows.append(f'{400 + n:06d};{day:%d.%m.%Y};{7 + place % 2},75;0:30;"{note}"')
    headers = {"content-type": "text/csv; charset=utf-8; header=present"}
    return told(200, headers, "\ufeff" + "\r\n".join(rows) + "\r\n")


def _lines(n: int, invoice: Any) -> Real:
    rows = [{"device": f"d{(n + place) % 40}", "t": round(19.5 + (n + place) % 9 / 4, 2),
             "door": None if place == 1 else "shut", "n": 10 * n + place} for place in range(5)]  # fmt: skip
    return told(200, {"content-type": "application/x-ndjson"}, "".join(json.dumps(row) + "\n" for row in rows))


def _card(n: int, invoice: Any) -> Real:
    rows = ["BEGIN:VCARD", "VERSION:4.0", f"FN:Jo Öz {n}", "N:Öz;Jo;;;", f"TEL;TYPE=cell;PREF=1:+491511234{n:03d}",
            f"ADR:;;Hafenstr. {n};Hamburg;;20459;DE", "NOTE:tea\\, coffee\\nno milk", "BDAY:--0314",
            "END:VCARD"]  # fmt: skip
    return told(200, {"content-type": "text/vcard; charset=utf-8"}, "\r\n".join([*rows, ""]))


DOCUMENTS: dict[str, Callable[[int, Any], Real]] = {
    "playlist": _playlist, "vast": _vast, "track": _track, "hl7": _hl7, "edifact": _edifact, "metrics": _metrics,
    "provision": _provision, "ticket": _ticket, "hours": _hours, "lines": _lines, "card": _card,
}  # fmt: skip
LATER_PLAIN = frozenset(DOCUMENTS) | {"series"}
