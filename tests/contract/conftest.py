"""Databases on each engine. What a system needs from the store is tested on all three."""

import importlib
import importlib.util
import os
from collections.abc import AsyncIterator, Iterator

import pytest
from sqlalchemy import MetaData

from quad.store import Store, metadata, migrate
from tests.contract.databases import Databases, ServiceMissing, connected, run_apart
from tests.contract.shelf import shelf

SYSTEMS = ("admin", "identity", "classroom", "alert", "chat", "nearby")


@pytest.fixture(scope="session", params=["sqlite", "postgresql", "mariadb"])
def databases(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Databases]:
    """One engine after the other."""
    made = Databases(request.param, tmp_path_factory.mktemp("databases"))
    yield made
    made.drop_all()


@pytest.fixture
def empty_url(databases: Databases) -> str:
    """The URL of a database in which nothing is."""
    return _created(databases)


@pytest.fixture(scope="session")
def _migrated_url(databases: Databases) -> str:
    url = _created(databases)
    run_apart(migrate(url))
    return url


@pytest.fixture
async def database_url(_migrated_url: str, systems: None) -> AsyncIterator[str]:
    """The URL of a migrated database without rows. It is shared: leave no other tables."""
    yield _migrated_url
    await empty(_migrated_url, metadata)


@pytest.fixture(scope="session")
def shelf_url(databases: Databases) -> str:
    """A migrated database that also has the tables of `shelf`, for the tests of the store."""

    async def create() -> None:
        await migrate(url)
        async with connected(url) as connection:
            await connection.run_sync(shelf.create_all)
            await connection.commit()

    url = _created(databases)
    run_apart(create())
    return url


@pytest.fixture
async def store(database_url: str) -> AsyncIterator[Store]:
    opened = await Store.open(database_url)
    yield opened
    await opened.aclose()


@pytest.fixture(scope="session")
def systems() -> None:
    """All tables of the program are known to `metadata`."""
    importlib.import_module("quad.retention")
    for system in SYSTEMS:
        tables = f"quad.{system}.tables"
        if importlib.util.find_spec(f"quad.{system}") and importlib.util.find_spec(tables):
            importlib.import_module(tables)


async def empty(url: str, tables: MetaData) -> None:
    async with connected(url) as connection:
        for table in reversed(tables.sorted_tables):
            await connection.execute(table.delete())
        await connection.commit()


def _created(databases: Databases) -> str:
    try:
        return databases.create()
    except ServiceMissing as missing:
        if os.environ.get("CI") == "true":
            pytest.fail(str(missing))
        pytest.skip(str(missing))
