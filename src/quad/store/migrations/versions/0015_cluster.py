"""The nodes of a cluster, and which of them has which shard."""

import sqlalchemy as sa
from alembic import op

from quad.store.schema import TABLE_OPTIONS, ShortText, Timestamp

revision = "0015"
down_revision = "0008"


def upgrade() -> None:
    op.create_table(
        "quad_cluster",
        sa.Column("id", sa.Integer, autoincrement=False, nullable=False),
        sa.Column("name", ShortText(100), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_quad_cluster")),
        **TABLE_OPTIONS,
    )
    op.create_table(
        "quad_nodes",
        sa.Column("incarnation", sa.Integer, autoincrement=False, nullable=False),
        sa.Column("name", ShortText(200), nullable=False),
        sa.Column("session", sa.BigInteger, nullable=False),
        sa.Column("generation", sa.Integer, nullable=False),
        sa.Column("state", ShortText(20), nullable=False),
        sa.Column("joined_at", Timestamp, nullable=False),
        sa.PrimaryKeyConstraint("incarnation", name=op.f("pk_quad_nodes")),
        **TABLE_OPTIONS,
    )
    op.create_table(
        "quad_shards",
        sa.Column("id", sa.Integer, autoincrement=False, nullable=False),
        sa.Column("node", sa.Integer, nullable=False),
        sa.Column("epoch", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_quad_shards")),
        **TABLE_OPTIONS,
    )
