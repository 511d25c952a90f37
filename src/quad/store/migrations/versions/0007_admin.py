"""The key of the administrator's cookies."""

import sqlalchemy as sa
from alembic import op

from quad.store.schema import TABLE_OPTIONS, ShortText

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    op.create_table(
        "nearby_keys",
        sa.Column("id", sa.Integer, autoincrement=False, nullable=False),
        sa.Column("key", ShortText(64), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_nearby_keys")),
        **TABLE_OPTIONS,
    )
