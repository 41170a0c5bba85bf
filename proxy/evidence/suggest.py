"""Learned noise as comparison rules, for a person to accept. (Being built: the interface.)"""

from __future__ import annotations

from typing import NamedTuple

from proxy.evidence.noise import Noise
from proxy.model.spec import Rule


class Suggestion(NamedTuple):
    """A rule, and in one sentence what it rests on."""

    rule: Rule
    evidence: str


def suggest(noise: Noise) -> tuple[Suggestion, ...]:
    """Rules for the learned noisy fields that no test speaks against, most differing first."""
    return ()
