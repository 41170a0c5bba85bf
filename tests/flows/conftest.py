"""Flows run on the loop that the proxy runs on."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable

import pytest
import uvloop

from proxy.data_path.pool import Pool
from proxy.data_path.upstream import Upstream


def pytest_asyncio_loop_factories(
    config: pytest.Config, item: pytest.Item
) -> dict[str, Callable[[], asyncio.AbstractEventLoop]]:
    return {"uvloop": uvloop.new_event_loop}


@pytest.fixture
def small_kernel(monkeypatch: pytest.MonkeyPatch) -> None:
    """Connections to backends whose kernel takes little at once, as it does where the network is not loopback."""
    plain = Pool._connect

    async def narrow(self: Pool) -> Upstream:
        upstream = await plain(self)
        upstream.transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 8192)
        return upstream

    monkeypatch.setattr(Pool, "_connect", narrow)
