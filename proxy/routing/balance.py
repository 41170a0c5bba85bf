"""Which url of a backend gets the next request, and which are left alone for a while.

**The choice.** Of two urls drawn by lot, the one with fewer requests under way. Round robin sends a slow instance as
much as a fast one; the least busy of all makes every worker run to the same one at once (they do not know of each
other); two by lot come close to the best with none of that (Mitzenmacher 2001; Envoy's LEAST_REQUEST, nginx's
`random two`).

**Ejection**, from what clients met: a url that fails so many times in a row (the `breaker` settings) is left for
`open_for`, and longer each time, up to ten times that, until it has served for as long as it was left. When its time is
over it is used again, and the first request decides: one failure, and it goes once more. Never are more than half of
the urls ejected: what is wrong with most of them is wrong with the service, and that is the breaker's matter. (Envoy's
outlier detection ejects a tenth, but at least one however few there are.)

**Health**, from what was asked: a url that is unhealthy gets nothing, however many are. When none is healthy the
breaker is open, and the fallback answers. A request without a fallback goes to any of them all the same (Envoy's
panic): to refuse it could not be better.

The backend's breaker counts a failure only while the last word of every url was a failure. As long as one answers, what
the others do is no reason to leave the backend.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from proxy.model.events import Event, EventKind, Tell
from proxy.model.spec import Backend
from proxy.model.spec import Breaker as Settings
from proxy.routing.breaker import Breaker

LONGEST = 10  # times `open_for`


class Standing:
    """How one url stands. It is the breaker that exchanges with this url report to; `now` as there. `is_out` while it
    is ejected."""

    __slots__ = ("_all", "_failures", "_odd_checks", "_out_for", "_times", "healthy", "is_out", "out_until", "url")

    def __init__(self, url: str, standings: Standings) -> None:
        self.url = url
        self.healthy = True
        self.is_out = False
        self.out_until = 0.0
        self._all = standings
        self._failures = 0
        self._times = 0
        self._out_for = 0.0
        self._odd_checks = 0

    @property
    def is_failing(self) -> bool:
        """True when the last that was heard of it was a failure."""
        return self._failures > 0

    @property
    def open(self) -> bool:
        """Whether the backend's breaker is."""
        return self._all.breaker.open

    def allows(self, now: float) -> bool:
        """As the backend's breaker."""
        return self._all.breaker.allows(now)

    def succeeded(self) -> None:
        self._failures = 0
        self._all.breaker.succeeded()

    def failed(self, now: float) -> None:
        self.turned_down(now)
        if all(one.is_failing for one in self._all.each):
            self._all.breaker.failed(now)

    def turned_down(self, now: float) -> None:
        """It answered, with a status that the route counts as a failure: a word on this url, not on the backend."""
        self._failures += 1
        settings = self._all.settings
        if self._failures < settings.failures or not self._all.may_eject(self):
            return
        if now - self.out_until > self._out_for:
            self._times = 0
        self._times = min(self._times + 1, LONGEST)
        self._out_for = self._times * settings.open_for
        self.out_until = now + self._out_for
        self.is_out = True
        self._all.changed(EventKind.URL_EJECTED, self, f"{self._failures} failures in a row, left {self._out_for:g} s")

    def returns(self) -> None:
        """Its time is over. Failures stay counted, so that one more is enough."""
        self.is_out = False
        self._all.changed(EventKind.URL_RETURNED, self, f"was left for {self._out_for:g} s")

    def checked(self, good: bool, why: str) -> None:
        """A health check ended; `why` says how, for the log."""
        health = self._all.health
        if health is None or good is self.healthy:
            self._odd_checks = 0
            return
        self._odd_checks += 1
        if self._odd_checks >= (health.healthy_after if good else health.unhealthy_after):
            self._odd_checks = 0
            self.healthy = good
            self._all.changed(EventKind.URL_HEALTHY if good else EventKind.URL_UNHEALTHY, self, why)


class Standings:
    """All urls of one backend in one worker, `each` in the order of the file."""

    def __init__(self, backend: Backend, settings: Settings, breaker: Breaker, tell: Tell) -> None:
        self.backend = backend.name
        self.settings = settings
        self.health = backend.health
        self.breaker = breaker
        self.each = tuple(Standing(one.url, self) for one in backend.each())
        self._everyone = range(len(self.each))
        self._tell = tell
        self._all_well = True
        breaker.hold(False)  # whoever held it knew other urls

    def pick(self, under_way: Callable[[int], int], dice: float, now: float, avoid: int | None = None) -> int:
        """The number of the url for one request. `under_way` counts the requests that a url has, `dice` is uniform in
        [0, 1), `avoid` is where the request failed before: taken only if nothing else is left."""
        usable = self._everyone if self._all_well else self._usable(now)
        if avoid is not None and len(usable) > 1 and avoid in usable:
            usable = [number for number in usable if number != avoid]
        count = len(usable)
        if count == 1:
            return usable[0]
        place, rest = divmod(dice * count, 1.0)
        one = usable[int(place)]
        other = usable[(int(place) + 1 + int(rest * (count - 1))) % count]
        return one if under_way(one) <= under_way(other) else other

    def look(self, now: float) -> list[tuple[str, bool, bool]]:
        """Each url, whether it is healthy, and whether it is ejected: what is true at `now`, also if nobody asked for
        anything since."""
        if not self._all_well:
            self._take_back(now)
        return [(one.url, one.healthy, one.is_out) for one in self.each]

    def allows(self, now: float) -> bool:
        """For copies, as a breaker; what they met each url's standing was told."""
        return self.breaker.allows(now)

    def succeeded(self) -> None:
        """Told already."""

    def failed(self, now: float) -> None:
        """Told already."""

    def may_eject(self, standing: Standing) -> bool:
        """True when this url may be left: it is not yet, it would not be more than half of them, and another is
        usable."""
        others = [one for one in self.each if one is not standing]
        out = sum(one.is_out for one in others)
        usable = any(one.healthy and not one.is_out for one in others)
        return not standing.is_out and usable and (out + 1) * 2 <= len(self.each)

    def changed(self, kind: EventKind, standing: Standing, why: str) -> None:
        """For a standing: others are told, and the breaker is held open while none is healthy."""
        self._all_well = all(one.healthy and not one.is_out for one in self.each)
        self._tell(Event(kind, why, self.backend, standing.url))
        self.breaker.hold(not any(one.healthy for one in self.each))

    def _take_back(self, now: float) -> None:
        for one in self.each:
            if one.is_out and now >= one.out_until:
                one.returns()

    def _usable(self, now: float) -> Sequence[int]:
        self._take_back(now)
        healthy = [number for number in self._everyone if self.each[number].healthy]
        return [number for number in healthy if not self.each[number].is_out] or healthy or self._everyone
