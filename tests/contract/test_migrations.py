"""Migrations bring every engine to the schema that the program's tables describe."""

import asyncio
import sys
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection, inspect, text

from quad.store import (
    StoreUnavailable,
    UnfitSchema,
    current_revision,
    head_revision,
    is_current,
    metadata,
    migrate,
    parse_url,
)
from tests.contract.databases import Databases, connected
from tests.process import ROOT

MIGRATE = "import asyncio, sys; from quad.store import migrate; asyncio.run(migrate(sys.argv[1]))"


async def test_migrating_brings_an_empty_database_to_the_head(empty_url: str) -> None:
    assert await current_revision(empty_url) is None
    assert not await is_current(empty_url)
    await migrate(empty_url)
    assert await current_revision(empty_url) == await head_revision()
    assert await is_current(empty_url)


async def test_migrating_again_changes_nothing(empty_url: str) -> None:
    await migrate(empty_url)
    await migrate(empty_url)
    assert await is_current(empty_url)


async def test_migrations_and_tables_agree(database_url: str) -> None:
    def differences(connection: Connection) -> list[Any]:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        return list(compare_metadata(context, metadata))

    async with connected(database_url) as connection:
        assert await connection.run_sync(differences) == []


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ("DELETE FROM alembic_version", "alembic_version, .* is missing or empty"),
        ("DROP TABLE alembic_version", "alembic_version, .* is missing or empty"),
        ("DROP TABLE alert_sent", "lacks tables: alert_sent"),
        ("INSERT INTO alembic_version VALUES ('0007')", "names 2 revisions"),
    ],
)
async def test_tables_that_somebody_has_changed_are_told_of_and_left_as_they_are(
    change: str, words: str, empty_url: str, systems: None
) -> None:
    await migrate(empty_url)
    async with connected(empty_url) as connection:
        await connection.execute(text(change))
        await connection.commit()
        tables = await connection.run_sync(lambda sync: inspect(sync).get_table_names())
    for ask in (migrate, is_current):
        with pytest.raises(UnfitSchema, match=words):
            await ask(empty_url)
    async with connected(empty_url) as connection:
        assert await connection.run_sync(lambda sync: inspect(sync).get_table_names()) == tables


async def test_tables_of_another_revision_are_told_of(empty_url: str) -> None:
    await migrate(empty_url)
    async with connected(empty_url) as connection:
        await connection.execute(text("UPDATE alembic_version SET version_num = '0001'"))
        await connection.commit()
    with pytest.raises(UnfitSchema, match="not those of the revision"):
        await migrate(empty_url)


async def test_nodes_that_start_together_migrate_once(empty_url: str) -> None:
    nodes = [
        await asyncio.create_subprocess_exec(
            *(sys.executable, "-c", MIGRATE, empty_url), stderr=asyncio.subprocess.PIPE, cwd=ROOT
        )
        for _ in range(2)
    ]
    outputs = await asyncio.gather(*[node.communicate() for node in nodes])
    assert [node.returncode for node in nodes] == [0, 0]
    # One of them may have waited for long enough to say so.
    assert [out for _, out in outputs if out and not out.startswith(b"waiting for")] == []
    assert await is_current(empty_url)


async def test_two_migrations_of_one_process_do_not_mix(
    databases: Databases, empty_url: str
) -> None:
    other_url = databases.create()
    await asyncio.gather(migrate(empty_url), migrate(other_url), migrate(empty_url))
    assert await is_current(empty_url)
    assert await is_current(other_url)


async def test_a_migration_that_does_not_end_is_an_error_to_the_next_node(
    empty_url: str, databases: Databases, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys.modules["quad.store.migrate"], "LOCK_TIMEOUT_S", 1)
    locks = {
        "sqlite": "BEGIN IMMEDIATE",
        "postgresql": "SELECT pg_advisory_lock(0x71756164)",
        "mariadb": "SELECT GET_LOCK(CONCAT('quad-', MD5(DATABASE())), 0)",
    }
    async with connected(empty_url) as another_node:
        # PostgreSQL 15 reads no hexadecimal numbers.
        statement = locks[databases.engine].replace("0x71756164", str(0x71756164))
        await another_node.execute(text(statement))
        with pytest.raises(StoreUnavailable):
            await migrate(empty_url)
    await migrate(empty_url)
    assert await is_current(empty_url)


async def test_nobody_at_the_address_is_an_error_without_the_password(
    databases: Databases, empty_url: str
) -> None:
    nowhere = {
        "sqlite": "sqlite:////no/such/directory/quad.db",
        "postgresql": "postgresql://quad:sesame@127.0.0.1:1/quad",
        "mariadb": "mysql://quad:sesame@127.0.0.1:1/quad",
    }[databases.engine]
    with pytest.raises(StoreUnavailable) as caught:
        await migrate(nowhere)
    assert "sesame" not in repr(caught.value) + repr(caught.value.__cause__)
    with pytest.raises(StoreUnavailable):
        await current_revision(nowhere)


@pytest.mark.parametrize("databases", ["mariadb"], indirect=True)
async def test_mariadb_compares_all_text_byte_by_byte(database_url: str) -> None:
    async with connected(parse_url(database_url)) as connection:
        others = await connection.execute(
            text(
                "SELECT table_name, column_name, collation_name FROM information_schema.columns"
                " WHERE table_schema = DATABASE() AND collation_name <> 'utf8mb4_bin'"
                " AND table_name <> 'alembic_version'"
            )
        )
        assert others.all() == []
        tables = await connection.execute(
            text(
                "SELECT table_name FROM information_schema.tables WHERE table_schema = DATABASE()"
                " AND (engine <> 'InnoDB' OR table_collation <> 'utf8mb4_bin')"
                " AND table_name <> 'alembic_version'"
            )
        )
        assert tables.all() == []
