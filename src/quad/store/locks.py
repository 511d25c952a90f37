"""Locks of sessions on PostgreSQL and MySQL/MariaDB: they end when their session ends.

In PostgreSQL a lock belongs to the database; in MySQL and MariaDB to the server, so the name of
the database is in the lock's.
"""

from __future__ import annotations

from typing import Any, Final

from sqlalchemy import ColumnElement, Connection, func, select, text

_OWNER: Final = 0x7175616F  # any constant of ours, but not that of migrations
_NODE: Final = 0x71756E6F  # two numbers are a space of their own: this one and the incarnation

_HOLDER: Final = text(
    "SELECT pid FROM pg_locks WHERE locktype = 'advisory' AND granted AND objsubid = 2"
    " AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
    " AND classid = :space AND objid = :incarnation"
)


def try_owner(connection: Connection) -> bool:
    """Takes the lock of a process that has the database to itself; at once or not at all."""
    if _is_postgresql(connection):
        return bool(connection.scalar(select(func.pg_try_advisory_lock(_OWNER))))
    return bool(connection.scalar(select(func.get_lock(_owner_name(), 0))))


def has_owner(connection: Connection) -> bool:
    """Whether some process has the database to itself."""
    if _is_postgresql(connection):
        # Shared, and until the end of this transaction: nodes that ask do not meet each other.
        attempt = select(func.pg_try_advisory_xact_lock_shared(_OWNER))
        return not connection.scalar(attempt)
    return not connection.scalar(select(func.is_free_lock(_owner_name())))


def try_node(connection: Connection, incarnation: int) -> bool:
    """Takes the lock of one node for this session; at once or not at all.

    Whoever has it knows that every transaction of the one who had it has ended.
    """
    if _is_postgresql(connection):
        attempt = select(func.pg_try_advisory_lock(_NODE, incarnation))
    else:
        attempt = select(func.get_lock(_node_name(incarnation), 0))
    return bool(connection.scalar(attempt))


def release_node(connection: Connection, incarnation: int) -> None:
    """Gives back what `try_node` took, once for each time."""
    if _is_postgresql(connection):
        connection.execute(select(func.pg_advisory_unlock(_NODE, incarnation)))
    else:
        connection.execute(select(func.release_lock(_node_name(incarnation))))


def node_holder(connection: Connection, incarnation: int) -> int | None:
    """The session that has this node's lock."""
    if _is_postgresql(connection):
        values = {"space": _NODE, "incarnation": incarnation}
        found: int | None = connection.scalar(_HOLDER, values)
        return found
    return connection.scalar(select(func.is_used_lock(_node_name(incarnation))))


def own_session(connection: Connection) -> int:
    """The number by which other sessions name this one."""
    if _is_postgresql(connection):
        found: int | None = connection.scalar(select(func.pg_backend_pid()))
    else:
        found = connection.scalar(select(func.connection_id()))
    assert found is not None
    return found


def end_session(connection: Connection, session: int) -> None:
    """Has the server end a session of the same account, whatever it does; does not wait for it."""
    if _is_postgresql(connection):
        connection.execute(select(func.pg_terminate_backend(session)))
        return
    # It may have ended by itself: 1094 then, as an error of this statement alone.
    alive = text("SELECT id FROM information_schema.processlist WHERE id = :session")
    if connection.scalar(alive, {"session": session}) is not None:
        connection.execute(text(f"KILL {int(session)}"))


def _is_postgresql(connection: Connection) -> bool:
    return connection.dialect.name == "postgresql"


# 64 characters at most.


def _owner_name() -> ColumnElement[Any]:
    return func.concat("quad-owner-", func.md5(func.database()))


def _node_name(incarnation: int) -> ColumnElement[Any]:
    return func.concat("quad-node-", func.md5(func.database()), f"-{incarnation}")
