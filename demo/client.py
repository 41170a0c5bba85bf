"""The clients: a few dozen users, each with a cookie of its own, and the ways they ask.

A user has one request under way at most and a steady pace, so that a slow machine gets less traffic and not a queue.
Every answer is checked: status, fields, and that the ids are those this very request asked for; what is wrong is
counted by its kind, and no request is left out of the count.

*Sending again.* A kept-alive connection may close at any time. A client that then has got nothing of an answer sends a
safe request once more over another connection (RFC 9110 section 9.2.2), as every HTTP library and browser does. These
clients do so too, and count it. A POST is never sent again.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import json
import random
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from time import monotonic, time
from types import SimpleNamespace
from typing import Any, NamedTuple

import aiohttp

SENDS = 3  # of a safe request whose connection closed before anything of an answer came
TIMEOUT = aiohttp.ClientTimeout(total=30.0)
EXAMPLES = 5


class Answer(NamedTuple):
    """What came back. `body` is decoded where it was compressed."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    def json(self) -> Any:
        return json.loads(self.body)


Action = Callable[["Clients", str], Awaitable[None]]


@dataclass(slots=True)
class Clients:
    """All users of one public URL. `actions` are what they do, with weights; those in `delicate` cannot be sent again
    and can be held back for a moment (`calm`)."""

    base: str
    actions: Mapping[Action, float]
    delicate: frozenset[Action]
    users: int = 40
    rate: float = 250.0  # requests a second, of all users together
    requests: int = 0
    resent: int = 0
    by_kind: Counter[str] = field(default_factory=Counter)
    errors: Counter[str] = field(default_factory=Counter)
    examples: list[str] = field(default_factory=list)
    _dice: random.Random = field(default_factory=lambda: random.Random(7))  # noqa: S311 - repeatable, no secret
    _session: aiohttp.ClientSession | None = None
    _tasks: list[asyncio.Task[None]] = field(default_factory=list)
    _numbers: itertools.count[int] = field(default_factory=itertools.count)
    _stopping: bool = False
    _calm: bool = False
    _under_way: int = 0  # delicate ones

    @property
    def failed(self) -> int:
        return sum(self.errors.values())

    def start(self) -> None:
        trace = aiohttp.TraceConfig(_carried)  # type: ignore[arg-type]  # typed as a class; any callable will do
        trace.on_connection_reuseconn.append(_count_connection)
        trace.on_connection_create_end.append(_count_connection)
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=0),
            cookie_jar=aiohttp.DummyCookieJar(),
            timeout=TIMEOUT,
            trace_configs=[trace],
        )
        self._tasks = [asyncio.create_task(self._use(f"u{number:02}", number)) for number in range(self.users)]

    async def stop(self) -> None:
        """Every request that is under way gets its answer first."""
        self._stopping = True
        await asyncio.gather(*self._tasks)
        if self._session is not None:
            await self._session.close()

    def check(self) -> None:
        """Raises what a user's task raised: a fault of the demo itself."""
        for task in self._tasks:
            if task.done():
                task.result()

    @contextlib.asynccontextmanager
    async def calm(self) -> AsyncIterator[None]:
        """Only requests that may be sent again are under way inside."""
        self._calm = True
        try:
            while self._under_way:  # noqa: ASYNC110 - once in a run, for milliseconds
                await asyncio.sleep(0.01)
            yield
        finally:
            self._calm = False

    async def ask(self, user: str, kind: str, method: str, path: str, **options: Any) -> Answer | None:
        """One request, counted. None when no whole answer came; that is counted as an error."""
        number = next(self._numbers)
        request_id = f"demo-{user}-{int(time())}-{number}"  # says who asked, and in which second
        headers = {"Authorization": "Bearer sk_test_tripe_alpha", "Cookie": f"session={user}"}
        options["headers"] = headers | options.get("headers", {}) | {"X-Request-Id": request_id}
        self.requests += 1
        self.by_kind[kind] += 1
        try:
            answer = await self._send(method, path, options)
        except TimeoutError:
            self._note(kind, f"timeout: no answer in {TIMEOUT.total:g} s", path)
            return None
        except aiohttp.ClientError as error:
            self._note(kind, f"connection: {type(error).__name__}", path)
            return None
        if answer.status < 500 and answer.headers.get("X-Request-Id") != request_id:
            self._note(kind, "ids: the answer has another request's id", path)
            return None
        return answer

    def judge(self, answer: Answer | None, kind: str, status: int, check: Callable[[Answer], str]) -> bool:
        """Counts what is wrong with an answer; True when nothing is."""
        if answer is None:
            return False
        if answer.status != status:
            wrong = f"status {answer.status}"
        else:
            try:
                wrong = check(answer)
            except (ValueError, KeyError, TypeError) as error:
                wrong = f"schema: {error!r}"
        if wrong:
            self._note(kind, wrong, answer.body[:120].decode("latin-1"))
        return not wrong

    async def _send(self, method: str, path: str, options: Mapping[str, Any]) -> Answer:
        assert self._session is not None  # noqa: S101 - users run after `start` only
        left = SENDS if method in ("GET", "HEAD") else 1
        while True:
            left -= 1
            sending = SimpleNamespace(connections=0)
            try:
                async with self._session.request(
                    method, self.base + path, allow_redirects=False, trace_request_ctx=sending, **options
                ) as response:
                    return Answer(response.status, response.headers, await response.read())
            except (aiohttp.ServerDisconnectedError, aiohttp.ClientOSError):
                if not left:
                    raise
                self.resent += 1
            finally:
                self.resent += max(0, sending.connections - 1)  # what aiohttp sent again by itself

    async def _use(self, user: str, number: int) -> None:
        pause = self.users / self.rate
        due = monotonic() + pause * number / self.users
        actions, weights = list(self.actions), list(self.actions.values())
        while not self._stopping:
            await asyncio.sleep(max(0.0, due - monotonic()))
            due = max(due + pause, monotonic())
            action = self._dice.choices(actions, weights)[0]
            if action not in self.delicate:
                await action(self, user)
            elif not self._calm:
                self._under_way += 1
                try:
                    await action(self, user)
                finally:
                    self._under_way -= 1

    def _note(self, kind: str, wrong: str, example: str) -> None:
        self.errors[f"{kind}: {wrong.partition(':')[0]}"] += 1
        if len(self.examples) < EXAMPLES:
            self.examples.append(f"{kind}: {wrong} ({example})")


def _carried(trace_request_ctx: SimpleNamespace) -> SimpleNamespace:
    return trace_request_ctx


async def _count_connection(_session: object, sending: Any, _params: object) -> None:
    sending.connections += 1
