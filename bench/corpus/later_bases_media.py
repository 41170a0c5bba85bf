"""Further bases for a former held-out part: JSON of games, devices, advertising, maps, mail and media.

A saved game, the readings of a meter, a bid (OpenRTB), feature flags, a way on a map (GeoJSON), a mail, an agenda,
suggestions of a search, a shelf of recommendations, a conversation (plain, and by GraphQL), a film, a series of
readings that is a bare array; and answers that say most in their headers.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from itertools import pairwise
from typing import Any

from bench.corpus.answers import Real
from bench.corpus.unseen_bases import BERLIN, JSON, told

FAMILY = "\U0001f469\u200d\U0001f469\u200d\U0001f467"  # three people joined to one character
PERIOD = 900  # seconds between two readings
SUGGESTED = ("Käfer", "Kaffee", "Kaftan", "Käfig", "Kafka")
BORDERS: tuple[int | None, ...] = (None, 10, 50, None)  # of prices
SEEN_BEFORE = ("t-901", "t-902")
WHERE = "https://files.example"


def _ok(document: Any, kind: str = JSON) -> Real:
    return told(200, {"content-type": kind}, document)


def _save(n: int, invoice: Any) -> Real:
    return _ok({
        "player": invoice["customer"],
        "level": 12 + n,
        "experience": 61_000 + 1_777 * n,
        "coins": invoice["total"],
        "loadout": [None, "bow", None, "lamp" if n % 2 else "rope"],
        "bag": [{"item": item, "count": count}
                for item, count in (("potion", 20), ("arrow", 50 - n), ("potion", 3 + n))],
        "quests": {"harbour": {"state": "claimed" if n % 2 else "done", "step": 3, "of": 3}},
        "league": {"tier": "gold", "division": ("III", "IV", "I")[n % 3], "points": 7 * n % 100},
        "achievements": 2**31 + 4_097 * n,
        "played_s": 91_234 + 1_009 * n,
        "barred_until": None,
        "region": "eu-west",
    })  # fmt: skip


def _readings(n: int) -> list[float | None]:
    values: list[float | None] = [round(19.5 + (n + 3 * place) % 11 / 4, 2) for place in range(8)]
    values[n % 7 + 1] = None
    return values


def _meter(n: int, invoice: Any) -> Real:
    first = invoice["created"] // PERIOD * PERIOD
    values = _readings(n)
    known = [value for value in values if value is not None]
    samples = [[first + PERIOD * place, value] for place, value in enumerate(values)]
    return _ok({
        "device": f"00124b0018{n:06x}",
        "unit": "Cel",
        "samples": samples,
        "mean": round(sum(known) / len(known), 3),
        "lowest": min(known),
        "signal_dbm": -60 - n % 30,
        "battery_v": round(2.7 + n % 40 / 100, 2),
        "limits": {"low": 0 if n % 2 else -5, "high": 28},
        "firmware": f"1.10.{n}",
        "muted": False,
    })  # fmt: skip


def _series(n: int, invoice: Any) -> Real:
    first = invoice["created"] // PERIOD * PERIOD
    return _ok([[1_000 * (first + PERIOD * place), value] for place, value in enumerate(_readings(n))])


def _bid(n: int, invoice: Any) -> Real:
    won = f'<img src="https://win.example/w?p=${{AUCTION_PRICE}}&amp;i={n}"><a href="https://click.example/{n}">Tea</a>'
    sizes = ((300, 250), (728, 90), (160, 600))
    width, height = sizes[n % 3]
    return _ok({
        "id": invoice["id"],
        "cur": "USD",
        "floor": 0.5,
        "seatbid": [{"seat": str(512 + n), "bid": [{
            "id": f"b{n}", "impid": "1", "price": round(0.8 + n * 0.0137, 4), "adm": won, "w": width, "h": height,
            "crid": f"cr-{7_000 + n}", "adomain": ["tea.example"], "cat": ["IAB8-18"], "exp": 300, "attr": [],
        }]}],
    })  # fmt: skip


def _toggles(n: int, invoice: Any) -> Real:
    rules = [{"if": {"country": ["DE", "AT"]}, "serve": "b", "percent": 12.5},
             {"if": {"plan": ["team"]}, "serve": "a", "percent": 100.0},
             {"if": {}, "serve": "a" if n % 2 else "b", "percent": 33.3}]  # fmt: skip
    return _ok({
        "environment": "production",
        "flags": {
            "new-navigation": {"on": True, "rules": rules, "off": False, "version": 40 + n},
            "fast-export": {"on": bool(n % 2), "rules": [], "off": False, "version": 3},
            "price-list": {"on": True, "rules": rules[:1], "off": {"list": "2026", "discount": 0}, "version": 7 + n},
        },
        "segments": {"beta": {"in": ["u1", "u2", f"u{n + 3}"], "out": ["u2"]}},
    })  # fmt: skip


def _way(n: int, invoice: Any) -> Real:
    start = (179.2 if n % 2 else 13.1) + n / 100
    line = [[round((start + place / 2 + 180) % 360 - 180, 5), round(-16.5 + place / 7, 5), 30 + place + n]
            for place in range(4)]  # fmt: skip
    ring = [[0.0, 0.0], [1.0, 0.0], [1.0, 1.0 + n], [0.0, 1.0], [0.0, 0.0]]
    return _ok({
        "type": "FeatureCollection",
        "bbox": [line[0][0], line[0][1], line[-1][0], line[-1][1]],
        "features": [
            {"type": "Feature", "geometry": {"type": "LineString", "coordinates": line},
             "properties": {"length_m": 167_000 + 431 * n, "seconds": 7_300 + 31 * n, "toll": n % 3 == 0}},
            {"type": "Feature", "geometry": {"type": "Polygon", "coordinates": [ring]}, "properties": None},
        ],
    }, "application/geo+json")  # fmt: skip


def _mail(n: int, invoice: Any) -> Real:
    sent = datetime.fromtimestamp(invoice["created"], BERLIN)
    to = [{"name": "Hopper, Grace", "address": f"grace+{n}@navy.example"}, {"name": None, "address": "lin@bbs.example"}]
    attached = [{"name": f"Überblick {n}.pdf", "type": "application/pdf", "size": 3 * (17_000 + n), "inline": False}]
    return _ok({
        "id": f"<{invoice['id']}@mail.example>",
        "subject": f"Grüße aus Köln, Nr. {n}",
        "from": {"name": "Jo Öz", "address": "jo@mail.example"},
        "to": to,
        "date": format_datetime(sent),
        "text": f"Liebe Grace, anbei der Überblick, den wir für die Sitzung am {sent:%d.%m.} besprachen.\n-- \nJo",
        "attachments": attached,
        "pictures": [{"cid": f"logo{n}", "type": "image/png"}],
        "labels": ["INBOX", "UNREAD"] if n % 2 else ["INBOX", "STARRED"],
        "references": [f"<{n}.{place}@navy.example>" for place in range(3)],
    })  # fmt: skip


def _agenda(n: int, invoice: Any) -> Real:
    first = datetime(2026, 10, 20, 9 + n % 6, 30, tzinfo=BERLIN)
    weekly = [(first + timedelta(days=7 * week)).isoformat() for week in range(4)]  # winter time begins on the 25th
    busy = [{"from": f"{9 + n % 3:02d}:00", "to": "12:30"}, {"from": "14:00", "to": f"{15 + n % 4}:15"}]
    return _ok({
        "owner": invoice["customer"],
        "zone": "Europe/Berlin",
        "weekly": {"title": f"Tasting {n}", "starts": weekly, "left_out": [f"2026-11-{2 + n % 9:02d}"]},
        "holiday": {"title": "Away", "first": "2026-12-23", "until": f"2026-12-{28 + n % 3}"},
        "busy": busy,
        "guests": [{"address": "jo@mail.example", "says": "accepted"}, {"address": "lin@mail.example", "says": None}],
        "revision": 2 + n % 3,
        "private": n % 2 == 0,
    })  # fmt: skip


def _suggest(n: int, invoice: Any) -> Real:
    found = [f"{word} {n}" if place else word for place, word in enumerate(SUGGESTED)]
    found = found[n % 3 :]
    buckets = [{"from": low, "to": high, "count": (n + 7 * place) % 50}
               for place, (low, high) in enumerate(pairwise(BORDERS))]  # fmt: skip
    return _ok({
        "prefix": "kaf",
        "suggestions": [{"text": text, "mark": [0, 3], "rest": [3, len(text)]} for text in found],
        "buckets": buckets,
        "on_border": {"10": 1 + n % 3, "50": n % 2},
        "synonyms": {"tv": ["television"], "mug": ["cup"]},
        "language": "de",
    })  # fmt: skip


def _shelf(n: int, invoice: Any) -> Real:
    items = [{"slot": place + 1, "title": f"t-{(n + 13 * place) % 900}", "sponsored": place == 2,
              "why": ("similar", "friends", "new")[place % 3]} for place in range(5)]  # fmt: skip
    return _ok({"profile": {"kind": "child" if n % 3 == 0 else "adult"}, "items": items, "personal": True, "hidden": 2})


def _talk(n: int, invoice: Any) -> Real:
    at = invoice["created"]
    messages = [
        {"ts": f"{at + 60 * place}.{100 * (n + 1) * (place + 1):06d}", "by": f"U{place % 3}", "text": text}
        for place, text in enumerate((f"Hi <@U2> {n} &lt;3", "Done :tada:", f"We {FAMILY} moved", "ok\nthen"))
    ]
    return _ok({
        "channel": f"C{n:03d}",
        "me": "U0",
        "messages": messages,
        "reactions": {"name": "+1", "count": 2 + n % 9, "by": ["U1", "U2"]},
        "unread": 1 + n % 7,
        "unread_own": 1 + n % 2,
        "topic": "",
        "removed": [f"{at + 30}.000300"],
    })  # fmt: skip


def _channel(n: int, invoice: Any) -> Real:
    nodes: list[dict[str, Any]] = [
        {"__typename": "Message", "id": f"TXM6{n}{place}", "kind": ("TEXT", "FILE")[place % 2], "tags": []}
        for place in range(3)
    ]
    return _ok({"data": {"channel": {
        "__typename": "Channel", "title": f"Roasters {n}", "latest": nodes[0], "messages": {"nodes": nodes},
        "viewerRole": ("MEMBER", "OWNER")[n % 2], "archivedAt": None,
    }}})  # fmt: skip


def _film(n: int, invoice: Any) -> Real:
    tracks = [{"language": language, "default": language == ("de" if n % 2 else "fr"), "channels": "5.1"}
              for language in ("en", "de", "fr")]  # fmt: skip
    return _ok({
        "id": f"f-{n}",
        "seconds": 5_400 + 37 * n,
        "rate": ("24000/1001", "30000/1001", "25/1")[n % 3],
        "audio": tracks,
        "captions": [{"language": "pt-BR", "for": "deaf"}, {"language": "zh-Hant", "for": "all"}],
        "heights": [2160, 1080, 720, 480][n % 2 :],
        "allowed_in": ["AT", "CH", "DE"] if n % 2 else ["FR"],
        "age": {"system": "FSK", "from": (0, 6, 12, 16)[n % 4]},
        "chapters": [{"at": f"00:{10 + n % 40}:30.500", "title": "Harvest"}],
        "resume_ms": 61_234 + 977 * n,
    })  # fmt: skip


def _asset(n: int, invoice: Any) -> Real:
    made = datetime.fromtimestamp(invoice["created"], UTC)
    return told(200, {
        "content-type": "application/json",
        "cache-control": "public, max-age=31536000, immutable",
        "last-modified": format_datetime(made, usegmt=True),
        "strict-transport-security": "max-age=63072000; includeSubDomains",
        "link": f"</font{n}.woff2>; rel=preload; as=font; crossorigin",
        "x-robots-tag": "noindex",
    }, {"theme": f"t{n}", "radius": 4})  # fmt: skip


def _upload(n: int, invoice: Any) -> Real:
    headers = {"content-type": JSON, "location": f"{WHERE}/up/{invoice['id']}", "upload-offset": str(4_096 * (n + 1)),
               "upload-length": "1048576", "etag": f'"{invoice["id"][3:9]}"'}  # fmt: skip
    return told(201, headers, {"part": n, "state": "open"})


def _conflict(n: int, invoice: Any) -> Real:
    body = {"error": "precondition_failed", "current": f'"{invoice["id"][3:9]}"', "yours": f'"{n:06d}"'}
    return told(412, {"content-type": JSON, "etag": f'"{invoice["id"][3:9]}"'}, body)


def _posted(n: int, invoice: Any) -> Real:
    return told(303, {"content-type": JSON, "location": f"/orders/{invoice['id']}?done=1"}, {"see": invoice["id"]})


MEDIA_BASES: dict[str, Callable[[int, Any], Real]] = {
    "save": _save, "meter": _meter, "series": _series, "bid": _bid, "toggles": _toggles, "way": _way, "mail": _mail,
    "agenda": _agenda, "suggest": _suggest, "shelf": _shelf, "talk": _talk, "channel": _channel, "film": _film,
    "asset": _asset, "upload": _upload, "conflict": _conflict, "posted": _posted,
}  # fmt: skip
