"""The mailbox's tables."""

import sqlalchemy as sa
from alembic import op

from quad.store.schema import TABLE_OPTIONS, LongText, ShortText

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.create_table(
        "mailbox_entries",
        sa.Column("box", ShortText(64), nullable=False),
        sa.Column("id", sa.BigInteger, autoincrement=False, nullable=False),
        sa.Column("content", LongText, nullable=False),
        sa.PrimaryKeyConstraint("box", "id", name=op.f("pk_mailbox_entries")),
        sqlite_with_rowid=False,
        **TABLE_OPTIONS,
    )
    op.create_table(
        "mailbox_readers",
        sa.Column("reader", ShortText(64), nullable=False),
        sa.Column("position", sa.BigInteger, nullable=False),
        sa.Column("gap_after", sa.BigInteger),
        sa.Column("gap_upto", sa.BigInteger),
        sa.PrimaryKeyConstraint("reader", name=op.f("pk_mailbox_readers")),
        **TABLE_OPTIONS,
    )
