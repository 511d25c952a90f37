"""What can happen between the store and a database server."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from sqlalchemy import bindparam, select, text

from quad.store import (
    Change,
    Conflict,
    OutcomeUnknown,
    Store,
    StoreError,
    StoreUnavailable,
    parse_url,
)
from quad.store.server import ServerEngine
from tests.contract.conftest import empty
from tests.contract.databases import Databases, connected
from tests.contract.proxy import Proxy
from tests.contract.shelf import ADD_BOOK, TITLE, books, shelf, titles
from tests.patience import patience

pytestmark = pytest.mark.parametrize("databases", ["postgresql", "mariadb"], indirect=True)

# Not only the word: PostgreSQL's BEGIN says READ COMMITTED.
COMMITS = {"postgresql": b"COMMIT;", "mariadb": b"COMMIT"}
RETITLE = books.update().where(books.c.code == bindparam("of")).values(title=bindparam("to"))


@pytest.fixture
async def url(shelf_url: str) -> AsyncIterator[str]:
    yield shelf_url
    await empty(shelf_url, shelf)


@pytest.fixture
async def proxy(url: str) -> AsyncIterator[Proxy]:
    target = parse_url(url)
    ports = {"postgresql": 5432, "mysql": 3306}
    port = target.port or ports[target.get_backend_name()]
    async with Proxy(target.host or "127.0.0.1", port) as made:
        yield made


@pytest.fixture
async def store(url: str, proxy: Proxy) -> AsyncIterator[Store]:
    opened = await Store.open(proxy.url(parse_url(url)))
    yield opened
    await opened.aclose()


def book(code: str, title: str | None = None) -> Change:
    return Change(ADD_BOOK, {"code": code, "title": title})


async def kill_all_others(url: str, databases: Databases) -> int:
    """Ends all other connections to the database, as an administrator may; returns how many."""
    lists = {
        "postgresql": "SELECT pid FROM pg_stat_activity"
        " WHERE datname = current_database() AND pid <> pg_backend_pid()",
        "mariadb": "SELECT id FROM information_schema.processlist"
        " WHERE db = DATABASE() AND id <> CONNECTION_ID()",
    }
    kills = {"postgresql": "SELECT pg_terminate_backend({})", "mariadb": "KILL {}"}
    async with connected(url) as connection:
        others = (await connection.execute(text(lists[databases.engine]))).scalars().all()
        for other in others:
            await connection.execute(text(kills[databases.engine].format(int(other))))
    return len(others)


async def test_killed_idle_connections_are_replaced_without_an_error(
    store: Store, url: str, databases: Databases
) -> None:
    await store.write(book("before"))
    await asyncio.gather(*[titles(store) for _ in range(4)])
    assert await kill_all_others(url, databases) >= 2
    await store.write(book("after"))
    assert await kill_all_others(url, databases) >= 1
    assert set(await titles(store)) == {"before", "after"}


async def test_a_connection_lost_before_the_commit_costs_nothing(
    store: Store, proxy: Proxy
) -> None:
    await store.write(book("before"))
    proxy.cut_at = b"during"
    await store.write(book("during"))
    assert proxy.cuts == 1
    assert set(await titles(store)) == {"before", "during"}


@pytest.mark.parametrize("is_forwarded", [False, True], ids=["lost", "saved"])
async def test_a_connection_lost_at_the_commit_costs_nothing_and_doubles_nothing(
    store: Store, proxy: Proxy, databases: Databases, is_forwarded: bool
) -> None:
    await store.write(book("before"), book("gone"))
    proxy.is_forwarded = is_forwarded
    proxy.cut_at = COMMITS[databases.engine]
    retitle = Change(RETITLE, {"of": "before", "to": "changed"})
    remove = Change(books.delete().where(books.c.code == "gone"))
    await asyncio.gather(store.write(book("one"), retitle), store.write(remove, book("two")))
    assert proxy.cuts == 1
    await store.write(book("after"))
    found = await titles(store)
    assert set(found) == {"before", "one", "two", "after"}
    assert found["before"] == "changed"


async def test_changes_without_a_key_of_their_own_are_made_once_more_if_in_doubt(
    store: Store, proxy: Proxy, databases: Databases
) -> None:
    await store.write(book("one"))
    proxy.is_forwarded = True
    proxy.cut_at = COMMITS[databases.engine]
    await store.write(Change(RETITLE, {"of": "one", "to": "changed"}))
    assert (proxy.cuts, await titles(store)) == (1, {"one": "changed"})


async def test_a_conflict_without_a_doubt_stays_one(
    store: Store, proxy: Proxy, databases: Databases
) -> None:
    await store.write(book("one"))
    proxy.cut_at = b"two"
    with pytest.raises(Conflict):
        await store.write(book("two"), book("one"))
    assert proxy.cuts == 1
    assert set(await titles(store)) == {"one"}


async def test_a_database_that_stays_away_after_a_commit_leaves_a_doubt_and_says_so(
    store: Store,
    url: str,
    proxy: Proxy,
    databases: Databases,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("quad.store.server.DOUBT_S", 0.3)
    await store.write(book("before"))
    proxy.is_forwarded = True
    proxy.cut_at = COMMITS[databases.engine]
    writing = asyncio.ensure_future(store.write(book("perhaps")))
    while not proxy.cuts:
        await asyncio.sleep(0)
    await proxy.stop()
    with pytest.raises(OutcomeUnknown, match="nobody knows"):
        await writing
    with pytest.raises(StoreUnavailable) as caught:
        await store.write(book("surely not"))
    assert not isinstance(caught.value, OutcomeUnknown)
    await proxy.start()
    assert "surely not" not in await titles(store)


async def test_a_commit_in_doubt_is_waited_for_and_others_are_not_kept_waiting(
    store: Store, proxy: Proxy, databases: Databases, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("quad.store.server.REFUSAL_S", 0.1)
    unsure: list[None] = []
    store.on_unsure = lambda: unsure.append(None)
    await store.write(book("before"))
    proxy.is_forwarded = True
    proxy.cut_at = COMMITS[databases.engine]
    writing = asyncio.ensure_future(store.write(book("saved")))
    while not proxy.cuts:
        await asyncio.sleep(0)
    await proxy.stop()
    with pytest.raises(StoreUnavailable) as behind:
        await store.write(book("behind it"))
    with pytest.raises(StoreUnavailable) as later:
        await store.write(book("later"))
    assert not any(isinstance(each.value, OutcomeUnknown) for each in (behind, later))
    assert not writing.done()
    settling = asyncio.create_task(store.settle())
    await asyncio.sleep(0)
    assert not settling.done()
    await proxy.start()
    await settling
    assert writing.done()
    await writing
    await store.write(book("after"))
    assert set(await titles(store)) == {"before", "saved", "after"}
    assert not unsure


async def test_who_has_never_found_out_is_told_when_the_database_answers_again(
    store: Store, proxy: Proxy, databases: Databases, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("quad.store.server.DOUBT_S", 0.1)
    unsure = asyncio.Event()
    store.on_unsure = unsure.set
    await store.write(book("before"))
    proxy.cut_at = COMMITS[databases.engine]
    writing = asyncio.ensure_future(store.write(book("perhaps")))
    while not proxy.cuts:
        await asyncio.sleep(0)
    await proxy.stop()
    with pytest.raises(OutcomeUnknown):
        await writing
    with pytest.raises(StoreUnavailable):
        await store.write(book("surely not"))
    assert not unsure.is_set()
    await proxy.start()
    await store.write(book("after"))
    async with asyncio.timeout(patience(5)):
        await unsure.wait()


async def test_a_server_that_falls_silent_at_the_commit_leaves_a_doubt_and_says_so(
    url: str, proxy: Proxy, databases: Databases, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("quad.store.server.DOUBT_S", 0.3)
    engine = ServerEngine(parse_url(proxy.url(parse_url(url))), 1, answer_timeout_s=0.3)
    store = Store(engine)
    await store.write(book("before"))
    proxy.silent_at = COMMITS[databases.engine]
    with pytest.raises(OutcomeUnknown, match="nobody knows"):
        await store.write(book("perhaps"))
    proxy.is_silent = False
    await store.write(book("after"))
    await store.aclose()


async def test_closing_ends_in_time_although_the_server_is_silent(url: str, proxy: Proxy) -> None:
    store = await Store.open(proxy.url(parse_url(url)))
    await store.write(book("before"))
    await titles(store)
    proxy.is_silent = True
    writing: asyncio.Future[None] = store.write(book("one"))
    reading = asyncio.create_task(titles(store))
    await asyncio.sleep(0)
    loop = asyncio.get_running_loop()
    started = loop.time()
    await store.aclose(within_s=0.3)
    assert loop.time() - started < 3.0
    proxy.is_silent = False
    await proxy.stop()
    outcomes = await asyncio.gather(writing, reading, return_exceptions=True)
    assert all(isinstance(outcome, StoreError) for outcome in outcomes)


async def test_a_server_that_does_not_answer_is_an_error_in_bounded_time(
    url: str, proxy: Proxy
) -> None:
    engine = ServerEngine(parse_url(proxy.url(parse_url(url))), 1, answer_timeout_s=0.3)
    store = Store(engine)
    await store.write(book("before"))
    await store.read(select(books))
    proxy.is_silent = True
    async with asyncio.timeout(patience(10)):  # the engine's own patience, and what closing takes
        results = await asyncio.gather(
            store.write(book("during")), store.read(select(books)), return_exceptions=True
        )
    assert [type(result) for result in results] == [StoreUnavailable] * 2
    assert {str(result) for result in results} == {"The database did not answer in time."}
    proxy.is_silent = False
    await store.write(book("after"))
    assert "after" in await titles(store)
    await store.aclose()


async def test_a_server_that_is_gone_is_unavailable_until_it_is_back(
    store: Store, proxy: Proxy
) -> None:
    await store.write(book("before"))
    await proxy.stop()
    with pytest.raises(StoreUnavailable):
        await store.write(book("during"))
    with pytest.raises(StoreUnavailable):
        await titles(store)
    with pytest.raises(StoreUnavailable):
        await store.check()
    await proxy.start()
    await store.check()
    await store.write(book("after"))
    assert set(await titles(store)) == {"before", "after"}


@pytest.mark.parametrize("what", ["port", "database", "login"])
async def test_a_wrong_address_is_an_error_without_the_password(
    url: str, databases: Databases, what: str
) -> None:
    wrong = {
        "port": parse_url(url).set(port=1, password="sesame"),
        "database": parse_url(url).set(database="no_such_database"),
        "login": parse_url(url).set(username="nobody", password="sesame"),
    }[what]
    with pytest.raises(StoreUnavailable) as caught:
        await Store.open(wrong.render_as_string(hide_password=False))
    assert "sesame" not in repr(caught.value) + repr(caught.value.__cause__)


async def test_a_locked_row_is_an_error_in_bounded_time(store: Store, url: str) -> None:
    await store.write(book("locked"), book("free"))
    async with connected(url) as other:
        await other.execute(RETITLE, {"of": "locked", "to": "other's"})
        with pytest.raises(StoreUnavailable, match="locked"):
            await store.write(Change(RETITLE, {"of": "locked", "to": "ours"}))
        await store.write(Change(RETITLE, {"of": "free", "to": "ours"}))
        await other.commit()
    assert await titles(store) == {"locked": "other's", "free": "ours"}


async def test_a_deadlock_with_another_node_is_tried_again(store: Store, url: str) -> None:
    await store.write(book("a"), book("b"))
    async with connected(url) as other:
        # MariaDB gives up the transaction that has changed fewer rows: it must be ours.
        await other.execute(ADD_BOOK, [{"code": f"weight {number}"} for number in range(50)])
        await other.execute(RETITLE, {"of": "a", "to": "other's"})
        ours = store.write(
            Change(RETITLE, {"of": "b", "to": "ours"}), Change(RETITLE, {"of": "a", "to": "ours"})
        )
        await until_waiting(url)
        await other.execute(RETITLE, {"of": "b", "to": "other's"})
        await other.commit()
    await ours
    found = await titles(store)
    assert (found["a"], found["b"]) == ("ours", "ours")


async def test_a_value_that_is_too_long_is_refused_and_not_cut(store: Store) -> None:
    with pytest.raises(Exception, match="cannot take"):
        await store.write(book("x" * 41))
    assert await titles(store) == {}


async def test_nodes_that_upsert_the_same_rows_do_not_disturb_each_other(url: str) -> None:
    stores = [await Store.open(url) for _ in range(3)]
    codes = [f"{n}" for n in range(20)]

    async def put(node: int, turn: int) -> None:
        order = codes if (node + turn) % 2 else list(reversed(codes))
        changes = [Change(TITLE, {"code": code, "title": f"{node}.{turn}"}) for code in order]
        await stores[node].write(*changes)

    await asyncio.gather(*[put(node, turn) for turn in range(5) for node in range(3)])
    assert len(await titles(stores[0])) == 20
    await asyncio.gather(*[store.aclose() for store in stores])


async def until_waiting(url: str) -> None:
    """Returns when some session of the server waits for a lock."""
    waiting = {
        "postgresql": "SELECT count(*) FROM pg_stat_activity"
        " WHERE datname = current_database() AND wait_event_type = 'Lock'",
        "mysql": "SELECT count(*) FROM information_schema.innodb_trx WHERE trx_state = 'LOCK WAIT'",
    }[parse_url(url).get_backend_name()]
    async with connected(url) as connection:
        async with asyncio.timeout(patience(10)):
            while not await connection.scalar(text(waiting)):
                await connection.rollback()
                await asyncio.sleep(0.02)  # the server has no event for this: ask again
