"""What can happen to a file."""

import asyncio
import sqlite3
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from sqlalchemy import URL, create_engine, select, text

from quad.store import Change, Conflict, Store, StoreUnavailable, migrate
from quad.store.sqlite import prepare_writers
from tests.contract.databases import connected
from tests.contract.shelf import ADD_BOOK, Witness, books, shelf, titles


@pytest.fixture
def path(tmp_path: Path) -> Path:
    # Characters that mean something in a URL or to Alembic's configuration.
    directory = tmp_path / "%d 50% школа"
    directory.mkdir()
    return directory / "quad.db"


@pytest.fixture
async def url(path: Path) -> str:
    made = URL.create("sqlite+aiosqlite", database=str(path)).render_as_string()
    await migrate(made)
    async with connected(made) as connection:
        await connection.run_sync(shelf.create_all)
    return made


@pytest.fixture
def witness() -> Witness:
    return Witness()


@pytest.fixture(autouse=True)
def _short_busy_timeout(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("quad.store.sqlite.BUSY_TIMEOUT_S", 1.2)


@pytest.fixture
async def store(url: str, witness: Witness) -> AsyncIterator[Store]:
    opened = await Store.open(url, observer=witness)
    yield opened
    await opened.aclose()


def book(code: str, title: str = "") -> Change:
    return Change(ADD_BOOK, {"code": code, "title": title})


def pragma(words: str) -> Change:
    return Change(text(f"PRAGMA {words}"))


async def fill(store: Store) -> None:
    """Lets the file grow no more, as a full disk does, and uses up what is free in it."""
    await store.write(pragma("max_page_count=1"))  # SQLite takes the present size instead
    number = 0
    try:
        while number < 1000:
            number += 1
            await store.write(book(f"filler {number}", "x" * 2000))
    except StoreUnavailable:
        return
    pytest.fail("the file grows on")


async def test_a_full_disk_is_an_error_to_every_caller_of_the_batch(
    store: Store, witness: Witness
) -> None:
    await fill(store)
    witness.failures.clear()
    results = await asyncio.gather(
        *[store.write(book(f"{n}", "x" * 2000)) for n in range(100)], return_exceptions=True
    )
    assert {str(result) for result in results} == {"The disk of the database is full."}
    assert {type(result) for result in results} == {StoreUnavailable}
    assert witness.failures == ["store_unavailable"] * 100
    assert not {f"{n}" for n in range(100)} & set(await titles(store))


async def test_a_full_disk_met_while_calls_are_tried_alone_fails_the_rest(
    store: Store, witness: Witness
) -> None:
    await store.write(book("taken"))
    await fill(store)
    commits = len(witness.commits)
    results = await asyncio.gather(
        store.write(book("taken")),
        *[store.write(book(f"{n}", "x" * 2000)) for n in range(100)],
        return_exceptions=True,
    )
    assert [type(result) for result in results] == [Conflict] + [StoreUnavailable] * 100
    assert len(witness.commits) == commits


async def test_a_full_disk_is_not_ready_and_ready_again_with_space(
    store: Store,
) -> None:
    await store.check()
    await fill(store)
    with pytest.raises(StoreUnavailable, match="full"):
        await store.check()
    await store.write(pragma("max_page_count=1000000"))
    await store.check()
    await store.write(book("saved", "x" * 2000))
    assert "saved" in await titles(store)


async def test_a_locked_database_is_an_error_in_bounded_time_and_reads_go_on(
    store: Store, path: Path
) -> None:
    await store.write(book("before"))
    with sqlite3.connect(path, isolation_level=None) as other:
        other.execute("BEGIN IMMEDIATE")
        started = time.monotonic()
        with pytest.raises(StoreUnavailable, match="within a second"):
            await store.check()
        assert time.monotonic() - started < 1.9
        waiting = [store.write(book(f"{n}")) for n in range(10)]
        assert await titles(store) == {"before": ""}
        results = await asyncio.gather(*waiting, return_exceptions=True)
        assert {str(result) for result in results} == {"The database is locked by another program."}
        assert time.monotonic() - started < 8
        other.execute("ROLLBACK")
    other.close()
    await store.check()
    await store.write(book("after"))
    assert await titles(store) == {"before": "", "after": ""}


async def test_a_transaction_that_reads_before_it_writes_waits_for_another_program(
    store: Store, path: Path
) -> None:
    # One that took its lock only when it writes would have read what the other has changed since,
    # and fail at once (SQLITE_BUSY_SNAPSHOT) instead of waiting.
    await store.write(book("before"))
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    other.execute("INSERT INTO test_books (code) VALUES ('other')")
    writing = store.write(Change(select(books)), book("ours"))
    await asyncio.sleep(0.3)  # it waits in the database, where nothing can be asked
    assert not writing.done()
    other.execute("COMMIT")
    other.close()
    await writing
    assert set(await titles(store)) == {"before", "other", "ours"}


async def test_a_read_only_database_is_unavailable(store: Store) -> None:
    await store.write(pragma("query_only=ON"))
    with pytest.raises(StoreUnavailable, match="read-only"):
        await store.write(book("one"))


async def test_a_query_cannot_write(store: Store) -> None:
    with pytest.raises(StoreUnavailable, match="read-only"):
        await store.read(text("DELETE FROM test_books RETURNING code"))


@pytest.mark.parametrize(
    ("name", "message"),
    [("no/such/directory/quad.db", "cannot be opened"), ("noise.db", "not a database")],
)
async def test_a_file_that_cannot_be_used_is_an_error_at_the_opening(
    tmp_path: Path, name: str, message: str
) -> None:
    (tmp_path / "noise.db").write_bytes(b"noise" * 1000)
    with pytest.raises(StoreUnavailable, match=message):
        await Store.open(f"sqlite:///{tmp_path}/{name}")


def test_commits_are_durable_and_foreign_keys_hold(path: Path) -> None:
    engine = create_engine(URL.create("sqlite", database=str(path)))
    prepare_writers(engine)
    with engine.connect() as connection:
        names = ["journal_mode", "synchronous", "foreign_keys"]
        values = [connection.scalar(text(f"PRAGMA {name}")) for name in names]
    engine.dispose()
    full = 2
    assert values == ["wal", full, 1]


async def test_a_read_does_not_wait_for_a_long_write(store: Store) -> None:
    await store.write(book("one"))
    count = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 3000000)"
    slow = store.write(Change(text(f"INSERT INTO test_books (code) {count} SELECT max(i) FROM n")))
    await asyncio.sleep(0)
    assert await titles(store) == {"one": ""}
    assert not slow.done()
    await slow


async def test_the_log_is_folded_into_the_file_at_the_end(url: str, path: Path) -> None:
    store = await Store.open(url)
    await store.write(book("one"))
    await store.read(select(books))
    assert path.with_name("quad.db-wal").exists()
    await store.aclose()
    assert [entry.name for entry in path.parent.iterdir()] == ["quad.db"]
