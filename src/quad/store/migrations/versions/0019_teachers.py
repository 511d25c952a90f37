"""Teachers have keys, participants a token for each of their devices, and passes to another one."""

import sqlalchemy as sa
from alembic import op

from quad.store.schema import TABLE_OPTIONS, LongText, ShortText, Timestamp

revision = "0019"
down_revision = "0018"


def upgrade() -> None:
    op.create_table(
        "classroom_teachers",
        sa.Column("id", sa.BigInteger, autoincrement=False, nullable=False),
        sa.Column("key_hash", ShortText(64), nullable=False),
        sa.Column("name", ShortText(100), nullable=False),
        sa.Column("used_at", Timestamp, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_classroom_teachers")),
        **TABLE_OPTIONS,
    )
    op.create_index("ix_classroom_teachers_key_hash", "classroom_teachers", ["key_hash"])
    op.create_index("ix_classroom_teachers_used_at", "classroom_teachers", ["used_at"])
    op.add_column("classroom_rooms", sa.Column("teacher_id", sa.BigInteger))
    op.create_index("ix_classroom_rooms_teacher_id", "classroom_rooms", ["teacher_id"])
    for column in (
        sa.Column("more_tokens", LongText),
        sa.Column("key_hash", ShortText(64)),
        sa.Column("pass_hash", ShortText(64)),
        sa.Column("pass_ends_at", Timestamp),
    ):
        op.add_column("classroom_participants", column)
