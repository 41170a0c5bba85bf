"""Requests and answers made at random go straight to a recording upstream and through the proxy: both ends see the same
bytes but for the documented changes.

With `FUZZ=5000` in the environment it plays that many conversations, other ones each time (`make fuzz`, and in
`make soak`); without, the same few hundred. A failure prints the conversation, and a line that plays it again; what
`make fuzz` found is kept in .hypothesis and played first the next time.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterator

import pytest
import uvloop
from hypothesis import HealthCheck, given, settings

from proxy.model.sides import Stage
from tests.transparency.differential import Result, World
from tests.transparency.documented import IDEMPOTENT, check_got, check_heard
from tests.transparency.messages import Conversation, conversations

# Row 17: once more on a new connection; where legacy steps in, each side may be asked so.
TRIES_MORE = {Stage.LEGACY: 1, Stage.SHADOW: 1, Stage.LIVE: 3}
FUZZ = int(os.environ.get("FUZZ", "0"))


class Played:
    """A loop and a world that every conversation of the test shares."""

    def __init__(self) -> None:
        self.runner = asyncio.Runner(loop_factory=uvloop.new_event_loop)
        self.world = World()
        self.runner.run(self.world.open())

    def play(self, conversation: Conversation) -> tuple[Result, Result]:
        return self.runner.run(self.world.play(conversation))

    def close(self) -> None:
        self.runner.run(self.world.close())
        self.runner.close()


@pytest.fixture(scope="module")
def played() -> Iterator[Played]:
    made = Played()
    yield made
    made.close()


def check_straight(conversation: Conversation, seen: Result) -> None:
    """Without a proxy both ends see what was said: else the test is at fault."""
    if conversation.leaves_at is not None:
        return
    heard = b"".join(one.head + one.body for one in seen.heard)
    assert conversation.said.startswith(heard)
    said = b"".join(exchange.said[: exchange.broken_at] for exchange in conversation.exchanges)
    assert said.startswith(seen.got)
    if not any(exchange.early or exchange.broken_at is not None for exchange in conversation.exchanges):
        assert (heard, seen.got) == (conversation.said, said)


def check_through(conversation: Conversation, seen: Result) -> None:
    last = conversation.exchanges[-1]
    numbers = [heard.number for heard in seen.heard]
    if last.broken_at is not None and last.method in IDEMPOTENT:
        for _ in range(TRIES_MORE[conversation.stage]):
            if numbers[-2:] == [len(conversation.exchanges) - 1] * 2:
                check_heard(last, seen.heard.pop(), whole=conversation.leaves_at is None)
                numbers.pop()
    assert numbers == list(range(len(numbers))), "lost, repeated or out of order"
    left = conversation.leaves_at is not None
    for heard in seen.heard:
        exchange = conversation.exchanges[heard.number]
        check_heard(exchange, heard, whole=not left and not exchange.early)
    if left:
        return
    assert len(numbers) == len(conversation.exchanges), "a request never reached the backend"
    got: bytes | None = seen.got
    for exchange in conversation.exchanges:
        assert got is not None
        got = check_got(exchange, got, seen)
    assert not got, f"the client gets more than was said: {got!r}"
    assert len(seen.ended) == len(conversation.exchanges), "each exchange leaves one record"


@settings(
    max_examples=FUZZ or 400,
    derandomize=not FUZZ,
    deadline=None,
    database=settings.default.database if FUZZ and settings.default else None,
    print_blob=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.large_base_example],
)
@given(conversation=conversations())
def test_both_ends_see_the_same_bytes_but_for_the_documented_changes(
    played: Played, conversation: Conversation
) -> None:
    straight, through = played.play(conversation)
    check_straight(conversation, straight)
    check_through(conversation, through)
