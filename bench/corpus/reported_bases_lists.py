"""Further bases of the reported kinds: pages of lists, codes, calls, and answers that say most in status and headers.

Revisions by pages, a feed by cursors, grants by years, concepts with long numbers, a call (JSON-RPC), refusals,
redirects, what a cache holds, what has versions, a file, and the health of a service.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from email.utils import format_datetime
from typing import Any
from urllib.parse import quote

from bench.corpus.answers import Real
from bench.corpus.reported_bases import FRUIT, made, ok, stamp
from bench.corpus.unseen_bases import JSON, told

PAGES, PER_PAGE = 7, 4
LIMIT = 10  # requests of a window
MAX_AGE = 60


def revision(number: int) -> dict[str, Any]:
    return {"revision": number, "by": f"u{number * 7 % 31}", "change": FRUIT[number % 8]}


def link(page: int) -> str:
    return f"/articles/history/page-{page}.html"


def _revisions(n: int, invoice: Any) -> Real:
    page = 2 + n % (PAGES - 3)
    total = PAGES * PER_PAGE
    items = [revision(1000 * (n + 1) - PER_PAGE * (page - 1) - place) for place in range(PER_PAGE)]
    return ok({
        "page": page,
        "pages": PAGES,
        "total": total,
        "items": items,
        "links": {"first": link(1), "prev": link(page - 1), "next": link(page + 1), "last": link(PAGES)},
    }, {"query-total": str(total)})  # fmt: skip


def row_of(n: int, place: int) -> dict[str, Any]:
    """A row of the feed; rows 1, 2 and 3 of a page are of the same second."""
    return {"entry": 100 * (n + 1) + place, "seconds": 40 + n - (1 if 1 <= place <= 3 else place),
            "by": FRUIT[(n + place) % 8]}  # fmt: skip


def _cursor_page(n: int, invoice: Any) -> Real:
    rows = [row_of(n, place) for place in range(5)]
    return ok({"items": rows, "after": 100 * (n + 1) - 1, "more": True, "matched": 5 + n % 4,
               "filter": "mine" if n // 4 % 2 else "all"})  # fmt: skip


def _grants(n: int, invoice: Any) -> Real:
    reports = [{"year": year, "month": 1 + n % 12, "sum": 1_000 + 17 * n + year} for year in range(2012, 2017)]
    notes = [{"text": FRUIT[(n + place) % 8], "at": stamp(made(invoice) + timedelta(days=31 * place))}
             for place in range(4)]  # fmt: skip
    return ok({"grant": n, "reports": reports, "notes": notes})


def _concepts(n: int, invoice: Any) -> Real:
    rows = [{"concept": 38_001_711_000_001_101 + 1_000_003 * (n + place), "term": FRUIT[(n + place) % 8]}
            for place in range(3)]  # fmt: skip
    return ok({"constraint": f"<{n}", "concepts": rows})


def _call(n: int, invoice: Any) -> Real:
    number = 1_501_691_352_102 + n if n // 4 % 2 else 240 + n
    return ok({"jsonrpc": "2.0", "id": number, "result": {"block": n, "logs": []}})


def _unprocessable(n: int, invoice: Any) -> Real:
    field = ("email", "board", "amount")[n % 3]
    return told(422, {"content-type": JSON}, {
        "success": False,
        "error": {"code": "validation_failed", "fields": {field: ["may not be blank"]}},
        "errors": {"non_field_errors": f"No token for {n}"},
        "messages": [f"{field} should not be empty", f"owner {n} must be a number"],
    })  # fmt: skip


def _needs_upgrade(n: int, invoice: Any) -> Real:
    return told(426, {"content-type": JSON, "upgrade": "websocket"}, {"error": "Upgrade Required", "room": n})


def _old_link(n: int, invoice: Any) -> Real:
    target = f"https://shop.example/products/{invoice['id']}"
    return told(301, {"content-type": JSON, "location": target}, {"moved": target})


def _cached(n: int, invoice: Any) -> Real:
    return ok({"city": FRUIT[n % 8], "degrees": n % 30}, {"cache-control": f"public, max-age={MAX_AGE}"})


def _versioned(n: int, invoice: Any) -> Real:
    tag = f"{n * 40_503 % 65_536:04x}{n:04x}"
    headers = {"etag": f'W/"{tag}"', "last-modified": format_datetime(made(invoice), usegmt=True)}
    return ok({"version": n, "advice": f'To say that it is not exact, send W/"{tag}" instead'}, headers)


def _download(n: int, invoice: Any) -> Real:
    name = (f"Rücklauf {n}.csv", f"setup {n}; beta.exe", f"report-{n}.zip")[n % 3]
    plain = name.encode("ascii", "replace").decode().replace("?", "_")
    header = f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(name)}"
    return ok({"size": 4_096 + n}, {"content-disposition": header})


def _health(n: int, invoice: Any) -> Real:
    return ok({"status": "ok", "zone": n % 3, "checks": [{"name": FRUIT[(n + place) % 8], "ok": True}
               for place in range(3)]})  # fmt: skip


def _handlers(n: int, invoice: Any) -> Real:
    return ok([{"handler": FRUIT[(n + place) % 8], "on": True} for place in range(n % 3)])


LISTS: dict[str, Callable[[int, Any], Real]] = {
    "revisions": _revisions, "cursor_page": _cursor_page, "grants": _grants, "concepts": _concepts, "call": _call,
    "unprocessable": _unprocessable, "needs_upgrade": _needs_upgrade, "old_link": _old_link, "cached": _cached,
    "versioned": _versioned, "download": _download, "health": _health, "handlers": _handlers,
}  # fmt: skip
