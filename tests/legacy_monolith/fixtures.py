"""Fixtures that the tests of the monolith and of the services both use."""

import shutil
from pathlib import Path

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient
from pytest_aiohttp.plugin import AiohttpClient

from legacy_monolith.app import create_app
from legacy_monolith.seed import ensure_seeded
from tests.legacy_monolith.world import KEY, SCALE

Client = TestClient[web.Request, web.Application]


@pytest.fixture(scope="session")
def seeded_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("seeded") / "tripe.sqlite3"
    ensure_seeded(path, SCALE)
    return path


@pytest.fixture
def database_file(seeded_file: Path, tmp_path: Path) -> Path:
    return Path(shutil.copy(seeded_file, tmp_path))


@pytest.fixture
async def monolith(aiohttp_client: AiohttpClient, database_file: Path) -> Client:
    """A client of Tripe that has a valid API key."""
    return await aiohttp_client(create_app(database_file), headers=KEY)
