"""Noise that was reported, in lists, documents, headers and the status; rare noise; and noise by side.

As before, noise by side is each side's own for good, and only a person can excuse it: REPORTED_BY_SIDE is reported
apart. The comment above each says where it was reported.
"""

from __future__ import annotations

import base64
import json

from bench.corpus.fresh_noise import utc
from bench.corpus.kinds import Answer, Asking, Noise
from bench.corpus.noise_fields import uuid4
from bench.corpus.reported_bases_lists import LIMIT, MAX_AGE

CORNERS = ("pihole-0", "pihole-1", "pihole-2")
LAG = (0, 1, 3)  # seconds by which each server checked a file out
UNAVAILABLE, UNLUCKY, GATEWAY, ORIGIN = 0.025, 0.012, 0.004, 0.008
CODES = (400, 502, 504)


def _any_order(a: Answer, q: Asking) -> None:
    q.dice.shuffle(a.body["concepts"])


def _ties(a: Answer, q: Asking) -> None:
    ties = a.body["items"][1:4]
    q.dice.shuffle(ties)
    a.body["items"][1:4] = ties


def _last_of_page(a: Answer, q: Asking) -> None:
    day = a.body["rows"][-1]["booked"]
    a.body["rows"][-1] = {"statement": 1_000_000 + q.dice.randrange(3), "party": "Miller", "booked": day,
                          "hidden": False}  # fmt: skip


def _jittered_scores(a: Answer, q: Asking) -> None:
    for place, row in enumerate(a.body["rows"]):
        row["score"] = round(11.4 - place + q.dice.uniform(-0.02, 0.02), 6)


def _runtime(a: Answer, q: Asking) -> None:
    a.headers["x-runtime"] = f"{q.dice.lognormvariate(-4, 0.4):.6f}"


def _request_id(a: Answer, q: Asking) -> None:
    a.headers["x-request-id"] = uuid4(q)


def _aria_ids(a: Answer, q: Asking) -> None:
    key = uuid4(q)
    head = f'<h2 id="title-{key}" aria-controls="body-{key}">'
    a.body = a.body.replace("<h2>", head).replace("<div>", f'<div id="body-{key}" aria-labelledby="title-{key}">')


def _form_token(a: Answer, q: Asking) -> None:
    token = base64.b64encode(q.dice.randbytes(48)).decode().replace("+", "a").replace("/", "b")
    a.body = a.body.replace("<button>", f'<input type="hidden" name="csrfmiddlewaretoken" value="{token}"><button>')


def _csp(a: Answer, q: Asking) -> None:
    nonce = base64.b64encode(q.dice.randbytes(16)).decode()
    a.headers["content-security-policy"] = f"script-src 'nonce-{nonce}' 'strict-dynamic'; base-uri 'none'"
    a.body = a.body.replace("<script>", f'<script nonce="{nonce}">')


def _checked_out(a: Answer, q: Asking) -> None:
    a.headers["last-modified"] = f"Thu, 18 Apr 2013 15:57:{40 + q.fixed('file', 9) + q.dice.choice(LAG):02d} GMT"


def _refreshed(a: Answer, q: Asking) -> None:
    session = json.dumps({"user": q.fixed("user", 900), "renewed": int(q.now)})
    value = base64.urlsafe_b64encode(session.encode()).decode().rstrip("=")
    a.headers["set-cookie"] = f"session={value}; Path=/; HttpOnly"


def _sid(a: Answer, q: Asking) -> None:
    a.headers["set-cookie"] = f"sid={uuid4(q)}; Path=/"


def _corner(a: Answer, q: Asking) -> None:
    a.body = a.body.replace("</h1>", f'</h1><p class="corner">{q.dice.choice(CORNERS)}</p>')


def _age(a: Answer, q: Asking) -> None:
    a.headers["age"] = str(q.dice.randrange(MAX_AGE))


def _limits(a: Answer, q: Asking) -> None:
    a.headers["x-rate-limit-limit"] = str(LIMIT)
    a.headers["x-rate-limit-remaining"] = str(q.dice.randrange(LIMIT))
    a.headers["x-rate-limit-reset"] = str(q.dice.randint(1, 60))


def _page_instead(a: Answer, status: int, text: str) -> None:
    a.status, a.headers = status, {"content-type": "text/html"}
    a.body = f"<html><head><title>{text}</title></head><body><h1>{text}</h1></body></html>"


def _unavailable(a: Answer, q: Asking) -> None:
    if q.dice.random() < UNAVAILABLE:
        _page_instead(a, 503, "Application is not available")


def _unlucky(a: Answer, q: Asking) -> None:
    if q.dice.random() < UNLUCKY:
        a.status, a.body = q.dice.choice(CODES), {"result": [], "message": "unknown"}


def _gateway(a: Answer, q: Asking) -> None:
    if q.dice.random() < GATEWAY:
        _page_instead(a, 504, "504: Gateway time-out")


def _origin(a: Answer, q: Asking) -> None:
    if q.dice.random() < ORIGIN:
        _page_instead(a, 520, f"520: unknown error, Ray {q.hexes(16)}")


def _etag_of_server(a: Answer, q: Asking) -> None:
    changed = q.dice.choice((1_414_576_453_000, 1_414_576_507_000)) + (1_808_496_000 if q.extracted else 0)
    a.headers["etag"] = f'"{3_368 + q.fixed("size", 90)}-{changed}"'


def _pod(a: Answer, q: Asking) -> None:
    pods = ("orders-58d9c4f6bb-k2x7p", "orders-58d9c4f6bb-q9wlz") if q.extracted else ("app-0", "app-1", "app-2")
    a.body["served_by"] = q.dice.choice(pods)
    a.body["utc"] = f"{utc(q.now):%H:%M:%S}"


# sonatype-nexus-community/auditjs#61
ANY_ORDER = Noise("results_not_in_the_order_asked", "concepts", "in any order", _any_order)
# wandb/weave#3581
TIES = Noise("rows_of_the_same_second", "cursor_page", "three in any order among five", _ties)
# postlight/lux#631
LAST_OF_PAGE = Noise("last_row_of_a_page", "found", "one of three of the same day", _last_of_page)
# qdrant/qdrant#7889
JITTERED_SCORES = Noise("score_by_replica", "found", "the last digits of each row", _jittered_scores)
# vcr/vcr#718
RUNTIME = Noise("x_runtime_header", "handlers", "seconds with six digits", _runtime, headers=("x-runtime",))
# arcus-azure/arcus.webapi#365
REQUEST_ID = Noise("x_request_id_header", "venue", "a UUID", _request_id, headers=("x-request-id",))
# daviferreira/react-sanfona#105
ARIA_IDS = Noise("ids_that_labels_point_to", "dashboard", "a UUID at four places", _aria_ids)
# cfpb/crawl-cfgov#28
FORM_TOKEN = Noise("token_in_a_form", "notes_page", "64 letters", _form_token)
# andrewlock/NetEscapades.AspNetCore.SecurityHeaders#117
CSP = Noise("nonce_in_header_and_page", "dashboard", "the same at both places", _csp,
            headers=("content-security-policy",))  # fmt: skip
# apache/httpd#13
CHECKED_OUT = Noise("last_modified_of_three_servers", "versioned", "one of three seconds", _checked_out,
                    headers=("last-modified",))  # fmt: skip
# hypothesis/h#2302
REFRESHED = Noise("session_renewed_each_second", "donation", "the second, within base64", _refreshed,
                  headers=("set-cookie",))  # fmt: skip
# unjs/ocache#68
SID = Noise("sid_of_every_answer", "post", "a UUID in a cookie", _sid, headers=("set-cookie",))
# MoJo2600/pihole-kubernetes#186
CORNER = Noise("host_in_the_corner", "home_page", "one of three", _corner)
# envoyproxy/envoy#15830
AGE = Noise("age_below_a_minute", "cached", "0 to 59", _age, headers=("age",))
# yiisoft/yii2#15432
LIMITS = Noise("rate_limit_of_ten", "offers", "what remains, and seconds until it is reset", _limits,
               headers=("x-rate-limit-limit", "x-rate-limit-remaining", "x-rate-limit-reset"))  # fmt: skip
REPORTED_ELSEWHERE = (
    ANY_ORDER, TIES, LAST_OF_PAGE, JITTERED_SCORES, RUNTIME, REQUEST_ID, ARIA_IDS, FORM_TOKEN, CSP, CHECKED_OUT,
    REFRESHED, SID, CORNER, AGE, LIMITS,
)  # fmt: skip
REPORTED_RARE = (
    # AdoptOpenJDK/openjdk-api-v3#341
    Noise("status_503_in_2.5_percent", "pipeline", "a page", _unavailable, UNAVAILABLE, alone=True),
    # foojayio/discoapi#45
    Noise("any_of_three_codes_in_1.2_percent", "census", "400, 502 or 504", _unlucky, UNLUCKY, alone=True),
    # itsyouonline/identityserver#601
    Noise("status_504_in_0.4_percent", "signed_in", "a page", _gateway, GATEWAY, alone=True),
    # opengovsg/plumber#769
    Noise("status_520_in_0.8_percent", "donation", "a page with a number", _origin, ORIGIN, alone=True),
)
REPORTED_BY_SIDE = (
    # expressjs/express#2445
    Noise("etag_by_the_clock_of_a_server", "handlers", "size, and when each server wrote the file", _etag_of_server,
          headers=("etag",), alone=True),
    # twosigma/waiter#1717
    Noise("name_of_each_deployments_pod", "health", "pods of two deployments, and the second", _pod, alone=True),
)  # fmt: skip
