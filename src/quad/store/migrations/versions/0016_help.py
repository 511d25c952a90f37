"""What a student has said of how it goes is kept, as a call for help in a class without tasks."""

import sqlalchemy as sa
from alembic import op

from quad.store.schema import ShortText

revision = "0016"
down_revision = "0015"


def upgrade() -> None:
    column = sa.Column("last_signal", ShortText(11), nullable=False, server_default="NONE")
    op.add_column("classroom_participants", column)
