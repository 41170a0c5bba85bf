"""routes.yaml as it is written, but for its routes: one class for each block, one field for each key."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any

from pydantic import ConfigDict, Field, field_validator

from proxy.config.blocks import Form
from proxy.config.fields import (
    Address,
    Count,
    Duration,
    DurationOrZero,
    FileName,
    Flag,
    HeaderName,
    Host,
    Name,
    Network,
    Number,
    Percent,
    Size,
    Text,
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
from proxy.config.resilience_form import HealthForm
from proxy.config.route_form import RouteForm
from proxy.model import spec

_BACKEND = spec.Backend(name="", url="", host="", port=0)
_TLS, _LISTEN = spec.BackendTls(), spec.Listen()
_ROUTE = spec.Route(name="", matches=(), extracted="")
_CANARY, _SHADOW, _COMPARE, _GATE = spec.Canary(), spec.Shadow(), spec.Compare(), spec.Gate()
_LIMITS, _BUDGET, _BREAKER, _RETENTION = spec.Limits(), spec.ShadowBudget(), spec.Breaker(), spec.Retention()
_REASKS = spec.Reasks()
_TOP = spec.RoutesSpec(backends={}, legacy="")


_FILES = ("ca", "certificate", "key")
_PASSWORD = "Opens an encrypted key. Only as `${NAME}`, from the environment."  # noqa: S105 - words about it


class BackendTlsForm(Form):
    """TLS to a backend whose url is `https://`. Files are read again when they change, for new connections."""

    ca: FileName | None = default(
        None, "A file of the authorities (PEM) that may vouch for the backend. Left out, those of the system."
    )
    certificate: FileName | None = default(
        None, "What the proxy shows a backend that asks who it is (PEM, with chain)."
    )
    key: FileName | None = default(None, "The private key of `certificate`.")
    password: Text | None = default(None, _PASSWORD)
    server_name: Host | None = default(
        None, "The name that is asked for, and that its certificate must have. Left out, the host of `url`."
    )
    verify: Flag = default(_TLS.verify, "`false` takes any certificate: anybody on the way can answer for the backend.")


class CertificateForm(Form):
    """A certificate of the public port. Its files are read again when they change; open connections go on."""

    certificate: FileName = Field(description="The certificate (PEM), followed by its chain.")
    key: FileName = Field(description="Its private key (PEM).")
    password: Text | None = default(None, _PASSWORD)
    hosts: tuple[Host, ...] = default(
        (), "The names for which it is shown. The first certificate is shown for every other name, and for none."
    )


class ListenForm(Form):
    """What a connection to the public port begins with. The address itself is `--listen`."""

    tls: tuple[CertificateForm, ...] = default(
        (), "Certificates. With at least one, the public port speaks TLS (1.2 and later, HTTP/1.1) and nothing else."
    )
    proxy_protocol: Flag = default(
        _LISTEN.proxy_protocol,
        "`true`: every peer in `trusted_proxies` must begin with a PROXY protocol header (v1 or v2), which names the"
        " client. From anybody else such a header is refused.",
    )


class BackendForm(Form):
    """An upstream: the monolith or an extracted service."""

    model_config = ConfigDict(json_schema_extra={"oneOf": [{"required": ["url"]}, {"required": ["urls"]}]})

    url: Url | None = default(
        None,
        "**Required**, or `urls`. Where it listens: `http://host:port`, `https://host:port` or `unix:/path`. No path"
        " after the port: the client's own goes on unchanged.",
    )
    urls: tuple[Url, ...] | None = default(
        None,
        "In place of `url`: several instances of the same service. Each request goes to the less busy of two drawn by"
        " lot. One that fails `breaker.failures` times in a row is left for `breaker.open_for`, longer each time, but"
        " never more than half of them; a request that may be sent twice is tried once at another.",
    )
    tls: BackendTlsForm | None = default(None, "For `https://`: whom to believe, and what to show.")
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
    connections: Count = default(_BACKEND.connections, "The most connections that one worker opens to each url.")
    concurrency: Count | None = default(
        _BACKEND.concurrency,
        "The most exchanges that one worker has under way with it. Beyond, nobody waits: the fallback answers, or 503."
        " None when left out: requests wait for one of `connections`.",
    )
    health: HealthForm | None = default(None, "Questions to each url, whether there is traffic or not.")
    preserve_host: Flag = default(
        _BACKEND.preserve_host,
        "Send the client's Host header on. `false` sends the host of `url` in its place,"
        " or of that of `urls` that is asked.",
    )
    shadow_writes: Annotated[str, *words("rolled_back", "sandbox", kind="way of shadow writes")] | None = default(
        _BACKEND.shadow_writes,
        "What the service does with a write marked `X-Strangler-Shadow: 1`: `rolled_back` runs it and rolls it back, "
        "`sandbox` runs it on data of its own. Left out, no write is ever copied to it.",
    )
    rewrite: PublicRewriteForm = default(
        PublicRewriteForm(), "What is mended where it knows itself by another name than the public one."
    )

    @property
    def places(self) -> tuple[Address, ...]:
        """Where it listens; none while the file says nothing, which is complained of elsewhere."""
        return (self.url,) if self.url else self.urls or ()

    def spec(self, name: str, folder: str, mark: spec.Mark) -> spec.Backend:
        """`folder` is where relative names of files begin, `mark` where the `tls` block stands."""
        (url, host, port, encrypted, socket), *others = self.places
        blocks = ("url", "urls", "tls", "rewrite", "health")
        rest = {key: getattr(self, key) for key in type(self).model_fields if key not in blocks}
        tls = spec.BackendTls(**_files(self.tls, folder), mark=mark) if self.tls else spec.BackendTls(mark=mark)
        rest |= {"tls": tls if encrypted else None, "socket": socket, "rewrite": self.rewrite.spec()}
        rest["others"] = tuple(spec.Url(one.url, one.host, one.port, one.socket) for one in others)
        rest["health"] = self.health.spec() if self.health else None
        return spec.Backend(name=name, url=url, host=host, port=port, **rest)


def _files(form: Form, folder: str) -> dict[str, Any]:
    """The values of a block, those that name files from `folder` on."""
    return {key: _inside(folder, value) if key in _FILES else value for key, value in form}


def _inside(folder: str, name: str | None) -> str | None:
    return name if not folder or not name or name.startswith("/") else f"{folder}/{name}"


class LimitsForm(Form):
    """Bounds on what a client may send, and how slowly."""

    head: Size = size(_LIMITS.head, "The longest request head.")
    body: Size = size(_LIMITS.body, "The longest request body.")
    head_timeout: Duration = seconds(_LIMITS.head_timeout, "How long a request head may take to arrive.")
    body_timeout: Duration = seconds(_LIMITS.body_timeout, "How long the wait between two pieces of a body may be.")
    keepalive_timeout: Duration = seconds(_LIMITS.keepalive_timeout, "How long an idle client connection stays open.")
    write_timeout: Duration = seconds(_LIMITS.write_timeout, "How long a client may read nothing of its answer.")
    connections: Count = default(_LIMITS.connections, "The most client connections of one worker.")
    memory: Size = size(
        _LIMITS.memory,
        "The resident memory of one worker from which it answers new requests with 503; from four fifths of it on"
        " nothing is copied.",
    )
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
    listen: ListenForm = default(ListenForm(), "TLS and the PROXY protocol on the public port.")
    halt: Flag = default(_TOP.halt, "`true` sends every route back to legacy, but those retired or owning their data.")
    trusted_proxies: tuple[Network, ...] = default(
        _TOP.trusted_proxies,
        "Networks of proxies in front of this one: what they say in X-Forwarded-* and Forwarded is kept and added to."
        " `unix` stands for whoever comes through a Unix socket.",
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

    def spec(
        self,
        backends: dict[str, spec.Backend],
        routes: tuple[spec.Route, ...],
        digest: str,
        folder: str,
        marks: Sequence[spec.Mark],
    ) -> spec.RoutesSpec:
        """`marks` are those of the certificates; `folder` is where relative names of files begin."""
        certificates = zip(self.listen.tls, marks, strict=True)
        tls = tuple(spec.Certificate(**_files(one, folder), mark=mark) for one, mark in certificates)
        return spec.RoutesSpec(
            backends=backends,
            legacy=self.legacy,
            routes=routes,
            halt=self.halt,
            listen=spec.Listen(tls, self.listen.proxy_protocol),
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
