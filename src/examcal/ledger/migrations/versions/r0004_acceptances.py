"""When a message was accepted, noted at once and before its outcome is recorded, so that a kill repeats at most one."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the instant to deliveries."""
    op.add_column("delivery", sa.Column("accepted_at", sa.BigInteger(), nullable=True))
