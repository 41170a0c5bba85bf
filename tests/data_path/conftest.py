"""The data path is tested on the loop it runs on; hypothesis counts examples here, not milliseconds."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest
import uvloop
from hypothesis import settings

settings.register_profile("data_path", deadline=None)
settings.load_profile("data_path")


def pytest_asyncio_loop_factories(
    config: pytest.Config, item: pytest.Item
) -> dict[str, Callable[[], asyncio.AbstractEventLoop]]:
    return {"uvloop": uvloop.new_event_loop}
