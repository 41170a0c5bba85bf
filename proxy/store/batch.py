"""What goes into the store in one transaction, and what comes out of it at start."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from proxy.model.evidence import EvidenceKey, Segment, Totals
from proxy.model.records import (
    Accepted,
    AuditRow,
    Covered,
    DifferenceRow,
    Exemplar,
    Heard,
    InventoryRow,
    SignatureRow,
    Waiting,
)
from proxy.model.states import Override, RouteState
from proxy.store.opening import Opened
from proxy.store.rule_use import RuleUse


class Build(NamedTuple):
    """A build of a route that was seen. `ordinal` counts from 1: each new build spends alpha anew."""

    route: str
    build: str
    ordinal: int
    first: float  # seconds since 1970


class NoiseRow(NamedTuple):
    """What was learned of noise under one rule set and build; `body` is JSON, `at` seconds since 1970."""

    route: str
    rules: str
    build: str
    at: float
    body: str


@dataclass(frozen=True, slots=True)
class Batch:
    """Rows to write together. Segments, differences and audit are appended; everything else replaces the row of the
    same identity. `seen` pairs keys with 64-bit request digests. `inventory_whole`: rows that are not in `inventory` go
    (learned templates fold into others). `waited` are the numbers of what waits no longer."""

    segments: Sequence[Segment] = ()
    differences: Sequence[DifferenceRow] = ()
    signatures: Sequence[SignatureRow] = ()
    exemplars: Sequence[Exemplar] = ()
    seen: Sequence[tuple[EvidenceKey, int]] = ()
    waiting: Sequence[Waiting] = ()
    waited: Sequence[int] = ()
    audit: Sequence[AuditRow] = ()
    overrides: Sequence[Override] = ()
    overrides_cleared: Collection[str] = ()
    states: Mapping[str, RouteState] = field(default_factory=dict)
    builds: Sequence[Build] = ()
    accepted: Sequence[Accepted] = ()
    inventory: Sequence[InventoryRow] = ()
    inventory_whole: bool = False
    noise: Sequence[NoiseRow] = ()
    rule_uses: Sequence[RuleUse] = ()
    covered: Sequence[tuple[EvidenceKey, Covered]] = ()
    heard: Sequence[Heard] = ()


@dataclass(frozen=True, slots=True)
class Loaded:
    """All that control needs to go on where the last one stopped. `seen` holds the digests of each route's newest epoch
    only: older epochs can take no more evidence. `builds` are in the order of their
    ordinals. `opened` is what opening found, None when the file was open already."""

    opened: Opened | None
    totals: dict[EvidenceKey, Totals]
    signatures: list[SignatureRow]
    seen: dict[EvidenceKey, set[int]]
    overrides: dict[str, Override]
    states: dict[str, RouteState]
    builds: list[Build]
    accepted: list[Accepted]
    inventory: list[InventoryRow]
    waiting: list[Waiting] = field(default_factory=list)
    noise: list[NoiseRow] = field(default_factory=list)
    coverage: dict[EvidenceKey, list[Covered]] = field(default_factory=dict)
    heard: list[Heard] = field(default_factory=list)
