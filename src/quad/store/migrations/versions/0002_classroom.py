"""The classroom's tables."""

import sqlalchemy as sa
from alembic import op

from quad.store.schema import TABLE_OPTIONS, LongText, ShortText

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.create_table(
        "classroom_rooms",
        sa.Column("number", sa.Integer, autoincrement=False, nullable=False),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.Column("steps", LongText, nullable=False),
        sa.Column("settings", LongText),
        sa.Column("exercise", LongText),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_classroom_rooms")),
        **TABLE_OPTIONS,
    )
    op.create_table(
        "classroom_participants",
        sa.Column("id", sa.Integer, autoincrement=False, nullable=False),
        sa.Column("room", sa.Integer, nullable=False),
        sa.Column("role", ShortText(6), nullable=False),
        sa.Column("name", ShortText(100), nullable=False),
        sa.Column("place", sa.Integer, nullable=False),
        sa.Column("address", ShortText(64), nullable=False),
        sa.Column("token_hash", ShortText(64)),
        sa.Column("steps", LongText, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_classroom_participants")),
        **TABLE_OPTIONS,
    )
    op.create_index(
        op.f("ix_classroom_participants_room"), "classroom_participants", ["room"], unique=False
    )
    op.create_table(
        "classroom_messages",
        sa.Column("student_id", sa.Integer, autoincrement=False, nullable=False),
        sa.Column("id", sa.BigInteger, autoincrement=False, nullable=False),
        sa.Column("sender", sa.Integer, nullable=False),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.Column("content", LongText, nullable=False),
        sa.PrimaryKeyConstraint("student_id", "id", name=op.f("pk_classroom_messages")),
        **TABLE_OPTIONS,
    )
    op.create_table(
        "classroom_files",
        sa.Column("student_id", sa.Integer, autoincrement=False, nullable=False),
        sa.Column("path_key", ShortText(32), nullable=False),
        sa.Column("filename", ShortText(1000), nullable=False),
        sa.Column("status", ShortText(7), nullable=False),
        sa.Column("size_bytes", sa.Integer, nullable=False),
        sa.Column("content", LongText, nullable=False),
        sa.PrimaryKeyConstraint("student_id", "path_key", name=op.f("pk_classroom_files")),
        **TABLE_OPTIONS,
    )
