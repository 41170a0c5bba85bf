"""Heads or tails: the tests that tell a regression from noise, and the rule that keeps false discoveries rare.

Every question about a field is brought down to a coin. If the extracted side varies just as legacy does, two answers
that were got at the same delay in random order could change places, so of the cases in which they differ in some
respect, each goes one way or the other with probability 1/2, whatever the noise is like and however often it shows.

`one_way` bets on that coin: it starts at 1, and each case multiplies it by 2p or 2(1-p), where p is the share that a
regression would give. While the coin is fair this is a martingale, so the chance that it *ever* reaches 1/alpha is at
most alpha (Ville): it may be looked at after every case. As p is not known the bet is spread over several; the mixture
is a martingale too, and so is an average of several tests of one field.

Many fields are tested, and among 200 coins one looks loaded. e-BH (Wang and Ramdas, "False discovery rate control with
e-values", JRSS B 2022) takes the k fields with the largest evidence for which evidence times weight is at least
1/(alpha k). Fields come up over time, so that their number is not known beforehand: the i-th has weight
w_i = i^-1.2 / zeta(1.2), and all that will ever come add up to 1. Early fields, which are the frequent ones, get the
most. What this guarantees, with no assumption about how fields hang together:

- at whatever moment one looks and stops, the expected share of false ones among the discoveries is at most alpha:
  the sum of w_i e_i over true nulls has expectation at most 1 at every stopping time, and bounds the share over alpha;
- if no field is a regression, the chance that anything is ever discovered is at most alpha: any discovery means that
  the sum of w_i e_i, itself a supermartingale that begins at 1, has reached 1/alpha.

Equal weights 1/K with a K that grows as fields come up would guarantee neither. The set of all fields *ever* discovered
beside true discoveries is not covered at exactly alpha, as with any procedure that adapts to what it finds.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from functools import lru_cache
from math import exp, log
from typing import TypeVar

ALPHA = 0.05
Name = TypeVar("Name", bound=Hashable)

_SHARES = (0.55, 0.6, 0.7, 0.8, 0.9, 0.99)  # p of the bets, equal weights
_HEADS = tuple(log(2 * share) for share in _SHARES)
_TAILS = tuple(log(2 * (1 - share)) for share in _SHARES)
_PRIOR = -log(len(_SHARES))
_ZETA = log(5.591582441177751)  # zeta(1.2)


@lru_cache(maxsize=65536)
def one_way(heads: int, tails: int) -> float:
    """Logarithm of the evidence that heads come more often than tails."""
    return _PRIOR + log_sum([heads * head + tails * tail for head, tail in zip(_HEADS, _TAILS, strict=True)])


def is_by_chance(heads: int, tails: int) -> bool:
    """Whether tails were seen, and heads do not come more often: who takes every head before the first tail for a
    mistake is wrong once on average, and k times with a chance of 2**-k, however often either comes."""
    return tails > 0 and one_way(heads, tails) < log(1 / ALPHA)


@lru_cache(maxsize=65536)
def either_way(heads: int, tails: int) -> float:
    """Logarithm of the evidence that one comes more often than the other: half the stake on each."""
    return log_sum([one_way(heads, tails), one_way(tails, heads)]) - log(2)


def log_sum(terms: list[float]) -> float:
    """log(sum(exp(term))), without overflow."""
    largest = max(terms)
    return largest + log(sum([exp(term - largest) for term in terms]))


def log_weight(ordinal: int) -> float:
    """log w_i of the `ordinal`-th field that came up, from 1."""
    return -1.2 * log(ordinal) - _ZETA


def discoveries(weighted: Mapping[Name, float], alpha: float = ALPHA) -> set[Name]:
    """e-BH. `weighted` holds log(w_i e_i) of every field tested."""
    floor = -log(alpha) - log(max(len(weighted), 1))  # nothing below it can be among any k
    ranked = sorted(((level, name) for name, level in weighted.items() if level >= floor), key=lambda one: -one[0])
    found = 0
    for k, (level, _) in enumerate(ranked, 1):
        if level >= -log(alpha) - log(k):
            found = k
    return {name for _, name in ranked[:found]}


def shown_evidence(logarithm: float) -> float:
    """The evidence itself, for people; no larger than a number can be."""
    return exp(min(logarithm, 700.0))
