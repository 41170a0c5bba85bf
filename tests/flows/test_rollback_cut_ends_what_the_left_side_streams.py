"""A rollback moves new requests. With --cut it also ends what the side that was left would answer for hours."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, closing
from pathlib import Path

import pytest

from tests.support.running import Running, running, until
from tests.support.streams import Reader, Streams, tunnel

ROUTES = """
version: 1
backends:
  legacy: {{url: "{legacy}", connect_timeout: 1m, timeout: 10m}}
  feeds: {{url: "{feeds}"}}
legacy: legacy
routes:
  - name: feed
    matches: [{{path: {{type: PathPrefix, value: /feed}}}}]
    extracted: feeds
    stage: canary
    canary: {{percent: 100, exclude: [{{header: {{X-Staff: "1"}}}}]}}
    shadow: {{percent: 0}}
  - name: other
    matches: [{{path: {{type: PathPrefix, value: /other}}}}]
    extracted: feeds
    stage: live
    shadow: {{percent: 0}}
"""


@pytest.fixture
def world(tmp_path: Path) -> Iterator[tuple[Running, Streams, Streams]]:
    with Streams("legacy ") as legacy, Streams("feeds ") as feeds:
        with running(tmp_path, ROUTES.format(legacy=legacy.url, feeds=feeds.url), "--workers", "2") as proxy:
            yield proxy, legacy, feeds


def opened(stack: ExitStack, *readers: Reader, by: bytes) -> list[Reader]:
    for reader in readers:
        stack.enter_context(closing(reader))
        assert reader.sees(by), reader.seen
    return list(readers)


def test_only_what_the_left_side_of_that_route_is_answering_ends(world: tuple[Running, Streams, Streams]) -> None:
    proxy, legacy, feeds = world
    port = proxy.port
    with ExitStack() as stack:
        left = [Reader(port, f"/feed/{number}") for number in range(6)]
        left += [Reader(port, "/feed/down"), tunnel(port, "/feed/live")]
        opened(stack, *left, by=b"feeds ")
        others = opened(stack, Reader(port, "/other"), tunnel(port, "/other/live"), by=b"feeds ")
        staff = opened(stack, Reader(port, "/feed", "X-Staff: 1"), tunnel(port, "/feed", "X-Staff: 1"), by=b"legacy ")

        assert proxy.command("rollback", "feed").returncode == 0
        feeds.say(b"still here")
        assert all(reader.sees(b"still here") for reader in left), "a plain rollback ends nothing"

        done = proxy.command("rollback", "feed", "--cut", "--why", "they hang")
        assert done.returncode == 0, done.stderr
        assert all(reader.ends() for reader in left)
        for side in (feeds, legacy):
            side.say(b"and on")
        assert all(reader.sees(b"and on") for reader in (*others, *staff))

        def cut(code: int) -> float | None:
            line = f'strangler_requests_total{{code="{code}",outcome="cut",route="feed",side="extracted"}}'
            return proxy.metric(line)

        until(lambda: (cut(200), cut(101)) == (7, 1), "every one of them to be counted")
        actions = [row["action"] for row in proxy.api("GET", "/history?route=feed")["rows"]]
        assert actions[:2] == ["rollback --cut", "rollback"]


def test_a_promotion_to_an_earlier_stage_cuts_only_those_who_change_sides(
    world: tuple[Running, Streams, Streams],
) -> None:
    proxy, _, feeds = world
    with ExitStack() as stack:
        (left,) = opened(stack, Reader(proxy.port, "/other"), by=b"feeds ")
        (kept,) = opened(stack, Reader(proxy.port, "/feed"), by=b"feeds ")
        done = proxy.command("promote", "other", "--to", "shadow", "--cut")
        assert done.returncode == 0, done.stderr
        assert left.ends()
        moved = proxy.command("promote", "feed", "--to", "live", "--force", "--why", "all of them", "--cut")
        assert moved.returncode == 0, moved.stderr
        until(lambda: proxy.route("feed")["stage"] == "live", "the promotion")
        feeds.say(b"and on")
        assert kept.sees(b"and on"), "it is on the side that the route has now"
