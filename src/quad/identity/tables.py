"""The table of sessions, and what makes and ends them. It is called as in the first version."""

from datetime import datetime
from typing import Any, Final

from sqlalchemy import Column, Index, Select, Table, bindparam, delete, insert, select, update

from quad.store import TABLE_OPTIONS, Change, ShortText, Timestamp, metadata

USER_LIMIT: Final = 128
"""Longest id of a person."""

sessions: Final = Table(
    "nearby_sessions",
    metadata,
    Column("token_hash", ShortText(64), primary_key=True),
    Column("user_id", ShortText(USER_LIMIT), nullable=False),
    Column("expires_at", Timestamp, nullable=False),
    Column("revoked_at", Timestamp),
    Index("ix_nearby_sessions_expires_at", "expires_at"),
    **TABLE_OPTIONS,
)
"""Who holds which token; the tokens themselves are nowhere."""

_INSERT: Final = insert(sessions)
_REVOKE: Final = (
    update(sessions)
    .where(sessions.c.token_hash == bindparam("of_token"))
    .values(revoked_at=bindparam("now"))
)
_DELETE_EXPIRED: Final = delete(sessions).where(sessions.c.expires_at < bindparam("before"))
_DELETE_OF_USER: Final = delete(sessions).where(sessions.c.user_id == bindparam("of_user"))


def insert_session(token_hash: str, user_id: str, expires_at: datetime) -> Change:
    """Somebody holds a token."""
    values = {
        "token_hash": token_hash,
        "user_id": user_id,
        "expires_at": expires_at,
        "revoked_at": None,
    }
    return Change(_INSERT, values)


def revoke_session(token_hash: str, now: datetime) -> Change:
    """A token is nobody's from now on."""
    return Change(_REVOKE, {"of_token": token_hash, "now": now})


def delete_expired(before: datetime) -> Change:
    """Forget the tokens that have ended."""
    return Change(_DELETE_EXPIRED, {"before": before}, ("nearby_sessions",))


def delete_sessions(user_id: str) -> Change:
    """Forget all tokens of somebody."""
    return Change(_DELETE_OF_USER, {"of_user": user_id})


def select_session(token_hash: str) -> Select[Any]:
    """Whose a token is, and until when: one row, or none."""
    return select(sessions.c.user_id, sessions.c.expires_at).where(
        sessions.c.token_hash == token_hash, sessions.c.revoked_at.is_(None)
    )
