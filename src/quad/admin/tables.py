"""The administrator's tables. They are called as in the first version, where nearby had them."""

from datetime import datetime
from typing import Any, Final

from sqlalchemy import Column, Select, Table, bindparam, delete, insert, select

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
