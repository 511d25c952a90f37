"""Tasks have ids, and are more than steps."""

import sqlalchemy as sa
from alembic import op

from quad.store.schema import TABLE_OPTIONS, LongText

revision = "0023"
down_revision = "0022"


def upgrade() -> None:
    op.create_table(
        "classroom_tasks",
        sa.Column("room", sa.Integer, autoincrement=False, nullable=False),
        sa.Column("rev", sa.Integer, nullable=False),
        sa.Column("tasks", LongText),
        sa.Column("revealed", LongText, nullable=False),
        sa.PrimaryKeyConstraint("room", name=op.f("pk_classroom_tasks")),
        **TABLE_OPTIONS,
    )
