"""What a comparison finally says, with what is known of noise.

A mismatch of a safe request is asked again where budgets allow, and waits for the answers; else what was learned
before decides. The fields that noise explains are taken out of it: nothing left is `explained`, something left is a
mismatch of that alone. Where all that is left are fields of which too little is known to tell, the pair waits a few
seconds for what is asked about others (`undecided`); if they do not tell either, it is `not_compared(learning)`:
neither an excuse nor a mark against the service.

Where both sides stood by different answers and chance could be the reason, both are asked once more, up to ROUNDS
times: chance gives up, a mistake does not.

A re-ask can only ever explain: what differs and is not noise counts as it did. A field whose noise turns out to be a
regression is flagged as an open signature of high risk, and explains nothing any more.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections import Counter
from collections.abc import Callable
from functools import partial

import structlog

from proxy import comparison
from proxy.evidence import ROUNDS, Noise, Stood
from proxy.metrics import Accumulator
from proxy.model.comparison import Comparison, Field, Kind, NotCompared, Result
from proxy.model.evidence import EvidenceKey
from proxy.model.noise import FieldNoise, Reask
from proxy.model.observation import Pair
from proxy.runtime.asker import Asker
from proxy.runtime.comparer import Comparer
from proxy.runtime.live import Live
from proxy.runtime.noise_book import NoiseBook
from proxy.runtime.undecided import Undecided
from proxy.shadow import Again, Reasks, Ways

FROM_FIRST = ("repeats", "fails")  # tests that first answers are enough for: re-asks may not know that legacy varies

Done = Callable[[Comparison], None]

log = structlog.get_logger("strangler.evidence")


class Explaining:
    """`flag` opens a signature for a field that is no noise: key, field. Until `ask_with` nothing is asked."""

    def __init__(
        self,
        live: Live,
        comparer: Comparer,
        metrics: Accumulator,
        flag: Callable[[EvidenceKey, FieldNoise], None],
    ) -> None:
        self.book = NoiseBook()
        self.counted: dict[str, Counter[str]] = {}  # by route: re-asks by result
        self._live = live
        self._comparer = comparer
        self._metrics = metrics
        self._flag = flag
        self._reasks: Reasks | None = None
        self._undecided: Undecided | None = None
        self._flags: dict[EvidenceKey, int] = {}  # how many there were when they were last told

    def ask_with(self, asker: Asker) -> None:
        """From now on both sides can be asked again. Inside a running loop."""
        loop = asyncio.get_running_loop()

        def later(seconds: float, call: Callable[[], None]) -> Callable[[], None]:
            return loop.call_later(seconds, call).cancel

        self._undecided = Undecided(later, time.monotonic)
        self._reasks = Reasks(
            self._live.compiled.spec,
            Ways(
                ask=asker.ask,
                is_free=asker.is_free,
                later=later,
                is_current=self._is_current,
                counted=self._count,
                stopped=lambda why, seconds: log.warning("reasks_stopped", why=why, seconds=round(seconds, 1)),
                clock=time.monotonic,
                dice=random.random,
            ),
        )

    def follow(self) -> None:
        """Takes up a new routes.yaml."""
        if self._reasks is not None:
            self._reasks.follow(self._live.compiled.spec)

    def usual(self, route: str, seconds: float) -> None:
        """Notes how long legacy took for one request."""
        if self._reasks is not None:
            self._reasks.usual(route, seconds)

    def decide(
        self, key: EvidenceKey, pair: Pair, rules: comparison.Rules, sampled: bool, done: Done, found: Comparison
    ) -> None:
        """Calls `done` with what the comparison finally says: at once, or when both sides were asked again."""
        if any(kind is Kind.ERROR for _, kind in found.fields):
            done(found)  # without an answer there is nothing in which noise could have a part
            return
        if found.differences:
            noise = self.book.of(key)
            found = comparison.counted(found, noise.glance(found))
            self._tell(key, noise)
        if found.result is Result.MISMATCH:
            then = partial(self._asked, key, pair, found, rules, done)
            fields = found.fields | self.book.of(key).striking(found)
            if self._reasks is None or not self._reasks.offer(pair, fields, sampled, then):
                self._settle(key, pair, found, None, done, {})
            return
        done(found)
        if sampled and self._reasks is not None and found.result in (Result.MATCH, Result.IGNORED):
            self._reasks.offer(pair, (), True, partial(self._asked, key, pair, found, rules, None))

    def oldest(self) -> list[dict[str, float]]:
        """By route, the arrival of the oldest mismatch that waits for its own answers, or for those of others."""
        return [room.oldest() for room in (self._reasks, self._undecided) if room is not None]

    @property
    def is_stopped(self) -> bool:
        """True while legacy has trouble and is not asked."""
        return self._reasks is not None and self._reasks.is_stopped

    def close(self) -> None:
        """Decides all that waits, without answers."""
        if self._undecided is not None:
            self._undecided.close()
        if self._reasks is not None:
            self._reasks.close()

    def _asked(
        self,
        key: EvidenceKey,
        pair: Pair,
        found: Comparison,
        rules: comparison.Rules,
        done: Done | None,
        again: Again | None,
    ) -> None:
        then = partial(self._compared, key, pair, found, rules, done)
        if again is None:
            then(None)
        else:
            self._comparer.compare_again(pair, again, rules, then)

    def _compared(
        self,
        key: EvidenceKey,
        pair: Pair,
        found: Comparison,
        rules: comparison.Rules,
        done: Done | None,
        reask: Reask | None,
    ) -> None:
        if reask is not None:
            noise = self.book.of(key)
            noise.learn(found, reask)
            self.book.changed(key)
            if self._undecided is not None:
                self._undecided.learned(key)
            self._tell(key, noise)
        if done is None:
            return
        settle = partial(self._settle, key, pair, found, reask, done)
        if reask is None:
            settle({})
        else:
            self._insist(key, pair, found, rules, ROUNDS, settle, self.book.of(key).standing(found, reask))

    def _insist(
        self,
        key: EvidenceKey,
        pair: Pair,
        found: Comparison,
        rules: comparison.Rules,
        rounds: int,
        settle: Callable[[Stood], None],
        standing: Stood,
    ) -> None:
        """Asks once more while something stands that chance could have made; then settles."""
        so_far = standing if rounds < ROUNDS else {}

        def compared(reask: Reask | None) -> None:
            if reask is None:
                settle(so_far)
                return
            noise = self.book.of(key)
            still = noise.insist(standing, found, reask)
            self.book.changed(key)
            self._tell(key, noise)
            self._insist(key, pair, found, rules, rounds - 1, settle, still)

        def asked(again: Again | None) -> None:
            if again is None:
                settle(so_far)
            else:
                self._comparer.compare_again(pair, again, rules, compared)

        reasks = self._reasks if any(standing.values()) and rounds else None
        if reasks is None or not reasks.offer(pair, once_more(standing), False, asked):
            settle(so_far)

    def _tell(self, key: EvidenceKey, noise: Noise) -> None:
        """Opens signatures for what was flagged since the last time."""
        if noise.flags == self._flags.get(key, 0):
            return
        self._flags[key] = noise.flags
        for field in noise.regressions():
            if field.varied or field.test in FROM_FIRST:
                self._flag(key, field)  # where legacy never varies nothing is explained: a mismatch like any other

    def _settle(
        self, key: EvidenceKey, pair: Pair, found: Comparison, reask: Reask | None, done: Done, standing: Stood
    ) -> None:
        """Says what the comparison finally says, now or when more is known."""
        read = partial(self._read, key, pair, found, reask, standing)
        said = read()
        if said.reason is not NotCompared.LEARNING or self._undecided is None:
            done(said)
        else:
            self._undecided.wait(key, pair, said, read, done)

    def _read(
        self, key: EvidenceKey, pair: Pair, found: Comparison, reask: Reask | None, standing: Stood
    ) -> Comparison:
        may_ask = self._reasks is not None and self._reasks.may_ask(pair)  # if not now: a pause is no verdict
        return explained(self.book.of(key), found, reask, may_ask, standing)

    def _is_current(self, pair: Pair) -> bool:
        state = self._live.states.get(pair.route)
        return state is not None and state.epoch == pair.epoch

    def _count(self, route: str, result: str) -> None:
        self.counted.setdefault(route, Counter())[result] += 1
        self._metrics.add("strangler_reasks_total", (route, result))


def once_more(standing: Stood) -> list[Field]:
    """Under what names the budget of questions knows those that insist: each field has one for them, too."""
    return [(f"{path} once more", kind) for (path, kind), places in standing.items() if places]


def explained(
    noise: Noise, found: Comparison, reask: Reask | None, may_ask: bool, standing: Stood | None = None
) -> Comparison:
    """The mismatch `found` as noise leaves it."""
    reading = noise.read(found, reask, may_ask=may_ask, standing=standing)
    if not reading.learning:
        return comparison.without(found, reading.explained)
    rest = comparison.without(found, reading.explained | reading.learning)
    if rest.result is Result.MISMATCH:
        return rest
    return found._replace(
        result=Result.NOT_COMPARED, reason=NotCompared.LEARNING, signature="", risk=None, explained=reading.explained
    )
