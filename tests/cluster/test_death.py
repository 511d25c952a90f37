"""Members that die, sleep, or lose the database, as processes of their own."""

import asyncio
import signal
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from sqlalchemy import select

from quad.store import Store, migrate
from quad.store.schema import probe, shards
from tests.cluster.members import MemberProcess, owners, processes
from tests.cluster.postgresql import OwnPostgresql, running_postgresql
from tests.contract.databases import Databases, connected, run_apart
from tests.contract.test_store_servers import kill_all_others
from tests.patience import patience

pytestmark = [pytest.mark.slow]

on_servers = pytest.mark.parametrize("databases", ["postgresql", "mariadb"], indirect=True)
MARIADB = pytest.param("mariadb", marks=pytest.mark.soak)
slow_on_servers = pytest.mark.parametrize("databases", ["postgresql", MARIADB], indirect=True)


@pytest.fixture
async def members(database_url: str, tmp_path: Path) -> AsyncIterator[list[MemberProcess]]:
    async with processes(3, database_url, tmp_path) as made:
        yield made


async def map_of(url: str) -> list[tuple[int, int, int]]:
    async with connected(url) as connection:
        rows = await connection.execute(select(shards).order_by(shards.c.id))
        return [(row.id, row.node, row.epoch) for row in rows]


async def saved(url: str) -> set[int]:
    async with connected(url) as connection:
        return set((await connection.scalars(select(probe.c.id))).all())


async def until_owned(living: list[MemberProcess], within_s: float) -> float:
    """Returns how long it took until these had all shards among them."""
    began = time.monotonic()
    async with asyncio.timeout(patience(within_s)):
        while sum([int(await member.ask("owned")) for member in living]) != 256:
            await asyncio.sleep(0.05)
    return time.monotonic() - began


@on_servers
async def test_a_killed_node_is_taken_over_within_three_seconds(
    members: list[MemberProcess], database_url: str
) -> None:
    await members[0].kill()
    await until_owned(members[1:], within_s=3.0)
    assert {node for _, node, _ in await map_of(database_url)} == {2, 3}
    for member in members[1:]:
        await member.wait_for("dead 1")
        assert await member.ask(f"write {member.me}") == "saved"


@slow_on_servers
@pytest.mark.parametrize("is_writing", [False, True], ids=["idle", "in a transaction"])
async def test_a_node_that_sleeps_is_taken_over_and_writes_nothing_when_it_wakes(
    members: list[MemberProcess], database_url: str, is_writing: bool
) -> None:
    sleeper, *others = members
    if is_writing:
        sleeper.tell("sleep 1001")
    else:
        assert await sleeper.ask("write 1000") == "saved"
        sleeper.signal(signal.SIGSTOP)
        sleeper.tell("write 1001")  # the first that it reads when it wakes
    await until_owned(others, within_s=8.0)
    known = len(sleeper.lines)
    assert {node for _, node, _ in await map_of(database_url)} == {2, 3}
    sleeper.signal(signal.SIGCONT)
    await sleeper.wait_for("expelled 1", after=known)
    await sleeper.wait_for("joined 4", after=known)
    await sleeper.wait_for("gained", after=known)
    [answer] = [line for line in sleeper.lines if "1001:" in line]
    assert answer.split()[-1] in {"SessionLost", "OutcomeUnknown", "StoreUnavailable"}
    assert 1001 not in await saved(database_url)
    assert await sleeper.ask("write 1002") == "saved"
    assert await sleeper.ask("suspended") == "False"


@slow_on_servers
async def test_living_nodes_find_their_sessions_again_and_nothing_moves(
    members: list[MemberProcess], database_url: str, databases: Databases
) -> None:
    before = await map_of(database_url)
    await kill_all_others(database_url, databases)
    for member in members:
        assert await member.ask(f"write {member.me}") == "saved"
    await asyncio.sleep(3.0)  # what must not happen would have happened
    assert await map_of(database_url) == before
    assert [member.me for member in members] == [1, 2, 3]


@slow_on_servers
async def test_a_drained_process_leaves_nothing_behind(
    members: list[MemberProcess], database_url: str
) -> None:
    assert await members[0].ask("drain") == "drained"
    await until_owned(members[1:], within_s=3.0)
    assert await members[0].ask("owned") == "0"


@pytest.fixture
def own_postgresql(tmp_path: Path) -> Iterator[OwnPostgresql]:
    with running_postgresql(tmp_path) as server:
        yield server


async def test_after_a_restart_of_the_database_all_find_their_locks_and_nothing_moves(
    own_postgresql: OwnPostgresql, tmp_path: Path, systems: None
) -> None:
    url = own_postgresql.url
    run_apart(migrate(url))
    async with processes(3, url, tmp_path) as members:
        before = await map_of(url)
        own_postgresql.stop()
        await asyncio.sleep(1.0)
        assert await members[0].ask("write 1") == "StoreUnavailable"
        assert await members[0].ask("suspended") == "True"
        own_postgresql.start()
        for member in members:
            async with asyncio.timeout(patience(10)):
                while await member.ask("suspended") != "False":
                    await asyncio.sleep(0.1)
            assert await member.ask(f"write {member.me}") == "saved"
        await asyncio.sleep(3.0)  # what must not happen would have happened
        assert await map_of(url) == before
        assert [member.me for member in members] == [1, 2, 3]
        # And who did not come back is taken over, later.
        await members[2].kill()
        await until_owned(members[:2], within_s=10.0)


async def test_a_new_member_takes_what_the_dead_of_yesterday_had(
    own_postgresql: OwnPostgresql, tmp_path: Path, systems: None
) -> None:
    url = own_postgresql.url
    run_apart(migrate(url))
    async with processes(2, url, tmp_path):
        pass  # both are killed here
    later = await MemberProcess.start(url, tmp_path)
    try:
        await until_owned([later], within_s=10.0)
        store = await Store.open(url)
        assert await owners(store) == {3: 256}
        await store.aclose()
    finally:
        await later.kill()
