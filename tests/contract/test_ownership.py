"""A database is one process's: on every engine a second one is refused, and told of the first."""

import asyncio
import sys
from pathlib import Path

import pytest

from quad.store import DatabaseInUse, migrate
from quad.store import ownership as ownership_module
from quad.store.ownership import Ownership, owner_name
from tests.contract.databases import Databases
from tests.contract.test_store_servers import kill_all_others
from tests.process import ROOT

HOLD = """
import asyncio, sys
from quad.store.ownership import Ownership
async def hold():
    ownership = await Ownership.take(sys.argv[1], "the first one")
    await ownership.watch()
    print("held", flush=True)
    await asyncio.Event().wait()
asyncio.run(hold())
"""


@pytest.fixture(autouse=True)
def _little_patience(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ownership_module, "_PATIENCE_S", 0.3)


async def test_the_second_is_refused_with_the_name_of_the_first_until_that_ends(
    database_url: str,
) -> None:
    first = await Ownership.take(database_url, owner_name("http://127.0.0.1:8000"))
    await first.watch()
    with pytest.raises(DatabaseInUse, match=r"process \d+ on .*, http://127.0.0.1:8000"):
        await Ownership.take(database_url, "second")
    await first.aclose()
    second = await Ownership.take(database_url, "second")
    await second.aclose()


async def test_a_database_without_tables_is_one_process_s_too(empty_url: str) -> None:
    first = await Ownership.take(empty_url, "first")
    with pytest.raises(DatabaseInUse, match="Another Quad has the database"):
        await Ownership.take(empty_url, "second")
    await migrate(empty_url)
    await first.watch()
    with pytest.raises(DatabaseInUse, match="first"):
        await Ownership.take(empty_url, "second")
    await first.aclose()


async def test_a_refusal_holds_no_password(databases: Databases, database_url: str) -> None:
    first = await Ownership.take(database_url, "first")
    with pytest.raises(DatabaseInUse) as caught:
        await Ownership.take(database_url, "second")
    assert "quad_test:quad_test" not in str(caught.value)
    await first.aclose()


async def test_whoever_was_killed_holds_it_no_longer(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    holder = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", HOLD, database_url), stdout=asyncio.subprocess.PIPE, cwd=ROOT
    )
    assert holder.stdout is not None
    assert await holder.stdout.readline() == b"held\n"
    with pytest.raises(DatabaseInUse, match="the first one"):
        await Ownership.take(database_url, "second")
    holder.kill()
    await holder.wait()
    # The database server has to notice.
    monkeypatch.setattr(ownership_module, "_PATIENCE_S", 10.0)
    second = await Ownership.take(database_url, "second")
    await second.aclose()


@pytest.mark.parametrize("databases", ["postgresql", "mariadb"], indirect=True)
async def test_a_lock_that_was_lost_is_taken_again(
    databases: Databases, database_url: str, caplog: pytest.LogCaptureFixture
) -> None:
    first = await Ownership.take(database_url, "first")
    assert await first.look() == ""
    await kill_all_others(database_url, databases)
    assert await first.look() == ""
    with pytest.raises(DatabaseInUse):
        await Ownership.take(database_url, "second")
    assert caplog.messages == []
    await first.aclose()


@pytest.mark.parametrize("databases", ["postgresql", "mariadb"], indirect=True)
async def test_a_lock_that_somebody_else_has_meanwhile_is_said_until_it_is_free_again(
    databases: Databases, database_url: str, caplog: pytest.LogCaptureFixture
) -> None:
    first = await Ownership.take(database_url, "first")
    await kill_all_others(database_url, databases)
    second = await Ownership.take(database_url, "second")
    await second.watch()
    assert "Another Quad" in await first.look()
    assert "second" in await first.look()
    assert len([line for line in caplog.messages if "Another Quad" in line]) == 1
    await second.aclose()
    assert await first.look() == ""
    assert caplog.messages[-1] == "the database is this server's alone again"
    await first.aclose()


@pytest.mark.parametrize("databases", ["sqlite"], indirect=True)
@pytest.mark.parametrize(
    "what", ["quad.sqlite3", "quad.sqlite3.lock", "quad.sqlite3-wal", "quad.sqlite3-shm"]
)
async def test_a_file_that_is_removed_or_replaced_is_said(
    databases: Databases, tmp_path: Path, what: str, caplog: pytest.LogCaptureFixture
) -> None:
    file = tmp_path / "quad.sqlite3"
    for name in ("quad.sqlite3", "quad.sqlite3-wal", "quad.sqlite3-shm"):
        (tmp_path / name).touch()
    ownership = await Ownership.take(f"sqlite:///{file}", "first")
    await ownership.watch()
    assert ownership.trouble == ""
    (tmp_path / what).rename(tmp_path / "elsewhere")
    assert "was removed or replaced" in await ownership.look()
    (tmp_path / what).touch()
    assert "was removed or replaced" in await ownership.look()
    assert len(caplog.messages) == 1
    await ownership.aclose()


@pytest.mark.parametrize("databases", ["sqlite"], indirect=True)
async def test_two_names_of_one_file_are_one_database(databases: Databases, tmp_path: Path) -> None:
    (tmp_path / "other.sqlite3").symlink_to(tmp_path / "quad.sqlite3")
    first = await Ownership.take(f"sqlite:///{tmp_path}/quad.sqlite3", "first")
    with pytest.raises(DatabaseInUse, match="first"):
        await Ownership.take(f"sqlite:///{tmp_path}/other.sqlite3", "second")
    await first.aclose()
