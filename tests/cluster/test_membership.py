"""Members of one cluster: shards are shared, handed over, and never at home in two places."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence

import pytest
from sqlalchemy import select

from quad.bus.links import Channel
from quad.bus.memory import MemoryBroker, arrives
from quad.cluster import suspicion, table
from quad.cluster.membership import Keys, Membership
from quad.cluster.notices import Gone, Moving, encode
from quad.cluster.shards import Placing, shard_of
from quad.cluster.suspicion import FROZEN_S
from quad.store import DatabaseInUse, OutcomeUnknown, Store, StoreError, StoreUnavailable
from quad.store import session as session_module
from quad.store.schema import nodes
from tests.cluster.members import Member, owners, until
from tests.contract.databases import Databases
from tests.contract.test_store_servers import kill_all_others

# What differs between them, the locks, tests/contract/test_sessions.py tests on both.
MARIADB = pytest.param("mariadb", marks=pytest.mark.soak)
pytestmark = pytest.mark.parametrize("databases", ["postgresql", MARIADB], indirect=True)

Join = Callable[..., Awaitable[Member]]


@pytest.fixture
def broker() -> MemoryBroker:
    return MemoryBroker()


@pytest.fixture
async def join(database_url: str, broker: MemoryBroker) -> AsyncIterator[Join]:
    made: list[Member] = []

    async def join_one(name: str = "n") -> Member:
        member = await Member.open_on(database_url, broker.bus, name)
        made.append(member)
        await member.membership.join()
        return member

    yield join_one
    for member in made:
        await member.aclose()


def are_even(*members: Member) -> bool:
    each = 256 // len(members)
    return all(len(member.owned) in {each, each + 1} for member in members) and agree(*members)


def agree(*members: Member) -> bool:
    """Whether every shard has one owner, and all say the same of it."""
    return (
        all(
            len({member.membership.owner(shard) for member in members}) == 1
            and members[0].membership.owner(shard) is not None
            for shard in range(256)
        )
        and sum(len(member.owned) for member in members) == 256
    )


def hears_only_itself(sender: int, receiver: int, data: bytes) -> Sequence[float]:
    """What a broker does with messages that lets the first node hear itself, and nobody else."""
    return arrives(sender, receiver, data) if {sender, receiver} == {1} else ()


async def test_the_first_has_all_shards_when_it_has_joined(join: Join) -> None:
    first = await join("first")
    membership = first.membership
    assert (len(first.owned), membership.is_leader, membership.is_suspended) == (256, True, False)
    assert first.notes == [("joined", 1), ("gained", 256)]
    info = membership.nodes[1]
    assert (info.name, info.generation, info.state) == ("first", 0, "alive")
    assert await owners(first.store) == {1: 256}


async def test_whoever_has_joined_knows_of_each_node_whether_it_lives(join: Join) -> None:
    first, second = await join(), await join()
    assert second.membership.links.has_heard(first.me)
    await first.vanish()
    await second.vanish()
    third = await join()
    assert set(third.membership.nodes) == {third.me}
    assert len(third.owned) == 256


async def test_a_newcomer_gets_its_share_of_the_idle_shards(join: Join) -> None:
    first, second = await join(), await join()
    await until(lambda: are_even(first, second))
    third = await join()
    await until(lambda: are_even(first, second, third))
    assert sorted((await owners(first.store)).values()) == [85, 85, 86]
    assert [each.membership.is_leader for each in (first, second, third)].count(True) == 1
    assert set(third.membership.nodes) == {1, 2, 3}
    assert "gained" not in first.names()[2:]  # what was closed to be given was given


async def test_busy_shards_follow_when_they_are_idle(join: Join) -> None:
    first = await join()
    first.busy = set(range(200))
    second = await join()
    await until(lambda: len(second.owned) == 56)
    assert second.owned == set(range(200, 256))
    first.busy = set(range(100))
    await until(lambda: are_even(first, second))
    assert first.owned >= set(range(100))


async def test_keys_are_asked_for_by_name(join: Join) -> None:
    first, second = await join(), await join()
    await until(lambda: are_even(first, second))
    keys = Keys(first.membership), Keys(second.membership)
    for key in ("campus", "alert", "class/817349"):
        owner = first.membership.owner(shard_of(key))
        assert [each.owner(key) for each in keys] == [owner, owner]
        assert [each.answering(key) for each in keys] == [owner, owner]
        assert [each.is_open(key) for each in keys] == [owner == 1, owner == 2]
    assert [each.me for each in keys] == [1, 2]
    first.session.is_held = False  # and so it is suspended
    answering = {keys[0].answering(f"class/{number}") for number in range(1000)}
    assert answering == {None, 2}


async def test_a_drain_gives_all_shards_away(join: Join) -> None:
    first, second, third = await join(), await join(), await join()
    await until(lambda: are_even(first, second, third))
    first.busy = set(range(256))
    await first.membership.drain()
    await until(lambda: are_even(second, third))
    assert (first.owned, first.open) == (set(), set())
    assert second.membership.nodes[1].state == "leaving"
    await first.aclose()
    await until(lambda: set(second.membership.nodes) == {2, 3})
    assert ("dead", 1) in second.notes


async def test_whoever_is_said_to_have_ended_is_not_waited_for(
    join: Join, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, seconds in {"SILENT_S": 3600.0, "SETTLING_S": 0.0, "_STEADY_S": 0.0}.items():
        monkeypatch.setattr(suspicion, name, seconds)
    first, second = await join("a"), await join("b")
    first.membership.has_ended("b")  # which is not so
    third = await join("c")
    await until(lambda: are_even(first, second, third))
    assert first.membership.counters.takeovers == 0

    await second.vanish()

    def have_taken_over() -> bool:
        first.membership.has_ended("b")
        return are_even(first, third)

    await until(have_taken_over)
    assert first.membership.counters.takeovers == 1


async def test_a_drain_gives_the_newest_what_is_started(join: Join) -> None:
    # Else it moved again when its new home's turn comes.
    nodes = [await join() for _ in range(4)]
    first, newest = nodes[0], nodes[-1]
    await until(lambda: are_even(*nodes))
    started = set(sorted(first.owned)[::7])
    first.busy, newest.busy = set(started), set(started)
    await first.membership.drain()
    await until(lambda: newest.owned >= started)
    await until(lambda: are_even(*nodes[1:]))
    assert newest.owned >= started


async def test_the_last_one_drains_nothing_and_leaves_its_shards_to_the_next(
    join: Join,
) -> None:
    first = await join()
    await first.membership.drain()
    assert len(first.owned) == 256
    await first.aclose()
    second = await join()
    assert len(second.owned) == 256


async def test_who_has_left_writes_nothing_more(join: Join) -> None:
    first = await join()
    await first.membership.aclose()
    with pytest.raises(StoreUnavailable, match="has left"):
        await first.store.check()


async def test_the_shards_of_the_dead_are_shared_by_those_who_live(join: Join) -> None:
    first, second, third = await join(), await join(), await join()
    await until(lambda: are_even(first, second, third))
    await second.vanish()
    await until(lambda: are_even(first, third))
    assert ("dead", 2) in first.notes
    assert ("dead", 2) in third.notes
    takeovers = [each.membership.counters.takeovers for each in (first, third)]
    assert sum(takeovers) == 1


async def test_of_two_takers_at_once_one_takes_over(join: Join, database_url: str) -> None:
    first, second, third = await join(), await join(), await join()
    await until(lambda: are_even(first, second, third))
    await third.vanish()

    async def take(member: Member) -> int:
        for _ in range(50):
            placed = await table.take_over(member.store, 3, [1, 2], lambda: True)
            if placed is not None:
                return len(placed)
        return 0

    taken = await asyncio.gather(*[take(each) for each in (first, second, first, second)])
    assert sorted(taken) in ([0, 0, 0, 85], [0, 0, 0, 86])
    await until(lambda: are_even(first, second))
    assert sum((await owners(first.store)).values()) == 256


async def test_nobody_takes_over_from_a_living_node(join: Join) -> None:
    first, second = await join(), await join()
    await until(lambda: are_even(first, second))
    assert await table.take_over(first.store, 2, [1], lambda: True) is None
    await second.store.check()
    assert (await owners(first.store), second.session.incarnation) == ({1: 128, 2: 128}, 2)


async def test_nobody_takes_over_while_others_find_their_sessions_again(
    join: Join, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = await join(), await join()
    await until(lambda: are_even(first, second))
    await second.vanish()
    monkeypatch.setattr(table, "_YOUNG_S", 1e9)
    assert await table.take_over(first.store, 2, [1], lambda: True) is None
    monkeypatch.undo()
    assert await table.take_over(first.store, 2, [1], lambda: False) is None
    assert await table.take_over(first.store, 2, [1], lambda: True) is not None


async def test_whoever_was_declared_dead_joins_anew(join: Join, database_url: str) -> None:
    first, second = await join(), await join()
    await until(lambda: are_even(first, second))
    await table.end_session_of(first.store, 2)
    placed = None
    while placed is None:
        placed = await table.take_over(first.store, 2, [1], lambda: True)
    await until(lambda: second.me == 3 and are_even(first, second))
    assert not second.membership.is_suspended
    assert second.open == second.owned
    assert second.names().count("expelled") == 1
    assert second.membership.counters.expulsions == 1
    assert set(first.membership.nodes) == {1, 3}


async def test_joining_anew_is_tried_again_if_it_fails(
    join: Join, caplog: pytest.LogCaptureFixture
) -> None:
    first, second = await join(), await join()
    await until(lambda: are_even(first, second))
    second.failures_to_join.append(StoreUnavailable())
    await table.end_session_of(first.store, 2)
    while await table.take_over(first.store, 2, [1], lambda: True) is None:
        pass
    await until(lambda: second.me == 3 and are_even(first, second))
    assert (second.names().count("expelled"), second.failures_to_join) == (1, [])
    assert "the tables of the cluster: The database is not available." in caplog.text


async def test_an_incarnation_that_others_have_heard_of_is_given_up_if_joining_fails(
    join: Join, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fail(_: Membership) -> None:
        monkeypatch.undo()
        raise StoreUnavailable

    first, second = await join(), await join()
    await until(lambda: are_even(first, second))
    await table.end_session_of(first.store, 2)
    while await table.take_over(first.store, 2, [1], lambda: True) is None:
        pass
    monkeypatch.setattr(Membership, "_claim", fail)
    monkeypatch.setattr(first.membership, "_claim", lambda: asyncio.sleep(0))
    await until(lambda: second.me == 4 and are_even(first, second))
    assert set(first.membership.nodes) == set(second.membership.nodes) == {1, 4}
    assert first.membership.counters.ended_sessions == 0


async def test_a_node_whose_systems_cannot_begin_does_not_join(
    database_url: str, broker: MemoryBroker
) -> None:
    member = await Member.open_on(database_url, broker.bus)
    member.failures.append(RuntimeError("a bug"))
    with pytest.raises(RuntimeError, match="a bug"):
        await member.membership.join()
    assert member.owned == set()
    await member.aclose()


async def test_a_session_that_was_ended_is_found_again_and_nothing_moves(
    join: Join, database_url: str, databases: Databases
) -> None:
    first, second = await join(), await join()
    await until(lambda: are_even(first, second))
    before = (first.owned, second.owned)
    await kill_all_others(database_url, databases)
    await until(lambda: not second.session.is_held or second.session.retaken_at > 0)
    await until(lambda: not any(m.membership.is_suspended for m in (first, second)))
    await second.store.check()
    await first.store.check()
    await asyncio.sleep(2.0)  # what must not happen would happen by now
    assert (first.owned, second.owned, first.me, second.me) == (*before, 1, 2)


async def test_who_has_lost_the_broker_suspects_nobody(join: Join, broker: MemoryBroker) -> None:
    first, second = await join(), await join()
    await until(lambda: are_even(first, second))
    broker.is_up = False
    await until(lambda: first.membership.links.silence_s(2) > 3.0)
    assert first.membership._signs().suspects == []
    broker.is_up = True
    await until(lambda: first.membership.links.hears_itself)
    assert set(first.membership.nodes) == {1, 2}


async def test_behind_an_outage_of_the_broker_others_get_time_to_come_back(
    join: Join, broker: MemoryBroker
) -> None:
    first, second = await join(), await join()
    await until(lambda: are_even(first, second))

    broker.is_up = False
    await until(lambda: first.membership.links.silence_s(2) > FROZEN_S)
    broker.fate, broker.is_up = hears_only_itself, True  # the first is back a little earlier
    await until(lambda: first.membership.links.hears_itself)
    assert not first.membership._signs().is_frozen(2)
    broker.fate = arrives
    await until(lambda: first.membership.links.silence_s(2) < 1.0)
    assert first.membership.counters.ended_sessions == 0
    assert set(first.membership.nodes) == {1, 2}


async def test_a_node_that_is_cut_off_is_taken_over_and_stays_out_until_it_hears_itself(
    join: Join, broker: MemoryBroker
) -> None:
    first, second = await join(), await join()
    await until(lambda: are_even(first, second))

    broker.fate = hears_only_itself
    await until(lambda: len(first.owned) == 256, within_s=15)
    await until(lambda: "expelled" in second.names())
    assert first.membership.counters.ended_sessions == 1
    assert (second.membership.is_suspended, second.membership.is_leader) == (True, False)
    await asyncio.sleep(2.5)  # what must not happen would have happened
    assert second.me == 2
    broker.fate = arrives
    await until(lambda: second.me == 3 and are_even(first, second))
    assert second.names().count("expelled") == 1


async def test_lost_hints_cost_only_time(join: Join, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Membership, "_tell_all", lambda *_: None)
    first, second, third = await join(), await join(), await join()
    await until(lambda: are_even(first, second, third))
    await second.aclose()
    await until(lambda: are_even(first, third))


async def test_a_hand_over_whose_outcome_is_not_known_leaves_one_owner(
    join: Join, monkeypatch: pytest.MonkeyPatch
) -> None:
    hand_over = table.hand_over
    unknown: list[list[Placing] | None] = []

    async def fail(store: Store, giver: int, given: dict[int, list[int]]) -> list[Placing] | None:
        unknown.append(await hand_over(store, giver, given))
        monkeypatch.undo()
        raise OutcomeUnknown

    first = await join()
    monkeypatch.setattr(table, "hand_over", fail)
    second = await join()
    await until(lambda: are_even(first, second))
    assert unknown == [[Placing(shard, 2, 1) for shard in range(128)]]
    assert first.owned.isdisjoint(second.owned)


async def test_a_hand_over_that_fails_is_tried_again(
    join: Join, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fail(*_: object) -> None:
        monkeypatch.undo()
        raise StoreUnavailable

    first = await join()
    monkeypatch.setattr(table, "hand_over", fail)
    second = await join()
    await until(lambda: are_even(first, second))
    # Closed, opened again, closed and given.
    moves = [name for name in first.names() if name in {"gained", "kept", "lost", "handed over"}]
    assert moves == ["gained", "lost", "kept", "gained", "lost", "handed over"]


async def test_a_drain_opens_again_what_it_could_not_hand_over_and_tries_again(
    join: Join, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fail(*_: object) -> list[Placing]:
        monkeypatch.undo()
        return []

    first, second = await join(), await join()
    await until(lambda: are_even(first, second))
    monkeypatch.setattr(table, "hand_over", fail)
    await first.membership.drain()
    await until(lambda: len(second.owned) == 256)
    assert first.open == set()


async def test_what_another_version_says_is_dropped(
    join: Join, caplog: pytest.LogCaptureFixture
) -> None:
    first, second = await join(), await join()
    await until(lambda: are_even(first, second))
    second.membership.links.send(1, Channel.CONTROL, b"?")
    await until(lambda: "this version cannot read" in caplog.text)


async def test_a_shard_that_is_about_to_move_has_no_owner(join: Join) -> None:
    first, second = await join(), await join()
    await until(lambda: are_even(first, second))
    shard = min(second.owned)
    assert first.membership.owner(shard) == 2
    notice = encode(Moving([shard, *first.owned]))
    first.membership._hear(2, notice)
    assert first.membership.owner(shard) is None
    assert all(first.membership.owner(each) == 1 for each in first.owned)
    await until(lambda: agree(first, second))


async def test_news_of_a_death_is_heard_before_the_tables_are_read(join: Join) -> None:
    first, second = await join(), await join()
    await until(lambda: are_even(first, second))
    shard = min(second.owned)
    first.membership._hear(9, encode(Gone(2, [Placing(shard, 9, 99)])))
    assert ("dead", 2) in first.notes
    assert first.membership.owner(shard) is None  # 9 is not known yet
    await first.membership._look()  # the table does not know of it yet, and says otherwise
    assert (first.notes.count(("node", 2)), 2 in first.membership.nodes) == (1, False)


async def test_shards_that_could_not_be_opened_are_opened_later(
    join: Join, caplog: pytest.LogCaptureFixture
) -> None:
    first, second = await join(), await join()
    await until(lambda: are_even(first, second))
    first.failures.append(RuntimeError("a bug"))
    await second.vanish()
    await until(lambda: len(first.owned) == 256, within_s=15)
    assert "a change of the cluster failed" in caplog.text


async def test_a_node_that_cannot_join_says_so(
    join: Join, database_url: str, broker: MemoryBroker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(session_module, "_PATIENCE_S", 0.3)
    await join()
    with pytest.raises(DatabaseInUse, match="Another cluster"):
        await Member.open_on(database_url, broker.bus, cluster="other")


async def test_a_database_that_is_away_is_waited_for(
    join: Join, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = await join()

    async def fail(store: object) -> None:
        raise StoreError("away")

    monkeypatch.setattr(table, "read_map", fail)
    await until(lambda: "the tables of the cluster: away" in caplog.text)
    monkeypatch.undo()
    second = await join()
    await until(lambda: are_even(first, second))


async def test_the_table_of_nodes_says_who_left(join: Join) -> None:
    first, second = await join("one"), await join("two")
    await second.aclose()
    rows = await first.store.read(select(nodes.c.name, nodes.c.state).order_by(nodes.c.name))
    assert [tuple(row) for row in rows] == [("one", "alive"), ("two", "dead")]
