"""The data path of one worker: its clients, its pools, and the snapshot that is in force.

Snapshot and pools are swapped together as one `View`, read once per exchange: an exchange ends with what it began
with. A backend that a new snapshot leaves as it was keeps its pool; one that is gone or changed is drained.
"""

from __future__ import annotations

import asyncio
import itertools
import os
import resource
import socket
import time
from collections.abc import Callable, Collection
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, cast

from proxy.data_path.call import Call
from proxy.data_path.client import Client
from proxy.data_path.entrance import Entrance
from proxy.data_path.leaving import end_what_is_left
from proxy.data_path.outgoing import Outgoing
from proxy.data_path.pools import PoolMaker, Pools
from proxy.data_path.shedding import Shedding
from proxy.data_path.tls import Keyring
from proxy.data_path.urls import Urls
from proxy.data_path.wheel import TICK, Wheel
from proxy.model.decision import Decision
from proxy.model.events import Tell
from proxy.model.observation import Exchange as Exchanged
from proxy.model.observation import Observation
from proxy.model.records import Ended
from proxy.model.sides import Side
from proxy.model.spec import Limits
from proxy.routing.pin import Pins
from proxy.routing.plan import SAFE_METHODS, Plan
from proxy.routing.snapshot import Snapshot

if TYPE_CHECKING:
    from proxy.model.heads import RequestHead
    from proxy.routing.balance import Standings
    from proxy.routing.breaker import Breaker
    from proxy.routing.forwarding import Peer

_FOR_CLIENTS = 0.75  # of the descriptors that the process may open; the rest is for backends, files and the link
_READS = frozenset(method.encode() for method in SAFE_METHODS)


def _within_descriptors(limits: Limits) -> Limits:
    """Clients alone must not use up the descriptors: those who are served could not be answered any more, for want of
    a connection to a backend."""
    most, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    room = limits.connections if most == resource.RLIM_INFINITY else int(most * _FOR_CLIENTS)
    return limits if limits.connections <= room else replace(limits, connections=room)


@dataclass(frozen=True, slots=True)
class View:
    """A snapshot and the pools that go with it: `pools` for clients, `shadow_pools` for copies."""

    snapshot: Snapshot
    pools: Pools
    shadow_pools: Pools
    limits: Limits
    capture: int


class DataPath:
    """Made inside a running loop. `record` is called exactly once per exchange; `offer` after the answer was handed to
    the transport, where a copy is due. Neither may wait or raise. `breakers` gives a backend's breaker, `dice` numbers
    in [0, 1), `told_of_keys` hears of certificates that were read anew (see `Keyring`), `tell` of retries, urls and
    memory. `serving` is False where no client comes: then no health is asked for, and no memory watched."""

    def __init__(
        self,
        *,
        snapshot: Snapshot,
        record: Callable[[Ended], None],
        offer: Callable[[Exchanged, Decision], None],
        breakers: Callable[[str], Breaker],
        dice: Callable[[], float],
        pins: Pins | None = None,
        told_of_keys: Callable[[str, str], None] = lambda name, trouble: None,
        tell: Tell = lambda event: None,
        serving: bool = True,
    ) -> None:
        self._loop = asyncio.get_running_loop()
        self.wheel = Wheel(self._loop)
        self.outgoing = Outgoing(self._loop)
        self.record = record
        self.offer = offer
        self.dice = dice
        self.tell = tell
        self.breakers = breakers
        self.pins = pins if pins is not None else Pins.private()
        self.keyring = Keyring(self.wheel, told_of_keys)
        self.draining = False
        self.in_flight = 0
        self.clients: set[Client] = set()
        self._maker = PoolMaker(
            wheel=self.wheel,
            outgoing=self.outgoing,
            keyring=self.keyring,
            breakers=breakers,
            dice=dice,
            tell=tell,
            serving=serving,
        )
        self.view = self._view(snapshot, {}, {})
        self.shedding = Shedding(self.wheel, lambda: self.view.limits.memory, tell, self._narrow)
        if serving:
            self.shedding.begin()
        self._ids = itertools.count(int.from_bytes(os.urandom(4)))
        self._id_prefix = os.urandom(8).hex().encode("ascii")
        self._random = b""
        self._random_at = 0
        self._empty: asyncio.Future[None] | None = None

    def protocol(self) -> asyncio.Protocol:
        """The factory for `loop.create_server`: plain HTTP from the first byte. All else comes by `entrance`."""
        return cast(asyncio.Protocol, Client(self))

    @property
    def needs_entrance(self) -> bool:
        """True while connections begin with something else than HTTP."""
        listen = self.view.snapshot.spec.listen
        return bool(listen.tls) or listen.proxy_protocol

    def entrance(self, listener: socket.socket) -> Entrance:
        """Accept from this socket, and lead each connection through TLS and the PROXY protocol as the spec in force
        has them at that moment."""
        return Entrance(self, listener)

    @property
    def client_connections(self) -> int:
        return len(self.clients)

    def pools(self) -> dict[str, tuple[int, int, int]]:
        """Idle, busy and waiting of each backend's client pool."""
        return {name: pool.counts for name, pool in self.view.pools.items()}

    def urls(self) -> dict[str, list[tuple[str, bool, bool]]]:
        """Of each backend with several urls, or whose health is asked for: each url, whether it is healthy, and whether
        it is ejected."""
        watched = {name: pool.standings for name, pool in self.view.pools.items() if isinstance(pool, Urls)}
        return {name: found.look(time.monotonic()) for name, found in watched.items()}

    def gate(self, backend: str) -> Breaker | Standings | None:
        """What copies to a backend obey and report to; None for one that the snapshot does not have."""
        pool = self.view.shadow_pools.get(backend)
        if pool is None:
            return None
        return pool.standings if isinstance(pool, Urls) else self.breakers(backend)

    def new_request_id(self) -> bytes:
        return b"%b%08x" % (self._id_prefix, next(self._ids) & 0xFFFFFFFF)

    def new_traceparent(self) -> bytes:
        """W3C Trace Context: a new trace whose sampling is left to others. Random bytes are drawn in bulk."""
        at = self._random_at
        if at == len(self._random):
            self._random = os.urandom(24 * 256).hex().encode("ascii")
            at = 0
        self._random_at = at + 48
        return b"00-%b-%b-00" % (self._random[at : at + 32], self._random[at + 32 : at + 48])

    def held(self, plan: Plan, head: RequestHead, client_ip: str) -> Plan:
        """The plan for a request of a route that pins: the side that holds the client, if one does, answers reads."""
        pin = plan.pin
        if pin is None or head.method not in _READS or (point := pin.point(head, client_ip)) is None:
            return plan
        side = self.pins.side(point, pin.seconds, time.monotonic())
        return plan if side is None else pin.plans.get(side, plan)

    def hold(self, view: View, route: str, head: RequestHead, peer: Peer, side: Side) -> None:
        """The side is answering a write: it holds the client from before the client can know."""
        pin = view.snapshot.plans[route].pin
        point = pin.point(head, view.snapshot.client_ip(head.headers, peer)) if pin is not None else None
        if pin is not None and point is not None:
            self.pins.hold(point, side, pin.seconds, time.monotonic())

    def swap(self, snapshot: Snapshot) -> None:
        """New exchanges see this snapshot; pools that it no longer uses are drained."""
        old = self.view
        self.view = self._view(snapshot, old.pools, old.shadow_pools)
        kept = {id(pool) for pool in (*self.view.pools.values(), *self.view.shadow_pools.values())}
        for pool in (*old.pools.values(), *old.shadow_pools.values()):
            if id(pool) not in kept:
                pool.drain()

    def _view(self, snapshot: Snapshot, old: Pools, old_shadow: Pools) -> View:
        spec = snapshot.spec
        self.keyring.use(spec)
        pools, shadow_pools = self._maker.make(spec, old, old_shadow)
        return View(snapshot, pools, shadow_pools, _within_descriptors(spec.limits), spec.shadow.capture)

    def call(
        self,
        backend: str,
        side: Side,
        head: bytes,
        body: bytes,
        *,
        method: bytes,
        deadline: float,
        capture: int,
        done: Callable[[Observation], None],
    ) -> Callable[[], None]:
        """Send one captured request on the backend's shadow pool. `deadline` is in seconds from now, `capture` the
        bytes of payload worth keeping. Never raises; `done` is called exactly once, later. Returns what cancels it.

        Raises KeyError for a backend that the snapshot does not have."""
        one = Call(self.view.shadow_pools[backend], side, head + body, method, capture, done)
        one.begin(deadline)
        return one.cancel

    def _narrow(self, on: bool) -> None:
        for client in list(self.clients):
            client.narrow(on)

    def cut(self, routes: Collection[str]) -> None:
        """Ends what is still answered by a side that these routes have left."""
        end_what_is_left(self.clients, routes, lambda: self.view.snapshot)

    async def drain(self, limit: float) -> None:
        """Let the exchanges end, for at most `limit` seconds; then cut what is left. Stop accepting before."""
        self.draining = True
        for client in list(self.clients):
            client.drain()
        if self.clients:
            self._empty = self._loop.create_future()
            try:
                async with asyncio.timeout(limit):
                    await self._empty
            except TimeoutError:
                for client in list(self.clients):
                    client.cut()
                await asyncio.sleep(TICK)  # so that the aborted transports end
            self._empty = None

    def client_left(self) -> None:
        if self._empty is not None and not self.clients and not self._empty.done():
            self._empty.set_result(None)

    def close(self) -> None:
        """End everything at once."""
        for client in list(self.clients):
            client.cut()
        for pool in (*self.view.pools.values(), *self.view.shadow_pools.values()):
            pool.close()
        self.shedding.close()
        self.wheel.close()
