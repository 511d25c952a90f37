"""A node's lease: the database session by which it writes.

Several nodes write to one database. Each has an incarnation, a number that grows with each start
of any node, and holds the lock of it by the session on which it commits. So whoever can commit
holds the lock, and whoever takes the lock knows that nothing of its former holder is still to come:
no clock is asked, and no commit costs a statement more.
"""

from __future__ import annotations

import asyncio
import logging
import math
import time
from contextlib import suppress
from datetime import UTC, datetime
from typing import Final

from sqlalchemy import delete, exists, func, select, update
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection

from . import locks
from .errors import DatabaseInUse, SessionLost, StoreUnavailable
from .failures import POOLED
from .schema import cluster, nodes, owner, probe
from .upsert import upsert
from .urls import safe_url

log = logging.getLogger("quad.store")

ALIVE: Final = "alive"
LEAVING: Final = "leaving"
"""It gets no shards any more."""
DEAD: Final = "dead"
"""It will never write again: whoever wrote this had its lock."""

# How long the session that had a lock may take to end: one of ours, of a taker, of whoever was
# killed.
_PATIENCE_S: Final = 2.0
_LOOK_EVERY_S: Final = 0.05
_KEPT_ROWS: Final = 100
_KEY: Final = "quad-incarnation"

_BE_THERE: Final = upsert(cluster, key=["id"], update=[])
# Whoever joins waits for others who do.
_NAME: Final = select(cluster.c.name).where(cluster.c.id == 1).with_for_update()
_LAST: Final = select(func.coalesce(func.max(nodes.c.incarnation), 0))
_UNDEAD: Final = select(nodes.c.incarnation).where(nodes.c.state != DEAD)


class NodeSession:
    """The lock of this node's incarnation, on the connection that writes.

    Given to `Store.open`, of one store only; the store asks for it whenever its writer's connection
    is new. Used by the tasks of one loop.
    """

    def __init__(self, cluster: str, node: str, generation: int = 0) -> None:
        self.cluster = cluster
        self.node = node
        self.generation = generation
        self.incarnation = 0
        """0: it has not joined yet."""
        self.is_held = False
        """Whether it was held when the database answered last; the store says so."""
        self.retaken_at = -math.inf
        """By `time.monotonic`: when the lock was taken by another session than before."""
        self._number = 0
        self._has_ended = False

    async def hold(self, connection: AsyncConnection) -> None:
        """Returns when this connection's session has the lock; at once if the connection is known.

        A new incarnation joins: it gets its number and its row. A known one looks whether it was
        declared dead. The connection is useless after an error.

        Raises:
            SessionLost: this incarnation was declared dead, or others hold its lock.
            DatabaseInUse: it cannot join, a process or another cluster has the database.
            StoreUnavailable, DBAPIError, OSError: the database does not answer.
        """
        if self._has_ended:
            raise SessionLost("This node has left the cluster.")
        if connection.info.get(_KEY) == self.incarnation:
            return
        self.is_held = False
        try:
            if not self.incarnation:
                await self._join(connection)
            else:
                await self._take_again(connection)
        except BaseException:
            # With the session ends whatever it has taken.
            await connection.invalidate()
            raise
        connection.info[_KEY] = self.incarnation
        self.is_held = True

    def begin_anew(self) -> None:
        """The next write joins as a new incarnation.

        To be called when nothing is queued that was decided by the old one: it would be saved.
        """
        self.incarnation = 0
        self.is_held = False

    def end(self) -> None:
        """Nothing more is written: the row says by now that this node is dead."""
        self.is_held = False
        self._has_ended = True

    async def check_direct(self, connection: AsyncConnection, other: AsyncConnection) -> None:
        """See that sessions belong to connections: a pool between may give them to transactions.

        `other` is another connection to the same address. Raises StoreUnavailable.
        """
        # A pool gives the session that was just returned to whoever begins next: the other one.
        await other.execution_options(isolation_level="READ COMMITTED")  # or nothing would begin
        async with other.begin():
            await other.scalar(locks.own_session(other))
            holder = await connection.scalar(locks.node_holder(connection, self.incarnation))
            mine = await connection.scalar(locks.own_session(connection))
        await connection.rollback()
        if not holder == mine == self._number:
            raise StoreUnavailable(POOLED)

    async def _join(self, connection: AsyncConnection) -> None:
        loop = asyncio.get_running_loop()
        end = loop.time() + _PATIENCE_S
        while True:
            try:
                await self._try_to_join(connection)
                return
            except DatabaseInUse:
                # Somebody's session that has just ended may not be noticed yet.
                if loop.time() > end:
                    raise
            await connection.rollback()
            await asyncio.sleep(_LOOK_EVERY_S)

    async def _try_to_join(self, connection: AsyncConnection) -> None:
        await _check_owner(connection)
        incarnation = await self._insert(connection)
        await connection.commit()
        try:
            # Once more: a process that takes the database looks at the rows behind its own lock.
            # Whoever of the two is later sees the other.
            await _check_owner(connection)
        except DatabaseInUse:
            # Nobody is to wait for a node that never was.
            row = nodes.c.incarnation == incarnation
            await connection.execute(update(nodes).where(row).values(state=DEAD))
            await connection.execute(locks.release_node(connection, incarnation))
            await connection.commit()
            raise
        await connection.rollback()
        self.incarnation = incarnation

    async def _insert(self, connection: AsyncConnection) -> int:
        """Raises DatabaseInUse."""
        await connection.execute(_BE_THERE, {"id": 1, "name": self.cluster})
        name = await connection.scalar(_NAME)
        if name != self.cluster:
            await _check_dead(connection, str(name))
            await connection.execute(update(cluster).values(name=self.cluster))
        incarnation = int(await connection.scalar(_LAST) or 0) + 1
        if not await connection.scalar(locks.take_node(connection, incarnation)):
            raise StoreUnavailable(f"The lock of node {incarnation} is taken, and nobody has it.")
        self._number = await connection.scalar(locks.own_session(connection))
        row = {
            "incarnation": incarnation,
            "name": self.node,
            "session": self._number,
            "generation": self.generation,
            "state": ALIVE,
            "joined_at": datetime.now(UTC),
        }
        await connection.execute(nodes.insert(), row)
        await _forget_old(connection, incarnation)
        return incarnation

    async def _take_again(self, connection: AsyncConnection) -> None:
        loop = asyncio.get_running_loop()
        end = loop.time() + _PATIENCE_S
        while not await self._try_again(connection):
            await connection.rollback()
            if loop.time() > end:
                raise SessionLost("Another session has the lock of this node.")
            await asyncio.sleep(_LOOK_EVERY_S)
        await connection.commit()
        self.retaken_at = time.monotonic()
        log.info("node %d has its lock again", self.incarnation)

    async def _try_again(self, connection: AsyncConnection) -> bool:
        """Raises SessionLost."""
        has_it = await connection.scalar(locks.take_node(connection, self.incarnation))
        row = nodes.c.incarnation == self.incarnation
        # Read behind the lock: a taker lets go of it when it has committed what it says here.
        if await connection.scalar(select(nodes.c.state).where(row)) in {None, DEAD}:
            raise SessionLost("This node was declared dead.")
        if not await connection.scalar(locks.owner_is_free(connection)):
            raise SessionLost("A single Quad has taken the database.")
        if has_it:
            self._number = await connection.scalar(locks.own_session(connection))
            await connection.execute(update(nodes).where(row).values(session=self._number))
            return True
        if await connection.scalar(locks.node_holder(connection, self.incarnation)) == self._number:
            # Our last one, whose end the database has not noticed, or just has.
            with suppress(DBAPIError):
                await connection.execute(locks.end_session(connection, self._number))
        return False


async def name_of_living(connection: AsyncConnection) -> str:
    """The cluster of which some node lives; empty if there is none."""
    for incarnation in (await connection.scalars(_UNDEAD)).all():
        if await connection.scalar(locks.node_holder(connection, incarnation)) is not None:
            return str(await connection.scalar(select(cluster.c.name)))
    return ""


async def _check_owner(connection: AsyncConnection) -> None:
    """Raises DatabaseInUse if some process has the database to itself."""
    if not await connection.scalar(locks.owner_is_free(connection)):
        who = await connection.scalar(select(owner.c.who))
        known = f": {who}" if who else ""
        place = safe_url(connection.engine.url)
        raise DatabaseInUse(f"Another Quad has the database {place} to itself{known}.")


async def _check_dead(connection: AsyncConnection, name: str) -> None:
    """Raises DatabaseInUse if a node of this cluster lives."""
    if await name_of_living(connection):
        place = safe_url(connection.engine.url)
        raise DatabaseInUse(f"Another cluster has the database {place}: {name}.")


async def _forget_old(connection: AsyncConnection, newest: int) -> None:
    # Found by reading, which waits for nobody, and not by a deletion that looks at every row.
    is_old = (nodes.c.state == DEAD) & (nodes.c.incarnation <= newest - _KEPT_ROWS)
    old = (await connection.scalars(select(nodes.c.incarnation).where(is_old))).all()
    await connection.execute(delete(nodes).where(nodes.c.incarnation.in_(old)))
    is_known = exists().where(nodes.c.incarnation == probe.c.id)
    unknown = (await connection.scalars(select(probe.c.id).where(~is_known))).all()
    await connection.execute(delete(probe).where(probe.c.id.in_(unknown)))
