"""No keys in the database any more: they are made of the server's secret, which lies elsewhere."""

from alembic import op

revision = "0014"
down_revision = "0010"


def upgrade() -> None:
    op.drop_table("alert_keys")
    op.drop_table("nearby_keys")
