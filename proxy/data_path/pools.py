"""The pools of a snapshot: for clients and for copies, and whatever of them stays as it was.

A backend that a new snapshot leaves unchanged keeps its connections, and what is known of its urls; one that is gone or
changed is drained by whoever swaps.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING

from proxy.data_path.health import CONNECTIONS, HealthCheck
from proxy.data_path.pool import Pool
from proxy.data_path.urls import Urls
from proxy.model.events import Tell
from proxy.model.spec import Backend, RoutesSpec
from proxy.routing.balance import Standing, Standings
from proxy.routing.breaker import Breaker
from proxy.routing.budget import Budget

if TYPE_CHECKING:
    from proxy.data_path.outgoing import Outgoing
    from proxy.data_path.tls import Keyring
    from proxy.data_path.wheel import Wheel

Pools = dict[str, Pool | Urls]


def needs_urls(backend: Backend) -> bool:
    """True for a backend that one plain pool does not do for."""
    return bool(backend.others) or backend.health is not None or backend.concurrency is not None


class PoolMaker:
    """Made inside a running loop. `serving` is False where no client comes: then nobody is asked for his health."""

    def __init__(
        self,
        *,
        wheel: Wheel,
        outgoing: Outgoing,
        keyring: Keyring,
        breakers: Callable[[str], Breaker],
        dice: Callable[[], float],
        tell: Tell,
        serving: bool,
    ) -> None:
        self._loop = asyncio.get_running_loop()
        self._wheel = wheel
        self._outgoing = outgoing
        self._keyring = keyring
        self._breakers = breakers
        self._dice = dice
        self._tell = tell
        self._serving = serving

    def make(self, spec: RoutesSpec, old: Pools, old_shadow: Pools) -> tuple[Pools, Pools]:
        """The pools for clients and for copies; those of `old` that still fit are among them."""
        pools: Pools = {}
        shadow_pools: Pools = {}
        copies = max(1, spec.shadow.concurrency)
        for name, backend in spec.backends.items():
            pool = old.get(name)
            if pool is None or not _fits(pool, backend, backend.connections, spec.limits.head):
                pool = self._for_clients(spec, backend)
            pools[name] = pool
            shadow = old_shadow.get(name)
            if shadow is None or pool is not old.get(name) or not _fits(shadow, backend, copies, spec.limits.head):
                shadow = self._for_copies(backend, pool, copies)
            shadow_pools[name] = shadow
        return pools, shadow_pools

    def _for_clients(self, spec: RoutesSpec, backend: Backend) -> Pool | Urls:
        breaker = self._breakers(backend.name)
        head, limit = spec.limits.head, backend.connections
        budget = Budget()
        if not needs_urls(backend):
            breaker.hold(False)  # whoever held it asked for health
            return self._pool(backend, head, limit, breaker, budget)
        standings = Standings(backend, spec.breaker, breaker, self._tell)
        pools = self._each(backend, standings, head, limit, budget)
        return Urls(
            backend,
            pools,
            standings,
            concurrency=backend.concurrency,
            dice=self._dice,
            checks=self._checks(spec, backend, standings) if self._serving else (),
        )

    def _for_copies(self, backend: Backend, clients: Pool | Urls, limit: int) -> Pool | Urls:
        head, budget = clients.head_limit, clients.budget
        if isinstance(clients, Pool):
            return self._pool(backend, head, limit, clients.breaker, budget)
        pools = self._each(backend, clients.standings, head, limit, budget)
        return Urls(backend, pools, clients.standings, concurrency=None, dice=self._dice)

    def _each(self, backend: Backend, standings: Standings, head: int, limit: int, budget: Budget) -> list[Pool]:
        pairs = zip(backend.each(), standings.each, strict=True)
        pools = [self._pool(one, head, limit, standing, budget) for one, standing in pairs]
        if not backend.preserve_host:
            for pool in pools[1:]:
                pool.host = (pools[0].authority, pool.authority)
        return pools

    def _pool(self, backend: Backend, head: int, limit: int, breaker: Breaker | Standing, budget: Budget) -> Pool:
        return Pool(
            backend,
            loop=self._loop,
            wheel=self._wheel,
            outgoing=self._outgoing,
            keyring=self._keyring,
            head_limit=head,
            limit=limit,
            breaker=breaker,
            budget=budget,
        )

    def _checks(self, spec: RoutesSpec, backend: Backend, standings: Standings) -> tuple[HealthCheck, ...]:
        if backend.health is None:
            return ()
        checks = []
        for one, standing in zip(backend.each(), standings.each, strict=True):
            pool = self._pool(one, spec.limits.head, CONNECTIONS, Breaker(spec.breaker), Budget())
            checks.append(HealthCheck(pool, standing, backend.health, self._dice() * backend.health.interval))
        return tuple(checks)


def _fits(pool: Pool | Urls, backend: Backend, limit: int, head_limit: int) -> bool:
    return (pool.backend, pool.limit, pool.head_limit) == (backend, limit, head_limit)
