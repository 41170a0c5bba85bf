"""Which pairs are kept as examples, of few signatures and in a flood of them."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

from proxy.evidence import OTHER, SIGNATURES
from proxy.model.comparison import Comparison, Result, Risk
from proxy.model.evidence import EvidenceKey
from proxy.model.records import SignatureRow
from proxy.model.sides import Side, Stage
from proxy.runtime.examples import Examples
from tests.routing.build import only_route
from tests.runtime.test_outbox import pair, seen

KEY = EvidenceKey("r", "rules", "b1", 1)
LIMIT = 4


def offer(examples: Examples, signature: str, times: int = 1) -> None:
    found = Comparison(Result.MISMATCH, None, signature, Risk.MEDIUM, (200, 200), (), 0)
    for number in range(times):
        sides = seen(Side.LEGACY, b"%d" % number), seen(Side.EXTRACTED, b"-%d" % number)
        examples.offer(KEY, pair(*sides), found, only_route(Stage.SHADOW), LIMIT)


def test_the_first_stay_and_the_slots_are_as_many_as_are_kept() -> None:
    examples = Examples()
    assert not examples
    offer(examples, "aa", 200)
    offer(examples, "bb")
    kept = examples.take()
    assert [(one.slot, one.legacy.body.data) for one in kept[:LIMIT]] == [(slot, b"%d" % slot) for slot in range(LIMIT)]
    assert {one.slot for one in kept[LIMIT:-1]} == {2, 3}, "later ones take the places of the reservoir"
    assert (kept[-1].signature, kept[-1].slot) == ("bb", 0)
    assert (examples.take(), len(examples)) == ([], 0)


def test_in_a_flood_of_signatures_the_rest_has_examples_as_one() -> None:
    examples = Examples()
    for number in range(SIGNATURES + 300):
        offer(examples, f"{number:x}")
    offer(examples, "0")
    kept = examples.take()
    slots = Counter(one.slot for one in kept if one.signature == OTHER)
    assert set(slots) == set(range(LIMIT))
    assert (slots[0], slots[1]) == (1, 1)
    assert len({one.signature for one in kept}) == SIGNATURES + 1
    assert (kept[-1].signature, kept[-1].slot) == ("0", 1), "those that were told apart still are"


def test_a_restart_goes_on_where_it_was() -> None:
    examples = Examples()
    row = SignatureRow(KEY, "aa", "value", Risk.MEDIUM, "$.a", 200, 200, 2, 1.0, 2.0)
    examples.restore([row, *(replace(row, signature=f"s{number}") for number in range(1, SIGNATURES))])
    offer(examples, "aa")
    offer(examples, "new")
    assert [(one.signature, one.slot) for one in examples.take()] == [("aa", 2), (OTHER, 0)]
