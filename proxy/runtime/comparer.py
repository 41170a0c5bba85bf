"""Where pairs are compared: small ones in place, big ones in one process of their own.

Parsing a megabyte between two frames of the workers would hold control up. What is away keeps its route's evidence
waiting, like any copy that is under way, and is bounded in number.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import BrokenExecutor, ProcessPoolExecutor
from multiprocessing import get_context
from typing import TypeVar

import structlog

from proxy import comparison
from proxy.model.comparison import Comparison, Difference, Kind, NotCompared, Result, Risk
from proxy.model.noise import Reask
from proxy.model.observation import Observation, Pair
from proxy.model.outcome import Outcome
from proxy.model.way import GiveWay, gently, to_nobody
from proxy.shadow import Again

BIG = 256 * 1024  # bytes of both bodies; about 10 ms of parsing
BIG_WAITING = 64

T = TypeVar("T")
log = structlog.get_logger("strangler.evidence")


class Comparer:
    """Small pairs are `done` before the call returns, big ones later."""

    def __init__(self, give_way: GiveWay = to_nobody) -> None:
        self._give_way = give_way
        self._pool: ProcessPoolExecutor | None = None
        self._away: dict[asyncio.Future[object], tuple[str, float]] = {}

    def compare(self, pair: Pair, rules: comparison.Rules, done: Callable[[Comparison], None]) -> None:
        """The pair by the rules; `not_compared` when too many wait, or the process died of it."""
        if _size(pair.legacy, pair.extracted) <= BIG:
            done(comparison.compare(pair.legacy, pair.extracted, rules))
        elif len(self._away) >= BIG_WAITING:
            done(not_compared(NotCompared.OVERLOADED))
        else:
            self._send(pair, _compare, (pair.legacy, pair.extracted, rules), not_compared(NotCompared.BUDGET), done)

    def compare_again(
        self, pair: Pair, again: Again, rules: comparison.Rules, done: Callable[[Reask | None], None]
    ) -> None:
        """The five comparisons that a re-ask adds; None when one of them could not be made."""
        observed = (pair.legacy, pair.extracted, again.legacy, again.extracted, rules)
        if 2 * _size(*observed[:4]) <= BIG:  # five comparisons of half as much each
            found = all_pairs(*observed, self._give_way)
            self._give_way()  # learning takes as long again
            done(found)
        elif len(self._away) >= BIG_WAITING:
            done(None)
        else:
            self._send(pair, _all_pairs, observed, None, done)

    def oldest(self) -> dict[str, float]:
        """By route, the arrival of the oldest pair that is away."""
        oldest: dict[str, float] = {}
        for route, arrival in self._away.values():
            oldest[route] = min(arrival, oldest.get(route, arrival))
        return oldest

    def close(self) -> None:
        if self._pool is not None:
            self._pool.shutdown(wait=False, cancel_futures=True)

    def _send(
        self,
        pair: Pair,
        work: Callable[..., T],
        arguments: tuple[object, ...],
        failed: T,
        done: Callable[[T], None],
    ) -> None:
        if self._pool is None:
            self._pool = ProcessPoolExecutor(1, mp_context=get_context("spawn"))
        future = asyncio.wrap_future(self._pool.submit(work, *arguments))
        self._away[future] = (pair.route, pair.arrival)  # type: ignore[index]  # only ever a key

        def back(future: asyncio.Future[T]) -> None:
            del self._away[future]  # type: ignore[arg-type]  # as above
            if not future.cancelled() and future.exception() is None:
                done(future.result())
                return
            error = None if future.cancelled() else future.exception()
            log.warning("compare_process_failed", route=pair.route, error=repr(error))
            if isinstance(error, BrokenExecutor):
                self._pool = None
            done(failed)

        future.add_done_callback(back)


def all_pairs(
    legacy: Observation,
    extracted: Observation,
    legacy_2: Observation,
    extracted_2: Observation,
    rules: comparison.Rules,
    give_way: GiveWay = to_nobody,
) -> Reask | None:
    pairs = (
        (legacy, legacy_2),
        (legacy, extracted_2),
        (extracted, extracted_2),
        (legacy_2, extracted_2),
        (extracted, legacy_2),
    )
    reask = Reask(*(_compare_any(*pair, rules) for pair in gently(pairs, give_way, 1)))
    return None if any(one.result is Result.NOT_COMPARED for one in reask) else reask


def _compare_any(one: Observation, other: Observation, rules: comparison.Rules) -> Comparison:
    """Of two answers no matter whose: a failure is a status like any other, and has no body worth comparing."""
    if one.status < 500 or not one.outcome is other.outcome is Outcome.OK:
        return comparison.compare(one, other, rules)
    statuses = (one.status, other.status)
    if one.status == other.status:
        return Comparison(Result.MATCH, None, "", None, statuses, (), 0)
    found = Difference("status", Kind.STATUS, Risk.HIGH, str(one.status), str(other.status), "status")
    fields = frozenset({(found.path, found.kind)})
    return Comparison(Result.MISMATCH, None, "", Risk.HIGH, statuses, (found,), 1, fields)


def not_compared(reason: NotCompared) -> Comparison:
    return Comparison(Result.NOT_COMPARED, reason, "", None, (0, 0), (), 0)


_compare, _all_pairs = comparison.compare, all_pairs


def _size(*observed: Observation) -> int:
    return sum(len(one.body.data) for one in observed)
