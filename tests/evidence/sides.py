"""Both sides of a route, as what fields say together is learned of them: every pair is asked again."""

from __future__ import annotations

from collections.abc import Callable
from random import Random

from bench.noise_world import Answer, compared, reasked
from proxy.evidence.asked import Asked, Seen
from proxy.evidence.together import Together

Says = Callable[[Random, int], Answer]  # by request


def own(request: int, name: str, most: int) -> int:
    """What belongs to the request: below `most`."""
    return Random(f"{name} {request}").randrange(most)


class Route:
    """`says` is what legacy says, and the extracted side, but for what is wrong."""

    def __init__(self, says: Says, seed: int = 1) -> None:
        self.together = Together()
        self.says, self.dice = says, Random(seed)
        self.requests = 0

    def pair(
        self, wrong: Callable[[Answer], Answer] = lambda answer: answer, *, ask: bool = True, on: int = 0
    ) -> frozenset[str]:
        """One more request; where it is off. `on`: how often it is asked further."""
        request, dice = self.requests, self.dice
        self.requests += 1
        one, other = self.says(dice, request), wrong(self.says(dice, request))
        first = Seen(compared(one, other))
        self.together.see(first)
        for time in range(1 + on if ask else 0):
            asked = Asked(*reasked(compared, one, other, self.says(dice, request), wrong(self.says(dice, request))))
            if time:
                self.together.insist(asked)
            else:
                self.together.learn(asked)
        return self.together.off(first)
