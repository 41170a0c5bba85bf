"""What is kept: rows of the store, in the words of the model. Times `at` are seconds since 1970."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from proxy.model.comparison import Difference, Risk
from proxy.model.evidence import EvidenceKey, Settled
from proxy.model.observation import CapturedRequest, Observation


class Ended(NamedTuple):
    """The end of one client exchange: what the access line, the counters and the inventory are made from.

    `code` is the status the client got, 0 when none; `side` is "legacy", "extracted" or "proxy" when the proxy itself
    answered; `fell_back` is the outcome that made the other side step in, "" normally. `seconds` from the request's
    first byte to the answer's last. The last four are set for an exchange that is evidence by itself (see
    `Decision.by_lot`): `share` is the side whose share of the canary it fell to, whoever answered in the end.
    """

    route: str
    side: str
    backend: str
    outcome: str
    code: int
    method: bytes
    target: bytes
    seconds: float
    request_bytes: int
    response_bytes: int
    request_id: bytes
    client: str
    fell_back: str
    why: str
    share: str = ""
    epoch: int = 0
    rules: str = ""
    build: str = ""


class AuditRow(NamedTuple):
    """Who did what, when and why. `action` is one word: reload, promote, rollback, halt, resume, accept, reset, ..."""

    at: float
    who: str
    action: str
    route: str
    what: str
    why: str


@dataclass(frozen=True, slots=True)
class SignatureRow:
    """One group of equal mismatches under one evidence key."""

    key: EvidenceKey
    signature: str
    kind: str
    risk: Risk
    path: str
    status_legacy: int
    status_extracted: int
    count: int
    first: float
    last: float


class Covered(NamedTuple):
    """How many distinct requests of a kind were counted: kind `answer` with a value like `GET 2xx`, or the name of a
    variable of the path with the digest of its value."""

    kind: str
    value: str
    requests: int


class Exemplar(NamedTuple):
    """One kept example of a signature, redacted before it was made. `slot` is its place among those kept."""

    key: EvidenceKey
    signature: str
    slot: int
    at: float
    request: CapturedRequest
    legacy: Observation
    extracted: Observation
    differences: tuple[Difference, ...]


class DifferenceRow(NamedTuple):
    """One row for every comparison that is not a match or ignored."""

    key: EvidenceKey
    at: float
    request: int
    result: str
    reason: str
    signature: str


class Heard(NamedTuple):
    """How far a worker has been heard: its frames up to `frame`, but for the comparisons with these serial numbers."""

    token: str
    frame: int
    open: tuple[int, ...]


class Waiting(NamedTuple):
    """A comparison that ended and is not counted yet, because an older request of its route is still under way. Kept so
    that a killed process loses none of them; `number` names it, `at` is its arrival in seconds since 1970. The last
    three say what its signature stands for."""

    number: int
    settled: Settled
    at: float
    kind: str
    path: str
    statuses: tuple[int, int]


class Accepted(NamedTuple):
    """An intended difference: a signature that no longer blocks, named by a person. `until` is an ISO date."""

    route: str
    signature: str
    owner: str
    reason: str
    until: str
    at: float


@dataclass(frozen=True, slots=True)
class InventoryRow:
    """What the monolith is asked: a method and a learned path template. Latencies in seconds."""

    method: str
    template: str
    route: str
    count: float
    status_classes: tuple[float, float, float, float, float]  # 1xx .. 5xx
    seconds_sum: float
    seconds_max: float
    first: float
    last: float
