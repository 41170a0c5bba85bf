"""One pair of answers `{"x": ...}` asked again, and asked on while that is wished for."""

from __future__ import annotations

import json
from collections.abc import Callable
from random import Random

from bench.noise_world import reasked
from proxy.evidence.noise import Noise
from proxy.model.comparison import Comparison, Field
from proxy.model.noise import Reask
from tests.comparison.made import compared

Draw = Callable[[Random, bool], object]


def first_of(one: object, other: object) -> Comparison:
    return compared(json.dumps({"x": one}).encode(), json.dumps({"x": other}).encode())


def answered(*values: object) -> tuple[Comparison, Reask]:
    one, other, again, other_again = (json.dumps({"x": value}).encode() for value in values)
    return reasked(compared, one, other, again, other_again)


def ask(noise: Noise, one: object, other: object, again: Callable[[bool], object], wrong: bool) -> None:
    """`again` draws a new answer, of the extracted side when it is told whether that is wrong."""
    standing: dict[Field, frozenset[str]] = {}
    for round_ in range(5):
        first, reask = answered(one, other, again(False), again(wrong))
        if round_ == 0:
            noise.learn(first, reask)
            standing = dict(noise.standing(first, reask))
        else:
            standing = dict(noise.insist(standing, first, reask))
        if not any(standing.values()):
            return
