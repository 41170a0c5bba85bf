"""Noise in the fields of JSON answers: what a server says otherwise when it is asked the same again, and is right."""

from __future__ import annotations

import base64
import math
from datetime import UTC, datetime
from email.utils import formatdate
from uuid import UUID

from bench.corpus.kinds import Answer, Asking, Noise

CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
HOSTS = ("app-01.fra", "app-02.fra", "app-03.fra", "app-07.ams")
PODS = ("tripe-6d5f9c7b4-x2x8q", "tripe-6d5f9c7b4-mlk0p", "tripe-6d5f9c7b4-zz7rd")
GOODS = ("beans", "filters", "grinder", "kettle", "cup", "scale", "tamper", "tray")


def uuid4(q: Asking) -> str:
    return str(UUID(int=q.dice.getrandbits(128), version=4))


def iso(q: Asking, back: float = 0.0) -> str:
    return datetime.fromtimestamp(q.now - back, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def cursor(q: Asking) -> str:
    return base64.urlsafe_b64encode(f"{int(q.now * 1000)}:{q.hexes(12)}".encode()).decode().rstrip("=")


def ulid(q: Asking) -> str:
    bits = int(q.now * 1000) << 80 | q.dice.getrandbits(80)
    return "".join(CROCKFORD[bits >> shift & 31] for shift in range(125, -5, -5))


def _request_id(a: Answer, q: Asking) -> None:
    a.body["request_id"] = f"req_{q.hexes(16)}"


def _request_uuid(a: Answer, q: Asking) -> None:
    a.body["correlation_id"] = uuid4(q)


def _trace(a: Answer, q: Asking) -> None:
    a.body["trace"] = ulid(q)


def _second(a: Answer, q: Asking) -> None:
    a.body["generated"] = int(q.now)


def _millis(a: Answer, q: Asking) -> None:
    a.body["ts"] = int(q.now * 1000)


def _iso(a: Answer, q: Asking) -> None:
    a.body["served_at"] = iso(q)


def _iso_second(a: Answer, q: Asking) -> None:
    a.body["as_of"] = datetime.fromtimestamp(int(q.now), UTC).isoformat()


def _http_date(a: Answer, q: Asking) -> None:
    a.body.setdefault("meta", {})["date"] = formatdate(q.now, usegmt=True)


def _sentence(a: Answer, q: Asking) -> None:
    a.body["disclaimer"] = f"Prices as of {datetime.fromtimestamp(q.now, UTC):%H:%M:%S} UTC, without warranty."


def _duration(a: Answer, q: Asking) -> None:
    a.body["duration_ms"] = round(math.exp(q.dice.gauss(3.2, 0.5)), 3)


def _faster(a: Answer, q: Asking) -> None:
    a.body["took"] = round(math.exp(q.dice.gauss(1.9 if q.extracted else 3.0, 0.4)), 2)


def _counter(a: Answer, q: Asking) -> None:
    a.body["seq"] = q.shared.next("seq", 8_412_377, q.dice.randint(1, 9))


def _own_counter(a: Answer, q: Asking) -> None:
    a.body["served"] = q.own.next("served", 17 if q.extracted else 90_411)


def _flag_20(a: Answer, q: Asking) -> None:
    a.body["new_checkout"] = q.dice.random() < 0.2


def _flag_5(a: Answer, q: Asking) -> None:
    a.body["variant"] = "b" if q.dice.random() < 0.05 else "a"


def _absent(a: Answer, q: Asking) -> None:
    if q.dice.random() >= 0.05:
        a.body["recommendation"] = {"sku": f"sku-{q.fixed('sku', 900)}", "reason": "bought together"}


def _null_or_absent(a: Answer, q: Asking) -> None:
    if q.dice.random() < 0.5:
        a.body["hint"] = None


def _jitter(a: Answer, q: Asking) -> None:
    parts = [q.fixed(f"part{place}", 10_000) / 700 for place in range(6)]
    q.dice.shuffle(parts)
    a.body["weight"] = sum(parts)


def _cache(a: Answer, q: Asking) -> None:
    age = q.dice.randint(0, 59)
    a.body["cache"] = {"hit": age > 6, "age": age}


def _nonce(a: Answer, q: Asking) -> None:
    a.body["nonce"] = base64.b64encode(q.dice.randbytes(18)).decode()


def _host(a: Answer, q: Asking) -> None:
    a.body["host"] = q.dice.choice(HOSTS)


def _other_hosts(a: Answer, q: Asking) -> None:
    a.body["node"] = q.dice.choice(PODS if q.extracted else HOSTS)


def _estimate(a: Answer, q: Asking) -> None:
    a.body["about"] = round((1200 + q.fixed("about", 800)) * q.dice.uniform(0.97, 1.03), -1)


def _cursor(a: Answer, q: Asking) -> None:
    a.body["next_cursor"] = cursor(q)


def _signed(a: Answer, q: Asking) -> None:
    expires, name = int(q.now) + 900, f"f{q.fixed('file', 5000)}.png"
    a.body["image"] = f"https://cdn.example/{name}?Expires={expires}&Signature={q.hexes(40)}"


def _countdown(a: Answer, q: Asking) -> None:
    a.body["expires_in"] = 3600 - int(q.now) % 600


def _stock(a: Answer, q: Asking) -> None:
    a.body["in_stock"] = max(0, 40 + q.fixed("stock", 60) + q.dice.randint(-2, 2))


def _rate(a: Answer, q: Asking) -> None:
    a.body["fx"] = {"eur_usd": round(1.0841 + 0.004 * math.sin(q.now / 37) + q.dice.gauss(0, 0.0002), 5)}


def _jwt(a: Answer, q: Asking) -> None:
    head = base64.urlsafe_b64encode(b'{"alg":"HS256"}').decode().rstrip("=")
    claims = base64.urlsafe_b64encode(f'{{"iat":{int(q.now)},"sub":{q.fixed("sub", 999)}}}'.encode()).decode()
    a.body["token"] = f"{head}.{claims.rstrip('=')}.{q.hexes(43)}"


def _greeting(a: Answer, q: Asking) -> None:
    a.body["tip"] = q.dice.choice(("Did you know?", "Save with annual billing.", "New: payouts in EUR."))


def _last_login(a: Answer, q: Asking) -> None:
    a.body["last_seen"] = iso(q, q.dice.uniform(0, 20))


REQUEST_ID = Noise("request_id_hex", "charge", "req_ and 16 hex digits", _request_id)
REQUEST_UUID = Noise("request_id_uuid", "customer", "a random uuid", _request_uuid)
TRACE = Noise("trace_ulid", "invoice", "a ULID: time, then chance", _trace)
SECOND = Noise("clock_second", "charge", "epoch seconds", _second)
MILLIS = Noise("clock_millisecond", "refund", "epoch milliseconds", _millis)
ISO = Noise("clock_iso", "invoice", "ISO 8601 with milliseconds and Z", _iso)
ISO_SECOND = Noise("clock_iso_second", "customer", "ISO 8601 in whole seconds, with offset", _iso_second)
HTTP_DATE = Noise("http_date_in_body", "charge", "an HTTP date in a nested object", _http_date)
SENTENCE = Noise("clock_in_a_sentence", "invoice", "the time of day within a text", _sentence)
DURATION = Noise("duration_ms", "charge", "how long it took, lognormal, the same on both sides", _duration)
FASTER = Noise(
    "duration_of_a_faster_service", "refund", "the same, and the extracted side is three times faster", _faster
)
COUNTER = Noise("counter_of_the_database", "customer", "a sequence that both sides draw from", _counter)
OWN_COUNTER = Noise("counter_of_the_process", "charge", "each side counts what it served", _own_counter)
FLAG_20 = Noise("flag_20_percent", "customer", "an experiment that 20 % of askings are in", _flag_20)
FLAG_5 = Noise("flag_5_percent", "invoice", "the same with 5 %", _flag_5, share=0.05)
ABSENT = Noise("absent_in_5_percent", "charge", "an optional object that is not there in 5 %", _absent, share=0.05)
NULL_OR_ABSENT = Noise("null_or_absent", "refund", "null as often as not there", _null_or_absent)
JITTER = Noise("float_jitter", "customer", "a sum in random order: the last digits differ", _jitter)
CACHE = Noise("cache_age_and_hit", "invoice", "age in seconds, and whether it was a hit", _cache)
NONCE = Noise("nonce_base64", "charge", "24 characters of base64", _nonce)
HOST = Noise("server_hostname", "refund", "which of four servers answered", _host)
OTHER_HOSTS = Noise(
    "server_hostname_of_another_fleet", "customer", "the same; the new fleet has other names", _other_hosts
)
ESTIMATE = Noise("rounded_estimate", "charges", "an estimate within 3 %, rounded to tens", _estimate)
CURSOR = Noise("cursor_token", "invoices", "an opaque cursor: time and chance in base64", _cursor)
SIGNED = Noise("signed_url", "customer", "a URL with expiry and signature", _signed)
COUNTDOWN = Noise("expires_in", "charge", "seconds left, counting down", _countdown)
STOCK = Noise("live_stock", "invoice", "a number that others change meanwhile, by 2 at most", _stock)
RATE = Noise("exchange_rate", "refund", "a rate that drifts and jitters", _rate)
JWT = Noise("jwt", "customer", "a signed token with the second of issue", _jwt)
GREETING = Noise("rotating_text", "charge", "one of three texts", _greeting)
LAST_SEEN = Noise("last_seen", "customer", "a time within the last 20 seconds", _last_login)

FIELDS = (
    REQUEST_ID, REQUEST_UUID, TRACE, SECOND, MILLIS, ISO, ISO_SECOND, HTTP_DATE, SENTENCE, DURATION, FASTER, COUNTER,
    OWN_COUNTER, FLAG_20, FLAG_5, ABSENT, NULL_OR_ABSENT, JITTER, CACHE, NONCE, HOST, OTHER_HOSTS, ESTIMATE, CURSOR,
    SIGNED, COUNTDOWN, STOCK, RATE, JWT, GREETING, LAST_SEEN,
)  # fmt: skip
