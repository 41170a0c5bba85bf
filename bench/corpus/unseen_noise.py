"""Noise of a former held-out part in fields of JSON answers: what shops, queues and dashboards say anew each time."""

from __future__ import annotations

import math
from datetime import UTC, datetime

from bench.corpus.kinds import Answer, Asking, Noise

USERS = ("ada", "grace", "jo", "lin")
PRESENT = ("online",) * 6 + ("away",) * 3 + ("offline",)
PARTITIONS = 8
FACTORS = (1.0, 1.0, 1.25, 1.5)
HALVES = tuple(f"{hour:02d}:{minute:02d}" for hour in range(9, 17) for minute in (0, 30))
WAITS = (1, 1, 1, 1, 2, 2, 2, 4, 4, 8)  # seconds
PICTURES = 12
PLAYERS = ("Aoi", "Bo", "Cem", "Dana", "Eve")
FIRST_REVISION = 70_000


def _presence(a: Answer, q: Asking) -> None:
    a.body["presence"] = {name: q.dice.choice(PRESENT) for name in USERS}


def _book(a: Answer, q: Asking) -> None:
    ticks = 9_000 + q.fixed("book", 4_000) + round(q.dice.gauss(0, 6))
    a.body["book"] = {"bid": f"{ticks / 100:.2f}", "ask": f"{(ticks + q.dice.randint(1, 4)) / 100:.2f}"}


def _experiment(a: Answer, q: Asking) -> None:
    arms: tuple[dict[str, object], ...] = (
        {"variant": "text", "copy": "Order now"},
        {"variant": "picture", "src": "/cta.webp", "width": 640},
        {"variant": "none"},
    )
    a.body["call_to_action"] = q.dice.choices(arms, (5, 3, 2))[0]


def _revision(a: Answer, q: Asking) -> None:
    a.body["revision"] = q.shared.next("revision", FIRST_REVISION, q.dice.randint(0, 1))


def _read_from(a: Answer, q: Asking) -> None:
    replica = q.dice.random() < 0.2
    a.body["read"] = {"from": "replica", "lag_ms": q.dice.randint(4, 900)} if replica else {"from": "primary"}


def _likes(a: Answer, q: Asking) -> None:
    a.body["likes"] = f"{(1.1 + q.fixed('likes', 80) / 10) * q.dice.uniform(0.95, 1.05):.1f}k"


def _ago(a: Answer, q: Asking) -> None:
    seconds = min(59, 1 + int(q.dice.expovariate(0.25)))
    a.body["synced"] = f"{seconds} {'second' if seconds == 1 else 'seconds'} ago"


def partition(q: Asking, number: int) -> dict[str, int]:
    return {"partition": number, "offset": q.shared.next(f"partition {number}", 41_000 + 977 * number)}


def _partition(a: Answer, q: Asking) -> None:
    a.body["stored"] = partition(q, q.dice.randrange(PARTITIONS))


def _surge(a: Answer, q: Asking) -> None:
    factor = q.dice.choice(FACTORS)
    a.body["ride"] = {"factor": factor, "price": int((800 + 4 * q.fixed("ride", 300)) * factor)}


def _slots(a: Answer, q: Asking) -> None:
    a.body["free_slots"] = [half for half in HALVES if q.dice.random() < 0.5]


def _iso_duration(a: Answer, q: Asking) -> None:
    a.body["computed_in"] = f"PT{math.exp(q.dice.gauss(-1.2, 0.6)):.3f}S"


def _parts(a: Answer, q: Asking) -> None:
    parts = {"geo": {"cell": q.fixed("cell", 9_000)}, "bureau": {"grade": "ABCD"[q.fixed("grade", 4)]},
             "device": {"trust": q.fixed("trust", 100)}}  # fmt: skip
    a.body["checks"] = {name: part for name, part in parts.items() if q.dice.random() < 0.9}


def _backoff(a: Answer, q: Asking) -> None:
    a.body["ask_again_in"] = q.dice.choice(WAITS)


def _picture(a: Answer, q: Asking) -> None:
    a.body["picture"] = f"https://img.example/placeholder/{q.dice.randint(1, PICTURES)}.svg"


def _leaders(a: Answer, q: Asking) -> None:
    points = {name: 500 + round(q.dice.gauss(0, 60)) for name in PLAYERS}
    ranked = sorted(points, key=lambda name: -points[name])
    a.body["leaders"] = [{"rank": place, "name": name, "points": points[name]} for place, name in enumerate(ranked, 1)]


def _snapshot(a: Answer, q: Asking) -> None:
    kept = q.own.counters
    if q.now - kept.get("snapshot", 0) > 20 + kept.get("open", 0) % 10:  # seconds; each side when it happens to
        kept |= {"snapshot": int(q.now), "open": q.dice.randint(300, 400)}
    a.body["desk"] = {"as_of": f"{datetime.fromtimestamp(kept['snapshot'], UTC):%H:%M:%S}", "open": kept["open"]}


def _debug(a: Answer, q: Asking) -> None:
    if q.dice.random() < 0.1:
        a.body["debug"] = {"queries": q.dice.randint(2, 9), "rows": q.dice.randint(10, 4_000)}


PRESENCE = Noise("presence_of_four", "customer", "who is online, away or offline", _presence)
BOOK = Noise("bid_and_ask", "charge", "prices of a market, the bid below the ask", _book)
EXPERIMENT = Noise(
    "variant_with_its_fields", "product", "one of three shapes of an object, 50, 30 and 20 %", _experiment
)
REVISION = Noise("slow_revision", "invoice", "a number that others raise at every second asking", _revision)
READ_FROM = Noise("read_from_a_replica", "refund", "a replica and its lag in 20 %", _read_from, share=0.2)
LIKES = Noise("abbreviated_number", "product", "1.2k, within 5 %", _likes)
AGO = Noise("time_ago", "profile", "seconds ago, in words", _ago)
PARTITION = Noise("partition_and_offset", "charge", "one of eight partitions, each with a counter", _partition)
SURGE = Noise("price_by_demand", "booking", "a factor, and a price that follows from it", _surge)
SLOTS = Noise("free_slots", "booking", "which of sixteen half-hours are free, in their order", _slots)
ISO_DURATION = Noise("iso_duration", "refund", "PT0.412S", _iso_duration)
PARTS = Noise("parts_that_may_fail", "customer", "three parts of an object, each missing in 10 %", _parts, share=0.27)
BACKOFF = Noise("wait_of_powers_of_two", "invoice", "1, 2, 4 or 8 seconds", _backoff)
PICTURE = Noise("placeholder_picture", "profile", "one of twelve URLs", _picture)
LEADERS = Noise("ranking", "customer", "five by their points, which change", _leaders)
SNAPSHOT = Noise("cached_for_half_a_minute", "statement", "time and count, as each side's cache has them", _snapshot)
DEBUG = Noise("sampled_in_10_percent", "charge", "an object for one asking of ten", _debug, share=0.1)

UNSEEN_FIELDS = (
    PRESENCE, BOOK, EXPERIMENT, REVISION, READ_FROM, LIKES, AGO, PARTITION, SURGE, SLOTS, ISO_DURATION, PARTS, BACKOFF,
    PICTURE, LEADERS, SNAPSHOT,
)  # fmt: skip
