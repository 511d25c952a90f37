"""The figures of the last day, a point a minute of each node."""

import sqlalchemy as sa
from alembic import op

from quad.store.schema import TABLE_OPTIONS

revision = "0017"
down_revision = "0016"


def upgrade() -> None:
    measures = (
        ("connections", False),
        ("deliveries", True),
        ("events", True),
        ("declined", True),
        ("queued", False),
        ("largest", False),
        ("memory", True),
        ("cpu", True),
        ("lateness", False),
        ("commits", True),
    )
    op.create_table(
        "quad_figures",
        sa.Column("minute", sa.BigInteger, autoincrement=False, nullable=False),
        sa.Column("node", sa.Integer, autoincrement=False, nullable=False),
        *(sa.Column(name, sa.Double, nullable=nullable) for name, nullable in measures),
        sa.PrimaryKeyConstraint("minute", "node", name=op.f("pk_quad_figures")),
        **TABLE_OPTIONS,
    )
