"""Calls for help are kept, in their order, with how often each student was helped."""

import sqlalchemy as sa
from alembic import op

from quad.store.schema import TABLE_OPTIONS, LongText, ShortText, Timestamp

revision = "0021"
down_revision = "0020"


def upgrade() -> None:
    op.create_table(
        "classroom_helps",
        sa.Column("student_id", sa.Integer, autoincrement=False, nullable=False),
        sa.Column("room", sa.Integer, nullable=False),
        sa.Column("helped", sa.Integer, nullable=False),
        sa.Column("since", Timestamp),
        sa.Column("task", ShortText(36)),
        sa.Column("note", LongText, nullable=False),
        sa.Column("is_paused", sa.Integer, nullable=False),
        sa.Column("helper", sa.Integer),
        sa.Column("taken_at", Timestamp),
        sa.PrimaryKeyConstraint("student_id", name=op.f("pk_classroom_helps")),
        **TABLE_OPTIONS,
    )
    op.create_index("ix_classroom_helps_room", "classroom_helps", ["room"])
