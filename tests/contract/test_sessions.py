"""Of several nodes on one database, only who holds the lock of its session can write."""

import asyncio
import os
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, CursorResult, bindparam, event, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from quad.store import (
    Change,
    DatabaseInUse,
    NodeSession,
    Procedure,
    SessionLost,
    Store,
    StoreError,
    StoreUnavailable,
    migrate,
    parse_url,
    upsert,
)
from quad.store import ownership as ownership_module
from quad.store import session as session_module
from quad.store.locks import end_session, node_holder, own_session, take_node
from quad.store.ownership import Ownership
from quad.store.schema import cluster, nodes, probe, shards
from quad.store.server import ServerEngine
from tests.contract.databases import Databases, connected
from tests.contract.test_store_servers import kill_all_others
from tests.patience import patience
from tests.process import ServerProcess, free_port

pytestmark = pytest.mark.parametrize("databases", ["postgresql", "mariadb"], indirect=True)

SET_EPOCH = upsert(shards, key=["id"], update=["epoch"])


@pytest.fixture(autouse=True)
def _little_patience(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ownership_module, "_PATIENCE_S", 0.3)
    monkeypatch.setattr(session_module, "_PATIENCE_S", 0.3)


@pytest.fixture
async def session() -> NodeSession:
    return NodeSession("campus", "n1")


@pytest.fixture
async def store(database_url: str, session: NodeSession) -> AsyncIterator[Store]:
    opened = await Store.open(database_url, session=session)
    yield opened
    await opened.aclose()


def epoch(number: int) -> Change:
    return Change(SET_EPOCH, {"id": 7, "node": 1, "epoch": number})


async def saved(store: Store) -> list[int]:
    rows = await store.read(select(shards.c.epoch))
    return [row.epoch for row in rows]


async def holder_of(url: str, incarnation: int) -> int | None:
    async with connected(url) as connection:
        found: int | None = await connection.scalar(node_holder(connection, incarnation))
        return found


async def declare_dead(url: str, incarnation: int) -> None:
    """What a taker does: it ends the session, takes the lock, and says so in the row."""
    async with connected(url) as connection:
        holder = await connection.scalar(node_holder(connection, incarnation))
        if holder is not None:
            await connection.execute(end_session(connection, holder))
        while not await connection.scalar(take_node(connection, incarnation)):
            await asyncio.sleep(0.01)
        row = nodes.c.incarnation == bindparam("number")
        dead = update(nodes).where(row).values(state="dead")
        await connection.execute(dead, {"number": incarnation})
        await connection.commit()


async def test_each_start_is_a_new_incarnation_with_its_lock_and_its_row(database_url: str) -> None:
    sessions = [NodeSession("campus", f"n{number}", number) for number in range(3)]
    stores = [await Store.open(database_url, session=each) for each in sessions]
    assert [each.incarnation for each in sessions] == [1, 2, 3]
    rows = await stores[0].read(select(nodes).order_by(nodes.c.incarnation))
    assert [(row.name, row.generation, row.state) for row in rows] == [
        ("n0", 0, "alive"),
        ("n1", 1, "alive"),
        ("n2", 2, "alive"),
    ]
    assert [row.session for row in rows] == [await holder_of(database_url, n) for n in (1, 2, 3)]
    await asyncio.gather(*[each.check() for each in stores])
    assert len(await stores[0].read(select(probe))) == 3
    await asyncio.gather(*[each.aclose() for each in stores])
    async with asyncio.timeout(patience(5)):
        while await holder_of(database_url, 1) is not None:
            await asyncio.sleep(0.05)  # the server needs a moment


async def test_nodes_that_start_together_get_different_numbers(database_url: str) -> None:
    sessions = [NodeSession("campus", "n") for _ in range(6)]
    stores = await asyncio.gather(*[Store.open(database_url, session=each) for each in sessions])
    assert sorted(each.incarnation for each in sessions) == [1, 2, 3, 4, 5, 6]
    await asyncio.gather(*[each.aclose() for each in stores])


async def test_a_session_that_was_ended_finds_its_lock_again_and_goes_on(
    store: Store, session: NodeSession, database_url: str, databases: Databases
) -> None:
    await store.write(epoch(1))
    before = await holder_of(database_url, 1)
    await kill_all_others(database_url, databases)
    await store.write(epoch(2))
    after = await holder_of(database_url, 1)
    assert (await saved(store), session.incarnation, session.is_held) == ([2], 1, True)
    assert before != after is not None
    [row] = await store.read(select(nodes.c.session))
    assert row.session == after


async def test_whoever_was_declared_dead_writes_no_row(
    store: Store, session: NodeSession, database_url: str
) -> None:
    await store.write(epoch(1))
    await declare_dead(database_url, 1)
    for _ in range(2):
        with pytest.raises(SessionLost, match="declared dead"):
            await store.write(epoch(2))
    assert (await saved(store), session.is_held) == ([1], False)


async def test_whoever_was_declared_dead_joins_anew_when_told_to(
    store: Store, session: NodeSession, database_url: str
) -> None:
    await declare_dead(database_url, 1)
    with pytest.raises(SessionLost):
        await store.write(epoch(1))
    session.begin_anew()
    await store.write(epoch(2))
    assert (await saved(store), session.incarnation, session.is_held) == ([2], 2, True)


async def test_nothing_is_written_while_another_session_has_the_lock(
    store: Store, session: NodeSession, database_url: str, databases: Databases
) -> None:
    async with connected(database_url) as other:
        mine = await other.scalar(node_holder(other, 1))
        assert mine is not None
        await other.execute(end_session(other, mine))
        while not await other.scalar(take_node(other, 1)):
            await asyncio.sleep(0.01)
        with pytest.raises(SessionLost, match="Another session"):
            await store.write(epoch(1))
        await other.rollback()
    await until_saved(store, epoch(2))
    assert (await saved(store), session.incarnation) == ([2], 1)


async def test_an_own_session_whose_end_was_not_noticed_is_ended(
    database_url: str, session: NodeSession
) -> None:
    first = await Store.open(database_url, session=session)
    # Another connection of the same node, while the first one seems to live on.
    twin = NodeSession("campus", "n1")
    twin.incarnation, twin._number = session.incarnation, session._number
    second = await Store.open(database_url, session=twin)
    await second.write(epoch(1))
    assert await holder_of(database_url, 1) == twin._number != session._number
    await asyncio.gather(first.aclose(), second.aclose())


async def test_a_single_quad_and_a_cluster_refuse_each_other(
    database_url: str, session: NodeSession
) -> None:
    single = await Ownership.take(database_url, "the single one")
    await single.watch()
    with pytest.raises(DatabaseInUse, match="to itself: the single one") as caught:
        await Store.open(database_url, session=session)
    assert "quad_test:quad_test" not in str(caught.value)
    await single.aclose()
    store = await Store.open(database_url, session=session)
    with pytest.raises(DatabaseInUse, match=r"Another Quad has .*: the cluster campus"):
        await Ownership.take(database_url, "the single one")
    await store.aclose()
    single = await Ownership.take(database_url, "the single one")
    await single.aclose()


async def test_a_single_quad_that_came_while_no_session_lived_stops_the_node(
    store: Store, database_url: str, databases: Databases
) -> None:
    await kill_all_others(database_url, databases)
    single = await Ownership.take(database_url, "the single one")
    with pytest.raises(SessionLost, match="A single Quad"):
        await store.write(epoch(1))
    await single.aclose()
    await until_saved(store, epoch(2))


async def until_saved(store: Store, change: Change) -> None:
    """A server may need a moment to notice that a session has ended, and its lock with it."""
    async with asyncio.timeout(patience(5)):
        while True:
            try:
                await store.write(change)
                return
            except SessionLost:
                await asyncio.sleep(0.05)


async def test_two_clusters_refuse_each_other_while_a_node_of_one_lives(
    database_url: str, session: NodeSession
) -> None:
    store = await Store.open(database_url, session=session)
    with pytest.raises(DatabaseInUse, match=r"Another cluster has the database .*: campus"):
        await Store.open(database_url, session=NodeSession("other", "n2"))
    await store.aclose()
    other = await Store.open(database_url, session=NodeSession("other", "n2"))
    [row] = await other.read(select(cluster))
    assert tuple(row) == (1, "other")
    await other.aclose()


async def test_a_single_quad_that_comes_while_a_node_joins_is_seen_by_it(
    database_url: str, databases: Databases
) -> None:
    if databases.engine != "mariadb":
        pytest.skip("PostgreSQL's lock is shared, and keeps the other one out until the commit")

    class Overtaken(NodeSession):
        async def _insert(self, connection: AsyncConnection) -> int:
            incarnation = await super()._insert(connection)
            # Its row is not committed, so the other one cannot see it.
            singles.append(await Ownership.take(database_url, "the quick one"))
            return incarnation

    singles: list[Ownership] = []
    with pytest.raises(DatabaseInUse):
        await Store.open(database_url, session=Overtaken("campus", "n1"))
    [single] = singles
    await single.aclose()
    async with connected(database_url) as connection:
        states = await connection.scalars(select(nodes.c.state))
        assert set(states.all()) == {"dead"}


async def test_a_lock_that_nobody_can_have_is_an_error(
    database_url: str, session: NodeSession
) -> None:
    async with connected(database_url) as stranger:
        assert await stranger.scalar(take_node(stranger, 1))
        with pytest.raises(StoreUnavailable, match="The lock of node 1 is taken"):
            await Store.open(database_url, session=session)


async def test_a_refused_node_can_join_later_with_the_same_session(
    database_url: str, session: NodeSession
) -> None:
    single = await Ownership.take(database_url, "the single one")
    with pytest.raises(DatabaseInUse):
        await Store.open(database_url, session=session)
    await single.aclose()
    store = await Store.open(database_url, session=session)
    assert session.is_held
    await store.aclose()


async def test_sessions_that_do_not_belong_to_connections_are_refused(
    store: Store, session: NodeSession, database_url: str
) -> None:
    async with connected(database_url) as pooled, connected(database_url) as other:
        with pytest.raises(StoreUnavailable, match="transaction pooling"):
            await session.check_direct(pooled, other)


@pytest.mark.parametrize("pooled", ["", "?prepared_statement_cache_size=0"])
async def test_a_pool_that_gives_sessions_to_transactions_is_refused(
    database_url: str, databases: Databases, session: NodeSession, tmp_path: Path, pooled: str
) -> None:
    if databases.engine != "postgresql":
        pytest.skip("those of MariaDB leave a session with a lock to its connection")
    async with pgbouncer(database_url, tmp_path) as url:
        with pytest.raises(StoreUnavailable, match="transaction pooling"):
            await Store.open(url + pooled, session=session)


@asynccontextmanager
async def pgbouncer(url: str, directory: Path) -> AsyncIterator[str]:
    program = shutil.which("pgbouncer", path=f"{os.environ['PATH']}:/usr/sbin")
    if program is None:
        pytest.skip("install PgBouncer (make services)")
    target, port = parse_url(url), free_port()
    settings = directory / "pgbouncer.ini"
    settings.write_text(
        f"[databases]\n{target.database} = host={target.host} port={target.port or 5432}"
        f" user={target.username} password={target.password}\n"
        f"[pgbouncer]\nlisten_addr = 127.0.0.1\nlisten_port = {port}\nunix_socket_dir =\n"
        "auth_type = any\npool_mode = transaction\nignore_startup_parameters = lock_timeout\n"
    )
    command = [program, str(settings)]
    if os.geteuid() == 0:  # it refuses to run as root
        settings = settings.rename(f"/tmp/{directory.name}-{port}.ini")
        settings.chmod(0o644)
        command = ["setpriv", "--reuid=nobody", "--clear-groups", program, str(settings)]
    process = ServerProcess(command, port=port)
    try:
        yield target.set(host="127.0.0.1", port=port).render_as_string(hide_password=False)
    finally:
        process.kill()
        settings.unlink()


async def test_rows_of_the_dead_are_forgotten_but_for_the_last_hundred(
    store: Store, database_url: str
) -> None:
    row = {"name": "n", "session": 1, "generation": 0, "state": "dead", "joined_at": None}
    async with connected(database_url) as connection:
        copied = select(nodes.c.joined_at).scalar_subquery()
        [(joined_at,)] = (await connection.execute(select(copied))).all()
        rows = [{**row, "incarnation": n, "joined_at": joined_at} for n in range(2, 150)]
        await connection.execute(nodes.insert(), rows)
        await connection.commit()
    later = await Store.open(database_url, session=NodeSession("campus", "later"))
    found = await later.read(select(nodes.c.incarnation).order_by(nodes.c.incarnation))
    assert [each.incarnation for each in found] == [1, *range(51, 151)]
    await later.aclose()


async def test_a_procedure_decides_within_the_transaction(store: Store) -> None:
    def refuse(connection: Connection) -> CursorResult[tuple[int]]:
        connection.execute(SET_EPOCH, {"id": 7, "node": 1, "epoch": 5})
        raise StoreError("not so")

    def count(connection: Connection) -> CursorResult[tuple[int]]:
        sessions.append(connection.scalar(own_session(connection)))
        return connection.execute(select(1))

    sessions: list[int] = []
    with pytest.raises(StoreError, match="not so"):
        await store.write(Change(Procedure(refuse)))
    assert await saved(store) == []
    await store.write(epoch(1), Change(Procedure(count)))
    assert (await saved(store), len(sessions)) == ([1], 1)


async def test_no_statement_is_added_to_the_commits_of_a_known_connection(store: Store) -> None:
    await store.write(epoch(1))
    statements: list[str] = []

    def note(
        connection: Any, cursor: Any, statement: str, values: Any, context: Any, many: bool
    ) -> None:
        statements.append(statement)

    engine = store._engine
    assert isinstance(engine, ServerEngine)
    event.listen(engine._writer.sync_engine, "before_cursor_execute", note)
    await store.write(epoch(2))
    assert [statement.split()[0] for statement in statements] == ["INSERT"]


@pytest.mark.parametrize("is_migrated", [True, False])
async def test_a_database_of_an_older_revision_has_no_nodes(
    empty_url: str, is_migrated: bool
) -> None:
    if is_migrated:
        await migrate(empty_url)
    single = await Ownership.take(empty_url, "single")
    await single.aclose()
