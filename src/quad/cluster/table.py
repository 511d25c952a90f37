"""The tables of the cluster: who is alive, and who has which shard. They are the truth.

Whatever changes the map holds the lock of the one row of `quad_cluster` until its commit, so two
changes never meet. Nobody waits for that lock, or the writes of a whole node would wait with it:
who does not get it tries again.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from contextlib import suppress
from typing import Any, NamedTuple

from sqlalchemy import Connection, CursorResult, bindparam, literal, select, text, update
from sqlalchemy.exc import DBAPIError

from quad.cluster.shards import SHARDS, Placing, spread
from quad.store import Change, Procedure, Store, locks, upsert
from quad.store.schema import cluster, nodes, shards
from quad.store.session import ALIVE, DEAD

PROOF = Change(select(literal(1)))
"""Changes nothing, and is committed only by a session that has its lock."""

_YOUNG_S = 5.0
"""After its start the database knows no session yet: nobody's missing lock says anything."""

_LOCK_MAP = select(cluster.c.id).where(cluster.c.id == 1).with_for_update(skip_locked=True)
_PLACINGS = select(shards.c.id, shards.c.node, shards.c.epoch)
_STATE = select(nodes.c.state).where(nodes.c.incarnation == bindparam("of"))
_SET_STATE = (
    update(nodes).where(nodes.c.incarnation == bindparam("of")).values(state=bindparam("to"))
)
_PLACE = upsert(shards, key=["id"], update=["node", "epoch"])
_SAYS_NOTHING = select(literal(1))


class NodeInfo(NamedTuple):
    """A node that is not dead."""

    incarnation: int
    name: str
    generation: int
    state: str


async def read_nodes(store: Store) -> dict[int, NodeInfo]:
    """All that are not dead. Raises StoreError."""
    columns = (nodes.c.incarnation, nodes.c.name, nodes.c.generation, nodes.c.state)
    rows = await store.read(select(*columns).where(nodes.c.state != DEAD))
    return {row.incarnation: NodeInfo._make(row) for row in rows}


async def read_map(store: Store) -> list[Placing]:
    """Raises StoreError."""
    return [Placing._make(row) for row in await store.read(_PLACINGS)]


async def claim_free(store: Store, heirs: Collection[int]) -> list[Placing]:
    """Shares what no living node has among those of the heirs that are alive.

    Returns what was placed; nothing if somebody else is changing the map. Raises StoreError.
    """
    placed: list[Placing] = []

    def claim(connection: Connection) -> CursorResult[Any]:
        placed.clear()
        if not _has_map(connection):
            return _nothing(connection)
        living = _living(connection)
        known = {placing.shard: placing for placing in _placings(connection)}
        free = [n for n in range(SHARDS) if n not in known or known[n].node not in living]
        placed.extend(_spread(free, known, _alive(living) & set(heirs)))
        return _place(connection, placed)

    await store.write(Change(Procedure(claim)))
    return placed


async def hand_over(store: Store, giver: int, given: dict[int, list[int]]) -> list[Placing] | None:
    """Gives shards of this node to others, as far as they are alive; returns what was placed.

    None if somebody else is changing the map. Raises StoreError.
    """
    placed: list[Placing] | None = None

    def move(connection: Connection) -> CursorResult[Any]:
        nonlocal placed
        placed = None
        if not _has_map(connection):
            return _nothing(connection)
        placed = []
        known = {placing.shard: placing for placing in _placings(connection)}
        for taker in _alive(_living(connection)) & given.keys():
            mine = [known[shard] for shard in given[taker] if known[shard].node == giver]
            placed.extend(Placing(each.shard, taker, each.epoch + 1) for each in mine)
        return _place(connection, placed)

    await store.write(Change(Procedure(move)))
    return placed


async def take_over(
    store: Store, dead: int, heirs: Collection[int], is_suspect: Callable[[], bool]
) -> list[Placing] | None:
    """Declares a node dead whose lock is free, and shares its shards among the heirs.

    `is_suspect` is asked once more when it comes to that, with this node's session proven.

    In one transaction, which has the lock of the dead: so nothing of it is still to come. Returns
    what was placed, which is nothing if somebody was quicker; None if it lives, or that cannot be
    told now. Raises StoreError.
    """
    result: list[Placing] | None = None

    def take(connection: Connection) -> CursorResult[Any]:
        nonlocal result
        result = None
        may_tell = is_suspect() and not _is_young(connection)
        if not (may_tell and _has_lock(connection, dead) and _has_map(connection)):
            return _nothing(connection)
        result = []
        if connection.scalar(_STATE, {"of": dead}) not in {None, DEAD}:
            connection.execute(_SET_STATE, {"of": dead, "to": DEAD})
            known = {placing.shard: placing for placing in _placings(connection)}
            left = [shard for shard, placing in known.items() if placing.node == dead]
            result = _spread(left, known, _alive(_living(connection)) & set(heirs))
        return _place(connection, result)

    def release(connection: Connection) -> CursorResult[Any]:
        me = connection.scalar(locks.own_session(connection))
        while connection.scalar(locks.node_holder(connection, dead)) == me:
            connection.execute(locks.release_node(connection, dead))  # as often as it was tried
        return _nothing(connection)

    try:
        await store.write(Change(Procedure(take)))
    finally:
        # A session that is lost has released it already.
        store.save_soon(Change(Procedure(release)), what=f"the lock of the dead node {dead}")
    return result


async def end_session_of(store: Store, node: int) -> None:
    """Has the database end the session that has a node's lock. Raises StoreError."""

    def end(connection: Connection) -> CursorResult[Any]:
        holder = connection.scalar(locks.node_holder(connection, node))
        if holder is not None:
            with suppress(DBAPIError):  # it has just ended by itself
                connection.execute(locks.end_session(connection, holder))
        return _nothing(connection)

    await store.write(Change(Procedure(end)))


async def set_state(store: Store, node: int, state: str) -> None:
    """What this node says of itself. Raises StoreError."""
    await store.write(Change(_SET_STATE, {"of": node, "to": state}))


def _has_lock(connection: Connection, node: int) -> bool:
    return bool(connection.scalar(locks.take_node(connection, node)))


def _has_map(connection: Connection) -> bool:
    return connection.scalar(_LOCK_MAP) is not None


def _living(connection: Connection) -> dict[int, str]:
    columns = (nodes.c.incarnation, nodes.c.state)
    rows = connection.execute(select(*columns).where(nodes.c.state != DEAD))
    return {row.incarnation: row.state for row in rows}


def _alive(living: dict[int, str]) -> set[int]:
    return {node for node, state in living.items() if state == ALIVE}


def _placings(connection: Connection) -> list[Placing]:
    return [Placing._make(row) for row in connection.execute(_PLACINGS)]


def _spread(
    left: Iterable[int], known: dict[int, Placing], heirs: Collection[int]
) -> list[Placing]:
    if not heirs:
        return []  # whoever is alive finds them without a living node, and claims them
    loads = dict.fromkeys(heirs, 0)
    for placing in known.values():
        if placing.node in loads:
            loads[placing.node] += 1
    epochs = {shard: placing.epoch + 1 for shard, placing in known.items()}
    return [
        Placing(shard, node, epochs.get(shard, 0))
        for node, given in spread(left, loads).items()
        for shard in given
    ]


def _place(connection: Connection, placed: Iterable[Placing]) -> CursorResult[Any]:
    rows = [{"id": shard, "node": node, "epoch": epoch} for shard, node, epoch in placed]
    return connection.execute(_PLACE, rows) if rows else _nothing(connection)


def _nothing(connection: Connection) -> CursorResult[Any]:
    return connection.execute(_SAYS_NOTHING)


def _is_young(connection: Connection) -> bool:
    """Whether the database has started only just now."""
    if connection.dialect.name == "postgresql":
        asked = "SELECT extract(epoch FROM clock_timestamp() - pg_postmaster_start_time())"
        return float(connection.scalar(text(asked)) or 0) < _YOUNG_S
    [_, uptime_s] = connection.execute(text("SHOW GLOBAL STATUS LIKE 'Uptime'")).one()
    return float(uptime_s) < _YOUNG_S
