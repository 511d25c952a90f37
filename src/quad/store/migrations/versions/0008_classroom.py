"""Classes know when they were last used, who may come in, and which messages were repeated."""

from datetime import UTC, datetime

import sqlalchemy as sa
from alembic import op

from quad.store.schema import TABLE_OPTIONS, LongText, ShortText

revision = "0008"
down_revision = "0014"


def upgrade() -> None:
    _add("classroom_rooms", "used_at", sa.BigInteger, "0")
    _add("classroom_rooms", "is_locked", sa.Integer, "0")
    _add("classroom_rooms", "has_results_page", sa.Integer, "1")
    _add("classroom_rooms", "last_id", sa.Integer, "0")
    op.add_column("classroom_rooms", sa.Column("imported", LongText))
    # Nobody loses a class on the day of an upgrade.
    now = int(datetime.now(UTC).timestamp() * 1_000_000)
    rooms = sa.table("classroom_rooms", sa.column("used_at", sa.BigInteger))
    op.execute(rooms.update().values(used_at=now))
    op.create_index(op.f("ix_classroom_rooms_used_at"), "classroom_rooms", ["used_at"])
    _add("classroom_participants", "hidden_before", sa.BigInteger, "0")
    op.add_column("classroom_messages", sa.Column("client_key", ShortText(128)))
    op.create_index(
        op.f("ix_classroom_messages_sender_client_key"),
        "classroom_messages",
        ["sender", "client_key"],
        unique=True,
    )
    op.create_table(
        "classroom_barred",
        sa.Column("room", sa.Integer, autoincrement=False, nullable=False),
        sa.Column("kind", ShortText(5), nullable=False),
        sa.Column("value", ShortText(100), nullable=False),
        sa.PrimaryKeyConstraint("room", "kind", "value", name=op.f("pk_classroom_barred")),
        **TABLE_OPTIONS,
    )


def _add(table: str, name: str, kind: type[sa.Integer], value: str) -> None:
    op.add_column(table, sa.Column(name, kind, nullable=False, server_default=value))
