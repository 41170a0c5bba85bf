"""Flows run on the loop that the proxy runs on."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable
from typing import Any

import pytest
import pytest_asyncio
import uvloop

from proxy.data_path.upstream import Upstream


class Loop(uvloop.Loop):
    """uvloop's loops take no attributes; one of a class of ours does, and a compiled caller looks it up there too."""


def pytest_asyncio_loop_factories(
    config: pytest.Config, item: pytest.Item
) -> dict[str, Callable[[], asyncio.AbstractEventLoop]]:
    return {"uvloop": Loop}


@pytest_asyncio.fixture
async def small_kernel(monkeypatch: pytest.MonkeyPatch) -> None:
    """Connections to backends whose kernel takes little at once, as it does where the network is not loopback."""
    loop = asyncio.get_running_loop()
    plain = loop.create_connection

    async def narrow(*arguments: Any, **options: Any) -> tuple[asyncio.Transport, asyncio.BaseProtocol]:
        transport, protocol = await plain(*arguments, **options)
        if isinstance(protocol, Upstream):
            transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 8192)
        return transport, protocol

    monkeypatch.setattr(loop, "create_connection", narrow)
