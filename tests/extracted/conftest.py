from pathlib import Path

import pytest
from pytest_aiohttp.plugin import AiohttpClient

from extracted.charges.app import create_app as create_charges
from extracted.chassis.database import Database
from extracted.invoices.app import create_app as create_invoices
from tests.legacy_monolith.fixtures import Client, database_file, monolith, seeded_file
from tests.legacy_monolith.world import KEY

__all__ = ["database_file", "monolith", "seeded_file"]


@pytest.fixture
async def charges_service(aiohttp_client: AiohttpClient, database_file: Path) -> Client:
    return await aiohttp_client(create_charges(Database(database_file)), headers=KEY)


@pytest.fixture
async def first_build(aiohttp_client: AiohttpClient, database_file: Path) -> Client:
    """The charges service with its rounding bug."""
    app = create_charges(Database(database_file), "charges-0.9.0", rounding_bug=True)
    return await aiohttp_client(app, headers=KEY)


@pytest.fixture
async def invoices_service(aiohttp_client: AiohttpClient, database_file: Path) -> Client:
    return await aiohttp_client(create_invoices(Database(database_file)), headers=KEY)
