"""Generated ids: legacy's `ch_9f2` and the extracted side's `ch_c41` are the same answer if *one* renaming, one-to-one,
explains the whole answer.

The walk gathers a claim for every pair of values at the paths of `renamed` rules, equal ones too: where `$.id` says
that `ch_9f2` became `ch_c41`, a `ch_9f2` that stands on both sides elsewhere is a reference into nowhere. Only all
claims together can be judged, so that is done once, at the end, and in the order of their paths, not of the documents:
which claim is called wrong, and so the signature, does not depend on the order of keys.

An id may stand inside a longer text: `/v1/charges/ch_9f2` is taken as words between signs, the signs have to be the
same, and every word is a claim of its own. A number and a text of the same digits are one id (`17` in `/charges/17`).

A claim that contradicts is a difference of high risk: another record than legacy's.
"""

from __future__ import annotations

import re

from proxy.comparison.findings import Claim, Findings, printable
from proxy.model.comparison import Difference, Kind, Risk

_SIGNS = re.compile(r"([/?&=#:;,.\s]+)")
_LONGEST = 2048  # characters of a value that are taken for words


class Renaming:
    """Which of legacy's words became which of the extracted side's."""

    __slots__ = ("_backward", "_forward")

    def __init__(self) -> None:
        self._forward: dict[str, str] = {}
        self._backward: dict[str, str] = {}

    def explains(self, left: str, right: str) -> bool:
        """Whether these two texts fit what is known; if so, what they say is known from now on."""
        if left.isidentifier() and right.isidentifier():  # one word each, as most ids are
            if self._forward.get(left, right) != right or self._backward.get(right, left) != left:
                return False
            self._forward[left], self._backward[right] = right, left
            return True
        ours, theirs = _words(left), _words(right)
        if len(ours) != len(theirs) or ours[1::2] != theirs[1::2]:
            return False
        pairs = list(zip(ours[::2], theirs[::2], strict=True))
        forward, backward = dict(pairs), {other: one for one, other in pairs}
        for one, other in pairs:
            if self._forward.get(one, other) != other or self._backward.get(other, one) != one:
                return False
            if forward[one] != other or backward[other] != one or bool(one) is not bool(other):
                return False
        self._forward |= forward
        self._backward |= backward
        return True


def settle(found: Findings) -> None:
    """Judges the claims gathered in `found` and adds what they come to. To be called once, when all are there."""
    if all(claim.left == claim.right for claim in found.claims):
        return
    renaming = Renaming()
    for claim in sorted(found.claims, key=_path):
        good = renaming.explains(claim.left, claim.right)
        if not good:
            found.add(_difference(claim, "", Risk.HIGH))
        elif claim.left != claim.right and not claim.told:
            if found.is_full(claim.path, Kind.VALUE, claim.label):
                found.total += 1
            else:
                found.add(_difference(claim, claim.label, Risk.MEDIUM))


def _difference(claim: Claim, label: str, risk: Risk) -> Difference:
    ours, theirs = printable(claim.left), printable(claim.right)
    if not label:
        theirs += " (not the same id)"
    return Difference(claim.path, Kind.VALUE, risk, ours, theirs, claim.place, label)


def _path(claim: Claim) -> str:
    return claim.path


def _words(text: str) -> list[str]:
    """Words and the signs between them, in turn."""
    return _SIGNS.split(text) if len(text) <= _LONGEST else [text]
