"""The administrator's tables. They are called as in the first version, where nearby had them."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from sqlalchemy import (
    BigInteger,
    Column,
    Double,
    Integer,
    Select,
    Table,
    bindparam,
    delete,
    func,
    insert,
    select,
)

from quad.store import TABLE_OPTIONS, Change, ShortText, Timestamp, metadata, upsert

_HASH: Final = 64

administrators: Final = Table(
    "nearby_administrators",
    metadata,
    Column("name", ShortText(_HASH), primary_key=True),
    Column("pass_hash", ShortText(200), nullable=False),
    **TABLE_OPTIONS,
)
"""One row, unless the password is set: the one made at the first start."""

logouts: Final = Table(
    "nearby_admin_logouts",
    metadata,
    Column("session_id", ShortText(_HASH), primary_key=True),
    Column("expires_at", Timestamp, nullable=False),
    **TABLE_OPTIONS,
)
"""Sessions that were ended before their time."""

MEASURES: Final = (
    "connections",
    "deliveries",
    "events",
    "declined",
    "queued",
    "largest",
    "memory",
    "cpu",
    "lateness",
    "commits",
)
_ALWAYS_KNOWN: Final = frozenset({"connections", "queued", "largest", "lateness"})
# What nodes cannot share: here the worst of them counts.
_OF_ONE: Final = frozenset({"largest", "lateness"})

figures: Final = Table(
    "quad_figures",
    metadata,
    # Since 1970.
    Column("minute", BigInteger, primary_key=True, autoincrement=False),
    # The number of its life among others; 0 is one alone.
    Column("node", Integer, primary_key=True, autoincrement=False),
    *(Column(name, Double, nullable=name not in _ALWAYS_KNOWN) for name in MEASURES),
    **TABLE_OPTIONS,
)
"""How the server was in the last day: a point a minute of each node."""

_PUT_POINT: Final = upsert(figures, key=["minute", "node"], update=list(MEASURES))
_DELETE_POINTS: Final = delete(figures).where(figures.c.minute < bindparam("before"))
_SELECT_POINTS: Final = (
    select(
        figures.c.minute,
        *(
            (func.max if name in _OF_ONE else func.sum)(figures.c[name]).label(name)
            for name in MEASURES
        ),
    )
    .group_by(figures.c.minute)
    .order_by(figures.c.minute)
)

_INSERT: Final = insert(administrators)
_PUT_LOGOUT: Final = upsert(logouts, key=["session_id"], update=["expires_at"])
_DELETE_LOGOUTS: Final = delete(logouts).where(logouts.c.expires_at < bindparam("before"))


def insert_administrator(name: str, pass_hash: str) -> Change:
    """Keep the password that was made; conflicts if there is one."""
    return Change(_INSERT, {"name": name, "pass_hash": pass_hash})


def select_administrator(name: str) -> Select[str]:
    """The hash of the password that was made: one row, or none."""
    return select(administrators.c.pass_hash).where(administrators.c.name == name)


def put_logout(session_id: str, expires_at: datetime) -> Change:
    """A session is over, though its cookie would be good until then."""
    return Change(_PUT_LOGOUT, {"session_id": session_id, "expires_at": expires_at})


def delete_logouts(before: datetime) -> Change:
    """Forget the sessions that would be over by now."""
    return Change(_DELETE_LOGOUTS, {"before": before})


def select_logouts() -> Select[Any]:
    """All of them."""
    return select(logouts)


def put_point(node: int, minute: int, values: Mapping[str, float | None]) -> Change:
    """Keep what was measured of a node in a minute."""
    return Change(_PUT_POINT, {"minute": minute, "node": node, **values})


def delete_points(before: int) -> Change:
    """Forget all minutes before this one."""
    return Change(_DELETE_POINTS, {"before": before}, ("quad_figures",))


def select_points(after: int) -> Select[Any]:
    """The minutes after this one, each with the sums over the nodes, or the worst of them."""
    return _SELECT_POINTS.where(figures.c.minute > after)
