"""Locks of sessions on PostgreSQL and MySQL/MariaDB: they end when their session ends.

In PostgreSQL a lock belongs to the database; in MySQL and MariaDB to the server, so the name of
the database is in the lock's. Each function gives the statement for the connection's engine; it
answers at once.
"""

from __future__ import annotations

from typing import Any, Final

from sqlalchemy import ColumnElement, Connection, Executable, Select, func, select, text
from sqlalchemy.ext.asyncio import AsyncConnection

AnyConnection = Connection | AsyncConnection

_OWNER: Final = 0x7175616F  # any constant of ours, but not that of migrations
_NODE: Final = 0x71756E6F  # two numbers are a space of their own: this one and the incarnation

_HOLDER: Final = text(
    "SELECT pid FROM pg_locks WHERE locktype = 'advisory' AND granted AND objsubid = 2"
    " AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
    " AND classid = :space AND objid = :incarnation"
)


def take_owner(connection: AnyConnection) -> Select[Any]:
    """Takes the lock of a process that has the database to itself; true if it could."""
    if _is_postgresql(connection):
        return select(func.pg_try_advisory_lock(_OWNER))
    return select(func.get_lock(_owner_name(), 0))


def owner_is_free(connection: AnyConnection) -> Select[Any]:
    """True if no process has the database to itself."""
    if _is_postgresql(connection):
        # Shared, and until the end of this transaction: nodes that ask do not meet each other.
        return select(func.pg_try_advisory_xact_lock_shared(_OWNER))
    return select(func.is_free_lock(_owner_name()))


def take_node(connection: AnyConnection, incarnation: int) -> Select[Any]:
    """Takes the lock of one node for this session; true if it could.

    Whoever has it knows that every transaction of the one who had it has ended.
    """
    if _is_postgresql(connection):
        return select(func.pg_try_advisory_lock(_NODE, incarnation))
    return select(func.get_lock(_node_name(incarnation), 0))


def release_node(connection: AnyConnection, incarnation: int) -> Select[Any]:
    """Gives back what `take_node` took, once for each time."""
    if _is_postgresql(connection):
        return select(func.pg_advisory_unlock(_NODE, incarnation))
    return select(func.release_lock(_node_name(incarnation)))


def node_holder(connection: AnyConnection, incarnation: int) -> Executable:
    """The number of the session that has this node's lock, or nothing."""
    if _is_postgresql(connection):
        return _HOLDER.bindparams(space=_NODE, incarnation=incarnation)
    return select(func.is_used_lock(_node_name(incarnation)))


def own_session(connection: AnyConnection) -> Select[Any]:
    """The number by which other sessions name this one."""
    if _is_postgresql(connection):
        return select(func.pg_backend_pid())
    return select(func.connection_id())


def end_session(connection: AnyConnection, session: int) -> Executable:
    """Has the server end a session of the same account, whatever it does; does not wait for it.

    MySQL and MariaDB say that one is unknown which has ended by itself: an error of this statement
    alone.
    """
    if _is_postgresql(connection):
        return select(func.pg_terminate_backend(session))
    return text(f"KILL {session:d}")


def _is_postgresql(connection: AnyConnection) -> bool:
    return connection.dialect.name == "postgresql"


# 64 characters at most.


def _owner_name() -> ColumnElement[Any]:
    return func.concat("quad-owner-", func.md5(func.database()))


def _node_name(incarnation: int) -> ColumnElement[Any]:
    return func.concat("quad-node-", func.md5(func.database()), f"-{incarnation}")
