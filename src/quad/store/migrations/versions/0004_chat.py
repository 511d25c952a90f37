"""The chat's tables."""

import sqlalchemy as sa
from alembic import op

from quad.store.schema import TABLE_OPTIONS, ShortText

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    op.create_table(
        "chat_users",
        sa.Column("phone", ShortText(16), nullable=False),
        sa.Column("name", ShortText(100), nullable=False),
        sa.Column("disconnected_at", sa.BigInteger),
        sa.Column("token_hash", ShortText(64)),
        sa.PrimaryKeyConstraint("phone", name=op.f("pk_chat_users")),
        **TABLE_OPTIONS,
    )
    op.create_table(
        "chat_chats",
        sa.Column("id", sa.BigInteger, autoincrement=False, nullable=False),
        sa.Column("name", ShortText(100), nullable=False),
        sa.Column("owner", ShortText(16), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_chat_chats")),
        sa.UniqueConstraint("name", name=op.f("uq_chat_chats_name")),
        **TABLE_OPTIONS,
    )
    op.create_table(
        "chat_members",
        sa.Column("chat", sa.BigInteger, autoincrement=False, nullable=False),
        sa.Column("phone", ShortText(16), nullable=False),
        sa.Column("since", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("chat", "phone", name=op.f("pk_chat_members")),
        **TABLE_OPTIONS,
    )
