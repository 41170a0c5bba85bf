"""The configuration model: routes.yaml after validation, as plain values with every default filled in.

`config` makes these from text, everything else reads them. Durations are seconds, sizes bytes, percents 0 to 100, rates
(`mismatch_below`, `confidence`) fractions 0 to 1.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import NamedTuple

from proxy.model.filters import NO_FILTERS, NO_REWRITE, NO_TIMEOUTS, Filters, PublicRewrite, Timeouts
from proxy.model.sides import Stage


class PathType(StrEnum):
    EXACT = "Exact"
    PREFIX = "PathPrefix"
    TEMPLATE = "Template"
    REGEX = "RegularExpression"


class ValueType(StrEnum):
    EXACT = "Exact"
    REGEX = "RegularExpression"


@dataclass(frozen=True, slots=True)
class Mark:
    """A place in a configuration file, counted from 1."""

    line: int
    column: int


@dataclass(frozen=True, slots=True)
class BackendTls:
    """TLS to a backend. `ca` names a file of authorities, None for those of the system; `certificate` and `key` are
    shown to the backend where it asks; `server_name` is asked for and verified, None for the host of the url."""

    ca: str | None = None
    certificate: str | None = None
    key: str | None = None
    password: str | None = field(default=None, repr=False)
    server_name: str | None = None
    verify: bool = True
    mark: Mark = field(default=Mark(1, 1), compare=False)


@dataclass(frozen=True, slots=True)
class Certificate:
    """A certificate of the listener and its key, as files; `hosts` are the names it is shown for (`*.` one label)."""

    certificate: str
    key: str
    hosts: tuple[str, ...] = ()
    password: str | None = field(default=None, repr=False)
    mark: Mark = field(default=Mark(1, 1), compare=False)


@dataclass(frozen=True, slots=True)
class Listen:
    """What a client connection begins with, before HTTP: a PROXY protocol header, a TLS handshake, both or nothing. The
    first certificate is shown to whoever names no host, or none that is known."""

    tls: tuple[Certificate, ...] = ()
    proxy_protocol: bool = False


class Url(NamedTuple):
    """One more place where a backend listens; `socket` as in `Backend`."""

    url: str
    host: str
    port: int
    socket: str | None = None


@dataclass(frozen=True, slots=True)
class Health:
    """Questions to each url of a backend: `GET path`, answered with 2xx or 3xx within `timeout` or bad. So many bad
    ones in a row and the url is left, so many good ones and it is used again."""

    path: str
    interval: float = 5.0
    timeout: float = 1.0
    unhealthy_after: int = 3
    healthy_after: int = 2


@dataclass(frozen=True, slots=True)
class Retry:
    """How often a request that failed is sent again to the same backend, which answers count as failures beside those
    that never came, and the least wait before the first retry."""

    attempts: int = 1
    codes: tuple[int, ...] = ()
    backoff: float = 0.025


@dataclass(frozen=True, slots=True)
class Backend:
    """An upstream. `timeout` is the wait for the first byte of an answer, `idle_timeout` between two pieces. `tls` is
    None for plain HTTP; `socket` is the path of a Unix socket, and then there are neither host nor port. `others` are
    its further urls: replicas, any of which may be asked."""

    name: str
    url: str
    host: str
    port: int
    tls: BackendTls | None = None
    socket: str | None = None
    build_header: str | None = None
    connect_timeout: float = 1.0
    timeout: float = 15.0
    idle_timeout: float = 60.0
    total_timeout: float | None = None
    connections: int = 256
    preserve_host: bool = True
    shadow_writes: str | None = None  # "rolled_back" or "sandbox"
    rewrite: PublicRewrite = NO_REWRITE
    others: tuple[Url, ...] = ()
    health: Health | None = None
    concurrency: int | None = None  # exchanges under way in one worker

    def each(self) -> tuple[Backend, ...]:
        """This backend at each of its urls alone, in the order of the file."""
        places = (Url(self.url, self.host, self.port, self.socket), *self.others)
        return tuple(
            replace(self, url=one.url, host=one.host, port=one.port, socket=one.socket, others=()) for one in places
        )


@dataclass(frozen=True, slots=True)
class ValueMatch:
    """A condition on one named value: a header (name compared in any case) or a query parameter (exact case)."""

    name: str
    value: str
    type: ValueType = ValueType.EXACT


@dataclass(frozen=True, slots=True)
class Match:
    """One way to belong to a route; all its conditions hold together. Empty `methods` or `hosts` mean any."""

    path: str
    path_type: PathType = PathType.PREFIX
    methods: frozenset[str] = frozenset()
    hosts: tuple[str, ...] = ()
    headers: tuple[ValueMatch, ...] = ()
    query: tuple[ValueMatch, ...] = ()


class PersonKind(StrEnum):
    COOKIE = "cookie"
    HEADER = "header"
    QUERY = "query"
    CLIENT_IP = "client_ip"


@dataclass(frozen=True, slots=True)
class CohortKey:
    """What makes a client the same client again. `name` is empty for client_ip."""

    kind: PersonKind
    name: str = ""


@dataclass(frozen=True, slots=True)
class Person:
    """Names somebody for include and exclude: one header, cookie, query value, or an address or network."""

    kind: PersonKind
    name: str
    value: str


@dataclass(frozen=True, slots=True)
class Canary:
    percent: float = 5.0
    key: CohortKey = CohortKey(PersonKind.CLIENT_IP)
    include: tuple[Person, ...] = ()
    exclude: tuple[Person, ...] = ()


@dataclass(frozen=True, slots=True)
class Shadow:
    percent: float = 100.0
    methods: frozenset[str] = frozenset({"GET", "HEAD"})
    reverse: bool = True  # in canary and live, legacy gets a copy of what the extracted side answered


@dataclass(frozen=True, slots=True)
class Rule:
    """A comparison rule. `path` is exact with `[*]` and `.*`, or names a header: `header:location`. `kind` is one of
    RULE_KINDS; `key` belongs to unordered, `pattern` (RE2) to pattern, `absolute`, `relative` (a fraction) and `within`
    (seconds) to tolerance."""

    kind: str
    path: str
    key: str | None = None
    absolute: float | None = None
    relative: float | None = None
    owner: str | None = None
    until: str | None = None  # ISO date
    pattern: str | None = None
    within: float | None = None


# fmt: off
RULE_KINDS = ("only", "ignore", "pattern", "tolerance", "unordered", "null_is_missing", "any_case", "renamed")
# fmt: on


@dataclass(frozen=True, slots=True)
class Compare:
    rules: tuple[Rule, ...] = ()
    headers: tuple[str, ...] = ("content-type",)


@dataclass(frozen=True, slots=True)
class Gate:
    """What a route must show before it may move on."""

    mismatch_below: float = 0.01
    confidence: float = 0.95
    min_duration: float = 600.0
    error_increase_below: float = 0.001
    p95_ratio_below: float = 1.5


@dataclass(frozen=True, slots=True)
class Route:
    name: str
    matches: tuple[Match, ...]
    extracted: str
    stage: Stage = Stage.LEGACY
    canary: Canary = Canary()
    shadow: Shadow = Shadow()
    compare: Compare = Compare()
    gate: Gate = Gate()
    filters: Filters = NO_FILTERS
    timeouts: Timeouts = NO_TIMEOUTS
    retry: Retry | None = None
    fallback: bool = True
    owns_data: bool = False
    names_only: bool = False  # of what differs, only names and kinds are kept, never a value or a body
    group: str = ""  # routes that move together, and that see a client alike
    pin_after_write: float | None = None
    redact: tuple[str, ...] = ()  # paths (`$.card.number`), header names (`header:X-Secret`), `query:token`
    mark: Mark = Mark(1, 1)


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds on what a client may send and how slowly, and on the resident memory of one worker."""

    head: int = 64 * 1024
    body: int = 1024**4
    head_timeout: float = 10.0
    body_timeout: float = 30.0
    keepalive_timeout: float = 75.0
    write_timeout: float = 60.0
    connections: int = 20_000
    memory: int = 2 * 1024**3
    drain_timeout: float = 30.0


@dataclass(frozen=True, slots=True)
class ShadowBudget:
    """Bounds on what shadowing may cost one worker."""

    queue: int = 1024
    concurrency: int = 64
    deadline: float = 5.0
    capture: int = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Reasks:
    """Asking both sides again, to learn what legacy itself does not say twice. `sample` is the percent of pairs asked
    again whether they differ or not, `per_second` the most questions to one backend, 0 for none. `second_legacy` names
    a second backend of the monolith, which is asked instead of the first."""

    delay: float = 1.0
    sample: float = 1.0
    per_second: float = 10.0
    second_legacy: str | None = None


@dataclass(frozen=True, slots=True)
class Breaker:
    """`failures` in a row open it; after `open_for` seconds one request at a time may try."""

    failures: int = 5
    open_for: float = 5.0


@dataclass(frozen=True, slots=True)
class Retention:
    age: float = 30 * 86400.0
    size: int = 1024**3
    exemplars: int = 20


@dataclass(frozen=True, slots=True)
class RoutesSpec:
    """The whole of routes.yaml. `digest` names the text it came from."""

    backends: dict[str, Backend]
    legacy: str
    routes: tuple[Route, ...] = ()
    halt: bool = False
    listen: Listen = Listen()
    trusted_proxies: tuple[str, ...] = ()
    ambiguous_paths: str = "refuse"  # or "legacy"
    limits: Limits = Limits()
    shadow: ShadowBudget = ShadowBudget()
    reasks: Reasks = Reasks()
    breaker: Breaker = Breaker()
    retention: Retention = Retention()
    digest: str = ""
    by_name: dict[str, Route] = field(default_factory=dict, compare=False)
