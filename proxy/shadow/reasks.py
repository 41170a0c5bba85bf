"""Both sides asked again, so that noise can be told from a mistake without a second legacy fleet.

A field that legacy itself does not say twice is noise; one that it does is not. To learn which, both sides get the same
request again: at the same moment after the same delay, in random order, or the two new answers could not stand for each
other (the statistics rest on that). Asked are safe requests only, on a mismatch and on a small random sample. Where
there is a second instance of the monolith, it is asked in place of legacy, and at once: its answer differs where
legacy's own would.

Nobody waits for an answer, and neither side may suffer: rates, a bound on how many pairs are held, a deadline, the
shadow's mark, and an end of all questions while legacy has trouble (`calm`). An answer that says nothing about the pair
(another build, none at all) is thrown away: noise must not be learned from trouble. That a side was busy or failed is
kept, for it says how often that side does; under another status nothing else is compared. What a side
had refused (429) is asked about seldom: often enough to learn what such answers say, and no burden even to who refuses.
Whichever side it was: if only legacy's refusals were asked about seldom, the other's would look more frequent.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from functools import partial
from typing import NamedTuple, Protocol

from proxy.model.comparison import Field
from proxy.model.observation import CapturedRequest, Observation, Pair
from proxy.model.outcome import Outcome
from proxy.model.sides import Side
from proxy.model.spec import RoutesSpec
from proxy.shadow.allowance import Fields, Rate, Worth
from proxy.shadow.calm import TOO_MANY, Calm

SAFE = frozenset({b"GET", b"HEAD", b"OPTIONS"})
HELD = 64  # pairs that wait for their answers, at most; evidence of their routes waits for them
HELD_BYTES = 64 * 1024 * 1024
TURN = 0.05  # seconds between two looks whether both backends are free
BEAT = 0.02  # seconds between two looks whether this process lags
REFUSED = 1.0  # seconds between two questions about pairs in which a side answered 429
PATIENCE = 1.0  # seconds that a pair whose delay is over waits for its turn
LINE = 4.0  # seconds of questions that may be in line before one more: at 10 a second, all that a new field gets freely

DONE, BUDGET, STOPPED, FAILED, OTHER_BUILD = "done", "budget", "stopped", "failed", "other_build"

Cancel = Callable[[], None]


class Again(NamedTuple):
    """What both sides answered to the same request, later."""

    legacy: Observation
    extracted: Observation


Done = Callable[[Again | None], None]


class Ask(Protocol):
    """Sends one captured request; `done` is called exactly once, not from within. Returns what cancels it."""

    def __call__(
        self,
        backend: str,
        side: Side,
        request: CapturedRequest,
        deadline: float,
        done: Callable[[Observation], None],
    ) -> Cancel: ...


class Ways(NamedTuple):
    """What the edge is made of. `is_free`: a question to that backend would go out now. `later` calls after so many
    seconds. `is_current`: the pair's route is still in the epoch of the pair. `counted` gets route and result of each
    pair that was, or might have been, asked again; `stopped` why legacy is left alone, and for how many seconds. `dice`
    gives numbers in [0, 1), `clock` is monotonic seconds."""

    ask: Ask
    is_free: Callable[[str], bool]
    later: Callable[[float, Callable[[], None]], Cancel]
    is_current: Callable[[Pair], bool]
    counted: Callable[[str, str], None]
    stopped: Callable[[str, float], None]
    clock: Callable[[], float]
    dice: Callable[[], float]


class _Held:
    """One pair between its offer and its end; `latest` is when it gives up waiting for its turn, `lag` the seconds
    since it was asked in which this process had no time to listen."""

    __slots__ = ("asked", "cancels", "done", "extracted", "lag", "latest", "legacy", "pair", "waits")

    def __init__(self, pair: Pair, done: Done, latest: float, waits: bool) -> None:
        self.pair = pair
        self.done = done
        self.latest = latest
        self.waits = waits
        self.asked = False
        self.lag = 0.0
        self.cancels: list[Cancel] = []
        self.legacy: Observation | None = None
        self.extracted: Observation | None = None


class Reasks:
    """The re-asks of all routes, in control. `follow` says what is in force."""

    def __init__(self, spec: RoutesSpec, ways: Ways) -> None:
        self._spec = spec
        self._ways = ways
        self._calm = Calm()
        self._fields = Fields()
        self._rates: dict[str, Rate] = {}
        self._held: dict[int, _Held] = {}
        self._bytes = 0
        self._count = 0
        self._beat_due: float | None = None
        self._refused = 0.0  # when the next pair in which a side refused may be asked about
        self._next = 0.0  # when the next pair may be due: what came together is asked one after another

    def follow(self, spec: RoutesSpec) -> None:
        """Takes up a new routes.yaml."""
        self._spec = spec
        self._rates = {name: rate for name, rate in self._rates.items() if name in spec.backends}

    def usual(self, route: str, seconds: float) -> None:
        """Notes how long legacy took for one request, whoever it was for."""
        self._calm.usual(route, seconds)

    @property
    def is_stopped(self) -> bool:
        """True while legacy is left alone."""
        return self._calm.is_stopped(self._ways.clock())

    def may_ask(self, pair: Pair) -> bool:
        """True when such a pair may be asked again, if not now: budgets and trouble of legacy aside."""
        return self._spec.reasks.per_second > 0 and pair.request.method in SAFE and self._ways.is_current(pair)

    def offer(self, pair: Pair, fields: Collection[Field], sampled: bool, done: Done) -> bool:
        """Takes a pair: one that differs at `fields`, or one of the sample. False when it is not to be asked again;
        else `done` is called exactly once, later, with None when nothing was learned. A pair with `fields` holds the
        evidence of its route (see `oldest`)."""
        if not self.may_ask(pair):
            return False
        if self.is_stopped:
            self._ways.counted(pair.route, STOPPED)
            return False
        now = self._ways.clock()
        size = pair.size
        worth = max(self._fields.worth(pair.route, fields, now), Worth.SOMETHING if sampled else Worth.NOTHING)
        rates = [self._rate(name) for name in (self._legacy, pair.extracted.backend)]
        per_second = self._spec.reasks.per_second
        first = now if self._spec.reasks.second_legacy else now + self._spec.reasks.delay
        due = max(self._next, first)
        fits = len(self._held) < HELD and self._bytes + size <= HELD_BYTES and due - first < LINE
        refused = TOO_MANY in (pair.legacy.status, pair.extracted.status)
        fits = fits and not (refused and now < self._refused)
        room = worth is Worth.MUCH or all(rate.has_room(due, per_second) for rate in rates)
        if not (worth and fits and room):
            self._ways.counted(pair.route, BUDGET)
            return False
        for rate in rates:
            rate.take(due)
        self._fields.asked(pair.route, fields, now)
        self._bytes += size
        self._count += 1
        self._next = due + 1.0 / per_second
        if refused:
            self._refused = now + REFUSED
        held = self._held[self._count] = _Held(pair, done, due + PATIENCE, bool(fields))
        held.cancels = [self._ways.later(due - now, partial(self._due, self._count))]
        return True

    def oldest(self) -> dict[str, float]:
        """By route, the arrival of the oldest mismatch that waits for its answers: evidence may count up to there."""
        oldest: dict[str, float] = {}
        for held in self._held.values():
            if held.waits:
                route, arrival = held.pair.route, held.pair.arrival
                oldest[route] = min(arrival, oldest.get(route, arrival))
        return oldest

    def close(self) -> None:
        """Ends all that is held; nothing was learned of it."""
        for ticket in list(self._held):
            self._end(ticket, None, FAILED)

    @property
    def _legacy(self) -> str:
        return self._spec.reasks.second_legacy or self._spec.legacy

    def _rate(self, backend: str) -> Rate:
        return self._rates.setdefault(backend, Rate())

    def _due(self, ticket: int) -> None:
        held, ways = self._held[ticket], self._ways
        backends = (self._legacy, held.pair.extracted.backend)
        if self.is_stopped or not self.may_ask(held.pair):
            self._end(ticket, None, STOPPED)
        elif all(map(ways.is_free, backends)):
            self._ask(ticket, held)
        elif ways.clock() >= held.latest:
            self._end(ticket, None, BUDGET)
        else:
            held.cancels = [ways.later(TURN, partial(self._due, ticket))]

    def _ask(self, ticket: int, held: _Held) -> None:
        sides = [(self._legacy, Side.LEGACY), (held.pair.extracted.backend, Side.EXTRACTED)]
        if self._ways.dice() < 0.5:
            sides.reverse()
        held.asked = True
        if self._beat_due is None:
            self._beat_due = self._ways.clock() + BEAT
            self._ways.later(BEAT, self._beat)
        deadline, answered = self._spec.shadow.deadline, partial(self._answered, ticket)
        held.cancels = [self._ways.ask(name, side, held.pair.request, deadline, answered) for name, side in sides]

    def _beat(self) -> None:
        """Runs while questions are under way, and notes for each how late it runs itself: a busy process hears of every
        answer late, and legacy is not to blame."""
        now = self._ways.clock()
        asked = [held for held in self._held.values() if held.asked]
        for held in asked:
            held.lag += self._late(now)
        self._beat_due = now + BEAT if asked else None
        if asked:
            self._ways.later(BEAT, self._beat)

    def _late(self, now: float) -> float:
        return max(0.0, now - self._beat_due) if self._beat_due is not None else 0.0

    def _answered(self, ticket: int, answer: Observation) -> None:
        held = self._held.get(ticket)
        if held is None:
            return  # it ended meanwhile
        if answer.side is Side.EXTRACTED:
            held.extracted = answer
        else:
            held.legacy = answer
            now, timed = self._ways.clock(), answer.backend == self._spec.legacy
            ours = held.lag + self._late(now)
            why = self._calm.heard(held.pair.route, answer, now, timed=timed, ours=ours, before=_before(held.pair))
            if why:
                self._ways.stopped(why, self._calm.left(now))
        if held.legacy is not None and held.extracted is not None:
            again = Again(held.legacy, held.extracted)
            result = what_it_says(held.pair, again)
            self._end(ticket, again if result == DONE else None, result)

    def _end(self, ticket: int, again: Again | None, result: str) -> None:
        held = self._held.pop(ticket)
        for cancel in held.cancels:
            cancel()
        self._bytes -= held.pair.size
        self._ways.counted(held.pair.route, result)
        held.done(again)


def _before(pair: Pair) -> int:
    """The status that the client got from legacy; 0 when it was not legacy that answered it."""
    return pair.legacy.status if pair.answering is Side.LEGACY else 0


def what_it_says(pair: Pair, again: Again) -> str:
    """`done` when the new answers can stand beside the pair's, else why they cannot."""
    for answer in again:
        if answer.outcome is not Outcome.OK or not answer.body.complete:
            return FAILED
    return DONE if again.extracted.build == pair.extracted.build else OTHER_BUILD
