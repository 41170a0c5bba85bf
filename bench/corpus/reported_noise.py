"""Noise that was reported, in fields of JSON answers: what made recorded answers and snapshots differ.

The comment above each says where it was reported: the project, and the number of the report.
"""

from __future__ import annotations

import base64
import json
from datetime import datetime, timedelta

from bench.corpus.fresh_noise import utc
from bench.corpus.kinds import Answer, Asking, Noise
from bench.corpus.noise_fields import uuid4

REGION = "eu-central-1"
SCORES = (4.4401283, 4.4452057)  # of the primary and of its replica
TOKEN_LETTERS = 64
TTL = 3_600  # seconds
NUMBERS = 100  # to pick one of
CREW = ("ann", "ben", "cem", "dag", "eve", "fay", "gus", "hal", "ida", "jon")
NOT_OF_THE_CREW = "zed"
WORKERS = (1_793_400_011, 1_793_433_007, 1_793_461_949, 1_793_488_000)  # when each was started


def micros(time: datetime) -> str:
    return time.replace(tzinfo=None).isoformat(timespec="microseconds") + "Z"


def millis(time: datetime) -> str:
    return time.replace(tzinfo=None).isoformat(timespec="milliseconds") + "Z"


def _snapshot(a: Answer, q: Asking) -> None:
    a.body["snapshot"] = {"keyspaces": ["ks1", "ks2"], "tag": str(int(q.now * 1000))}


def _window(a: Answer, q: Asking) -> None:
    end = utc(q.now)
    a.body["window"] = {"date_from": micros(end - timedelta(days=7)), "date_to": micros(end)}


def _recording(a: Answer, q: Asking) -> None:
    a.body["recording"] = {"created_at": millis(utc(q.now)), "duration": q.dice.randint(3_700, 4_100)}


def _plugin(a: Answer, q: Asking) -> None:
    pairs = [("field", "port"), ("type", "input"), ("value", q.fixed("port", 9_000))]
    q.dice.shuffle(pairs)
    a.body["plugin_params"] = json.dumps(dict(pairs))


def _uuid(a: Answer, q: Asking) -> None:
    a.body["response_uuid"] = uuid4(q)


def _log(a: Answer, q: Asking) -> None:
    number = q.shared.next("stream", 70_400, q.dice.randint(1, 4))
    a.body["log"] = {"LogID": f"{utc(q.now):%Y%m%d%H%M%S}{q.hexes(12).upper()}", "StreamCount": number}


def _correlation(a: Answer, q: Asking) -> None:
    a.body["correlation"] = {"traceId": q.hexes(32), "timestamp": int(q.now * 1000)}


def _audit_row(a: Answer, q: Asking) -> None:
    number = q.shared.next("audit", 8_120, q.dice.randint(1, 2))
    a.body["audit_row"] = {"id": number, "last_modified": micros(utc(q.now))}


def _query_time(a: Answer, q: Asking) -> None:
    a.body["queryTime"] = 1 + int(q.dice.lognormvariate(2.4, 0.5))


def _mirror_urls(a: Answer, q: Asking) -> None:
    urls = [f"https://{host}.example/f/{q.fixed('file', 900)}" for host in ("archive", "web", "repo")]
    a.body["mirror_urls"] = urls[::-1] if q.dice.random() < 0.5 else urls


def _resource(a: Answer, q: Asking) -> None:
    a.body["resource_id"] = q.dice.randrange(10_000, 100_000)


def _analytics(a: Answer, q: Asking) -> None:
    a.body["analytics"] = {"stage": "dev", "duration_ms": 20 + int(q.dice.lognormvariate(4, 0.4))}


def _csrf(a: Answer, q: Asking) -> None:
    salt = q.hexes(8)
    a.body["csrfToken"] = f"{salt}-{base64.urlsafe_b64encode(q.dice.randbytes(20)).decode().rstrip('=')}"


def _max_score(a: Answer, q: Asking) -> None:
    a.body["max_score"] = q.dice.choice(SCORES)


def _report_url(a: Answer, q: Asking) -> None:
    signature = base64.b64encode(q.dice.randbytes(20)).decode().replace("+", "%2B").replace("/", "%2F")
    a.body["report_url"] = (
        f"https://files.example/r/{q.fixed('report', 500)}.pdf?Expires={int(q.now) + 604_800}&Signature={signature}"
    )


def _photo_url(a: Answer, q: Asking) -> None:
    at = f"{utc(q.now):%Y%m%dT%H%M%SZ}"
    query = f"X-Amz-Date={at}&X-Amz-Expires=900&X-Amz-Signature={q.hexes(64)}"
    a.body["photo_url"] = f"https://photos.example/p/{q.fixed('photo', 800)}.jpg?{query}"


def _jwt_head(a: Answer, q: Asking) -> None:
    pairs = [("alg", "HS256"), ("typ", "JWT")]
    q.dice.shuffle(pairs)
    a.body["token_head"] = base64.urlsafe_b64encode(json.dumps(dict(pairs)).encode()).decode().rstrip("=")


def _about(a: Answer, q: Asking) -> None:
    exact = 4_000 + q.fixed("exact", 3_000)
    a.body["numTotalResults"] = round(exact * q.dice.uniform(0.99, 1.01))


def _session(a: Answer, q: Asking) -> None:
    a.body["session"] = {"id": f"{REGION}:{uuid4(q)}", "bot": "orders"}


def _chat(a: Answer, q: Asking) -> None:
    a.body["chat_session_id"] = q.shared.next("chat", 5_210, q.dice.randint(1, 3))


def _upgrade_token(a: Answer, q: Asking) -> None:
    a.body["upgrade_token"] = q.hexes(TOKEN_LETTERS)


def _access(a: Answer, q: Asking) -> None:
    a.body["access"] = {"token": q.hexes(40), "expires_in": TTL, "expires_at": int(q.now) + TTL,
                        "expiration": int(q.now * 1000) + 1000 * TTL}  # fmt: skip


def _number(a: Answer, q: Asking) -> None:
    a.body["nickname"] = f"buddy-{q.dice.randrange(NUMBERS):02d}"


def _squad(a: Answer, q: Asking) -> None:
    a.body["squad"] = q.dice.sample(CREW, 3)


def _installs(a: Answer, q: Asking) -> None:
    count = q.shared.next("installs", 94_300, q.dice.randint(1, 3))
    a.body["stats"] = {"up_count": count, "today": count - 94_180}


def _uptime(a: Answer, q: Asking) -> None:
    a.body["uptime"] = int(q.now) - q.dice.choice(WORKERS)


# scylladb/scylladb#15939
SNAPSHOT = Noise("tag_of_a_snapshot", "health", "the millisecond, as a text", _snapshot)
# PostHog/posthog#7046
WINDOW = Noise("dates_up_to_now", "grants", "seven days, to the microsecond", _window)
# EasyPost/easypost-java#142
RECORDING = Noise("recorded_at_and_took", "donation", "when, and how long", _recording)
# apache/dolphinscheduler#13118
PLUGIN = Noise("json_in_a_text_in_any_order", "pipeline", "three members in any order, as text", _plugin)
# twitter-archive/diffy#59
UUID = Noise("uuid_of_the_answer", "basket_taxes", "chance", _uuid)
# qlustered/deepdiff#25
LOG = Noise("log_id_and_stream_count", "call", "a second with twelve digits, and a count of both sides", _log)
# WebFuzzing/EvoMaster#1278
CORRELATION = Noise("trace_id_and_its_time", "venue", "32 digits, and the millisecond", _correlation)
# syrusakbary/snapshottest#21
AUDIT_ROW = Noise("row_of_the_audit", "member", "a number of the database, and when", _audit_row)
# syrusakbary/snapshottest#105
QUERY_TIME = Noise("query_time", "found", "some ten milliseconds", _query_time)
# internetarchive/fatcat#85
MIRROR_URLS = Noise("urls_forward_or_back", "download", "three, from either end", _mirror_urls)
# PostHog/posthog#26643
RESOURCE = Noise("id_of_a_resource", "post", "five digits", _resource)
# snyk/go-application-framework#379
ANALYTICS = Noise("duration_for_analytics", "door", "whole milliseconds", _analytics)
# expressjs/csurf#46
CSRF = Noise("csrf_token_per_request", "signed_in", "a salt, and a hash of it", _csrf)
# elastic/elasticsearch#90949
MAX_SCORE = Noise("score_of_primary_or_replica", "concepts", "one of two", _max_score)
# aws/aws-cli#5076
REPORT_URL = Noise("url_with_expires", "census", "a second and a signature", _report_url)
# aws/aws-sdk-php#1839
PHOTO_URL = Noise("url_with_amz_date", "member", "when it was signed, and a signature", _photo_url)
# racket/racket#3537
JWT_HEAD = Noise("head_of_a_token_in_any_order", "call", "base64 of two members in either order", _jwt_head)
# opencb/opencga#749
ABOUT = Noise("total_within_1_percent", "saved_queries", "evenly", _about)
# aws-samples/aws-lex-web-ui#839
SESSION = Noise("session_of_a_region", "venue", "a region and a UUID", _session)
# onyx-dot-app/onyx#2814
CHAT = Noise("number_of_a_chat", "conversation", "a count of both sides", _chat)
# IBM/ibm-iam-operator#230
UPGRADE_TOKEN = Noise("token_of_64_digits", "pipeline", "chance", _upgrade_token)
# xee-lab/xee-api-docs#24
ACCESS = Noise("access_token_and_its_end", "signed_in", "a token, and its end in seconds and milliseconds", _access)
# NecronomiconCoding/NecroBot#1465
NUMBER = Noise("number_picked_of_a_hundred", "door", "drawn evenly", _number)
# raithos/xwing#487
SQUAD = Noise("three_picked_of_ten", "offers", "drawn evenly, in any order", _squad)
# counterapi/api#77
INSTALLS = Noise("counts_of_all_and_today", "post", "both go up together", _installs)
# thedotmack/claude-mem#2250
UPTIME = Noise("uptime_of_a_worker", "health", "seconds since one of four began", _uptime)

REPORTED_FIELDS = (
    SNAPSHOT, WINDOW, RECORDING, PLUGIN, UUID, LOG, CORRELATION, AUDIT_ROW, QUERY_TIME, MIRROR_URLS, RESOURCE,
    ANALYTICS, CSRF, MAX_SCORE, REPORT_URL, PHOTO_URL, JWT_HEAD, ABOUT, SESSION, CHAT, UPGRADE_TOKEN, ACCESS, NUMBER,
    SQUAD, INSTALLS, UPTIME,
)  # fmt: skip
