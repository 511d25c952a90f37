"""Classes have more rules; the last run of each student is kept, and the last checks."""

import sqlalchemy as sa
from alembic import op

from quad.store.schema import TABLE_OPTIONS, LongText, ShortText

revision = "0022"
down_revision = "0021"


def upgrade() -> None:
    for name, value in (("is_recorded", "1"), ("auto_done", "0")):
        column = sa.Column(name, sa.Integer, nullable=False, server_default=value)
        op.add_column("classroom_rooms", column)
    op.create_table(
        "classroom_runs",
        sa.Column("student_id", sa.Integer, autoincrement=False, nullable=False),
        sa.Column("room", sa.Integer, nullable=False),
        sa.Column("report", LongText, nullable=False),
        sa.PrimaryKeyConstraint("student_id", name=op.f("pk_classroom_runs")),
        **TABLE_OPTIONS,
    )
    op.create_index("ix_classroom_runs_room", "classroom_runs", ["room"])
    op.create_table(
        "classroom_checks",
        sa.Column("student_id", sa.Integer, autoincrement=False, nullable=False),
        sa.Column("task", ShortText(36), nullable=False),
        sa.Column("room", sa.Integer, nullable=False),
        sa.Column("report", LongText, nullable=False),
        sa.PrimaryKeyConstraint("student_id", "task", name=op.f("pk_classroom_checks")),
        **TABLE_OPTIONS,
    )
    op.create_index("ix_classroom_checks_room", "classroom_checks", ["room"])
