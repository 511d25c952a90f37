"""A node's lease: the database session by which it writes.

Several nodes write to one database. Each has an incarnation, a number that grows with each start
of any node, and holds the lock of it by the session on which it commits. So whoever can commit
holds the lock, and whoever takes the lock knows that nothing of its former holder is still to come:
no clock is asked, and no commit costs a statement more.
"""

from __future__ import annotations

import asyncio
import logging
from datetime import UTC, datetime
from typing import Final

from sqlalchemy import Connection, delete, exists, func, select, update
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
        self._number = 0

    async def hold(self, connection: AsyncConnection) -> None:
        """Returns when this connection's session has the lock; at once if the connection is known.

        A new incarnation joins: it gets its number and its row. A known one looks whether it was
        declared dead. The connection is useless after an error.

        Raises:
            SessionLost: this incarnation was declared dead, or others hold its lock.
            DatabaseInUse: it cannot join, a process or another cluster has the database.
            StoreUnavailable, DBAPIError, OSError: the database does not answer.
        """
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

    async def check_direct(self, connection: AsyncConnection, other: AsyncConnection) -> None:
        """See that sessions belong to connections: a pool between may give them to transactions.

        `other` is another connection to the same address. Raises StoreUnavailable.
        """
        # A pool gives the session that was just returned to whoever begins next: the other one.
        await other.execution_options(isolation_level="READ COMMITTED")  # or nothing would begin
        async with other.begin():
            await other.run_sync(locks.own_session)
            holder = await connection.run_sync(locks.node_holder, self.incarnation)
            mine = await connection.run_sync(locks.own_session)
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
        self.incarnation = await connection.run_sync(self._insert)
        try:
            await connection.commit()
            # Only now: a process that takes the database looks at the rows behind its own lock.
            # Whoever of the two is later sees the other.
            await connection.run_sync(self._check_owner)
            await connection.rollback()
        except BaseException:
            # The row stays: its lock ends with this session, so whoever looks finds it dead.
            self.incarnation = 0
            raise

    def _insert(self, connection: Connection) -> int:
        """Raises DatabaseInUse."""
        self._check_owner(connection)
        connection.execute(_BE_THERE, {"id": 1, "name": self.cluster})
        name = connection.scalar(_NAME)
        if name != self.cluster:
            _check_empty(connection, str(name))
            connection.execute(update(cluster).values(name=self.cluster))
        incarnation = (connection.scalar(_LAST) or 0) + 1
        if not locks.try_node(connection, incarnation):
            raise StoreUnavailable(f"The lock of node {incarnation} is taken, and nobody has it.")
        self._number = locks.own_session(connection)
        row = {
            "incarnation": incarnation,
            "name": self.node,
            "session": self._number,
            "generation": self.generation,
            "state": ALIVE,
            "joined_at": datetime.now(UTC),
        }
        connection.execute(nodes.insert(), row)
        _forget_old(connection, incarnation)
        return incarnation

    async def _take_again(self, connection: AsyncConnection) -> None:
        loop = asyncio.get_running_loop()
        end = loop.time() + _PATIENCE_S
        while not await connection.run_sync(self._try_again):
            await connection.rollback()
            if loop.time() > end:
                raise SessionLost("Another session has the lock of this node.")
            await asyncio.sleep(_LOOK_EVERY_S)
        await connection.commit()
        log.info("node %d has its lock again", self.incarnation)

    def _try_again(self, connection: Connection) -> bool:
        """Raises SessionLost."""
        has_it = locks.try_node(connection, self.incarnation)
        row = nodes.c.incarnation == self.incarnation
        # Read behind the lock: a taker lets go of it when it has committed what it says here.
        if connection.scalar(select(nodes.c.state).where(row)) in {None, DEAD}:
            raise SessionLost("This node was declared dead.")
        if locks.has_owner(connection):
            raise SessionLost("A single Quad has taken the database.")
        if has_it:
            self._number = locks.own_session(connection)
            connection.execute(update(nodes).where(row).values(session=self._number))
        elif locks.node_holder(connection, self.incarnation) == self._number:
            # Our last one, whose end the database has not noticed.
            locks.end_session(connection, self._number)
        return has_it

    def _check_owner(self, connection: Connection) -> None:
        """Raises DatabaseInUse."""
        if locks.has_owner(connection):
            who = connection.scalar(select(owner.c.who))
            known = f": {who}" if who else ""
            place = safe_url(connection.engine.url)
            raise DatabaseInUse(f"Another Quad has the database {place} to itself{known}.")


def name_of_living(connection: Connection) -> str:
    """The cluster of which some node lives; empty if there is none. Takes no lock for long."""
    for incarnation in connection.scalars(_UNDEAD).all():
        if locks.node_holder(connection, incarnation) is not None:
            return str(connection.scalar(select(cluster.c.name)))
    return ""


def _check_empty(connection: Connection, name: str) -> None:
    """Raises DatabaseInUse if one of its nodes lives."""
    if name_of_living(connection):
        place = safe_url(connection.engine.url)
        raise DatabaseInUse(f"Another cluster has the database {place}: {name}.")


def _forget_old(connection: Connection, newest: int) -> None:
    old = (nodes.c.state == DEAD) & (nodes.c.incarnation <= newest - _KEPT_ROWS)
    connection.execute(delete(nodes).where(old))
    unknown = ~exists().where(nodes.c.incarnation == probe.c.id)
    connection.execute(delete(probe).where(unknown))
