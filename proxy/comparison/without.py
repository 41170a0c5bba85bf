"""A mismatch without the fields that noise explains: the rest decides, and gives the signature.

Were the explained fields left in, every new mixture of noise and mistake would be a signature of its own, and nobody
could accept or count one.
"""

from __future__ import annotations

from collections.abc import Collection

from proxy.comparison.findings import signature_of
from proxy.model.comparison import Comparison, Field, Result, Risk

_WORST_FIRST = (Risk.HIGH, Risk.MEDIUM, Risk.LOW)


def without(comparison: Comparison, explained: Collection[Field]) -> Comparison:
    """`comparison` with these fields explained: `explained` when nothing else differs, else a mismatch of the rest.
    Anything but a mismatch comes back as it is."""
    known = comparison.fields.intersection(explained)
    if comparison.result is not Result.MISMATCH or not known:
        return comparison
    rest = comparison.fields - known
    if not rest:
        return comparison._replace(
            result=Result.EXPLAINED, signature="", risk=None, fields=frozenset(), explained=known
        )
    differences = tuple(one for one in comparison.differences if one.ignored_by or (one.path, one.kind) in rest)
    risks = {one.risk for one in differences if not one.ignored_by}
    risk = next((risk for risk in _WORST_FIRST if risk in risks), comparison.risk)
    return comparison._replace(
        signature=signature_of(comparison.status_pair, tuple(sorted(rest))),
        risk=risk,
        differences=differences,
        fields=rest,
        explained=known,
    )
