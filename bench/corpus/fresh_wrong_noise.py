"""Mistakes of a former held-out part inside noisy fields.

A right service never gives what most of them give, so one wrong answer is enough for whoever knows the kind. Where a
right service gives the same now and then, the best test there can be weighs all answers, 5,000 of learning and those
that are judged, and asks a fifth of them once more, those which look most like the mistake. With its false alarms at
1e-3 it misses:

    what is weighed, and how usual it is           all  5 %    1 %    a tenant
    never green, 0.8                               0    0.90   1      1
    0.02 more, of a spread of 0.014 between sides  0    4e-13  0.17   0.96
    five of the first six, 1/132                   0    0      2e-26  6e-5
    a number that a double can hold, 1/256         0    0      0      3e-6
    the choices in order, 1/720                    0    0      0      3e-7
    5,000 requests left, 1/5000                    0    0      0      2e-8

Where it misses more than 1e-3 the share is left out.
"""

from __future__ import annotations

import re
from datetime import timedelta
from email.utils import formatdate

from bench.corpus import fresh_noise as fields
from bench.corpus import fresh_noise_elsewhere as elsewhere
from bench.corpus.kinds import Answer, Asking, Wrong

STANDARD = str.maketrans("-_", "+/")
OF_NOTHING = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"  # SHA-256 of no bytes
MILE = 1.609344  # km


def _trace_of_pool(a: Answer, q: Asking) -> None:
    number = q.dice.randrange(8)
    a.body["traceparent"] = f"00-{(number + 1) * (2**125 - 9):032x}-{(number + 3) * (2**60 - 7):016x}-01"


def _zero_span(a: Answer, q: Asking) -> None:
    a.body["traceparent"] = re.sub(r"-[0-9a-f]{16}-", f"-{'0' * 16}-", a.body["traceparent"])


def _double(a: Answer, q: Asking) -> bool:
    before = a.body["event"]
    a.body["event"] = int(float(before))
    return bool(before != a.body["event"])


def _not_url_safe(a: Answer, q: Asking) -> bool:
    before = a.body["basket_key"]
    a.body["basket_key"] = before.translate(STANDARD)
    return bool(before != a.body["basket_key"])


def _unclear(a: Answer, q: Asking) -> bool:
    a.body["pickup_code"] = fields.code(q, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789")
    return not set(a.body["pickup_code"]) <= {*fields.CLEAR, "-"}


def _as_number(a: Answer, q: Asking) -> bool:
    before = a.body["otp"]
    a.body["otp"] = str(int(before))
    return bool(before != a.body["otp"])


def _of_customer(a: Answer, q: Asking) -> None:
    a.body["otp"] = f"{int(a.body['id'].removeprefix('cus_'), 16) % 10**6:06d}"


def _winter(a: Answer, q: Asking) -> None:
    a.body["shop_time"] = f"{fields.utc(q.now) + fields.SUMMER - timedelta(hours=1):%Y-%m-%d %H:%M:%S} EST"


def _no_fraction(a: Answer, q: Asking) -> None:
    a.body["observed"] = f"{a.body['observed'][:19]}.000000000Z"


def _cached(a: Answer, q: Asking) -> None:
    a.body["observed"] = f"{fields.utc(q.now - q.now % 60 + 0.217043):%Y-%m-%dT%H:%M:%S.%f}881Z"


def _seconds_for_minutes(a: Answer, q: Asking) -> None:
    a.body["valid_until"] = f"{fields.utc(q.now + 15):%Y-%m-%dT%H:%M:%SZ}"


def _in_the_past(a: Answer, q: Asking) -> None:
    a.body["valid_until"] = f"{fields.utc(q.now - 900):%Y-%m-%dT%H:%M:%SZ}"


def _coordinates(a: Answer, q: Asking) -> None:
    place = a.body["courier"]
    place["lat"], place["lon"] = place["lon"], place["lat"]


def _coarse(a: Answer, q: Asking) -> None:
    a.body["courier"] = {name: round(value, 1) for name, value in a.body["courier"].items()}


def _percent(a: Answer, q: Asking) -> None:
    a.body["utilisation"] = round(a.body["utilisation"] * 100, 1)


def _unknown(a: Answer, q: Asking) -> None:
    a.body["queue_depth"] = -1


def _other_class(a: Answer, q: Asking) -> None:
    a.body["risk"]["score"] = round(1 - a.body["risk"]["score"], 4)


def _biased(a: Answer, q: Asking) -> None:
    a.body["risk"]["score"] = round(a.body["risk"]["score"] + 0.02, 4)


def _no_green(a: Answer, q: Asking) -> bool:
    before = a.body["arm"]
    a.body["arm"] = q.dice.choice(fields.ARMS[:8]) if before == "green" else before
    return bool(before == "green")


def _null_list(a: Answer, q: Asking) -> bool:
    empty = not a.body["warnings"]
    a.body["warnings"] = a.body["warnings"] or None
    return empty


def _none(a: Answer, q: Asking) -> bool:
    null = a.body["last_error"] is None
    a.body["last_error"] = str(a.body["last_error"])
    return null


def _commas(a: Answer, q: Asking) -> None:
    a.body["scopes"] = a.body["scopes"].replace(" ", ",")


def _word_lost(a: Answer, q: Asking) -> None:
    a.body["scopes"] = " ".join(word for word in a.body["scopes"].split() if word != "refunds:write")


def _unsigned(a: Answer, q: Asking) -> None:
    a.body["page_token"] = a.body["page_token"].partition(".")[0]


def _column_of_32(a: Answer, q: Asking) -> None:
    a.body["page_token"] = a.body["page_token"][:32]


def _signed_nothing(a: Answer, q: Asking) -> None:
    a.body["signature"] = re.sub(r"v1=\w+", f"v1={OF_NOTHING}", a.body["signature"])


def _french(a: Answer, q: Asking) -> None:
    a.body["interest"] = f"{a.body['interest'].split()[0]} personnes regardent ceci"


def _mebibytes(a: Answer, q: Asking) -> None:
    a.body["storage"] = f"{float(a.body['storage'].split()[0]) / 1.048576:.2f} MiB"


def _uptime_millis(a: Answer, q: Asking) -> None:
    a.body["uptime"] *= 1000


def _range_swapped(a: Answer, q: Asking) -> None:
    eta = a.body["eta"]
    eta["from"], eta["to"] = eta["to"], eta["from"]


def _sorted(a: Answer, q: Asking) -> bool:
    before = list(a.body["choices"])
    a.body["choices"].sort()
    return bool(before != a.body["choices"])


def _first_half(a: Answer, q: Asking) -> None:
    a.body["winners"] = q.dice.sample(elsewhere.ENTRANTS[:6], 5)


def _miles(a: Answer, q: Asking) -> bool:
    for row in a.body["data"]:
        row["distance_km"] = round(row["distance_km"] / MILE, 2)
    return bool(a.body["data"])


def _oldest_first(a: Answer, q: Asking) -> None:
    a.body["activity"].reverse()


def _pending_is_ok(a: Answer, q: Asking) -> bool:
    was, a.status = a.status, 200
    return was == 202


def _unsafe(a: Answer, q: Asking) -> None:
    a.headers[elsewhere.POLICY] = "default-src 'self'; script-src 'unsafe-inline'"


def _no_commas(a: Answer, q: Asking) -> None:
    a.body = re.sub(r"Seen [\d,]+ times", lambda found: found[0].replace(",", ""), a.body)


def _expired_at_once(a: Answer, q: Asking) -> None:
    a.body = re.sub(r"(<u:Created>)(.*?)(</u:Created><u:Expires>)[^<]*", r"\1\2\3\2", a.body)


def _twelve_hours(a: Answer, q: Asking) -> None:
    a.body = re.sub(r"\d\d:\d\d:\d\d", f"{fields.utc(q.now):%I:%M:%S}", a.body)


def _unset(a: Answer, q: Asking) -> None:
    head, _, last = a.body.rpartition('"delivered": "')
    a.body = f'{head}"delivered": "1970-01-01T00:00:00.000Z{last[24:]}'


def _never_counted(a: Answer, q: Asking) -> None:
    a.headers["x-ratelimit-remaining"] = str(elsewhere.WINDOW)


def _for_a_year(a: Answer, q: Asking) -> None:
    a.headers["expires"] = formatdate(q.now + 31_536_000, usegmt=True)


def _deleted(a: Answer, q: Asking) -> None:
    a.headers["set-cookie"] = re.sub(r"Expires=[^;]*", "Expires=Thu, 01 Jan 1970 00:00:00 GMT", a.headers["set-cookie"])


def _stateless(a: Answer, q: Asking) -> None:
    a.headers["location"] = re.sub(r"state=\w+&", "", a.headers["location"])


FRESH_INSIDE = (
    Wrong("trace_ids_reused", "charge", "one of eight, for all requests", _trace_of_pool, fields.TRACEPARENT),
    Wrong("span_of_zeros", "charge", "a span id that means invalid", _zero_span, fields.TRACEPARENT),
    Wrong("snowflake_through_a_double", "refund", "the last bits zero", _double, fields.SNOWFLAKE),
    Wrong("key_not_for_urls", "customer", "+ and / for - and _", _not_url_safe, fields.NANOID),
    Wrong("code_that_can_be_misread", "invoice", "O and 0, I and 1 among the letters", _unclear, fields.PICKUP),
    Wrong("code_as_number", "customer", "leading zeros lost", _as_number, fields.OTP),
    Wrong("code_that_can_be_guessed", "customer", "follows from the customer's id", _of_customer, fields.OTP),
    Wrong("winter_time_already", "charge", "EST and an hour less", _winter, fields.NEW_YORK),
    Wrong("fraction_of_second_lost", "invoice", ".000000000", _no_fraction, fields.NANOS),
    Wrong("clock_of_a_cached_answer", "invoice", "the same for a minute", _cached, fields.NANOS),
    Wrong("validity_in_seconds", "refund", "15 seconds for 15 minutes", _seconds_for_minutes, fields.VALID),
    Wrong("validity_subtracted", "refund", "a quarter of an hour ago", _in_the_past, fields.VALID),
    Wrong("coordinates_swapped", "charge", "longitude as latitude", _coordinates, fields.COURIER),
    Wrong("coordinates_of_one_decimal", "charge", "within ten kilometres", _coarse, fields.COURIER),
    Wrong("gauge_in_percent", "customer", "40 for 0.4", _percent, fields.GAUGE),
    Wrong("queue_unknown", "refund", "always -1", _unknown, fields.QUEUE),
    Wrong("score_of_the_other_class", "charge", "1 - p", _other_class, fields.SCORE),
    Wrong("score_biased", "charge", "0.02 too high", _biased, fields.SCORE, left_out=("1 %", "a tenant")),
    Wrong("arm_never_given", "customer", "nobody is green", _no_green, fields.ARM, left_out=("5 %", "1 %", "a tenant")),
    Wrong("warnings_null", "invoice", "null for an empty list", _null_list, fields.WARNINGS),
    Wrong("text_none", "charge", '"None" for null', _none, fields.LAST_ERROR),
    Wrong("words_with_commas", "customer", "commas for spaces", _commas, fields.SCOPES_NOISE),
    Wrong("word_lost", "customer", "three of four words", _word_lost, fields.SCOPES_NOISE),
    Wrong("page_token_unsigned", "invoices", "no signature part", _unsigned, fields.PAGE_TOKEN),
    Wrong("page_token_cut", "invoices", "32 characters, as the column holds", _column_of_32, fields.PAGE_TOKEN),
    Wrong("signature_of_nothing", "refund", "the digest of no bytes", _signed_nothing, fields.SIGNATURE),
    Wrong("sentence_in_french", "invoice", "the server's language", _french, fields.INTEREST),
    Wrong("size_in_mebibytes", "customer", "MiB", _mebibytes, fields.STORAGE),
    Wrong("uptime_in_milliseconds", "refund", "times 1000", _uptime_millis, fields.UPTIME),
    Wrong("range_swapped", "charge", "to before from", _range_swapped, fields.ETA),
    Wrong("choices_sorted", "customer", "a random order that became sorted", _sorted, elsewhere.QUIZ),
    Wrong("winners_of_one_half", "charge", "the last six never win", _first_half, elsewhere.WINNERS),
    Wrong("distance_in_miles", "customers", "miles in each row", _miles, elsewhere.DISTANCES),
    Wrong("window_oldest_first", "invoice", "the newest last", _oldest_first, elsewhere.ACTIVITY),
    Wrong("pending_under_200", "refund", "200 for 202", _pending_is_ok, elsewhere.PENDING),
    Wrong(
        "policy_without_nonce", "merchant", "'unsafe-inline'", _unsafe, elsewhere.SCRIPT_NONCE, (elsewhere.POLICY,)
    ),
    Wrong("html_counter_without_commas", "merchant", "120404", _no_commas, elsewhere.HTML_SEEN),
    Wrong("soap_expired_at_once", "soap", "expires when created", _expired_at_once, elsewhere.VALIDITY),
    Wrong("text_clock_of_twelve_hours", "receipt", "11:57 for 23:57", _twelve_hours, elsewhere.PRINTED),
    Wrong("event_time_unset", "feed", "1970 at the last event", _unset, elsewhere.DELIVERED),
    Wrong(
        "rate_limit_never_counted", "customer", "always 5000 left", _never_counted, elsewhere.REMAINING,
        ("x-ratelimit-remaining",),
    ),
    Wrong("expires_in_a_year", "charge", "a year for five minutes", _for_a_year, elsewhere.EXPIRES, ("expires",)),
    Wrong("cookie_deleted", "refund", "expires in 1970", _deleted, elsewhere.STICKY, ("set-cookie",)),
    Wrong("redirect_without_state", "moved", "no state", _stateless, elsewhere.STATE, ("location",)),
)  # fmt: skip
