"""Which mismatches are worth asking about again, and how many in a second.

The rate of a backend is given in routes.yaml, and a clock in every answer would use it all. So each field of a route
(finer than a signature: mixtures of noisy fields make signatures without end) is asked about freely a few times, then
twice a second; a mismatch is worth a question when one of its fields is. What is new may use all of the rate, and may
wait in line for it: traffic comes in bursts, and what differs in the first one is what somebody looks for. What has
been asked about often, and the random sample, leave half of the rate free.
"""

from __future__ import annotations

import math
from collections import OrderedDict, deque
from collections.abc import Collection
from enum import IntEnum

from proxy.model.comparison import Field

FREELY = 40  # questions about one field; enough to know it
EVERY = 0.5  # seconds between two of them after that
FIELDS = 10_000  # remembered


class Worth(IntEnum):
    """How much a question would teach."""

    NOTHING = 0
    SOMETHING = 1
    MUCH = 2


class Fields:
    """How often each field was asked about; those unheard of for longest are forgotten."""

    def __init__(self) -> None:
        self._known: OrderedDict[tuple[str, Field], tuple[int, float]] = OrderedDict()

    def worth(self, route: str, fields: Collection[Field], now: float) -> Worth:
        found = Worth.NOTHING
        for field in fields:
            asked, last = self._known.get((route, field), (0, -math.inf))
            if asked < FREELY:
                return Worth.MUCH
            if now - last >= EVERY:
                found = Worth.SOMETHING
        return found

    def asked(self, route: str, fields: Collection[Field], now: float) -> None:
        for field in fields:
            name = (route, field)
            self._known[name] = self._known.get(name, (0, 0.0))[0] + 1, now
            self._known.move_to_end(name)
        while len(self._known) > FIELDS:
            self._known.popitem(last=False)


class Rate:
    """When questions to one backend are due. What counts is the second before the next one; below one a second, the
    last 1/rate."""

    def __init__(self) -> None:
        self._times: deque[float] = deque()

    def has_room(self, due: float, per_second: float) -> bool:
        """True when one more that teaches little, due then, leaves half of the rate free."""
        if per_second <= 0:
            return False
        window = max(1.0, 1.0 / per_second)
        while self._times and self._times[0] <= due - window:
            self._times.popleft()
        return len(self._times) < max(1, int(per_second / 2))

    def take(self, due: float) -> None:
        """Notes a question that is due then; never earlier than the one before."""
        self._times.append(due)
