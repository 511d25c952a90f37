"""Alert's tables."""

import sqlalchemy as sa
from alembic import op

from quad.store.schema import TABLE_OPTIONS, LongText, ShortText

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    op.create_table(
        "alert_messages",
        sa.Column("room", ShortText(64), nullable=False),
        sa.Column("id", sa.BigInteger, autoincrement=False, nullable=False),
        sa.Column("name", ShortText(192), nullable=False),
        sa.Column("text", LongText, nullable=False),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("room", "id", name=op.f("pk_alert_messages")),
        **TABLE_OPTIONS,
    )
    op.create_table(
        "alert_keys",
        sa.Column("id", sa.Integer, autoincrement=False, nullable=False),
        sa.Column("key", ShortText(64), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_alert_keys")),
        **TABLE_OPTIONS,
    )
