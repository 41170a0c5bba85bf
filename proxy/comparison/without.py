"""A mismatch without the fields that noise explains: the rest decides, and gives the signature. And the reverse, a
difference that a ready-made rule passed over, and that counts after all.

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


def counted(comparison: Comparison, fields: Collection[Field]) -> Comparison:
    """`comparison`, which was `ignored`, as the mismatch that it is when no rule excuses these fields."""
    found = frozenset({(one.path, one.kind) for one in comparison.differences}.intersection(fields))
    if comparison.result is not Result.IGNORED or not found:
        return comparison
    shown = [one._replace(ignored_by="") if (one.path, one.kind) in found else one for one in comparison.differences]
    risks = {one.risk for one in shown if not one.ignored_by}
    return comparison._replace(
        result=Result.MISMATCH,
        signature=signature_of(comparison.status_pair, tuple(sorted(found))),
        risk=next(risk for risk in _WORST_FIRST if risk in risks),
        differences=tuple(sorted(shown, key=lambda one: bool(one.ignored_by))),
        fields=found,
    )
