"""Tasks have pictures."""

import sqlalchemy as sa
from alembic import op

from quad.store.schema import TABLE_OPTIONS, LongBinary, ShortText, Timestamp

revision = "0026"
down_revision = "0025"


def upgrade() -> None:
    op.create_table(
        "classroom_pictures",
        sa.Column("id", ShortText(32), nullable=False),
        sa.Column("teacher_id", sa.BigInteger, nullable=False),
        sa.Column("hash", ShortText(64), nullable=False),
        sa.Column("size_bytes", sa.Integer, nullable=False),
        sa.Column("used_at", Timestamp, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_classroom_pictures")),
        **TABLE_OPTIONS,
    )
    op.create_index(
        "ix_classroom_pictures_teacher_id_hash",
        "classroom_pictures",
        ["teacher_id", "hash"],
        unique=True,
    )
    op.create_index("ix_classroom_pictures_used_at", "classroom_pictures", ["used_at"])
    op.create_table(
        "classroom_picture_contents",
        sa.Column("picture_id", ShortText(32), nullable=False),
        sa.Column("content", LongBinary, nullable=False),
        sa.PrimaryKeyConstraint("picture_id", name=op.f("pk_classroom_picture_contents")),
        **TABLE_OPTIONS,
    )
    _create_shown("rooms", sa.Column("room", sa.Integer, autoincrement=False, nullable=False))
    _create_shown(
        "sets",
        sa.Column("teacher_id", sa.BigInteger, autoincrement=False, nullable=False),
        sa.Column("set_id", ShortText(36), nullable=False),
    )


def _create_shown(where: str, *columns: sa.Column[object]) -> None:
    table = f"classroom_pictures_in_{where}"
    names = [str(column.name) for column in columns]
    op.create_table(
        table,
        *columns,
        sa.Column("picture_id", ShortText(32), nullable=False),
        sa.PrimaryKeyConstraint(*names, "picture_id", name=op.f(f"pk_{table}")),
        **TABLE_OPTIONS,
    )
    op.create_index(f"ix_{table}_picture_id", table, ["picture_id"])
