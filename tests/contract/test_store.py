"""What the store promises, on every engine."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta, timezone
from functools import partial

import pytest
from sqlalchemy import bindparam, delete, func, select, text
from sqlalchemy.exc import StatementError

from quad.realtime.drive import Drive
from quad.store import (
    Change,
    Conflict,
    OutcomeUnknown,
    StatementRejected,
    Store,
    StoreClosed,
    StoreError,
    StoreUnavailable,
    upsert,
)
from tests.contract.conftest import empty
from tests.contract.databases import connected
from tests.contract.shelf import (
    ADD_BOOK,
    ADD_PAGE,
    APPEND,
    PUT_BOOK,
    TITLE,
    Witness,
    books,
    pages,
    shelf,
    titles,
)
from tests.process import ROOT


@pytest.fixture
async def database_url(shelf_url: str) -> AsyncIterator[str]:
    yield shelf_url
    await empty(shelf_url, shelf)


@pytest.fixture
def witness() -> Witness:
    return Witness()


@pytest.fixture
async def store(database_url: str, witness: Witness) -> AsyncIterator[Store]:
    opened = await Store.open(database_url, observer=witness)
    yield opened
    await opened.aclose()


def book(code: str, title: str | None = None) -> Change:
    return Change(ADD_BOOK, {"code": code, "title": title})


def page(number: int, of: str) -> Change:
    return Change(ADD_PAGE, {"id": number, "book": of, "number": number})


def state(code: str, title: str) -> Change:
    return Change(TITLE, {"code": code, "title": title}, key=("test_books", code))


# Saving and reading


@pytest.mark.parametrize(
    "title",
    [
        "",
        "plain",
        "Привет, мир",
        "👩🏽‍🏫 teacher 🎓",
        "e\u0301 is not \u00e9",
        "%s %(a)s :b ? ' \" \\ `",
        "line\r\nline\n",
        "  spaces  ",
        "\U0010ffff",
    ],
)
async def test_text_reads_back_as_it_was_written(store: Store, title: str) -> None:
    await store.write(book("one", title))
    assert await titles(store) == {"one": title}


async def test_a_megabyte_of_text_and_of_bytes_reads_back(store: Store) -> None:
    title, cover = "ж😀b\n" * 150_000, os.urandom(1_000_000)
    await store.write(Change(ADD_BOOK, {"code": "big", "title": title, "cover": cover}))
    [row] = await store.read(select(books.c.title, books.c.cover))
    assert row.title == title
    assert row.cover == cover


async def test_a_timestamp_keeps_its_microseconds_and_reads_back_in_utc(store: Store) -> None:
    moscow = datetime(2024, 2, 29, 23, 59, 59, 999_999, timezone(timedelta(hours=3)))
    before_1970 = datetime(1900, 1, 1, 0, 0, 0, 1, UTC)
    await store.write(
        Change(ADD_BOOK, {"code": "a", "printed_at": moscow}),
        Change(ADD_BOOK, {"code": "b", "printed_at": before_1970}),
        Change(ADD_BOOK, {"code": "c", "printed_at": None}),
    )
    rows = await store.read(select(books.c.printed_at).order_by(books.c.code))
    assert [row.printed_at for row in rows] == [moscow, before_1970, None]
    assert rows[0].printed_at.tzinfo is UTC


async def test_case_and_accents_count_and_text_sorts_by_code_point(store: Store) -> None:
    codes = ["a", "A", "á", "b", "B", "ё", "е", "Е", "😀", "-", "_", "10", "9"]
    await store.write(*map(book, codes))
    rows = await store.read(select(books.c.code).order_by(books.c.code))
    assert [row.code for row in rows] == sorted(codes)
    [row] = await store.read(select(books.c.code).where(books.c.code == "A"))
    assert row.code == "A"


async def test_a_read_takes_values(store: Store) -> None:
    await store.write(book("one", "1"), book("two", "2"))
    query = select(books.c.title).where(books.c.code == bindparam("code"))
    [row] = await store.read(query, {"code": "two"})
    assert row.title == "2"


async def test_several_queries_take_the_same_values_and_each_has_its_rows(store: Store) -> None:
    await store.write(book("one", "1"), book("two", "2"))
    is_meant = books.c.code == bindparam("code")
    queries = select(books.c.title).where(is_meant), select(books.c.code).where(~is_meant)
    [[title], [other]] = await store.read_all(queries, {"code": "two"})
    assert (title.title, other.code) == ("2", "one")
    assert await store.read_all((), {}) == []
    with pytest.raises(StatementRejected):
        await store.read_all((*queries, text("SELECT nothing FROM nowhere")), {"code": "two"})


async def test_a_read_needs_no_task(store: Store) -> None:
    """Handlers that overlap have none."""
    ended: asyncio.Future[object] = asyncio.get_running_loop().create_future()

    def finish(value: object, error: BaseException | None) -> None:
        ended.set_result(error or value)

    reading = Drive(store.read(select(func.count()).select_from(books)), finish)
    asyncio.get_running_loop().call_soon(reading.step)
    assert await ended == [(0,)]


async def test_an_acknowledged_write_is_seen_by_the_next_read(store: Store) -> None:
    count = select(func.count()).select_from(books)

    async def write_and_look(number: int) -> int:
        await store.write(book(f"book {number}"))
        [row] = await store.read(count.where(books.c.code == f"book {number}"))
        found: int = row[0]
        return found

    assert await asyncio.gather(*map(write_and_look, range(30))) == [1] * 30


async def test_another_program_sees_an_acknowledged_write(store: Store, database_url: str) -> None:
    await store.write(book("one"))
    async with connected(database_url) as other:
        assert (await other.execute(select(books.c.code))).scalars().all() == ["one"]


async def test_a_killed_process_loses_nothing_it_acknowledged(
    store: Store, database_url: str
) -> None:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tests.contract.writer_process", database_url),
        stdout=asyncio.subprocess.PIPE,
        cwd=ROOT,
    )
    assert process.stdout is not None
    acknowledged = [(await process.stdout.readline()).decode().strip() for _ in range(20)]
    process.send_signal(signal.SIGKILL)
    rest, _ = await process.communicate()
    acknowledged += rest.decode().split("\n")[:-1]
    assert "" not in acknowledged
    assert set(acknowledged) <= set(await titles(store))


# Transactions


async def test_changes_are_executed_in_the_order_of_the_calls(store: Store) -> None:
    await store.write(book("log", ""))
    written = []
    for number in range(40):
        entry = f"{number};"
        # Two statements by turns, so that neighbours merge here and not there.
        if number % 3:
            written.append(store.write(Change(APPEND, {"of": "log", "more": entry})))
        else:
            filler = book(f"filler {number}")
            written.append(store.write(filler, Change(APPEND, {"of": "log", "more": entry})))
        if number % 7 == 0:
            await asyncio.sleep(0)
    await asyncio.gather(*written)
    assert (await titles(store))["log"] == "".join(f"{number};" for number in range(40))


async def test_a_call_is_saved_whole_or_not_at_all(store: Store) -> None:
    await store.write(book("taken"))
    with pytest.raises(Conflict) as caught:
        await store.write(book("new"), book("taken"))
    assert caught.value.code == "conflict"
    assert await titles(store) == {"taken": None}


async def test_concurrent_writes_share_one_transaction(store: Store, witness: Witness) -> None:
    await asyncio.gather(*[store.write(book(f"{n}")) for n in range(50)])
    # The first one may have begun before the last was called.
    assert sum(witness.commits) == 50
    assert len(witness.commits) <= 2


async def test_writes_gather_while_another_commits(store: Store, witness: Witness) -> None:
    first = store.write(book("first"))
    await asyncio.sleep(0)
    later = [store.write(book(f"{n}")) for n in range(50)]
    await asyncio.gather(first, *later)
    # What comes before the first transaction begins still shares it.
    assert witness.commits in ([1, 50], [51])


async def test_an_idle_store_commits_each_write_at_once(store: Store, witness: Witness) -> None:
    for number in range(3):
        await store.write(book(f"{number}"))
    assert witness.commits == [1, 1, 1]


async def test_a_batch_is_bounded_and_never_divides_a_call(store: Store, witness: Witness) -> None:
    calls = [[book(f"{call}.{change}") for change in range(300)] for call in range(6)]
    await asyncio.gather(*[store.write(*changes) for changes in calls])
    assert sum(witness.commits) == 1800
    assert len(witness.commits) <= 3
    assert all(commit % 300 == 0 and commit <= 1200 for commit in witness.commits)


async def test_neighbours_with_different_columns_keep_all_their_values(store: Store) -> None:
    await store.write(
        Change(ADD_BOOK, {"code": "bare"}),
        Change(ADD_BOOK, {"code": "titled", "title": "yes"}),
        Change(ADD_BOOK, {"code": "bare too"}),
    )
    assert await titles(store) == {"bare": None, "titled": "yes", "bare too": None}


async def test_a_statement_without_values_is_executed(store: Store) -> None:
    await store.write(book("one"), book("two"))
    await store.write(Change(delete(books).where(books.c.code == "one")))
    assert await titles(store) == {"two": None}


async def test_a_call_without_changes_waits_for_those_before_it(store: Store) -> None:
    before = store.write(book("one"))
    await store.write()
    assert before.done()


# Latest state only


async def test_pending_changes_of_a_key_become_one(store: Store, witness: Witness) -> None:
    await asyncio.gather(*[store.write(state("file", f"v{n}")) for n in range(64)])
    assert await titles(store) == {"file": "v63"}
    assert witness.commits in ([1], [1, 1])


async def test_a_superseding_change_keeps_its_own_place_in_the_order(store: Store) -> None:
    removal = delete(books).where(books.c.code == bindparam("of"))
    await asyncio.gather(
        store.write(state("file", "old")),
        store.write(Change(removal, {"of": "file"})),
        store.write(state("file", "new")),
    )
    assert await titles(store) == {"file": "new"}


async def test_a_superseded_change_leaves_the_rest_of_its_call(store: Store) -> None:
    await asyncio.gather(
        store.write(state("file", "old"), book("with it")), store.write(state("file", "new"))
    )
    assert await titles(store) == {"file": "new", "with it": None}


async def test_a_change_is_not_lost_with_the_failing_call_that_superseded_it(
    store: Store,
) -> None:
    results = await asyncio.gather(
        store.write(state("file", "old")),
        store.write(state("file", "new"), page(1, of="no such book")),
        return_exceptions=True,
    )
    assert results[0] is None
    assert isinstance(results[1], Conflict)
    assert await titles(store) == {"file": "old"}


# Failures


@pytest.mark.parametrize(
    "wrong",
    [
        pytest.param(Change(ADD_BOOK, {"code": "taken"}), id="unique"),
        pytest.param(page(1, of="no such book"), id="foreign key"),
        pytest.param(Change(ADD_PAGE, {"id": 1, "book": "taken", "number": -1}), id="check"),
        pytest.param(Change(ADD_PAGE, {"id": 1, "book": "taken", "number": None}), id="not null"),
    ],
)
async def test_a_conflict_fails_only_its_own_call(
    store: Store, witness: Witness, wrong: Change
) -> None:
    await store.write(book("taken"))
    results = await asyncio.gather(
        store.write(book("before")),
        store.write(wrong),
        store.write(book("after")),
        return_exceptions=True,
    )
    assert [type(result) for result in results] == [type(None), Conflict, type(None)]
    assert set(await titles(store)) == {"taken", "before", "after"}
    assert witness.failures == ["conflict"]
    assert witness.commits == [1, 1, 1]


@pytest.mark.parametrize(
    "wrong",
    [
        pytest.param(Change(text("INSERT INTO no_such_table VALUES (1)")), id="table"),
        pytest.param(Change(ADD_PAGE, {"id": 2**70, "book": "a", "number": 1}), id="integer"),
    ],
)
async def test_what_the_database_cannot_take_fails_only_its_own_call(
    store: Store, wrong: Change
) -> None:
    results = await asyncio.gather(
        store.write(book("a")), store.write(wrong), store.write(book("b")), return_exceptions=True
    )
    assert [type(result) for result in results] == [type(None), StatementRejected, type(None)]
    assert set(await titles(store)) == {"a", "b"}


async def test_a_bug_fails_only_its_own_call_and_keeps_its_name(
    store: Store, witness: Witness
) -> None:
    naive_time = datetime(2024, 1, 1)  # noqa: DTZ001 - it is the bug
    naive = Change(ADD_BOOK, {"code": "naive", "printed_at": naive_time})
    results = await asyncio.gather(
        store.write(book("a")), store.write(naive), store.write(book("b")), return_exceptions=True
    )
    bug = results[1].orig if isinstance(results[1], StatementError) else results[1]
    assert [type(result) for result in (results[0], bug, results[2])] == [
        type(None),
        ValueError,
        type(None),
    ]
    assert witness.failures == ["bug"]


async def test_a_wrong_query_is_refused(store: Store) -> None:
    with pytest.raises(StatementRejected):
        await store.read(text("SELECT nothing FROM nowhere"))


async def test_an_error_tells_no_values(store: Store) -> None:
    await store.write(book("secret-value"))
    with pytest.raises(Conflict) as caught:
        await store.write(book("secret-value"))
    assert "secret-value" not in str(caught.value)
    assert caught.value.__cause__ is not None


async def test_each_caller_gets_an_error_of_its_own(store: Store) -> None:
    await store.write(book("taken"))
    first, second = await asyncio.gather(
        store.write(book("taken")), store.write(book("taken")), return_exceptions=True
    )
    assert isinstance(first, Conflict)
    assert isinstance(second, Conflict)
    assert first is not second


async def test_a_caller_that_stops_waiting_loses_nothing(store: Store) -> None:
    async def save(change: Change) -> None:
        await store.write(change)

    async with asyncio.TaskGroup() as group:
        impatient = group.create_task(save(book("impatient")))
        group.create_task(save(book("patient")))
        await asyncio.sleep(0)
        impatient.cancel()
    assert impatient.cancelled()
    await store.write()
    assert set(await titles(store)) == {"impatient", "patient"}


async def test_a_failing_call_whose_caller_left_disturbs_nobody(store: Store) -> None:
    await store.write(book("taken"))
    store.write(book("taken")).cancel()
    await store.write(book("other"))
    assert set(await titles(store)) == {"taken", "other"}


async def test_who_is_called_and_who_waits_hear_in_the_order_of_the_calls(store: Store) -> None:
    heard: list[int] = []
    for number in range(60):
        if number % 3:
            store.submit([book(f"{number}")], partial(_hear, heard, number))
        else:
            store.write(book(f"{number}")).add_done_callback(partial(_hear, heard, number))
    await store.write()
    await asyncio.sleep(0)
    assert heard == list(range(60))


def _hear(heard: list[int], number: int, _: object) -> None:
    heard.append(number)


async def test_who_is_called_hears_what_was_wrong(database_url: str) -> None:
    store = await Store.open(database_url)
    await store.write(book("taken"))
    heard: list[Exception | None] = []
    store.submit([book("before")], heard.append)
    store.submit([book("taken")], heard.append)
    store.submit([book("after")], heard.append)
    await store.write()
    await asyncio.sleep(0)
    assert [type(error) for error in heard] == [type(None), Conflict, type(None)]
    await store.aclose()
    with pytest.raises(StoreClosed):
        store.submit([book("late")], heard.append)
    assert len(heard) == 3


async def test_one_who_fails_when_called_keeps_nothing_from_the_others(store: Store) -> None:
    def fail(error: Exception | None) -> None:
        raise RuntimeError("clumsy")

    told: list[str] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: told.append(repr(context)))
    heard: list[Exception | None] = []
    store.submit([book("one")], fail)
    store.submit([book("two")], heard.append)
    await store.write()
    await asyncio.sleep(0)
    assert heard == [None]
    assert "clumsy" in told[0]
    assert set(await titles(store)) == {"one", "two"}


# Upsert


async def test_upsert_inserts_and_then_updates_only_the_named_columns(store: Store) -> None:
    cover = upsert(books, key=["code"], update=["cover"])
    await store.write(Change(PUT_BOOK, {"code": "a", "title": "one", "order": 1}))
    await store.write(Change(PUT_BOOK, {"code": "a", "title": "two", "order": 2}))
    await store.write(Change(cover, {"code": "a", "title": "not this", "cover": b"\x00\xff"}))
    [row] = await store.read(select(books))
    assert (row.code, row.title, row.order, row.cover) == ("a", "two", 2, b"\x00\xff")


async def test_upsert_of_many_rows_keeps_the_last_of_each(store: Store) -> None:
    rows = [{"code": f"{n % 10}", "title": f"{n}", "order": n} for n in range(500)]
    await store.write(*[Change(PUT_BOOK, row) for row in rows])
    assert await titles(store) == {f"{n % 10}": f"{n}" for n in range(490, 500)}


async def test_upsert_without_update_leaves_the_row_that_is_there(store: Store) -> None:
    ensure = upsert(books, key=["code"], update=[])
    await store.write(book("old", "kept"))
    await store.write(*[Change(ensure, {"code": code, "title": "new"}) for code in ("old", "new")])
    assert await titles(store) == {"old": "kept", "new": "new"}


async def test_upsert_without_update_still_refuses_what_the_schema_forbids(store: Store) -> None:
    ensure = upsert(pages, key=["id"], update=[])
    with pytest.raises(Conflict):
        await store.write(Change(ensure, {"id": 1, "book": "no such book", "number": 1}))


# Readiness and closing


async def test_a_store_that_saves_is_ready(store: Store, witness: Witness) -> None:
    await store.check()
    await store.check()
    assert witness.commits == [1, 1, 1, 1]


async def test_a_store_without_its_tables_is_not_ready(empty_url: str) -> None:
    store = await Store.open(empty_url)
    with pytest.raises(StoreUnavailable, match="cannot save"):
        await store.check()
    await store.aclose()


async def test_closing_saves_what_is_queued(database_url: str, store: Store) -> None:
    closing = await Store.open(database_url)
    written = [closing.write(book(f"{n}")) for n in range(1500)]
    await closing.aclose()
    assert all(future.done() and future.exception() is None for future in written)
    assert len(await titles(store)) == 1500


async def test_closing_waits_for_reads_that_are_under_way(database_url: str) -> None:
    closing = await Store.open(database_url)
    await closing.write(book("one"))
    reading = [asyncio.create_task(titles(closing)) for _ in range(10)]
    await asyncio.sleep(0)
    await closing.aclose()
    assert await asyncio.gather(*reading) == [{"one": None}] * 10


async def test_a_closed_store_refuses_and_closes_again_in_peace(database_url: str) -> None:
    store = await Store.open(database_url)
    await asyncio.gather(store.aclose(), store.aclose())
    await store.aclose()
    with pytest.raises(StoreClosed):
        await store.write(book("late"))
    with pytest.raises(StoreClosed):
        await store.read(select(books))
    with pytest.raises(StoreError):
        await store.check()


async def test_a_stopping_loop_leaves_no_caller_without_an_answer(database_url: str) -> None:
    store = await Store.open(database_url)
    first = store.write(book("first"))
    await asyncio.sleep(0)
    for task in asyncio.all_tasks():
        if task.get_name() == "quad-store-writer":
            task.cancel()
    second = store.write(book("second"))
    answers = await asyncio.gather(first, second, return_exceptions=True)
    is_by_task = not database_url.startswith("sqlite")
    assert isinstance(answers[0], OutcomeUnknown) == is_by_task
    assert answers[1] is None
    await store.aclose()


async def test_an_observer_that_raises_fails_nobody(database_url: str, store: Store) -> None:
    class Clumsy(Witness):
        def committed(self, seconds: float, changes: int) -> None:
            raise RuntimeError("clumsy")

    told: list[str] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: told.append(repr(context)))
    observed = await Store.open(database_url, observer=Clumsy())
    await observed.write(book("one"))
    await observed.aclose()
    assert await titles(store) == {"one": None}
    assert "clumsy" in told[0]
