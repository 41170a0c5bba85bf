"""Noise in lists, documents, headers and the status; noise that two real applications make; and noise that is rare."""

from __future__ import annotations

import re
from datetime import UTC, datetime

from bench.corpus.kinds import Answer, Asking, Noise
from bench.corpus.noise_fields import GOODS, uuid4

ASSETS = ("3f9a1c2e", "b07d44f1")
ROLLOUT = 160.0  # seconds from the first to the last server with the new assets


def _labels(a: Answer, q: Asking) -> None:
    labels = [GOODS[q.fixed(f"label{place}", 3) + 2 * place] for place in range(3)]
    q.dice.shuffle(labels)
    a.body["labels"] = labels


def _lines(a: Answer, q: Asking) -> None:
    lines = [{"sku": f"sku-{place}", "qty": 1 + q.fixed(f"qty{place}", 9)} for place in range(4)]
    q.dice.shuffle(lines)
    a.body["basket"] = lines


def _ties(a: Answer, q: Asking) -> None:
    rows = [{"id": row["id"], "score": 90 - place // 3} for place, row in enumerate(a.body["data"])]
    a.body["results"] = sorted(rows, key=lambda row: (-row["score"], q.dice.random()))


def _picks(a: Answer, q: Asking) -> None:
    a.body["you_may_like"] = q.dice.sample(GOODS, 3)


def _recent(a: Answer, q: Asking) -> None:
    a.body["recent"] = [f"evt_{q.hexes(8)}" for _ in range(q.dice.randint(0, 4))]


def _sessions(a: Answer, q: Asking) -> None:
    a.body["sessions"] = {uuid4(q): {"open": True} for _ in range(2)}


def _row_seen(a: Answer, q: Asking) -> None:
    for row in a.body["data"]:
        row["fetched_at"] = int(q.now * 1000) - q.dice.randint(0, 40)


def _html_token(a: Answer, q: Asking) -> None:
    token = q.hexes(32)
    a.body = re.sub(r'name="csrf" value="[0-9a-f]+"', f'name="csrf" value="{token}"', a.body)


def _html_assets(a: Answer, q: Asking) -> None:
    done = q.dice.random() < (q.now % ROLLOUT) / ROLLOUT
    link = f'<script src="/static/app.{ASSETS[done]}.js"></script></head>'
    a.body = a.body.replace("</head>", link)


def _html_advert(a: Answer, q: Asking) -> None:
    ad = q.dice.choice(('<p class="ad">Coffee beans, 20 % off</p>', '<div class="ad"><b>Kettles</b> are back</div>'))
    a.body = a.body.replace("</body>", f"<aside>{ad}</aside></body>")


def _html_took(a: Answer, q: Asking) -> None:
    a.body = a.body.replace("</body>", f"<!-- {q.dice.uniform(3, 90):.1f} ms --><i>{uuid4(q)}</i></body>")


def _soap_stamp(a: Answer, q: Asking) -> None:
    at = datetime.fromtimestamp(q.now, UTC).isoformat(timespec="milliseconds")
    a.body = a.body.replace("<m:Id/>", f"<m:Id>urn:uuid:{uuid4(q)}</m:Id><m:At>{at}</m:At>")


def _pdf_date(a: Answer, q: Asking) -> None:
    stamp = f"/CreationDate (D:{datetime.fromtimestamp(q.now, UTC):%Y%m%d%H%M%S}Z)".encode()
    a.body = re.sub(rb"/CreationDate \(D:\d+Z\)", stamp, a.body)
    ids = f"/Info 6 0 R /ID [<{q.hexes(32)}> <{q.hexes(32)}>]".encode()
    a.body = a.body.replace(b"/Info 6 0 R", ids)


def _etag(a: Answer, q: Asking) -> None:
    a.headers["etag"] = f'W/"{q.hexes(10)}-{len(str(a.body)):x}"'


def _cookie(a: Answer, q: Asking) -> None:
    a.headers["set-cookie"] = f"session={q.hexes(32)}; HttpOnly; Path=/; SameSite=Lax"


def _age(a: Answer, q: Asking) -> None:
    a.headers["x-cache"] = q.dice.choice(("HIT", "HIT", "MISS"))


def _flicker(status: int, share: float, a: Answer, q: Asking) -> None:
    if q.dice.random() < share:
        a.status = status
        a.headers = {"content-type": "application/json; charset=utf-8", "retry-after": "1"}
        a.body = {"error": {"type": "api_error", "code": "try_again", "message": "Please try again."}}


def _flicker_429(a: Answer, q: Asking) -> None:
    _flicker(429, 0.05, a, q)


def _flicker_503(a: Answer, q: Asking) -> None:
    _flicker(503, 0.05, a, q)


def _flicker_rare(a: Answer, q: Asking) -> None:
    _flicker(429, 0.001, a, q)


def _as_it_is(a: Answer, q: Asking) -> None:
    """There is nothing to add to what was really answered."""


def _notice(a: Answer, q: Asking) -> None:
    if q.dice.random() < 0.01:
        a.body["notice"] = "Maintenance tonight from 22:00 UTC."


def _lagging(a: Answer, q: Asking) -> None:
    row = a.body["data"][0]
    row["views"] = 1000 + q.fixed("views", 500) - (1 if q.dice.random() < 0.001 else 0)


def _degraded(a: Answer, q: Asking) -> None:
    a.body["degraded"] = q.dice.random() < 0.01


def _day(a: Answer, q: Asking) -> None:
    a.body["business_day"] = f"{datetime.fromtimestamp(q.now, UTC):%Y-%m-%d}"


LABELS = Noise("list_in_random_order", "charge", "three labels that come in any order", _labels)
BASKET = Noise("objects_in_random_order", "invoice", "four objects that come in any order", _lines)
TIES = Noise("ties_in_search_results", "charges", "results of one score come in any order", _ties)
PICKS = Noise("random_picks", "customer", "three of eight, drawn", _picks)
RECENT = Noise("list_of_random_length", "charge", "none to four new ids", _recent)
SESSIONS = Noise("map_with_random_keys", "customer", "an object whose names are new ids", _sessions)
ROWS = Noise("clock_in_each_row", "refunds", "epoch milliseconds in each row of a list", _row_seen)
HTML_TOKEN = Noise("html_csrf_token", "merchant", "the hidden token of two forms", _html_token)
HTML_ASSETS = Noise("html_asset_hash_in_rollout", "merchant", "servers with the old and the new assets", _html_assets)
HTML_ADVERT = Noise("html_advert", "merchant", "one of two adverts", _html_advert)
HTML_TOOK = Noise("html_timing_and_id", "simple", "a comment with the time taken, and an id", _html_took)
SOAP_STAMP = Noise("soap_message_id", "soap", "message id and time in the SOAP header", _soap_stamp)
PDF_DATE = Noise("pdf_date_and_id", "pdf", "creation date and document id", _pdf_date)
ETAG = Noise("etag", "charge", "a weak ETag of the server's own", _etag, headers=("etag",))
COOKIE = Noise("session_cookie", "customer", "a new session id", _cookie, headers=("set-cookie",))
CACHE_HEADER = Noise("cache_header", "charge", "X-Cache: HIT or MISS", _age, headers=("x-cache",))
FLICKER_429 = Noise("status_429_in_5_percent", "charge", "too many requests", _flicker_429, 0.05, alone=True)
FLICKER_503 = Noise("status_503_in_5_percent", "invoice", "unavailable", _flicker_503, 0.05, alone=True)
OWN = tuple(
    Noise(f"as_it_is_{base}", base, "real askings, nothing added", _as_it_is, 1.0, headers, alone=True, as_it_is=True)
    for base, headers in (
        ("charge", ()), ("invoices", ()), ("customers", ()), ("missing", ()), ("login", ("set-cookie",)),
        ("simple", ()), ("project", ()),
    )
)  # fmt: skip
ELSEWHERE = (
    LABELS, BASKET, TIES, PICKS, RECENT, SESSIONS, ROWS, HTML_TOKEN, HTML_ASSETS, HTML_ADVERT, HTML_TOOK, SOAP_STAMP,
    PDF_DATE, ETAG, COOKIE, CACHE_HEADER, FLICKER_429, FLICKER_503, *OWN,
)  # fmt: skip
RARE = (
    Noise("notice_in_1_percent", "charge", "a notice in 1 % of answers", _notice, 0.01, alone=True),
    Noise("flag_in_1_percent", "invoice", "degraded: true in 1 %", _degraded, 0.01, alone=True),
    Noise("replica_behind_in_0.1_percent", "charges", "a count one behind", _lagging, 0.001, alone=True),
    Noise("status_429_in_0.1_percent", "customer", "too many requests", _flicker_rare, 0.001, alone=True),
    Noise("business_day", "refund", "today's date; midnight passes once in the run", _day, 0.0001, alone=True),
)
