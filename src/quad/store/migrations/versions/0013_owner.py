"""Who has a database on a database server."""

import sqlalchemy as sa
from alembic import op

from quad.store.schema import TABLE_OPTIONS, ShortText

revision = "0013"
down_revision = "0011"


def upgrade() -> None:
    op.create_table(
        "quad_owner",
        sa.Column("id", sa.Integer, autoincrement=False, nullable=False),
        sa.Column("who", ShortText(200), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_quad_owner")),
        **TABLE_OPTIONS,
    )
