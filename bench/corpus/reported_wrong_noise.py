"""Reported mistakes inside noisy fields.

The comment above each says where it was reported. A right service never gives what most of them give (a shape, a value
or a relation that it does not have), so one wrong answer is enough for whoever knows the kind. Where a right service
gives the same now and then, the best test there can be weighs all answers, 5,000 of learning and those that are judged,
and asks a fifth of them once more, those which look most like the mistake. With its false alarms at 1e-3 it misses:

    what is weighed, and how usual it is           all  5 %    1 %    a tenant
    the first number of a hundred, 1/100           0    0      3e-25  2e-4
    ten remain, never (1/10 of what is wrong)      0    1e-12  9e-4   0.17

Where it misses more than 1e-3 the share is left out.
"""

from __future__ import annotations

import base64
import re
from typing import Any

from bench.corpus import reported_noise as fields
from bench.corpus import reported_noise_elsewhere as elsewhere
from bench.corpus.kinds import Answer, Asking, Wrong
from bench.corpus.later_steps import at, gone, header, without_header
from bench.corpus.noise_fields import uuid4
from bench.corpus.reported_bases_lists import MAX_AGE

HALF_YEAR = 13_060_800  # seconds
YEAR_ENDS = 1_798_761_600  # 2027-01-01 00:00 UTC
AGE, REQUEST_ID, POLICY = ("age",), ("x-request-id",), ("content-security-policy",)
RESET, REMAINING = "x-rate-limit-reset", "x-rate-limit-remaining"


def _name_of_the_part(a: Answer, q: Asking) -> None:
    a.body["session"]["id"] = f"lex-web-ui-{q.hexes(4)}"


def _short_session(text: str) -> str:
    return text[-8:]


def _uuid_for_number(a: Answer, q: Asking) -> None:
    a.body["chat_session_id"] = uuid4(q)


def _age_since_1970(a: Answer, q: Asking) -> None:
    a.headers["age"] = str(int(q.now))


def _half_a_year(a: Answer, q: Asking) -> None:
    a.body["access"] |= {"expires_in": HALF_YEAR, "expires_at": int(q.now) + HALF_YEAR}


def _of_the_year(a: Answer, q: Asking) -> None:
    a.headers[RESET] = str(YEAR_ENDS - int(q.now))


def _one_not_of_the_crew(squad: list[str]) -> list[str]:
    return [*squad[:2], fields.NOT_OF_THE_CREW]


def _from_zero(a: Answer, q: Asking) -> None:
    count = q.own.next("installs again", 0)
    a.body["stats"] = {"up_count": count, "today": count}


def _today_as_all(a: Answer, q: Asking) -> None:
    a.body["stats"]["today"] = a.body["stats"]["up_count"]


def _other_nonce(a: Answer, q: Asking) -> None:
    nonce = base64.b64encode(q.dice.randbytes(16)).decode()
    a.headers["content-security-policy"] = re.sub("'nonce-[^']*'", f"'nonce-{nonce}'",
                                                  a.headers["content-security-policy"])  # fmt: skip


def _no_nonce(a: Answer, q: Asking) -> None:
    a.headers["content-security-policy"] = re.sub("'nonce-[^']*' ", "", a.headers["content-security-policy"])
    a.body = re.sub('<script nonce="[^"]*">', '<script nonce="">', a.body)


def _as_x_ray(text: str) -> str:
    return f"1-{text[:8]}-{text[8:]}"


def _in_milliseconds(a: Answer, q: Asking) -> None:
    a.body["uptime"] = a.body["uptime"] * 1000 + q.dice.randrange(1000)


def _plus(count: int) -> Any:
    return lambda text: str(int(text) + count)


REPORTED_INSIDE = (
    # IBM/ibm-iam-operator#230
    Wrong("token_half_as_long", "pipeline", "32 digits", at("upgrade_token", lambda text: text[:32]),
          fields.UPGRADE_TOKEN),
    # aws-samples/aws-lex-web-ui#839
    Wrong("session_named_by_the_part", "venue", "lex-web-ui-9a00", _name_of_the_part, fields.SESSION),
    # Sybit-Education/Diveni#53
    Wrong("session_of_eight_digits", "venue", "the last of its UUID", at("session.id", _short_session), fields.SESSION),
    # onyx-dot-app/onyx#2814
    Wrong("uuid_for_number_of_chat", "conversation", "chance for a count", _uuid_for_number, fields.CHAT),
    # envoyproxy/envoy#15830
    Wrong("age_not_there", "cached", "though it comes from the cache", without_header("age"), elsewhere.AGE, AGE),
    # tempesta-tech/tempesta#1706
    Wrong("age_since_1970", "cached", "a date that could not be read", _age_since_1970, elsewhere.AGE, AGE),
    # httpcache4j/httpcache4j#6
    Wrong("age_of_what_was_before", "cached", "more than max-age", header("age", _plus(MAX_AGE)), elsewhere.AGE, AGE),
    # xee-lab/xee-api-docs#24
    Wrong("access_for_half_a_year", "signed_in", "13060800 seconds", _half_a_year, fields.ACCESS),
    # salte-auth/salte-auth#201
    Wrong("expiration_in_seconds", "signed_in", "not in milliseconds",
          at("access.expiration", lambda time: time // 1000), fields.ACCESS),
    # ushahidi/platform-client#1242
    Wrong("end_of_access_not_there", "signed_in", "only how long", gone("access.expires_at"), fields.ACCESS),
    # 3scale/apisonator#54
    Wrong("reset_of_the_longest_limit", "offers", "the end of the year", _of_the_year, elsewhere.LIMITS, (RESET,)),
    # yiisoft/yii2#15432
    Wrong("reset_at_once", "offers", "0", header(RESET, lambda _: "0"), elsewhere.LIMITS, (RESET,)),
    # jeremy/rack-ratelimit#3
    Wrong("one_more_remains", "offers", "10 of 10", header(REMAINING, _plus(1)), elsewhere.LIMITS, (REMAINING,),
          left_out=("a tenant",)),
    # NecronomiconCoding/NecroBot#1465
    Wrong("same_number_each_time", "door", "the first", at("nickname", lambda _: "buddy-00"), fields.NUMBER),
    # raithos/xwing#487
    Wrong("picked_one_that_is_not_there", "offers", "of another crew", at("squad", _one_not_of_the_crew),
          fields.SQUAD),
    # userstyles-world/userstyles.world#65
    Wrong("counts_begun_again", "post", "from 0", _from_zero, fields.INSTALLS),
    # counterapi/api#77
    Wrong("today_is_all", "post", "the count of all days", _today_as_all, fields.INSTALLS),
    # andrewlock/NetEscapades.AspNetCore.SecurityHeaders#117
    Wrong("nonce_of_a_cached_page", "dashboard", "another in the header", _other_nonce, elsewhere.CSP, POLICY),
    # saproto/saproto#2545
    Wrong("nonce_not_set", "dashboard", "neither in the header nor in the page", _no_nonce, elsewhere.CSP, POLICY),
    # arcus-azure/arcus.webapi#365
    Wrong("request_id_not_sent", "venue", "no header", without_header("x-request-id"), elsewhere.REQUEST_ID,
          REQUEST_ID),
    # medplum/medplum#10446
    Wrong("trace_id_of_another_maker", "venue", "1-, 8 and 24 digits", at("correlation.traceId", _as_x_ray),
          fields.CORRELATION),
    # thedotmack/claude-mem#2250
    Wrong("uptime_of_worker_in_milliseconds", "health", "not in seconds", _in_milliseconds, fields.UPTIME),
    # department-of-veterans-affairs/breakers#13
    Wrong("duration_as_seconds", "door", "0.076 for 76", at("analytics.duration_ms", lambda time: time / 1000),
          fields.ANALYTICS),
)  # fmt: skip
