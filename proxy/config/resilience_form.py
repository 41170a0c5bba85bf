"""Health checks of a backend and retries of a route, as they are written: the words of Envoy and of Gateway API."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Annotated

from pydantic import Field, PlainValidator, WithJsonSchema, model_validator

from proxy.config.blocks import Form
from proxy.config.fields import Duration, DurationOrZero, bad, default, seconds, value
from proxy.model import spec

_HEALTH, _RETRY = spec.Health(path="/"), spec.Retry()
_MOST = 10


def _target(given: str) -> str:
    if not re.fullmatch(r"/[!-~]*", given) or "#" in given:
        raise bad("must be a path that begins with `/`", "For example `/healthz`.")
    return given


def _whole(least: int) -> Callable[[str], int]:
    def read(given: str) -> int:
        if not re.fullmatch(r"[0-9]{1,2}", given, re.ASCII) or not least <= int(given) <= _MOST:
            raise bad(f"must be a whole number from {least} to {_MOST}", "Write digits only.")
        return int(given)

    return read


def _code(given: str) -> int:
    if not re.fullmatch(r"[45][0-9]{2}", given, re.ASCII):
        raise bad("is no status of a failure", "Name statuses from 400 to 599: `[502, 503]`.")
    return int(given)


def _count(least: int) -> tuple[PlainValidator, WithJsonSchema]:
    return value(_whole(least), "count", {"type": ["integer", "string"], "minimum": least, "maximum": _MOST})


Target = Annotated[str, *value(_target, "path", {"type": "string"})]
Few = Annotated[int, *_count(1)]
FewOrNone = Annotated[int, *_count(0)]
Code = Annotated[int, *value(_code, "status", {"type": ["integer", "string"], "minimum": 400, "maximum": 599})]


class HealthForm(Form):
    """Each worker asks each url by itself, whether there is traffic or not. A status of 2xx or 3xx in time is good. A
    url that is found unhealthy gets nothing more until it is healthy again; when no url is, the breaker is open."""

    path: Target = Field(description="What is asked, with GET.")
    interval: Duration = seconds(_HEALTH.interval, "How long after one question the next is asked.")
    timeout: Duration = seconds(_HEALTH.timeout, "How long the whole answer may take; at most `interval`.")
    unhealthy_after: Few = default(_HEALTH.unhealthy_after, "Bad answers in a row after which a url is left.")
    healthy_after: Few = default(_HEALTH.healthy_after, "Good answers in a row after which it is used again.")

    @model_validator(mode="after")
    def _in_time(self) -> HealthForm:
        if self.timeout > self.interval:
            raise bad("waits longer than until the next question", "`timeout` is at most `interval`.")
        return self

    def spec(self) -> spec.Health:
        return spec.Health(**dict(self))


class RetryForm(Form):
    """When a backend that failed is asked once more. Only what may be sent twice is: idempotent methods with a body of
    at most 64 KB, and whatever never left. Retries of what had left are at most a fifth of the requests, and ten."""

    attempts: FewOrNone = default(
        _RETRY.attempts, "How often a request may be sent again to the same backend; 0: never, several urls or not."
    )
    codes: tuple[Code, ...] = default(
        _RETRY.codes,
        "Answers that count as failures too: `[502, 503, 504]`. A failure before an answer (refused, reset, too late)"
        " always does.",
    )
    backoff: DurationOrZero = seconds(
        _RETRY.backoff,
        "The least wait before the first retry; doubled for each further one, and up to half as long again.",
    )

    @model_validator(mode="after")
    def _bounded(self) -> RetryForm:
        if self.backoff > 60:
            raise bad("has a `backoff` of more than 60s", "A client waits meanwhile: write `25ms`, or `1s`.")
        return self

    def spec(self) -> spec.Retry:
        return spec.Retry(**dict(self))
