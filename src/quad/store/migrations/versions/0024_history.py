"""What students have written is kept change by change, with what else happened in the class."""

import sqlalchemy as sa
from alembic import op

from quad.store.schema import TABLE_OPTIONS, LongBinary, LongText, ShortText, Timestamp

revision = "0024"
down_revision = "0023"


def upgrade() -> None:
    op.create_table(
        "classroom_edits",
        sa.Column("student_id", sa.Integer, autoincrement=False, nullable=False),
        sa.Column("seq", sa.BigInteger, autoincrement=False, nullable=False),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.Column("filename", ShortText(1000), nullable=False),
        sa.Column("kind", ShortText(7), nullable=False),
        sa.Column("start", sa.Integer, nullable=False),
        sa.Column("removed", sa.Integer, nullable=False),
        sa.Column("inserted", LongText, nullable=False),
        sa.Column("pasted", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("student_id", "seq", name=op.f("pk_classroom_edits")),
        **TABLE_OPTIONS,
    )
    op.create_table(
        "classroom_chunks",
        sa.Column("student_id", sa.Integer, autoincrement=False, nullable=False),
        sa.Column("first_seq", sa.BigInteger, autoincrement=False, nullable=False),
        sa.Column("last_seq", sa.BigInteger, nullable=False),
        sa.Column("first_at", sa.BigInteger, nullable=False),
        sa.Column("last_at", sa.BigInteger, nullable=False),
        sa.Column("data", LongBinary, nullable=False),
        sa.PrimaryKeyConstraint("student_id", "first_seq", name=op.f("pk_classroom_chunks")),
        **TABLE_OPTIONS,
    )
    op.create_table(
        "classroom_log",
        sa.Column("room", sa.Integer, autoincrement=False, nullable=False),
        sa.Column("id", sa.BigInteger, autoincrement=False, nullable=False),
        sa.Column("at", Timestamp, nullable=False),
        sa.Column("user_id", sa.Integer, nullable=False),
        sa.Column("kind", ShortText(10), nullable=False),
        sa.Column("data", LongText, nullable=False),
        sa.PrimaryKeyConstraint("room", "id", name=op.f("pk_classroom_log")),
        **TABLE_OPTIONS,
    )
    op.create_index("ix_classroom_log_user_id", "classroom_log", ["user_id"])
