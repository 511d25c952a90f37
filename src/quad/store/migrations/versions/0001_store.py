"""The store's own table."""

import sqlalchemy as sa
from alembic import op

from quad.store.schema import TABLE_OPTIONS, LongBinary

revision = "0001"
down_revision = None


def upgrade() -> None:
    op.create_table(
        "quad_store_probe",
        sa.Column("id", sa.Integer, autoincrement=False, nullable=False),
        sa.Column("filler", LongBinary, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_quad_store_probe")),
        **TABLE_OPTIONS,
    )
