"""Alert's rooms without case, keys of senders, and who is present."""

import unicodedata

import sqlalchemy as sa
from alembic import op

from quad.store.schema import TABLE_OPTIONS, LongText, ShortText

revision = "0009"
down_revision = "0013"

_MESSAGES = sa.table(
    "alert_messages",
    sa.column("room", sa.String),
    sa.column("id", sa.BigInteger),
    sa.column("at", sa.BigInteger),
)


def upgrade() -> None:
    rooms = op.create_table(
        "alert_rooms",
        sa.Column("room", ShortText(64), nullable=False),
        sa.Column("code", ShortText(64), nullable=False),
        sa.PrimaryKeyConstraint("room", name=op.f("pk_alert_rooms")),
        **TABLE_OPTIONS,
    )
    op.create_table(
        "alert_sent",
        sa.Column("room", ShortText(64), nullable=False),
        sa.Column("name", ShortText(192), nullable=False),
        sa.Column("key", ShortText(64), nullable=False),
        sa.Column("id", sa.BigInteger, nullable=False),
        sa.Column("text", LongText, nullable=False),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("room", "name", "key", name=op.f("pk_alert_sent")),
        **TABLE_OPTIONS,
    )
    op.create_table(
        "alert_people",
        sa.Column("room", ShortText(64), nullable=False),
        sa.Column("name", ShortText(192), nullable=False),
        sa.Column("told_id", sa.BigInteger, nullable=False),
        sa.Column("connections", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("room", "name", name=op.f("pk_alert_people")),
        **TABLE_OPTIONS,
    )
    _merge(rooms)


def _merge(rooms: sa.Table) -> None:
    """Codes that differ in case alone become one room, called as it was written first."""
    connection = op.get_bind()
    first = sa.select(_MESSAGES.c.room, sa.func.min(_MESSAGES.c.at)).group_by(_MESSAGES.c.room)
    written: dict[str, list[str]] = {}
    for code, _ in sorted(connection.execute(first), key=lambda row: row[1]):
        room = unicodedata.normalize("NFC", code.casefold())
        written.setdefault(room, []).append(code)
    for room, codes in written.items():
        if len(room) > 64:  # nobody can enter it any more
            continue
        connection.execute(rooms.insert().values(room=room, code=codes[0]))
        used: set[int] = set()
        for code in sorted(codes, key=lambda code: code != room):
            _move(connection, code, room, used)


def _move(connection: sa.Connection, code: str, room: str, used: set[int]) -> None:
    # Ids are unique within a room: two that were said in the same millisecond stay neighbours.
    said = sa.select(_MESSAGES.c.id).where(_MESSAGES.c.room == code).order_by(_MESSAGES.c.id)
    for before in list(connection.scalars(said)):
        now = before
        while now in used:
            now += 1
        used.add(now)
        if (code, before) != (room, now):
            connection.execute(
                sa.update(_MESSAGES)
                .where(_MESSAGES.c.room == code, _MESSAGES.c.id == before)
                .values(room=room, id=now)
            )
