"""Noise of a former held-out part in fields of JSON answers: of vehicles, games, calls, markets and devices."""

from __future__ import annotations

import base64
from datetime import timedelta
from zlib import crc32

from bench.corpus.fresh_noise import utc
from bench.corpus.kinds import Answer, Asking, Noise

CELLS = {20_417: 1_201, 20_418: 1_201, 20_977: 1_202, 21_003: 1_205, 21_004: 1_205}  # and the area each is in
FINDS, FIND_SHARES = ("wood", "iron", "pearl"), (66, 26, 8)
ARENAS = ("bay", "dune", "fort", "mine", "pier")
LADDER, LADDER_SHARES = (235, 560, 1_050, 1_750, 4_300), (10, 15, 20, 25, 30)  # kbit/s
TITLES = tuple(f"t-{number}" for number in range(101, 113))
COLLEAGUES = ("U1", "U2", "U3", "U4", "U5")
BUCKETS = 10
SIGNAL_SPREAD = 4  # dB
POLL = (2_000, 4_000)  # ms
TTL = 600  # seconds
ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"


def _vehicle(a: Answer, q: Asking) -> None:
    a.body["vehicle"] = {"heading": q.dice.randrange(360), "speed_kmh": round(q.dice.uniform(30, 55), 1)}


def _waiting(a: Answer, q: Asking) -> None:
    place = q.dice.randint(200, 6_000)
    a.body["waiting_room"] = {"place": place, "minutes": -(-place // 120)}


def _cell(a: Answer, q: Asking) -> None:
    cell = q.dice.choice(list(CELLS))
    a.body["cell"] = {"id": cell, "area": CELLS[cell]}


def _signal(a: Answer, q: Asking) -> None:
    a.body["reception_dbm"] = -75 + round(q.dice.gauss(0, SIGNAL_SPREAD))


def _find(a: Answer, q: Asking) -> None:
    a.body["find"] = q.dice.choices(FINDS, FIND_SHARES)[0]


def _arena(a: Answer, q: Asking) -> None:
    a.body["arena"] = q.dice.choice(ARENAS)


def _rtt(a: Answer, q: Asking) -> None:
    half = q.dice.lognormvariate(3, 0.3)
    high = half * q.dice.uniform(1.4, 2.5)
    times = (half, high, high * q.dice.uniform(1.2, 3))
    a.body["round_trip_ms"] = {name: round(time, 1) for name, time in zip(("p50", "p95", "p99"), times, strict=True)}


def frame(value: float, number: int) -> dict[str, object]:
    return {"value": value, "n": number, "crc": f"{crc32(f'{value:.2f};{number}'.encode()):08x}"}


def _frame(a: Answer, q: Asking) -> None:
    a.body["frame"] = frame(round(q.dice.gauss(20.5, 0.4), 2), q.shared.next("frame", 310_000, q.dice.randint(1, 3)))


def _bucket(a: Answer, q: Asking) -> None:
    a.body["bucket"] = q.dice.randrange(BUCKETS)


def _tonight(a: Answer, q: Asking) -> None:
    rack = 140 + 10 * q.fixed("rack", 12)
    price = rack - 10 * q.dice.randint(1, 6) - 1
    a.body["tonight"] = {"price": price, "instead_of": rack, "percent_off": round(100 * (rack - price) / rack)}


def _for_you(a: Answer, q: Asking) -> None:
    titles = q.dice.sample(TITLES, 4)
    weights = sorted((round(q.dice.random(), 3) for _ in titles), reverse=True)
    a.body["for_you"] = [{"title": title, "weight": weight} for title, weight in zip(titles, weights, strict=True)]


def _typing(a: Answer, q: Asking) -> None:
    a.body["typing"] = q.dice.sample(COLLEAGUES, q.dice.choice((0, 0, 1, 1, 2, 3)))


def _viewers(a: Answer, q: Asking) -> None:
    a.body["viewers"] = q.shared.next("viewers", 12_400, q.dice.randint(-9, 9))


def _rung(a: Answer, q: Asking) -> None:
    a.body["stream"] = {"kbps": q.dice.choices(LADDER, LADDER_SHARES)[0], "codec": "avc1"}


def _relay(a: Answer, q: Asking) -> None:
    secret = base64.b64encode(q.dice.randbytes(20)).decode()
    a.body["relay"] = {"user": f"{int(q.now) + TTL}:u{q.fixed('relay', 900)}", "credential": secret, "ttl": TTL}


def _next_times(a: Answer, q: Asking) -> None:
    first = utc(q.now) + timedelta(days=1)
    days = sorted(q.dice.sample(range(12), 3))
    a.body["next_times"] = [f"{first + timedelta(days=day):%Y-%m-%d}T{q.dice.randint(8, 16):02d}:40" for day in days]


def _posted_at(a: Answer, q: Asking) -> None:
    a.body["posted_at"] = f"{int(q.now)}.{q.dice.randrange(1_000_000):06d}"


def _poll(a: Answer, q: Asking) -> None:
    a.body["poll_in_ms"] = q.dice.randint(*POLL)


def _event(a: Answer, q: Asking) -> None:
    bits = int(q.now * 1000) << 80 | 7 << 76 | q.dice.getrandbits(12) << 64 | 2 << 62 | q.dice.getrandbits(62)
    text = f"{bits:032x}"
    a.body["event_key"] = "-".join((text[:8], text[8:12], text[12:16], text[16:20], text[20:]))


def _mix(a: Answer, q: Asking) -> None:
    first, second = q.dice.randint(40, 60), q.dice.randint(10, 30)
    a.body["mix"] = {"wind": first, "sun": second, "gas": 100 - first - second}


def _pool(a: Answer, q: Asking) -> None:
    busy = q.dice.randint(2, 17)
    a.body["agents"] = {"all": 20, "busy": busy, "free": 20 - busy}


def _hold(a: Answer, q: Asking) -> None:
    token = "".join(q.dice.choices(ALPHABET, k=16))
    a.body["hold"] = {"token": token, "until": int(q.now) + 480, "seats": 1 + q.fixed("held", 4)}


def _upsell(a: Answer, q: Asking) -> None:
    if q.dice.random() < 0.12:
        a.body["upsell"] = {"sku": f"UP-{q.fixed('upsell', 50):02d}", "percent_off": q.dice.choice((5, 10, 15))}


VEHICLE = Noise("heading_and_speed", "parcel", "of a van under way", _vehicle)
WAITING = Noise("place_in_waiting_room", "seats", "a place, and the minutes that follow from it", _waiting)
CELL = Noise("cell_and_its_area", "usage", "one of five cells, each in an area", _cell)
SIGNAL = Noise("reception_in_dbm", "meter", "normal, with 4 dB", _signal)
FIND = Noise("find_by_rarity", "save", "one of three, 66, 26 and 8 %", _find)
ARENA = Noise("one_of_five_arenas", "save", "drawn evenly", _arena)
RTT = Noise("percentiles_of_time", "film", "three times, each above the one before", _rtt)
FRAME = Noise("reading_with_checksum", "meter", "a value, a running number and the CRC of both", _frame)
BUCKET = Noise("bucket_of_ten", "toggles", "0 to 9, drawn evenly", _bucket)
TONIGHT = Noise("price_of_tonight", "stay", "a price, the one before, and the per cent between", _tonight)
FOR_YOU = Noise("four_titles_by_weight", "shelf", "four of twelve titles, the heaviest first", _for_you)
TYPING = Noise("who_is_typing", "talk", "none to three of five", _typing)
VIEWERS = Noise("live_viewers", "film", "a number that wanders, the same for both sides", _viewers)
RUNG = Noise("rung_of_bit_rates", "film", "one of five, the higher the likelier", _rung)
RELAY = Noise("relay_credentials", "talk", "a user with the time it ends, a secret, and how long", _relay)
NEXT_TIMES = Noise("next_free_times", "visit", "three within twelve days, the first first", _next_times)
POSTED_AT = Noise("second_and_six_digits", "talk", "the second, a dot, and six digits, as text", _posted_at)
POLL_IN = Noise("jittered_interval", "shelf", "2 to 4 s, in milliseconds", _poll)
EVENT = Noise("uuid_of_version_7", "channel", "the time, then chance", _event)
MIX = Noise("parts_of_a_hundred", "assessment", "three per cents that make 100", _mix)
POOL = Noise("agents_free_and_busy", "loan", "busy and free make 20", _pool)
HOLD = Noise("held_for_eight_minutes", "seats", "16 letters of base32, and an epoch second", _hold)
UPSELL = Noise("offer_in_12_percent", "stay", "an object for one asking of eight", _upsell, share=0.12)

LATER_FIELDS = (
    VEHICLE, WAITING, CELL, SIGNAL, FIND, ARENA, RTT, FRAME, BUCKET, TONIGHT, FOR_YOU, TYPING, VIEWERS, RUNG, RELAY,
    NEXT_TIMES, POSTED_AT, POLL_IN, EVENT, MIX, POOL, HOLD,
)  # fmt: skip
