"""Noise of a former held-out part in fields of JSON answers; written apart from the detector."""

from __future__ import annotations

import base64
from datetime import UTC, datetime, timedelta

from bench.corpus.kinds import Answer, Asking, Noise

URL_SAFE = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
CLEAR = "BCDFGHJKMPQRTVWXY346789"  # what a clerk reads out cannot be misheard
SUMMER = timedelta(hours=-4)  # New York is four hours behind until November 1st, 06:00 UTC
SNOWFLAKE_EPOCH = 1_420_070_400_000  # ms
STARTED = (1_793_400_000, 1_793_480_000)  # of the process: legacy, extracted
ARMS = ("control",) * 5 + ("blue",) * 3 + ("green",) * 2
SCOPES = ("charges:read", "customers:read", "invoices:read", "refunds:write")


def utc(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


def code(q: Asking, letters: str) -> str:
    drawn = "".join(q.dice.choices(letters, k=7))
    return f"{drawn[:4]}-{drawn[4:]}"


def _traceparent(a: Answer, q: Asking) -> None:
    a.body["traceparent"] = f"00-{q.hexes(32)}-{q.hexes(16)}-01"


def _snowflake(a: Answer, q: Asking) -> None:
    time = int(q.now * 1000) - SNOWFLAKE_EPOCH
    a.body["event"] = time << 22 | (7 if q.extracted else 3) << 12 | q.dice.getrandbits(12)


def _nanoid(a: Answer, q: Asking) -> None:
    a.body["basket_key"] = "".join(q.dice.choices(URL_SAFE, k=21))


def _pickup(a: Answer, q: Asking) -> None:
    a.body["pickup_code"] = code(q, CLEAR)


def _otp(a: Answer, q: Asking) -> None:
    a.body["otp"] = f"{q.dice.randrange(10**6):06d}"


def _new_york(a: Answer, q: Asking) -> None:
    a.body["shop_time"] = f"{utc(q.now) + SUMMER:%Y-%m-%d %H:%M:%S} EDT"


def _nanos(a: Answer, q: Asking) -> None:
    a.body["observed"] = f"{utc(q.now):%Y-%m-%dT%H:%M:%S.%f}{q.dice.randrange(1000):03d}Z"


def _valid(a: Answer, q: Asking) -> None:
    a.body["valid_until"] = f"{utc(q.now + 900):%Y-%m-%dT%H:%M:%SZ}"


def _courier(a: Answer, q: Asking) -> None:
    place = {"lat": 52.48 + q.fixed("lat", 800) / 1e4, "lon": 13.34 + q.fixed("lon", 900) / 1e4}
    a.body["courier"] = {name: round(value + q.dice.gauss(0, 0.0004), 6) for name, value in place.items()}


def _gauge(a: Answer, q: Asking) -> None:
    a.body["utilisation"] = round(q.dice.betavariate(4, 6), 3)


def _queue(a: Answer, q: Asking) -> None:
    a.body["queue_depth"] = sum(q.dice.random() < 0.3 for _ in range(40))


def _score(a: Answer, q: Asking) -> None:
    a.body["risk"] = {"model": "r4", "score": round(0.15 + q.fixed("score", 700) / 1000 + q.dice.gauss(0, 0.01), 4)}


def _arm(a: Answer, q: Asking) -> None:
    a.body["arm"] = q.dice.choice(ARMS)


def _warnings(a: Answer, q: Asking) -> None:
    a.body["warnings"] = [{"code": "slow_upstream", "service": "tax"}] if q.dice.random() < 0.1 else []


def _last_error(a: Answer, q: Asking) -> None:
    a.body["last_error"] = "bank connection reset" if q.dice.random() < 0.15 else None


def _scopes(a: Answer, q: Asking) -> None:
    a.body["scopes"] = " ".join(q.dice.sample(SCOPES, len(SCOPES)))


def _page_token(a: Answer, q: Asking) -> None:
    place = f'{{"after":{q.fixed("after", 9000)},"at":{int(q.now * 1000)}}}'
    a.body["page_token"] = f"{base64.urlsafe_b64encode(place.encode()).decode().rstrip('=')}.{q.hexes(24)}"


def _signature(a: Answer, q: Asking) -> None:
    a.body["signature"] = f"t={int(q.now)},v1={q.hexes(64)}"


def _interest(a: Answer, q: Asking) -> None:
    a.body["interest"] = f"{q.dice.randint(5, 40)} people are looking at this"


def _storage(a: Answer, q: Asking) -> None:
    a.body["storage"] = f"{q.dice.uniform(11.0, 14.0):.2f} MB"


def _uptime(a: Answer, q: Asking) -> None:
    a.body["uptime"] = int(q.now) - STARTED[q.extracted]


def _eta(a: Answer, q: Asking) -> None:
    first = 20 + q.fixed("eta", 15) + q.dice.randint(-3, 3)
    a.body["eta"] = {"from": first, "to": first + q.dice.randint(20, 30)}


TRACEPARENT = Noise("traceparent", "charge", "a W3C trace context: version, trace, span, flags", _traceparent)
SNOWFLAKE = Noise("snowflake_id", "refund", "a number of 64 bits: time, worker, chance", _snowflake)
NANOID = Noise("nanoid", "customer", "21 characters that may stand in a URL", _nanoid)
PICKUP = Noise("pickup_code", "invoice", "seven letters and digits that cannot be misread", _pickup)
OTP = Noise("one_time_code", "customer", "six digits as text", _otp)
NEW_YORK = Noise("clock_of_new_york", "charge", "local time with the zone's letters, in summer time", _new_york)
NANOS = Noise("clock_nanosecond", "invoice", "RFC 3339 with nine digits of a second", _nanos)
VALID = Noise("valid_until", "refund", "a quarter of an hour from now", _valid)
COURIER = Noise("gps_position", "charge", "latitude and longitude, within some 40 metres", _courier)
GAUGE = Noise("gauge_zero_to_one", "customer", "a share in use", _gauge)
QUEUE = Noise("queue_depth", "refund", "how many wait", _queue)
SCORE = Noise("model_score", "charge", "a probability that jitters by 0.01", _score)
ARM = Noise("arm_of_three", "customer", "one of three arms of an experiment, 50, 30 and 20 %", _arm)
WARNINGS = Noise("warning_in_10_percent", "invoice", "a list that is empty in 90 %", _warnings, share=0.1)
LAST_ERROR = Noise("text_for_null_in_15_percent", "charge", "null, and a text in 15 %", _last_error, share=0.15)
SCOPES_NOISE = Noise("words_in_random_order", "customer", "four words in one text, in any order", _scopes)
PAGE_TOKEN = Noise("signed_page_token", "invoices", "place and time in base64, a dot, a signature", _page_token)
SIGNATURE = Noise("signature_with_time", "refund", "t=, the second, v1=, 64 hex digits", _signature)
INTEREST = Noise("number_in_a_sentence", "invoice", "how many look at it", _interest)
STORAGE = Noise("size_with_unit", "customer", "a size that others change, in MB", _storage)
UPTIME = Noise("uptime", "refund", "seconds since each process began", _uptime)
ETA = Noise("estimated_range", "charge", "from and to, in minutes", _eta)

FRESH_FIELDS = (
    TRACEPARENT, SNOWFLAKE, NANOID, PICKUP, OTP, NEW_YORK, NANOS, VALID, COURIER, GAUGE, QUEUE, SCORE, ARM, WARNINGS,
    LAST_ERROR, SCOPES_NOISE, PAGE_TOKEN, SIGNATURE, INTEREST, STORAGE, UPTIME, ETA,
)  # fmt: skip
