"""HTTPRoute conformance: Retry, and what GEP-1731 says beside its cases. Written anew as tables over routes.yaml, on
real sockets: the backend fails as often as the request tells it to."""

from __future__ import annotations

import asyncio
import textwrap
from collections import Counter

import pytest

from proxy.config import load
from tests.support.engine import Running
from tests.support.wire import RawUpstream, Served, ok, until

ROUTES = """
version: 1
backends:
  legacy: {url: "http://127.0.0.1:PORT", timeout: 2s}
  other: {url: "http://127.0.0.1:1", build_header: X-Build}
legacy: legacy
routes:
  - {name: three, match: /retry/code-500-attempts-3, extracted: other, retry: {attempts: 3, codes: [500]}}
  - {name: all, match: /retry/code-all-attempts-2, extracted: other, retry: {attempts: 2, codes: [500, 502, 503, 504]}}
  - {name: none, match: /retry/none, extracted: other, retry: {attempts: 0, codes: [500]}}
  - {name: connections, match: /retry/connections, extracted: other, retry: {attempts: 2}}
  - name: late
    match: /retry/late
    extracted: other
    retry: {attempts: 2, backoff: 1ms}
    timeouts: {request: 60s, backend_request: 500ms}
  - name: patient
    match: /retry/patient
    extracted: other
    retry: {attempts: 10, codes: [500], backoff: 100ms}
    timeouts: {request: 1s}
  - name: rests
    match: /retry/rests
    extracted: other
    retry: {attempts: 1, codes: [500], backoff: 800ms}
    timeouts: {backend_request: 400ms}
"""


class Echo(RawUpstream):
    """Answers `code` for the first `fails` requests with one `id`, then 200; a code of 0 is no answer: the connection
    ends, and `hang` never ends."""

    def __init__(self) -> None:
        super().__init__(self._serve)
        self.asked: Counter[str] = Counter()

    async def _serve(self, served: Served) -> None:
        while True:
            head, _ = await served.request()
            target = head.split(b" ")[1].decode()
            wants = dict(part.split("=") for part in target.partition("?")[2].split("&"))
            self.asked[wants["id"]] += 1
            if self.asked[wants["id"]] > int(wants["fails"]):
                await served.send(ok(b"good"))
            elif wants["code"] == "hang":
                await served.rest()
            elif wants["code"] == "0":
                return
            else:
                await served.send(b"HTTP/1.1 %b No\r\nContent-Length: 3\r\n\r\nbad" % wants["code"].encode())


def proxied(upstream: RawUpstream) -> Running:
    loaded = load(textwrap.dedent(ROUTES).replace("PORT", str(upstream.port)), env={})
    assert loaded.spec is not None, loaded.problems
    return Running(loaded.spec)


async def asked(path: str, code: str, fails: int, method: str = "GET", body: bytes = b"") -> tuple[int, int, Running]:
    """The status that the client got, how often the backend was asked, and the proxy's records."""
    upstream = Echo()
    async with upstream, proxied(upstream) as proxy, await proxy.connect() as client:
        lines = (f"{method} {path}?id=x&code={code}&fails={fails} HTTP/1.1", "Host: h", f"Content-Length: {len(body)}")
        await client.send("\r\n".join((*lines, "\r\n")).encode() + body)
        head, _ = await client.answer()
        await until(lambda: proxy.ended, "the record")
        return int(head.split(b" ")[1]), upstream.asked["x"], proxy


@pytest.mark.parametrize(
    ("path", "code", "fails", "status", "times"),
    [
        ("/retry/code-500-attempts-3", "500", 2, 200, 3),
        ("/retry/code-500-attempts-3", "500", 4, 500, 4),
        ("/retry/code-500-attempts-3", "503", 2, 503, 1),
        ("/retry/code-all-attempts-2", "500", 1, 200, 2),
        ("/retry/code-all-attempts-2", "500", 3, 500, 3),
        ("/retry/code-all-attempts-2", "502", 1, 200, 2),
        ("/retry/code-all-attempts-2", "502", 3, 502, 3),
        ("/retry/code-all-attempts-2", "503", 1, 200, 2),
        ("/retry/code-all-attempts-2", "503", 3, 503, 3),
        ("/retry/code-all-attempts-2", "504", 1, 200, 2),
        ("/retry/code-all-attempts-2", "504", 3, 504, 3),
        ("/retry/none", "500", 1, 500, 1),  # zero disables
        ("/retry/connections", "500", 1, 500, 1),  # a status is an answer where no code names it
        ("/retry/connections", "0", 1, 200, 2),
        ("/retry/connections", "0", 2, 200, 3),
        ("/retry/connections", "0", 3, 502, 3),
        ("/retry/late", "hang", 2, 200, 3),  # what reaches backend_request is tried again
        ("/retry/late", "hang", 3, 504, 3),
        ("/retry/rests", "500", 1, 200, 2),  # a wait between tries is no try, and may be longer
    ],
)
async def test_a_request_is_tried_as_often_as_the_route_says(
    path: str, code: str, fails: int, status: int, times: int
) -> None:
    assert (await asked(path, code, fails))[:2] == (status, times)


async def test_the_time_of_the_request_bounds_all_tries_together() -> None:
    status, times, proxy = await asked("/retry/patient", "500", 99)
    assert status == 504
    assert 2 <= times <= 4, "after 100, 300 and 700 ms at the earliest"
    assert proxy.ended[0].outcome == "total_timeout"


@pytest.mark.parametrize("code", ["500", "0"])
async def test_a_write_that_was_sent_is_never_sent_again(code: str) -> None:
    status, times, _ = await asked("/retry/code-all-attempts-2", code, 1, "POST", b"body")
    assert (status, times) == (500 if code == "500" else 502, 1)


async def test_a_put_is_sent_again_with_its_body() -> None:
    assert (await asked("/retry/code-all-attempts-2", "503", 1, "PUT", b"x" * 60_000))[:2] == (200, 2)


async def test_a_client_that_leaves_before_the_next_try_ends_it() -> None:
    upstream = Echo()
    async with upstream, proxied(upstream) as proxy:
        client = await proxy.connect()
        await client.send(b"GET /retry/rests?id=x&code=500&fails=9 HTTP/1.1\r\nHost: h\r\n\r\n")
        await until(lambda: proxy.events, "the wait for the retry")
        client.close()
        assert (await proxy.outcome()).outcome == "client_gone"
        await asyncio.sleep(1.25)  # as long as the wait can be, and a little
        assert upstream.asked["x"] == 1


async def test_what_was_tried_stands_in_the_record() -> None:
    _, _, proxy = await asked("/retry/code-500-attempts-3", "500", 2)
    assert proxy.ended[0].why.endswith(", sent again 2x")
    assert [(event.kind, event.why) for event in proxy.events] == [("retry", "500"), ("retry", "500")]


async def test_when_everything_fails_the_budget_bounds_what_the_backend_sees() -> None:
    requests = 200
    upstream = Echo()
    async with upstream, proxied(upstream) as proxy:
        for number in range(requests):
            async with await proxy.connect() as client:
                target = f"/retry/code-500-attempts-3?id=x&code=500&fails={10**6}"
                await client.send(f"GET {target}&number={number} HTTP/1.1\r\nHost: h\r\n\r\n".encode())
                assert (await client.head()).startswith(b"HTTP/1.1 500 ")
    assert upstream.asked["x"] <= requests * 1.2 + 10
    assert upstream.asked["x"] >= requests * 1.2, "it does retry"
    assert "retry_refused" in {event.kind for event in proxy.events}
