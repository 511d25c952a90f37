"""Who is not to be seen, when people were last here, bots' proofs, keys of messages, logouts."""

import time

import sqlalchemy as sa
from alembic import op

from quad.store.schema import TABLE_OPTIONS, ShortText

revision = "0011"
down_revision = "0012"

users = sa.table("nearby_users", sa.column("used_at", sa.BigInteger))


def upgrade() -> None:
    with op.batch_alter_table("nearby_users") as table:
        table.add_column(
            sa.Column("is_visible", sa.Boolean, nullable=False, server_default=sa.true())
        )
        table.add_column(
            sa.Column("used_at", sa.BigInteger, nullable=False, server_default=sa.text("0"))
        )
    # Counting begins now: nobody has been away for long.
    op.execute(users.update().values(used_at=time.time_ns() // 1000))
    op.create_table(
        "nearby_bot_proofs",
        sa.Column("bot_id", ShortText(128), nullable=False),
        sa.Column("address", ShortText(64), nullable=False),
        sa.Column("used_at", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("bot_id", "address", name=op.f("pk_nearby_bot_proofs")),
        **TABLE_OPTIONS,
    )
    op.create_table(
        "nearby_message_keys",
        sa.Column("user_id", ShortText(128), nullable=False),
        sa.Column("key", ShortText(64), nullable=False),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("user_id", "key", name=op.f("pk_nearby_message_keys")),
        **TABLE_OPTIONS,
    )
    op.create_index(op.f("ix_nearby_message_keys_at"), "nearby_message_keys", ["at"])
    op.create_table(
        "nearby_admin_logouts",
        sa.Column("session_id", ShortText(64), nullable=False),
        sa.Column("expires_at", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("session_id", name=op.f("pk_nearby_admin_logouts")),
        **TABLE_OPTIONS,
    )
