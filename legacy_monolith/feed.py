"""What just happened, told live: an event stream (SSE, WHATWG HTML 9.2) and a WebSocket.

The `events` table is the feed: whoever writes a charge writes its event in the same transaction, also another process.
One task looks for a higher sequence number; each reader then fetches from where it stands, at its own pace, so a slow
reader holds no queue and loses nothing.
"""

import asyncio
import json
import secrets
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from sqlite3 import Row
from typing import Any

import structlog
from aiohttp import WSCloseCode, WSMsgType, web

from legacy_monolith.database import Database
from legacy_monolith.resources import DATABASE
from legacy_monolith.wire import Params, integer, query_params

LOOK_EVERY_S = 0.05
HEARTBEAT_S = 10.0
BATCH = 100
LARGEST_MESSAGE = 2**20
LAST_SEQUENCE = 2**53
log = structlog.get_logger()


class Feed:
    """Follows the events table; `tail` ends when the feed is closed."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._changed = asyncio.Event()
        self._closed = False
        self.newest = self._look()

    def _look(self) -> int:
        row = self._database.one("SELECT coalesce(max(seq), 0) AS newest FROM events")
        return int(row["newest"]) if row else 0

    async def follow(self) -> None:
        """Watch until cancelled."""
        while True:
            await asyncio.sleep(LOOK_EVERY_S)
            newest = self._look()
            if newest != self.newest:
                self.newest = newest
                self._wake()

    def close(self) -> None:
        self._closed = True
        self._wake()

    def _wake(self) -> None:
        self._changed.set()
        self._changed = asyncio.Event()

    async def tail(self, after: int) -> AsyncIterator[list[Row]]:
        """Batches of events behind sequence number `after`; an empty batch after each quiet HEARTBEAT_S."""
        while not self._closed:
            changed = self._changed
            rows = self._database.all("SELECT * FROM events WHERE seq > ? ORDER BY seq LIMIT ?", (after, BATCH))
            if rows:
                after = rows[-1]["seq"]
                yield rows
                continue
            try:
                async with asyncio.timeout(HEARTBEAT_S):
                    await changed.wait()
            except TimeoutError:
                yield []


FEED = web.AppKey("feed", Feed)


async def keep_feed(app: web.Application) -> AsyncIterator[None]:
    """Start the feed with the application, stop its task with it."""
    app[FEED] = Feed(app[DATABASE])
    task = asyncio.create_task(app[FEED].follow())
    yield
    task.cancel()
    await asyncio.wait([task])


async def end_streams(app: web.Application) -> None:
    app[FEED].close()


def _event(row: Row) -> dict[str, Any]:
    data = {"object": json.loads(row["object"])}
    return {"id": row["id"], "object": "event", "type": row["type"], "created": row["created"], "data": data}


async def event_stream(request: web.Request) -> web.StreamResponse:
    """SSE. `Last-Event-ID`, or `?after=N`, resumes behind that number; without it only what is yet to happen."""
    params: Params = query_params(request, ("after",))
    params.setdefault("after", request.headers.get("Last-Event-ID"))
    after = integer(params, "after", 0, LAST_SEQUENCE)
    feed = request.app[FEED]
    response = web.StreamResponse(headers={"Content-Type": "text/event-stream", "Cache-Control": "no-cache"})
    await response.prepare(request)
    await response.write(b": connected\n\n")
    async for rows in feed.tail(feed.newest if after is None else after):
        pieces = [f"id: {row['seq']}\nevent: {row['type']}\ndata: {json.dumps(_event(row))}\n\n" for row in rows]
        await response.write("".join(pieces).encode() or b": quiet\n\n")
    return response


async def socket(request: web.Request) -> web.WebSocketResponse:
    """Says hello; answers `ping`; after `subscribe` sends events of those types. Binary frames come back unchanged."""
    ws = web.WebSocketResponse(max_msg_size=LARGEST_MESSAGE, heartbeat=HEARTBEAT_S)
    await ws.prepare(request)
    wanted: set[str] = set()
    await ws.send_json({"type": "hello", "request_id": f"req_{secrets.token_hex(8)}"})
    sender = asyncio.create_task(_send_events(ws, request.app[FEED], wanted))
    try:
        async for message in ws:
            if message.type is WSMsgType.BINARY:
                await ws.send_bytes(message.data)
            elif message.type is WSMsgType.TEXT:
                await ws.send_json(_reply(message.data, wanted))
    finally:
        sender.cancel()
        await asyncio.wait([sender])
    return ws


async def _send_events(ws: web.WebSocketResponse, feed: Feed, wanted: set[str]) -> None:
    try:
        async for rows in feed.tail(feed.newest):
            for row in rows:
                if row["type"] in wanted:
                    await ws.send_json({"type": "event", "event": _event(row)})
        await ws.close(code=WSCloseCode.GOING_AWAY, message=b"shutting down")
    except ConnectionError as error:
        log.info("websocket_lost", error=str(error))


def _reply(message: str, wanted: set[str]) -> dict[str, Any]:
    try:
        asked = json.loads(message)
        kind = asked["type"]
    except (ValueError, KeyError, TypeError):
        return {"type": "error", "message": "A message is a JSON object with a type."}
    match kind:
        case "ping":
            return {"type": "pong", "nonce": asked.get("nonce"), "served_at": datetime.now(UTC).isoformat()}
        case "subscribe":
            events = asked.get("events", [])
            if not isinstance(events, list) or not all(isinstance(event, str) for event in events):
                return {"type": "error", "message": "events must be a list of texts."}
            wanted.update(events)
            return {"type": "subscribed", "events": sorted(wanted)}
    return {"type": "error", "message": f"Unknown type: {kind}"}
