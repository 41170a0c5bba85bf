"""The live faces: the event stream and the WebSocket."""

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest
from aiohttp import ClientResponse, ClientSession, WSMsgType, WSServerHandshakeError, web
from structlog.testing import capture_logs

from legacy_monolith.app import create_app
from tests.legacy_monolith.fixtures import Client
from tests.legacy_monolith.world import KEY, NEW_CHARGE
from tests.support.running import PATIENCE


async def next_event(response: ClientResponse) -> dict[str, str]:
    """The next event with data as its fields; comments are passed over."""
    while True:
        block = (await response.content.readuntil(b"\n\n")).decode()
        fields = dict(line.split(": ", 1) for line in block.strip().splitlines() if not line.startswith(":"))
        if fields:
            return fields


async def create(client: Client, **change: Any) -> str:
    async with client.post("/v1/charges", json={**NEW_CHARGE, **change}) as response:
        body = await response.json()
    return str(body["id"] if response.status == 200 else body["error"]["charge"])


async def test_a_charge_made_now_arrives_on_the_open_stream(monolith: Client) -> None:
    async with asyncio.timeout(PATIENCE), monolith.get("/v1/events/stream") as response:
        assert response.headers["Content-Type"] == "text/event-stream"
        assert await response.content.readuntil(b"\n\n") == b": connected\n\n"
        made = await create(monolith)
        event = await next_event(response)
        declined = await create(monolith, source="tok_declined")
        failure = await next_event(response)
    assert event["event"] == "charge.created"
    assert json.loads(event["data"])["data"]["object"]["id"] == made
    assert failure["event"] == "charge.failed"
    assert json.loads(failure["data"])["data"]["object"]["id"] == declined
    assert int(failure["id"]) > int(event["id"])


async def test_a_stream_resumes_behind_the_last_event_it_has_seen(monolith: Client) -> None:
    made = [await create(monolith) for _ in range(3)]
    async with asyncio.timeout(PATIENCE), monolith.get("/v1/events/stream", params={"after": "0"}) as response:
        first = await next_event(response)
    async with (
        asyncio.timeout(PATIENCE),
        monolith.get("/v1/events/stream", headers={"Last-Event-ID": first["id"]}) as response,
    ):
        rest = [await next_event(response) for _ in range(2)]
    assert [json.loads(event["data"])["data"]["object"]["id"] for event in (first, *rest)] == made


async def test_a_reader_that_leaves_is_no_error(database_file: Path) -> None:
    runner = web.AppRunner(create_app(database_file))  # aiohttp's test server would cancel the handler, ours does not
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    host, port = runner.addresses[0][:2]
    with capture_logs() as logs:
        async with asyncio.timeout(PATIENCE), ClientSession(f"http://{host}:{port}", headers=KEY) as client:
            stream = await client.get("/v1/events/stream")
            await stream.content.readuntil(b"\n\n")
            stream.close()
            while not logs:
                async with client.post("/v1/charges", json=NEW_CHARGE) as response:
                    assert response.status == 200
    await runner.cleanup()
    assert [entry["event"] for entry in logs] == ["client_gone"]


async def test_the_socket_answers_and_sends_what_was_subscribed(monolith: Client) -> None:
    async with asyncio.timeout(PATIENCE), monolith.ws_connect("/v1/socket") as ws:
        assert (await ws.receive_json())["type"] == "hello"
        await ws.send_json({"type": "ping", "nonce": 7})
        pong = await ws.receive_json()
        assert (pong["type"], pong["nonce"]) == ("pong", 7)
        await ws.send_json({"type": "subscribe", "events": ["charge.failed"]})
        assert await ws.receive_json() == {"type": "subscribed", "events": ["charge.failed"]}
        await create(monolith)
        declined = await create(monolith, source="tok_declined")
        message = await ws.receive_json()
    assert (message["type"], message["event"]["type"]) == ("event", "charge.failed")
    assert message["event"]["data"]["object"]["id"] == declined


async def test_the_socket_returns_binary_frames_and_survives_nonsense(monolith: Client) -> None:
    async with asyncio.timeout(PATIENCE), monolith.ws_connect("/v1/socket") as ws:
        await ws.receive_json()
        payload = bytes(range(256)) * 1_000
        await ws.send_bytes(payload)
        assert (await ws.receive()).data == payload
        for nonsense in ("{", "[]", '{"type": "dance"}', '{"type": "subscribe", "events": 5}'):
            await ws.send_str(nonsense)
            assert (await ws.receive_json())["type"] == "error"


async def test_the_socket_needs_a_key(monolith: Client) -> None:
    with pytest.raises(WSServerHandshakeError) as refused:
        await monolith.ws_connect("/v1/socket", headers={"Authorization": "Bearer nobody"})
    assert refused.value.status == 401


async def test_streams_and_sockets_end_when_the_application_does(monolith: Client, database_file: Path) -> None:
    async with (
        asyncio.timeout(PATIENCE),
        monolith.get("/v1/events/stream") as stream,
        monolith.ws_connect("/v1/socket") as ws,
    ):
        await stream.content.readuntil(b"\n\n")
        await ws.receive_json()
        closing = asyncio.create_task(monolith.server.close())
        assert await stream.content.read() == b""
        message = await ws.receive()
        assert (message.type, message.data) == (WSMsgType.CLOSE, 1001)
        await closing
