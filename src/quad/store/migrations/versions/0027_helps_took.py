"""What helps took is known also to a server that starts anew."""

import sqlalchemy as sa
from alembic import op

from quad.store.schema import LongText

revision = "0027"
down_revision = "0026"


def upgrade() -> None:
    op.add_column("classroom_rooms", sa.Column("helps_took_s", LongText))
