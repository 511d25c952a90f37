"""Teachers have libraries of tasks."""

import sqlalchemy as sa
from alembic import op

from quad.store.schema import TABLE_OPTIONS, LongText, ShortText, Timestamp

revision = "0025"
down_revision = "0024"


def upgrade() -> None:
    op.create_table(
        "classroom_sets",
        sa.Column("teacher_id", sa.BigInteger, autoincrement=False, nullable=False),
        sa.Column("id", ShortText(36), nullable=False),
        sa.Column("title", ShortText(100), nullable=False),
        sa.Column("tasks", LongText, nullable=False),
        sa.Column("task_count", sa.Integer, nullable=False),
        sa.Column("size_bytes", sa.Integer, nullable=False),
        sa.Column("updated_at", Timestamp, nullable=False),
        sa.PrimaryKeyConstraint("teacher_id", "id", name=op.f("pk_classroom_sets")),
        **TABLE_OPTIONS,
    )
