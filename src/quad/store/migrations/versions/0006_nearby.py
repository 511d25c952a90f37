"""Nearby's tables."""

import sqlalchemy as sa
from alembic import op

from quad.store.schema import TABLE_OPTIONS, LongText, ShortText

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    op.create_table(
        "nearby_users",
        sa.Column("id", ShortText(128), nullable=False),
        sa.Column("range_m", sa.Double, nullable=False),
        sa.Column("latitude", sa.Double),
        sa.Column("longitude", sa.Double),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_nearby_users")),
        **TABLE_OPTIONS,
    )
    op.create_table(
        "nearby_sessions",
        sa.Column("token_hash", ShortText(64), nullable=False),
        sa.Column("user_id", ShortText(128), nullable=False),
        sa.Column("expires_at", sa.BigInteger, nullable=False),
        sa.Column("revoked_at", sa.BigInteger),
        sa.PrimaryKeyConstraint("token_hash", name=op.f("pk_nearby_sessions")),
        **TABLE_OPTIONS,
    )
    op.create_index(op.f("ix_nearby_sessions_expires_at"), "nearby_sessions", ["expires_at"])
    op.create_table(
        "nearby_buildings",
        sa.Column("id", ShortText(128), nullable=False),
        sa.Column("name", ShortText(200), nullable=False),
        sa.Column("latitude", sa.Double, nullable=False),
        sa.Column("longitude", sa.Double, nullable=False),
        sa.Column("radius_m", sa.Double, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_nearby_buildings")),
        **TABLE_OPTIONS,
    )
    op.create_table(
        "nearby_bots",
        sa.Column("id", ShortText(128), nullable=False),
        sa.Column("building_id", ShortText(128), nullable=False),
        sa.Column("pass_hash", ShortText(200), nullable=False),
        sa.Column("is_authorised", sa.Boolean, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_nearby_bots")),
        **TABLE_OPTIONS,
    )
    op.create_table(
        "nearby_logs",
        sa.Column("kind", ShortText(8), nullable=False),
        sa.Column("subject", ShortText(128), nullable=False),
        sa.Column("id", sa.BigInteger, autoincrement=False, nullable=False),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.Column("message", LongText, nullable=False),
        sa.Column("bot_id", ShortText(128)),
        sa.PrimaryKeyConstraint("kind", "subject", "id", name=op.f("pk_nearby_logs")),
        sqlite_with_rowid=False,
        **TABLE_OPTIONS,
    )
    op.create_index(op.f("ix_nearby_logs_at"), "nearby_logs", ["at"])
    op.create_index(op.f("ix_nearby_logs_id"), "nearby_logs", ["id"])
    op.create_table(
        "nearby_tabs",
        sa.Column("id", ShortText(64), nullable=False),
        sa.Column("user_id", ShortText(128), nullable=False),
        sa.Column("token_hash", ShortText(64), nullable=False),
        sa.Column("position", sa.BigInteger, nullable=False),
        sa.Column("dropped_at", sa.BigInteger),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_nearby_tabs")),
        **TABLE_OPTIONS,
    )
    op.create_table(
        "nearby_administrators",
        sa.Column("name", ShortText(64), nullable=False),
        sa.Column("pass_hash", ShortText(200), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_nearby_administrators")),
        **TABLE_OPTIONS,
    )
