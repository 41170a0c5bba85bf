"""What comparing two observations says."""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple


class Result(StrEnum):
    MATCH = "match"
    IGNORED = "ignored"  # differs only where a rule says so
    EXPLAINED = "explained"  # differs only where legacy differs from itself
    MISMATCH = "mismatch"
    NOT_COMPARED = "not_compared"


class NotCompared(StrEnum):
    """Why a pair says nothing; never counted as a match."""

    TOO_LARGE = "too_large"
    UNDECODABLE = "undecodable"
    BUDGET = "budget"
    CUT = "cut"
    LEGACY_FAILED = "legacy_failed"  # a legacy 5xx or time-out: its own bucket, says nothing about readiness
    CLIENT_GONE = "client_gone"
    OVERLOADED = "overloaded"  # the comparing process lagged
    SHADOW_CANCELLED = "shadow_cancelled"  # our own deadline or drain, not the backend's doing
    LEARNING = "learning"  # a field that may be noise: not yet asked again often enough to tell
    DEFECT = "defect"  # of this program, at this pair: control's log has it


class Risk(StrEnum):
    """How bad a kind of difference is: removed field, type or status change is high; value medium; addition low."""

    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"


class Kind(StrEnum):
    STATUS = "status"
    HEADER = "header"
    MISSING = "missing"  # legacy has it, extracted does not
    EXTRA = "extra"
    TYPE = "type"
    VALUE = "value"
    LENGTH = "length"
    ORDER = "order"
    BODY = "body"  # opaque bytes or text differ
    ERROR = "error"  # the extracted side gave no answer where legacy did
    NOISE = "noise"  # a field that varies on legacy too, and varies otherwise on the extracted side


NEW_EACH_TIME = frozenset({"html csrf token", "html nonce"})  # ready-made rules: such a value never comes twice

Field = tuple[str, Kind]  # where and how: what noise is learned of, and what a signature is made of


class Difference(NamedTuple):
    """One place where the two sides differ. `path` has array indexes folded to `[*]`: `$.data[*].fee`; headers are
    `header:content-type`, the status is `status`. `legacy` and `extracted` are short printable forms, capped;
    `place` is the path with real indexes."""

    path: str
    kind: Kind
    risk: Risk
    legacy: str
    extracted: str
    place: str
    ignored_by: str = ""  # the rule that explains it, "" when none does


class InPlace(NamedTuple):
    """A list of which the elements were not compared place by place, but as the same ones in another order or with some
    moved: `fields` and `differences` (capped) are what comparing it place by place would have shown. `path` and `place`
    are those of the list."""

    path: str
    place: str
    fields: frozenset[Field]
    differences: tuple[Difference, ...]


class Line(NamedTuple):
    """A line of two texts with as many lines, where they differ."""

    path: str
    number: int
    legacy: str
    extracted: str


class Comparison(NamedTuple):
    """`signature` groups equal mismatches ("" unless a mismatch); differences are capped, `total` counts them all.
    `fields` holds every field that no rule explains, `explained` those of them that noise does. `in_place` is another
    way to say what differs in some lists, the first few. A text has one difference, where it begins; `lines` are those
    that differ, the first few."""

    result: Result
    reason: NotCompared | None
    signature: str
    risk: Risk | None
    status_pair: tuple[int, int]
    differences: tuple[Difference, ...]
    total: int
    fields: frozenset[Field] = frozenset()
    explained: frozenset[Field] = frozenset()
    in_place: tuple[InPlace, ...] = ()
    lines: tuple[Line, ...] = ()
