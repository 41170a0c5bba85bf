"""Small pairs are compared in place, big ones elsewhere and within bounds."""

from __future__ import annotations

import asyncio

import pytest

from proxy import comparison
from proxy.model.comparison import Comparison, NotCompared, Result
from proxy.model.noise import Reask
from proxy.model.observation import EMPTY_BODY, CapturedBody, CapturedRequest, Observation, Pair
from proxy.model.outcome import Outcome
from proxy.model.sides import Side
from proxy.model.spec import Compare
from proxy.runtime import comparer as module
from proxy.runtime.comparer import Comparer
from proxy.shadow import Again
from tests.support.running import PATIENCE
from tests.support.wire import until

RULES = comparison.compile_rules(Compare())


def observed(side: Side, body: bytes) -> Observation:
    headers = ((b"Content-Type", b"application/json"),)
    return Observation(side, "x", Outcome.OK, 200, headers, CapturedBody(body, len(body), True), "b1", 0.01, 0.01)


def pair(arrival: float = 7.0) -> Pair:
    request = CapturedRequest(b"GET", b"/1", (), EMPTY_BODY)
    legacy, extracted = observed(Side.LEGACY, b'{"a": 1}'), observed(Side.EXTRACTED, b'{"a": 2}')
    return Pair("read", 1, "r1", arrival, request, legacy, extracted, Side.LEGACY)


AGAIN = Again(observed(Side.LEGACY, b'{"a": 3}'), observed(Side.EXTRACTED, b'{"a": 2}'))


def test_a_small_pair_is_done_at_once() -> None:
    found: list[Comparison] = []
    again: list[Reask | None] = []
    comparer = Comparer()
    comparer.compare(pair(), RULES, found.append)
    comparer.compare_again(pair(), AGAIN, RULES, again.append)
    assert [one.result for one in found] == [Result.MISMATCH]
    assert again[0] is not None
    assert again[0].extracted_itself.result is Result.MATCH
    assert comparer.oldest() == {}


async def test_a_big_pair_is_compared_elsewhere_and_holds_its_route(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "BIG", 1)
    monkeypatch.setattr(module, "BIG_WAITING", 2)
    found: list[Comparison] = []
    again: list[Reask | None] = []
    comparer = Comparer()
    comparer.compare(pair(8.0), RULES, found.append)
    comparer.compare_again(pair(7.0), AGAIN, RULES, again.append)
    assert comparer.oldest() == {"read": 7.0}
    comparer.compare(pair(), RULES, found.append)  # one too many
    comparer.compare_again(pair(), AGAIN, RULES, again.append)
    assert ([one.reason for one in found], again) == ([NotCompared.OVERLOADED], [None])
    await until(lambda: len(found) == len(again) == 2, "both to come back")
    assert found[1].result is Result.MISMATCH
    assert again[1] is not None
    assert comparer.oldest() == {}
    comparer.close()


async def test_a_process_that_dies_costs_its_pairs_only(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "BIG", 1)
    found: list[Comparison] = []
    comparer = Comparer()
    comparer.compare(pair(), RULES, found.append)
    assert comparer._pool is not None
    for process in comparer._pool._processes.values():
        process.kill()
    await until(lambda: len(found) == 1, "the end of it")
    assert found[0].reason in (NotCompared.BUDGET, None)  # None: it was faster than the kill
    comparer.compare(pair(), RULES, found.append)
    async with asyncio.timeout(PATIENCE):
        await until(lambda: len(found) == 2, "the next one")
    assert found[1].result is Result.MISMATCH
    comparer.close()
