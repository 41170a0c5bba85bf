"""Noise of a former held-out part in rows, documents, headers and the status; rare noise; and noise by side.

As before, noise by side is each side's own for good, and only a person can excuse it: LATER_BY_SIDE is reported apart.
"""

from __future__ import annotations

import json
import re

from bench.corpus.fresh_noise import utc
from bench.corpus.kinds import Answer, Asking, Noise
from bench.corpus.later_noise import UPSELL
from bench.corpus.noise_fields import uuid4

EDGES = ("FRA56-P3", "FRA60-P1", "HAM50-C2")
MISS_SHARE = 0.2
COOLING = 0.09
PARTIAL = 0.15


def _segment_clock(a: Answer, q: Asking) -> None:
    at = utc(q.now - q.dice.uniform(2, 9)).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    a.body = a.body.replace("#EXTINF", f"#EXT-X-PROGRAM-DATE-TIME:{at}\n#EXTINF", 1)


def _cache_buster(a: Answer, q: Asking) -> None:
    number = q.dice.randrange(10**8, 10**9)
    a.body = re.sub(r"(seen\.example/[is]\?ad=\d+)", rf"\1&cb={number}", a.body)


def _hl7_head(a: Answer, q: Asking) -> None:
    at = f"{utc(q.now):%Y%m%d%H%M%S}"
    number = f"TR{q.shared.next('hl7', 910_000):09d}"
    a.body = a.body.replace("|20260101000000||ORU^R01|0|", f"|{at}||ORU^R01|{number}|")


def _interchange(a: Answer, q: Asking) -> None:
    key = f"{q.shared.next('interchange', 55_000, q.dice.randint(1, 2)):014d}"
    a.body = f"UNB+UNOC:3+TRIPE:14+DEPOT:14+{utc(q.now):%y%m%d:%H%M}+{key}'\n{a.body}UNZ+1+{key}'\n"


def _process_metrics(a: Answer, q: Asking) -> None:
    seconds = q.own.next("cpu", 91_000, q.dice.randint(1, 40)) / 100
    memory = 1024 * q.dice.randint(80_000, 99_000)
    a.body += f"process_cpu_seconds_total {seconds}\nprocess_resident_memory_bytes {memory}\n"


def _addressing(a: Answer, q: Asking) -> None:
    ids = f"<w:MessageID>urn:uuid:{uuid4(q)}</w:MessageID><w:RelatesTo>urn:uuid:{uuid4(q)}</w:RelatesTo>"
    head = f'<e:Header xmlns:w="http://www.w3.org/2005/08/addressing">{ids}</e:Header>'
    a.body = a.body.replace("<e:Header/>", head)


def _seats_held(a: Answer, q: Asking) -> None:
    left = f'<p class="hold" data-until="{int(q.now) + 480}">Noch {q.dice.randint(3, 90)} Plätze</p>'
    a.body = a.body.replace("</body>", f'{left}<input type="hidden" name="key" value="{uuid4(q)}"></body>')


def _received(a: Answer, q: Asking) -> None:
    rows = a.body.splitlines()
    q.dice.shuffle(rows)
    a.body = "".join(f'{row[:-1]}, "rx": {int(q.now * 1000) - q.dice.randint(5, 4_000)}}}\n' for row in rows)


def _cache_status(a: Answer, q: Asking) -> None:
    miss = q.dice.random() < MISS_SHARE
    a.headers["cache-status"] = f"{q.dice.choice(EDGES)}; {'fwd=miss; stored' if miss else 'hit'}"


def _resume(a: Answer, q: Asking) -> None:
    a.headers["location"] += f"?session={q.dice.getrandbits(63)}&expires={int(q.now) + 86_400}"


def _weights(a: Answer, q: Asking) -> None:
    for place, row in enumerate(a.body["suggestions"]):
        row["weight"] = round(0.9 - place / 10 + q.dice.uniform(-0.03, 0.03), 5)


def _listeners(a: Answer, q: Asking) -> None:
    by = [f"U{number}" for number in range(3, 7)]
    q.dice.shuffle(by)
    a.body["seen_by"] = [{"user": user, "at": int(q.now) - q.dice.randint(0, 900)} for user in by]


def _resolvers(a: Answer, q: Asking) -> None:
    start, said = 0, []
    for name in ("channel", "title", "messages"):
        took = q.dice.randint(4_000, 90_000)
        said.append({"path": ["channel", name], "startOffset": start, "duration": took})
        start += took
    a.body["extensions"] = {"tracing": {"version": 1, "duration": start, "resolvers": said}}


def _provisional(a: Answer, q: Asking) -> None:
    if a.body[-1][1] is not None:
        a.body[-1][1] = round(a.body[-1][1] + q.dice.gauss(0, 0.2), 2)


def _cooling(a: Answer, q: Asking) -> None:
    if q.dice.random() < COOLING:
        a.status = 504
        a.headers = {"content-type": "text/html"}
        a.body = f"<html><head><title>504</title></head><body>Ref. {q.hexes(16)}</body></html>"


def _partial_row(a: Answer, q: Asking) -> None:
    if q.dice.random() < PARTIAL:
        a.body["events"][0]["note"] = {"scanner": f"S{q.dice.randint(10, 99)}", "battery": q.dice.randint(20, 100)}


def _exported(a: Answer, q: Asking) -> None:
    a.body += f"# {utc(q.now):%d.%m.%Y %H:%M:%S};{q.shared.next('export', 700)}\r\n"


def _behind(a: Answer, q: Asking) -> None:
    late = q.dice.random() < 0.008
    a.body["state_of"] = {"version": 911 - late, "signal_dbm": a.body["signal_dbm"] - 3 * late}


def _gateway(a: Answer, q: Asking) -> None:
    if q.dice.random() < 0.004:
        a.status, a.body = 502, "<html><body><h1>502 Bad Gateway</h1></body></html>"
        a.headers = {"content-type": "text/html"}


def _cold(a: Answer, q: Asking) -> None:
    a.body["warm"] = q.dice.random() >= 0.02


def _cut_short(a: Answer, q: Asking) -> None:
    if q.dice.random() < 0.012:
        del a.body["suggestions"][1:]
        a.body["incomplete"] = True


def _connections(a: Answer, q: Asking) -> None:
    a.body["connections"] = q.dice.randint(2, 8) if q.extracted else q.dice.randint(45, 120)


def _query_plan(a: Answer, q: Asking) -> None:
    cost = f"{q.dice.uniform(8, 90):.2f}"
    a.body["plan_used"] = f"IXSCAN ix_loan ({cost})" if q.extracted else json.dumps({"Node": "Seq Scan", "Cost": cost})


SEGMENT_CLOCK = Noise("time_in_a_playlist", "playlist", "a few seconds ago, with milliseconds", _segment_clock)
CACHE_BUSTER = Noise("number_in_pixel_urls", "vast", "nine digits, the same in two URLs", _cache_buster)
HL7_HEAD = Noise("head_of_hl7", "hl7", "time and control id", _hl7_head)
INTERCHANGE = Noise("edifact_interchange", "edifact", "a time, and a reference at both ends", _interchange)
PROCESS_METRICS = Noise("metrics_of_the_process", "metrics", "processor time and memory", _process_metrics)
ADDRESSING = Noise("ws_addressing_ids", "provision", "two ids in the header", _addressing)
SEATS_HELD = Noise("held_seats_in_a_page", "ticket", "an end, places left and a key", _seats_held)
RECEIVED = Noise("lines_as_they_arrive", "lines", "in any order, with the time of arrival", _received)
CACHE_STATUS = Noise("cache_status_of_the_edge", "asset", "one of three edges, and whether it hit", _cache_status,
                     headers=("cache-status",))  # fmt: skip
RESUME = Noise("upload_session_in_location", "upload", "a number of 63 bits, and when it ends", _resume,
               headers=("location",))  # fmt: skip
WEIGHTS = Noise("weight_of_each_suggestion", "suggest", "a number with a jitter of 0.03", _weights)
LISTENERS = Noise("seen_by_in_any_order", "talk", "four users, and when each has seen it", _listeners)
RESOLVERS = Noise("tracing_of_resolvers", "channel", "each begins where the one before ends", _resolvers)
PROVISIONAL = Noise("last_point_is_provisional", "series", "the last of eight values jitters", _provisional)
COOLING_DOWN = Noise("status_504_in_9_percent", "labs", "a page of the gateway", _cooling, share=COOLING, alone=True)
PARTIAL_ROW = Noise("note_in_the_first_row", "parcel", "an object in 15 %", _partial_row, share=PARTIAL)
EXPORTED = Noise("line_below_a_sheet", "hours", "when it was made, and its number", _exported)
LATER_ELSEWHERE = (
    UPSELL, SEGMENT_CLOCK, CACHE_BUSTER, HL7_HEAD, INTERCHANGE, PROCESS_METRICS, ADDRESSING, SEATS_HELD, RECEIVED,
    CACHE_STATUS, RESUME, WEIGHTS, LISTENERS, RESOLVERS, PROVISIONAL, COOLING_DOWN, PARTIAL_ROW,
    EXPORTED,
)  # fmt: skip
LATER_RARE = (
    Noise("cold_start_in_2_percent", "save", "warm: false", _cold, 0.02, alone=True),
    Noise("cut_short_in_1.2_percent", "suggest", "one suggestion, and a word of it", _cut_short, 0.012, alone=True),
    Noise("state_behind_in_0.8_percent", "meter", "two fields of a replica", _behind, 0.008, alone=True),
    Noise("bad_gateway_in_0.4_percent", "usage", "502 and a page", _gateway, 0.004, alone=True),
)
LATER_BY_SIDE = (
    Noise("connections_of_each_pool", "payslip", "the service keeps a tenth of them", _connections, alone=True),
    Noise("query_plan_of_each_store", "loan", "another database says it otherwise", _query_plan, alone=True),
)
