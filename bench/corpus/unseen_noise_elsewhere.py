"""Noise of a former held-out part in rows, documents, headers and the status; rare noise; and noise by side.

What each side says of itself differs between the sides for good, and there is nothing in the answers by which to tell
that from a mistake: only a person can excuse it, with a rule. The kinds of UNSEEN_BY_SIDE are such and are reported
apart. They are in nobody's background.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime

from bench.corpus.kinds import Answer, Asking, Noise
from bench.corpus.unseen_documents import RELATED
from bench.corpus.unseen_noise import DEBUG

LIMIT = 600  # requests a minute
MIRRORS = ("fra", "ams", "waw")
QUARTER_OF_AN_HOUR, READ_ONLY = 900, 4  # seconds
COST = 1_000  # points in a bucket


def _server_timing(a: Answer, q: Asking) -> None:
    times = [f"{name};dur={q.dice.lognormvariate(2.4, 0.5):.1f}" for name in ("db", "view")]
    a.headers["server-timing"] = ", ".join(times)


def _limits(a: Answer, q: Asking) -> None:
    left = LIMIT - q.shared.next("limit", 40, q.dice.randint(1, 2)) % LIMIT
    a.headers["ratelimit"] = f"limit={LIMIT}, remaining={left}, reset={60 - int(q.now) % 60}"


def _mirror(a: Answer, q: Asking) -> None:
    path = a.headers["location"]
    a.headers["location"] = f"https://{q.dice.choice(MIRRORS)}.files.example{path}"


def _cost(a: Answer, q: Asking) -> None:
    left = COST - q.dice.randint(20, 400)
    a.body["extensions"] = {"cost": {"actual": q.dice.randint(11, 19), "available": left, "maximum": COST}}


def _heartbeats(a: Answer, q: Asking) -> None:
    blocks = a.body.split("\n\n")[:-1]
    number = int(q.now * 1000)
    said = []
    for place, block in enumerate(blocks):
        said += [": ping"] * (q.dice.random() < 0.4)
        lines = [f"id: {number + place}" if line.startswith("id: ") else line for line in block.split("\n")]
        said.append("\n".join(lines))
    a.body = "".join(f"{block}\n\n" for block in said)


def _stamped(a: Answer, q: Asking) -> None:
    stamp = f"DTSTAMP:{datetime.fromtimestamp(q.now, UTC):%Y%m%dT%H%M%SZ}"
    a.body = a.body.replace("BEGIN:VEVENT\r\n", f"BEGIN:VEVENT\r\n{stamp}\r\n")


def _run_of_bank(a: Answer, q: Asking) -> None:
    run = q.shared.next("run", 4_100)
    a.body = f"0{run:08d}{datetime.fromtimestamp(q.now, UTC):%H%M%S}SEPA\n{a.body}"


def _state(a: Answer, q: Asking) -> None:
    state = {"session": q.hexes(24), "basket": 1 + q.fixed("basket", 7), "at": int(q.now * 1000)}
    script = f'<script id="state" type="application/json">{json.dumps(state)}</script>'
    a.body = a.body.replace("</body>", f"{script}</body>")


def _related(a: Answer, q: Asking) -> None:
    links = "".join(f'<li><a href="/p/{name}">{name}</a></li>' for name in q.dice.sample(RELATED, len(RELATED)))
    a.body = a.body.replace("</body>", f"<ul>{links}</ul></body>")


def _rows_of_sheet(a: Answer, q: Asking) -> None:
    head, *rows = a.body.splitlines(keepends=True)
    q.dice.shuffle(rows)
    a.body = head + "".join(rows)


def _updated(a: Answer, q: Asking) -> None:
    at = f"<updated>{datetime.fromtimestamp(q.now, UTC):%Y-%m-%dT%H:%M:%SZ}</updated>"
    a.body = a.body.replace("<author>", f"{at}<author>")


def _scores(a: Answer, q: Asking) -> None:
    for place, row in enumerate(a.body["found"]):
        row["score"] = round(9 - place + q.dice.gauss(0, 0.05), 4)


def _shards(a: Answer, q: Asking) -> None:
    failed = [{"shard": q.dice.randrange(5), "reason": "timed out"}] if q.dice.random() < 0.07 else []
    a.body["shards"] = {"total": 5, "successful": 5 - len(failed), "failed": failed}


def _locked(a: Answer, q: Asking) -> None:
    if q.dice.random() < 0.08:
        a.status, a.body = 423, {"error": "locked", "by": f"job {q.dice.randint(100, 999)}"}


def _partial(a: Answer, q: Asking) -> None:
    if q.dice.random() < 0.02:
        a.body["found"].pop()
        a.body["timed_out"] = True


def _old_prices(a: Answer, q: Asking) -> None:
    old = q.dice.random() < 0.01
    a.body["price_list"] = {"version": 41 if old else 42, "factor": 1.02 if old else 1.05}


def _read_only(a: Answer, q: Asking) -> None:
    if q.now % QUARTER_OF_AN_HOUR < READ_ONLY:
        a.body["read_only"] = True


def _challenge(a: Answer, q: Asking) -> None:
    if q.dice.random() < 0.003:
        a.status = 403
        a.headers = {"content-type": "text/html; charset=utf-8"}
        a.body = "<!doctype html><title>One moment</title><p>Checking your browser.</p>"


def _row_twice(a: Answer, q: Asking) -> None:
    rows = a.body["data"]
    if rows and q.dice.random() < 0.005:
        rows.append(dict(rows[-1]))


def _heap(a: Answer, q: Asking) -> None:
    a.body["heap_mb"] = q.dice.randint(58, 66) if q.extracted else q.dice.randint(600, 1_900)


def _thread(a: Answer, q: Asking) -> None:
    a.body["thread"] = f"worker-{q.dice.randrange(4)}" if q.extracted else f"http-nio-8080-exec-{q.dice.randint(1, 25)}"


SERVER_TIMING = Noise(
    "server_timing_header", "charge", "how long database and view took", _server_timing, headers=("server-timing",)
)
LIMITS = Noise("limits_in_a_header", "customer", "limit, remaining, reset, shared by both sides", _limits,
               headers=("ratelimit",))  # fmt: skip
MIRROR = Noise("one_of_three_mirrors", "moved", "the host of a redirect", _mirror, headers=("location",))
COSTS = Noise("cost_of_the_query", "graphql", "points taken and left", _cost)
HEARTBEATS = Noise("sse_heartbeats", "events", "ids of the clock, and some comments between", _heartbeats)
STAMPED = Noise("ics_stamp", "calendar", "DTSTAMP in each event", _stamped)
RUN_OF_BANK = Noise("record_of_the_run", "bank", "a first record with a number and a time", _run_of_bank)
STATE = Noise("state_in_a_script", "page", "JSON in a page: session and time, beside a steady basket", _state)
RELATED_LINKS = Noise("links_in_random_order", "page", "four links", _related)
ROWS_OF_SHEET = Noise("csv_rows_in_random_order", "sheet", "as no ORDER BY gives them", _rows_of_sheet)
UPDATED = Noise("atom_updated", "atom", "the feed's time", _updated)
SCORES = Noise("score_of_each_result", "search", "a number with a jitter of 0.05", _scores)
SHARDS = Noise("shard_failed_in_7_percent", "search", "a list that is empty in 93 %", _shards, share=0.07)
LOCKED = Noise("status_423_in_8_percent", "profile", "locked by another", _locked, share=0.08, alone=True)
UNSEEN_ELSEWHERE = (
    DEBUG, SERVER_TIMING, LIMITS, MIRROR, COSTS, HEARTBEATS, STAMPED, RUN_OF_BANK, STATE, RELATED_LINKS, ROWS_OF_SHEET,
    UPDATED, SCORES, SHARDS, LOCKED,
)  # fmt: skip
UNSEEN_RARE = (
    Noise("partial_results_in_2_percent", "search", "a result fewer, and a word of it", _partial, 0.02, alone=True),
    Noise("old_price_list_in_1_percent", "product", "a server that was not restarted", _old_prices, 0.01, alone=True),
    Noise("row_twice_in_0.5_percent", "refunds", "the last row once more", _row_twice, 0.005, alone=True),
    Noise("read_only_for_seconds", "invoice", "4 s of 15 min, then of both sides", _read_only, 0.0044, alone=True),
    Noise("challenge_in_0.3_percent", "charge", "403 and a page", _challenge, 0.003, alone=True),
)
UNSEEN_BY_SIDE = (
    Noise("heap_of_each_runtime", "customer", "megabytes: the service is twenty times smaller", _heap, alone=True),
    Noise("thread_of_each_runtime", "refund", "names of another server's threads", _thread, alone=True),
)
