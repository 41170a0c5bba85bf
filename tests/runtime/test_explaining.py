"""What a comparison finally says: asked again or not, learned or not."""

from __future__ import annotations

from collections.abc import Collection
from types import SimpleNamespace
from typing import Any, cast

from proxy import comparison
from proxy.evidence import ROUNDS, Noise, Stood
from proxy.metrics import Accumulator
from proxy.model.comparison import Comparison, Field, Kind, NotCompared, Result
from proxy.model.evidence import EvidenceKey
from proxy.model.noise import FieldNoise, Reading, Reask
from proxy.model.observation import EMPTY_BODY, CapturedBody, CapturedRequest, Observation, Pair
from proxy.model.outcome import Outcome
from proxy.model.sides import Side
from proxy.model.spec import Compare
from proxy.runtime.comparer import Comparer, all_pairs
from proxy.runtime.explaining import Done, Explaining, explained
from proxy.shadow import Again

RULES = comparison.compile_rules(Compare())
CLOCK: Field = ("$.now", Kind.VALUE)
FEE: Field = ("$.fee", Kind.VALUE)


def observed(side: Side, body: bytes, outcome: Outcome = Outcome.OK) -> Observation:
    headers = ((b"Content-Type", b"application/json"),)
    return Observation(side, "x", outcome, 200, headers, CapturedBody(body, len(body), True), "b1", 0.01, 0.01)


def differs(extracted: bytes = b'{"now": 2, "fee": 11}', legacy: bytes = b'{"now": 1, "fee": 12}') -> Comparison:
    return comparison.compare(observed(Side.LEGACY, legacy), observed(Side.EXTRACTED, extracted), RULES)


class Said(Noise):
    """Noise that says what the test wants, and notes what it was asked."""

    def __init__(self, explained: set[Field], learning: set[Field]) -> None:
        super().__init__()
        self.reading = Reading(frozenset(explained), frozenset(learning))
        self.may_ask: bool | None = None

    def read(self, first: Comparison, reask: Reask | None, *, may_ask: bool, standing: Stood | None = None) -> Reading:
        self.may_ask = may_ask
        return self.reading


def test_nothing_known_is_the_mismatch_as_it_was() -> None:
    found = differs()
    assert explained(Said(set(), set()), found, None, False) is found


def test_what_noise_explains_is_taken_out_and_the_rest_decides() -> None:
    rest = explained(Said({CLOCK}, set()), differs(), None, True)
    assert (rest.result, rest.fields, rest.explained) == (Result.MISMATCH, frozenset({FEE}), frozenset({CLOCK}))
    assert rest.signature == differs(b'{"now": 1, "fee": 11}').signature
    assert [one.path for one in rest.differences] == ["$.fee"]
    whole = explained(Said({CLOCK, FEE}, set()), differs(), None, True)
    assert (whole.result, whole.signature, whole.explained) == (Result.EXPLAINED, "", frozenset({CLOCK, FEE}))


def test_where_all_that_is_left_is_too_little_known_nothing_is_said() -> None:
    open_still = explained(Said({CLOCK}, {FEE}), differs(), None, True)
    assert (open_still.result, open_still.reason) == (Result.NOT_COMPARED, NotCompared.LEARNING)
    assert open_still.signature == ""


def test_a_mistake_beside_a_field_that_is_being_learned_is_a_mismatch_of_that_alone() -> None:
    rest = explained(Said(set(), {CLOCK}), differs(), None, True)
    assert (rest.result, rest.fields) == (Result.MISMATCH, frozenset({FEE}))


def test_a_re_ask_that_cannot_be_compared_says_nothing() -> None:
    one, other = observed(Side.LEGACY, b"{}"), observed(Side.EXTRACTED, b"{}")
    assert all_pairs(one, other, one, other, RULES) is not None
    hangs = observed(Side.LEGACY, b"", Outcome.TOTAL_TIMEOUT)
    assert all_pairs(one, other, hangs, other, RULES) is None


def test_a_failure_is_a_status_like_any_other_when_both_are_asked_again() -> None:
    well, other = observed(Side.LEGACY, b"{}"), observed(Side.EXTRACTED, b"{}")
    failed = observed(Side.LEGACY, b"oops")._replace(status=503)
    reask = all_pairs(well, other, failed, other, RULES)
    assert reask is not None
    assert [one.result is Result.MATCH for one in reask] == [False, True, True, False, False]
    assert reask.both_again.fields == {("status", Kind.STATUS)}
    both = all_pairs(failed, other, failed, other, RULES)
    assert both is not None
    assert both.legacy_again.result is Result.MATCH


def test_six_comparisons_are_made_in_their_order() -> None:
    bodies = [b'{"v": %d}' % number for number in range(4)]
    legacy, extracted = observed(Side.LEGACY, bodies[0]), observed(Side.EXTRACTED, bodies[1])
    reask = all_pairs(legacy, extracted, observed(Side.LEGACY, bodies[2]), observed(Side.EXTRACTED, bodies[3]), RULES)
    assert reask is not None
    shown = [(one.differences[0].legacy, one.differences[0].extracted) for one in reask]
    assert shown == [("0", "2"), ("0", "3"), ("1", "3"), ("2", "3"), ("1", "2")]


class Answering:
    """Re-asks that are answered at once, by what each side says each time."""

    def __init__(self, legacy: str, extracted: str) -> None:
        self.says = legacy, extracted
        self.asked: list[Collection[Field]] = []

    def may_ask(self, pair: Pair) -> bool:
        return True

    def offer(self, pair: Pair, fields: Collection[Field], sampled: bool, done: Any) -> bool:
        self.asked.append(fields)
        legacy, extracted = (f'{{"flag": "{value}"}}'.encode() for value in self.says)
        done(Again(observed(Side.LEGACY, legacy), observed(Side.EXTRACTED, extracted)))
        return True


class Desk:
    """Pairs of one field, each side's answers given, with noise that is known to be a coin."""

    def __init__(self) -> None:
        self.flagged: list[FieldNoise] = []
        self.said: list[Result] = []
        live = cast(Any, SimpleNamespace())
        self.explaining = Explaining(live, Comparer(), Accumulator(), lambda key, field: self.flagged.append(field))
        self.key = EvidenceKey("read", "rules", "b1", 1)
        for _ in range(5):
            self.pair("a", "b", "b", "a")
        self.said.clear()

    def pair(self, legacy: str, extracted: str, *then: str) -> Answering:
        reasks = Answering(*then)
        self.explaining._reasks = cast(Any, reasks)
        sides = (Side.LEGACY, legacy), (Side.EXTRACTED, extracted)
        one, other = (observed(side, f'{{"flag": "{value}"}}'.encode()) for side, value in sides)
        request = CapturedRequest(b"GET", b"/1", (), EMPTY_BODY)
        pair = Pair("read", 1, "rules", 7.0, request, one, other, Side.LEGACY)
        done: Done = lambda said: self.said.append(said.result)  # noqa: E731 - typed
        self.explaining.decide(self.key, pair, RULES, False, done, comparison.compare(one, other, RULES))
        return reasks


def test_who_stands_by_another_answer_is_asked_on_until_chance_would_have_given_up() -> None:
    desk = Desk()
    flag: Field = ("$.flag", Kind.VALUE)
    asked = desk.pair("a", "b", "a", "b").asked
    assert asked == [{flag}, *[[("$.flag once more", Kind.VALUE)]] * ROUNDS]
    assert len(desk.pair("a", "b", "b", "a").asked) == 1  # chance
    for _ in range(6):
        desk.pair("a", "b", "a", "b")
    assert desk.said == [Result.MISMATCH, Result.EXPLAINED, *[Result.MISMATCH] * 6]
    assert {one.path for one in desk.flagged} == {"$.flag"}
