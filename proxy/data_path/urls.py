"""The way to a backend that has several urls, is asked for its health, or may have only so much under way.

It stands where a plain backend has its one pool, and looks the same from outside: an exchange asks it for a connection
and finds itself in the queue of one url. So whoever has none of this pays nothing for it.

`concurrency` bounds requests that have a connection or wait for one, and beyond it nobody waits: a service that hangs
costs the proxy that many connections and its clients no time, and never reaches what other backends need.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from proxy.data_path.pool import Pool
from proxy.data_path.upstream import Upstream, User
from proxy.model.outcome import Outcome
from proxy.model.spec import Backend
from proxy.routing.balance import Standings

if TYPE_CHECKING:
    from proxy.data_path.health import HealthCheck


class Urls:
    """One pool for each of `standings`. `concurrency` is None for copies, which have a bound of their own."""

    def __init__(
        self,
        backend: Backend,
        pools: Sequence[Pool],
        standings: Standings,
        *,
        concurrency: int | None,
        dice: Callable[[], float],
        checks: Sequence[HealthCheck] = (),
    ) -> None:
        first = pools[0]
        self.backend = backend
        self.authority = first.authority
        self.build_header = first.build_header
        self.head_limit = first.head_limit
        self.limit = first.limit
        self.wheel = first.wheel
        self.budget = first.budget
        self.breaker = standings.breaker
        self.standings = standings
        self.pools = tuple(pools)
        self._concurrency = concurrency
        self._dice = dice
        self._checks = checks
        self._places = {id(pool): number for number, pool in enumerate(pools)}

    @property
    def counts(self) -> tuple[int, int, int]:
        """Idle, busy, waiting, at all urls together."""
        idle, busy, waiting = zip(*(pool.counts for pool in self.pools), strict=True)
        return sum(idle), sum(busy), sum(waiting)

    def take(self, user: User, *, fresh: bool) -> Upstream | None:
        """As `Pool.take`, at one of the urls: another than the one that the user comes from, if there is one."""
        before, user.pool = user.pool, self
        if self._concurrency is not None and self._all_under_way() >= self._concurrency:
            why = f"{self._concurrency} exchanges are under way"
            asyncio.get_running_loop().call_soon(user.on_failed, Outcome.CONCURRENCY_EXCEEDED, why)
            return None
        if len(self.pools) == 1:
            return self.pools[0].take(user, fresh=fresh)
        number = self.standings.pick(self._under_way, self._dice(), self.wheel.now, self._places.get(id(before)))
        return self.pools[number].take(user, fresh=fresh)

    def forget(self, user: User) -> bool:
        """As `Pool.forget`, for a user who was told to wait for a refusal."""
        return False

    def drain(self) -> None:
        for check in self._checks:
            check.stop()
        for pool in self.pools:
            pool.drain()

    def close(self) -> None:
        for check in self._checks:
            check.stop()
        for pool in self.pools:
            pool.close()

    def _all_under_way(self) -> int:
        found = 0
        for pool in self.pools:
            found += pool.under_way
        return found

    def _under_way(self, number: int) -> int:
        return self.pools[number].under_way
