"""What a teacher tells the whole class is kept."""

import sqlalchemy as sa
from alembic import op

from quad.store.schema import TABLE_OPTIONS, LongText, ShortText, Timestamp

revision = "0020"
down_revision = "0019"


def upgrade() -> None:
    op.create_table(
        "classroom_notices",
        sa.Column("room", sa.Integer, autoincrement=False, nullable=False),
        sa.Column("id", sa.BigInteger, autoincrement=False, nullable=False),
        sa.Column("sender", sa.Integer, nullable=False),
        sa.Column("at", Timestamp, nullable=False),
        sa.Column("content", LongText, nullable=False),
        sa.Column("client_key", ShortText(128), nullable=False),
        sa.PrimaryKeyConstraint("room", "id", name=op.f("pk_classroom_notices")),
        **TABLE_OPTIONS,
    )
    op.create_index(
        "ix_classroom_notices_sender_client_key",
        "classroom_notices",
        ["sender", "client_key"],
        unique=True,
    )
