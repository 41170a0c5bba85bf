"""routes.yaml as it is written, but for its routes: one class for each block, one field for each key."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, field_validator

from proxy.config.blocks import Form
from proxy.config.fields import (
    Count,
    Duration,
    DurationOrZero,
    Flag,
    HeaderName,
    Name,
    Network,
    Number,
    Percent,
    Size,
    Url,
    Version,
    bad,
    default,
    percent,
    seconds,
    size,
    words,
)
from proxy.config.filter_form import PublicRewriteForm
from proxy.config.route_form import RouteForm
from proxy.model import spec

_BACKEND = spec.Backend(name="", url="", host="", port=0)
_ROUTE = spec.Route(name="", matches=(), extracted="")
_CANARY, _SHADOW, _COMPARE, _GATE = spec.Canary(), spec.Shadow(), spec.Compare(), spec.Gate()
_LIMITS, _BUDGET, _BREAKER, _RETENTION = spec.Limits(), spec.ShadowBudget(), spec.Breaker(), spec.Retention()
_REASKS = spec.Reasks()
_TOP = spec.RoutesSpec(backends={}, legacy="")


class BackendForm(Form):
    """An upstream: the monolith or an extracted service."""

    url: Url = Field(description="Where it listens: `http://host:port`. No path: the client's own goes on unchanged.")
    build_header: HeaderName | None = default(
        _BACKEND.build_header,
        "The answer header that names the running build. Evidence is kept per build; the client never gets the header.",
    )
    connect_timeout: Duration = seconds(_BACKEND.connect_timeout, "How long a connection may take to open.")
    timeout: Duration = seconds(_BACKEND.timeout, "How long the first byte of an answer may take.")
    idle_timeout: Duration = seconds(_BACKEND.idle_timeout, "How long the wait between two pieces of an answer may be.")
    total_timeout: Duration | None = default(
        _BACKEND.total_timeout, "How long a whole exchange may take. None when left out: streams may run for ever."
    )
    connections: Count = default(_BACKEND.connections, "The most connections that one worker opens to it.")
    preserve_host: Flag = default(
        _BACKEND.preserve_host, "Send the client's Host header on. `false` sends the host of `url` in its place."
    )
    shadow_writes: Annotated[str, *words("rolled_back", "sandbox", kind="way of shadow writes")] | None = default(
        _BACKEND.shadow_writes,
        "What the service does with a write marked `X-Strangler-Shadow: 1`: `rolled_back` runs it and rolls it back, "
        "`sandbox` runs it on data of its own. Left out, no write is ever copied to it.",
    )
    rewrite: PublicRewriteForm = default(
        PublicRewriteForm(), "What is mended where it knows itself by another name than the public one."
    )

    def spec(self, name: str) -> spec.Backend:
        url, host, port = self.url
        rest = {key: getattr(self, key) for key in type(self).model_fields if key not in ("url", "rewrite")}
        return spec.Backend(name=name, url=url, host=host, port=port, rewrite=self.rewrite.spec(), **rest)


class LimitsForm(Form):
    """Bounds on what a client may send, and how slowly."""

    head: Size = size(_LIMITS.head, "The longest request head.")
    body: Size = size(_LIMITS.body, "The longest request body.")
    head_timeout: Duration = seconds(_LIMITS.head_timeout, "How long a request head may take to arrive.")
    body_timeout: Duration = seconds(_LIMITS.body_timeout, "How long the wait between two pieces of a body may be.")
    keepalive_timeout: Duration = seconds(_LIMITS.keepalive_timeout, "How long an idle client connection stays open.")
    write_timeout: Duration = seconds(_LIMITS.write_timeout, "How long a client may read nothing of its answer.")
    connections: Count = default(_LIMITS.connections, "The most client connections of one worker.")
    drain_timeout: DurationOrZero = seconds(_LIMITS.drain_timeout, "How long exchanges may take to end at a stop.")


class BudgetForm(Form):
    """What shadowing may cost one worker. Beyond it copies are dropped, and counted."""

    queue: Count = default(_BUDGET.queue, "The most copies that wait.")
    concurrency: Count = default(_BUDGET.concurrency, "The most copies under way at once.")
    deadline: Duration = seconds(_BUDGET.deadline, "How long a copy may take.")
    capture: Size = size(_BUDGET.capture, "The longest body that is kept for comparing.")


class ReasksForm(Form):
    """Asking both sides again, to learn what legacy itself does not say twice. Only GET, HEAD and OPTIONS."""

    delay: DurationOrZero = seconds(_REASKS.delay, "How long after a pair both sides are asked again.")
    sample: Percent = percent(_REASKS.sample, "The share of pairs that are asked again whether they differ or not.")
    per_second: Number = default(
        _REASKS.per_second, "The most questions a second to one backend, `replay-mismatches` included. 0 asks nothing."
    )
    second_legacy: Name | None = default(
        _REASKS.second_legacy,
        "A second instance of the monolith on the same data: a backend that is asked in place of legacy, at once.",
    )

    @field_validator("delay")
    @classmethod
    def _short(cls, delay: float) -> float:
        if delay > 60:
            raise bad("must be at most 60s", "Evidence waits for the answers; a second or two tell as much.")
        return delay


class BreakerForm(Form):
    """When a failing backend is left alone for a while."""

    failures: Count = default(_BREAKER.failures, "Failures in a row that open it.")
    open_for: Duration = seconds(_BREAKER.open_for, "How long it stays open before one request at a time may try.")


class RetentionForm(Form):
    """How long evidence is kept."""

    age: Duration = seconds(_RETENTION.age, "The age at which evidence is removed.")
    size: Size = size(_RETENTION.size, "The size of the store from which the oldest is removed.")
    exemplars: Count = default(_RETENTION.exemplars, "The examples kept of each signature.")


class RoutesForm(Form):
    """routes.yaml: which requests move to which extracted service, and how far they have moved."""

    version: Version = Field(description="The version of this format: 1.")
    backends: dict[str, BackendForm] = Field(description="Every upstream by its name.")
    legacy: Name = Field(description="The backend that serves whatever no route names: the monolith.")
    routes: tuple[RouteForm, ...] = default(
        (), "The routes. Their order decides only between equally specific matches."
    )
    halt: Flag = default(_TOP.halt, "`true` sends every route back to legacy, but those retired or owning their data.")
    trusted_proxies: tuple[Network, ...] = default(
        _TOP.trusted_proxies,
        "Networks of proxies in front of this one: what they say in X-Forwarded-* and Forwarded is kept and added to.",
    )
    ambiguous_paths: Annotated[str, *words("refuse", "legacy", kind="way of ambiguous paths")] = default(
        _TOP.ambiguous_paths,
        "What happens to a path that can be read as two routes (`%2F`, `/../`): `refuse` with 400, or send it to"
        " `legacy`.",
    )
    limits: LimitsForm = default(LimitsForm(), "Bounds on clients.")
    shadow: BudgetForm = default(BudgetForm(), "What shadowing may cost.")
    reasks: ReasksForm = default(ReasksForm(), "Asking both sides again, to learn what is noise.")
    breaker: BreakerForm = default(BreakerForm(), "When a failing backend is left alone.")
    retention: RetentionForm = default(RetentionForm(), "How long evidence stays in the store.")

    @field_validator("routes", mode="before")
    @classmethod
    def _empty(cls, given: object) -> object:
        return [] if given is None else given

    def spec(self, backends: dict[str, spec.Backend], routes: tuple[spec.Route, ...], digest: str) -> spec.RoutesSpec:
        return spec.RoutesSpec(
            backends=backends,
            legacy=self.legacy,
            routes=routes,
            halt=self.halt,
            trusted_proxies=self.trusted_proxies,
            ambiguous_paths=self.ambiguous_paths,
            limits=spec.Limits(**dict(self.limits)),
            shadow=spec.ShadowBudget(**dict(self.shadow)),
            reasks=spec.Reasks(**dict(self.reasks)),
            breaker=spec.Breaker(**dict(self.breaker)),
            retention=spec.Retention(**dict(self.retention)),
            digest=digest,
            by_name={route.name: route for route in routes},
        )
