"""Learned noise as rules."""

from __future__ import annotations

from collections.abc import Callable
from random import Random

import re2

from bench.noise_power import HIDDEN, changed, usual
from bench.noise_world import Answer, World
from proxy.comparison import compile_rules
from proxy.evidence.suggest import Suggestion, suggest
from proxy.model.spec import Compare, Rule


def learned(world: World, requests: int = 300) -> dict[str, Suggestion]:
    for _ in range(requests):
        world.request()
    return {one.rule.path: one for one in suggest(world.noise)}


def test_each_kind_of_noise_gets_its_narrowest_rule() -> None:
    found = learned(World(usual, usual, seed=6))
    rules = {path: one.rule for path, one in found.items()}
    assert rules["$.request_id"] == Rule("pattern", "$.request_id", pattern="req_[0-9a-f]{8}")
    assert rules["$.now"].kind == "tolerance"
    assert 10 <= (rules["$.now"].within or 0) <= 30
    assert rules["$.price"].kind == "tolerance"
    assert 0.015 <= (rules["$.price"].relative or 0) <= 0.05
    assert rules["$.digit"] == Rule("ignore", "$.digit")
    assert "$.amount" not in rules
    assert "$.note" not in rules  # no rule excuses a missing member
    assert "re-asks; always like req_[0-9a-f]{8}" in found["$.request_id"].evidence
    compile_rules(Compare(tuple(rules.values())))


def test_nothing_is_suggested_where_a_test_speaks_against_it() -> None:
    path, change = HIDDEN["random digit became constant"]
    assert path not in learned(World(usual, changed(change), seed=6))


def test_little_evidence_suggests_nothing() -> None:
    assert learned(World(usual, usual, seed=6), requests=8) == {}


def test_patterns_fit_what_they_were_learned_from() -> None:
    makers: dict[str, Callable[[Random], str]] = {
        "$.key": lambda dice: f"{dice.getrandbits(16):04x}:{dice.getrandbits(16):04x}.{dice.randrange(10)}",
        "$.uuid": lambda dice: f"0f14d0ab-9605-4a62-a9e4-{dice.getrandbits(48):012x}",
        "$.base": lambda dice: "v1/" + "".join(dice.choice("ABcd01+-/") for _ in range(dice.randrange(18, 21))),
    }

    def side(number: int, at: float, dice: Random) -> Answer:
        return {path: f'"{make(dice)}"' for path, make in makers.items()}

    found = learned(World(side, side, seed=1))
    assert {one.rule.kind for one in found.values()} == {"pattern"}
    dice = Random(9)
    for path, make in makers.items():
        pattern = re2.compile(found[path].rule.pattern)
        assert all(pattern.fullmatch(make(dice)) for _ in range(100))
        assert not pattern.fullmatch("something else")
