"""What asking both sides again says: five more comparisons of a pair, and the figures that are learned of a field.

L1 and E1 are the answers of a pair, L2 and E2 those of both sides asked again, at the same delay and in random order.
With the first comparison, of L1 with E1, these are all six pairs that four answers make. Each is needed: while nothing
is wrong L2 and E2 could change places, and a test is fair only if it sees them in the same places.
"""

from __future__ import annotations

from typing import NamedTuple

from proxy.model.comparison import Comparison, Field, Kind


class Reask(NamedTuple):
    """The comparisons by the route's rules, in the order of arguments that is given; the first one of the pair,
    L1 with E1, goes beside it."""

    legacy_again: Comparison  # L1 with L2
    extracted_again: Comparison  # L1 with E2
    extracted_itself: Comparison  # E1 with E2
    both_again: Comparison  # L2 with E2
    crossed: Comparison  # E1 with L2


class Reading(NamedTuple):
    """What noise says of a mismatch: the fields it explains, and those of which too little is known to tell."""

    explained: frozenset[Field] = frozenset()
    learning: frozenset[Field] = frozenset()


class FieldNoise(NamedTuple):
    """What is known of one field. Counts are of pairs asked again; `evidence` is an e-value against "the extracted
    side varies as legacy does": 20 says what a chance of 1 in 20 would."""

    path: str
    kind: Kind
    asked: int  # pairs asked again while the field was known
    varied: int  # of them, legacy gave two answers that differ here
    extracted_varied: int  # the extracted side did
    extracted_only: int  # b: L1 = L2, E2 differs from L1
    legacy_only: int  # c: L2 differs from L1, E2 = L1
    greater: int  # E2 above L2, where they differ
    smaller: int
    evidence: float
    flagged: bool  # a regression: never explained
    test: str  # the name of the test that speaks, see `evidence.fields`; "" when not flagged
    words: str  # one sentence for people
