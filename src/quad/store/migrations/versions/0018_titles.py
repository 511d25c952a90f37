"""Classes have titles."""

import sqlalchemy as sa
from alembic import op

from quad.store.schema import ShortText

revision = "0018"
down_revision = "0017"


def upgrade() -> None:
    column = sa.Column("title", ShortText(100), nullable=False, server_default="")
    op.add_column("classroom_rooms", column)
