"""Noise of a former held-out part in lists, documents, headers and the status; real noise; rare noise."""

from __future__ import annotations

import base64
from datetime import UTC, datetime
from email.utils import formatdate

from bench.corpus.fresh_noise import utc
from bench.corpus.kinds import Answer, Asking, Noise

ANSWERS = ("aroma", "body", "crema", "finish", "roast", "sweetness")
ENTRANTS = tuple(f"entrant-{number:02d}" for number in range(1, 13))
WINDOW = 5000  # requests an hour
POLICY = "content-security-policy"


def _quiz(a: Answer, q: Asking) -> None:
    a.body["choices"] = q.dice.sample(ANSWERS, len(ANSWERS))


def _winners(a: Answer, q: Asking) -> None:
    a.body["winners"] = q.dice.sample(ENTRANTS, 5)


def _distances(a: Answer, q: Asking) -> None:
    for row in a.body["data"]:
        row["distance_km"] = round(3 + int(row["id"][-3:], 16) % 60 + q.dice.gauss(0, 0.15), 2)


def _activity(a: Answer, q: Asking) -> None:
    newest = q.shared.next("activity", 51_200, q.dice.randint(0, 3))
    a.body["activity"] = [{"seq": newest - place, "kind": "view"} for place in range(5)]


def _pending(a: Answer, q: Asking) -> None:
    if q.dice.random() < 0.3:
        a.status = 202
        a.body = {"object": "job", "state": "pending", "poll_after": 2}


def _script_nonce(a: Answer, q: Asking) -> None:
    nonce = base64.b64encode(q.dice.randbytes(16)).decode()
    a.headers[POLICY] = f"default-src 'self'; script-src 'nonce-{nonce}'"
    a.body = a.body.replace("</body>", f'<script nonce="{nonce}">ready()</script></body>')


def _html_seen(a: Answer, q: Asking) -> None:
    seen = q.shared.next("seen", 120_400, q.dice.randint(1, 5))
    a.body = a.body.replace("</body>", f'<p class="seen">Seen {seen:,} times.</p></body>')


def _validity(a: Answer, q: Asking) -> None:
    times = [f"{utc(q.now + later):%Y-%m-%dT%H:%M:%SZ}" for later in (0, 300)]
    stamp = f"<u:Timestamp><u:Created>{times[0]}</u:Created><u:Expires>{times[1]}</u:Expires></u:Timestamp>"
    security = f'<u:Security xmlns:u="urn:tripe:security">{stamp}</u:Security>'
    a.body = a.body.replace("</s:Header>", f"{security}</s:Header>")


def _printed(a: Answer, q: Asking) -> None:
    printed = f"Printed {utc(q.now):%d.%m.%Y %H:%M:%S}, till {q.dice.randint(1, 6)}"
    a.body = a.body.replace("Thank you!", f"{printed}\nThank you!")


def _delivered(a: Answer, q: Asking) -> None:
    at = utc(q.now).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    a.body = a.body.replace("}\n", f', "delivered": "{at}"}}\n')


def _remaining(a: Answer, q: Asking) -> None:
    a.headers["x-ratelimit-remaining"] = str(WINDOW - q.own.next("asked", 900, q.dice.randint(1, 3)) % WINDOW)


def _expires(a: Answer, q: Asking) -> None:
    a.headers["expires"] = formatdate(q.now + 300, usegmt=True)


def _sticky(a: Answer, q: Asking) -> None:
    value = base64.b64encode(q.dice.randbytes(48)).decode()
    a.headers["set-cookie"] = f"lb={value}; Expires={formatdate(q.now + 604_800, usegmt=True)}; Path=/; Secure"


def _state(a: Answer, q: Asking) -> None:
    a.headers["location"] += f"?state={q.hexes(32)}&prompt=login"


def _as_it_is(a: Answer, q: Asking) -> None:
    """There is nothing to add to what was really answered."""


def _deprecated(a: Answer, q: Asking) -> None:
    if q.dice.random() < 0.02:
        a.body["deprecated"] = {"since": "2026-09-01", "use": "/v2"}


def _behind(a: Answer, q: Asking) -> None:
    late = 86_400 if q.dice.random() < 0.005 else 0
    a.body["rates_of"] = f"{datetime.fromtimestamp(1_793_300_000 - late, UTC):%Y-%m-%d}"


QUIZ = Noise("choices_in_random_order", "customer", "six words, shuffled anew", _quiz)
WINNERS = Noise("five_of_twelve", "charge", "five of twelve, drawn", _winners)
DISTANCES = Noise("jitter_in_each_row", "customers", "a measured distance in each row of a list", _distances)
ACTIVITY = Noise("moving_window", "invoice", "the five newest of a running number, newest first", _activity)
PENDING = Noise("status_202_in_30_percent", "refund", "not ready yet", _pending, share=0.3, alone=True)
SCRIPT_NONCE = Noise(
    "script_nonce", "merchant", "a nonce in the policy's header and in the page", _script_nonce, headers=(POLICY,)
)
HTML_SEEN = Noise("html_counter", "merchant", "a number with thousands' commas in a paragraph", _html_seen)
VALIDITY = Noise("soap_timestamp", "soap", "created, and five minutes later expires", _validity)
PRINTED = Noise("text_printed_at", "receipt", "day, time and till in a line of text", _printed)
DELIVERED = Noise("clock_in_each_event", "feed", "when each event was delivered", _delivered)
REMAINING = Noise(
    "rate_limit_header", "customer", "requests left, by each side", _remaining, headers=("x-ratelimit-remaining",)
)
EXPIRES = Noise("expires_header", "charge", "five minutes from now", _expires, headers=("expires",))
STICKY = Noise("load_balancer_cookie", "refund", "64 characters, for a week", _sticky, headers=("set-cookie",))
STATE = Noise("redirect_with_state", "moved", "a new state in the query", _state, headers=("location",))
FRESH_ELSEWHERE = (
    QUIZ, WINNERS, DISTANCES, ACTIVITY, PENDING, SCRIPT_NONCE, HTML_SEEN, VALIDITY, PRINTED, DELIVERED, REMAINING,
    EXPIRES, STICKY, STATE,
    *(Noise(f"as_it_is_{base}", base, "real askings, nothing added", _as_it_is, alone=True, as_it_is=True)
      for base in ("customer", "charges")),
)  # fmt: skip
FRESH_RARE = (
    Noise("deprecation_in_2_percent", "customer", "an object in 2 % of answers", _deprecated, 0.02, alone=True),
    Noise("replica_a_day_behind_in_0.5_percent", "charge", "yesterday's date in 0.5 %", _behind, 0.005, alone=True),
)
