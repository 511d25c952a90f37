"""When retention began to count each kind of thing."""

import sqlalchemy as sa
from alembic import op

from quad.store.schema import TABLE_OPTIONS, ShortText

revision = "0012"
down_revision = "0007"


def upgrade() -> None:
    op.create_table(
        "quad_retention",
        sa.Column("kind", ShortText(64), nullable=False),
        sa.Column("began_at", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("kind", name=op.f("pk_quad_retention")),
        **TABLE_OPTIONS,
    )
