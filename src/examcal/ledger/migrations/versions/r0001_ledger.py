"""The ledger's first tables."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

ROW_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Make every table; on PostgreSQL with room for in-place updates, and frequent vacuuming, of deliveries."""
    op.create_table(
        "attempt",
        sa.Column("id", ROW_ID, nullable=False),
        sa.Column("delivery_id", ROW_ID, nullable=False),
        sa.Column("ended_at", sa.BigInteger(), nullable=False),
        sa.Column("outcome", sa.Text(), nullable=False),
        sa.Column("code", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.Column("detail", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_attempt_delivery", "attempt", ["delivery_id"], unique=False)
    op.create_table(
        "channel",
        sa.Column("id", ROW_ID, nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("failures", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("logins", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("open_at", sa.BigInteger(), nullable=True),
        sa.Column("reason", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("name", name=op.f("uq_channel_name")),
    )
    op.create_table(
        "delivery",
        sa.Column("id", ROW_ID, nullable=False),
        sa.Column("reminder_id", ROW_ID, nullable=False),
        sa.Column("recipient_id", ROW_ID, nullable=False),
        sa.Column("channel_id", ROW_ID, nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("next_at", sa.BigInteger(), nullable=False),
        sa.Column("attempts", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("unfinished", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("ambiguous", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("variant", sa.Integer(), nullable=True),
        sa.Column("first_claimed_at", sa.BigInteger(), nullable=True),
        sa.Column("token", sa.Text(), nullable=True),
        sa.Column("owner", sa.Text(), nullable=True),
        sa.Column("lease_until", sa.BigInteger(), nullable=True),
        sa.Column("bundle_id", ROW_ID, nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("code", sa.Text(), nullable=True),
        sa.Column("provider_id", sa.Text(), nullable=True),
        sa.Column("ended_at", sa.BigInteger(), nullable=True),
        sa.CheckConstraint(
            "state IN ('planned', 'sending', 'retry', 'held', 'sent', 'dead', 'expired', 'cancelled', 'suppressed')",
            name=op.f("ck_delivery_state"),
        ),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint(
            "reminder_id", "recipient_id", "channel_id", name=op.f("uq_delivery_reminder_id_recipient_id_channel_id")
        ),
    )
    op.create_index(
        "ix_delivery_claimable",
        "delivery",
        ["reminder_id", "channel_id", "next_at"],
        unique=False,
        sqlite_where=sa.text("state IN ('planned', 'retry')"),
        postgresql_where=sa.text("state IN ('planned', 'retry')"),
    )
    op.create_index(
        "ix_delivery_sending",
        "delivery",
        ["lease_until"],
        unique=False,
        sqlite_where=sa.text("state = 'sending'"),
        postgresql_where=sa.text("state = 'sending'"),
    )
    op.create_table(
        "meta",
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("key"),
    )
    op.create_table(
        "rate",
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("tat", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("key"),
    )
    op.create_table(
        "schedule_version",
        sa.Column("id", ROW_ID, nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("document", sa.Text(), nullable=False),
        sa.Column("accepted_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_table(
        "selection",
        sa.Column("id", ROW_ID, nullable=False),
        sa.Column("filters", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("filters", name=op.f("uq_selection_filters")),
    )
    op.create_table("sent_before", sa.Column("key", sa.Text(), nullable=False), sa.PrimaryKeyConstraint("key"))
    op.create_table(
        "bundle",
        sa.Column("id", ROW_ID, nullable=False),
        sa.Column("channel_id", ROW_ID, nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("payloads", sa.Text(), nullable=False),
        sa.Column("done", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("made_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["channel_id"],
            ["channel.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_table(
        "recipient",
        sa.Column("id", ROW_ID, nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("ordinal", ROW_ID, nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("audience", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.Column("channel_id", ROW_ID, nullable=False),
        sa.Column("selection_id", ROW_ID, nullable=False),
        sa.Column("address", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.Column("language", sa.Text(), nullable=False),
        sa.Column("mentions", sa.Text(), server_default=sa.text("'[]'"), nullable=False),
        sa.Column("unsubscribe_url", sa.Text(), nullable=True),
        sa.Column("joined_at", sa.BigInteger(), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(
            ["channel_id"],
            ["channel.id"],
        ),
        sa.ForeignKeyConstraint(
            ["selection_id"],
            ["selection.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("key", name=op.f("uq_recipient_key")),
        sa.UniqueConstraint("ordinal", name=op.f("uq_recipient_ordinal")),
    )
    op.create_table(
        "reminder",
        sa.Column("id", ROW_ID, nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("purpose", sa.Text(), nullable=False),
        sa.Column("origin", sa.Text(), nullable=False),
        sa.Column("anchor", sa.Text(), nullable=False),
        sa.Column("zone", sa.Text(), nullable=False),
        sa.Column("rule", sa.Text(), nullable=False),
        sa.Column("occurrence", sa.Text(), nullable=False),
        sa.Column("detail", sa.Text(), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("version_id", ROW_ID, nullable=False),
        sa.Column("planned_at", sa.BigInteger(), nullable=False),
        sa.Column("due_at", sa.BigInteger(), nullable=False),
        sa.Column("useful_until", sa.BigInteger(), nullable=False),
        sa.Column("cursor", ROW_ID, server_default=sa.text("0"), nullable=False),
        sa.Column("live", sa.Boolean(), nullable=False),
        sa.Column("closed", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.CheckConstraint("useful_until > due_at", name=op.f("ck_reminder_useful")),
        sa.ForeignKeyConstraint(
            ["version_id"],
            ["schedule_version.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint(
            "origin", "anchor", "zone", "rule", "purpose", name=op.f("uq_reminder_origin_anchor_zone_rule_purpose")
        ),
    )
    op.create_index("ix_reminder_useful", "reminder", ["useful_until", "id"], unique=False)
    op.create_table(
        "frozen",
        sa.Column("reminder_id", ROW_ID, nullable=False),
        sa.Column("language", sa.Text(), nullable=False),
        sa.Column("channel_id", ROW_ID, nullable=False),
        sa.Column("variant", sa.Integer(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.Column("frozen_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["channel_id"],
            ["channel.id"],
        ),
        sa.ForeignKeyConstraint(
            ["reminder_id"],
            ["reminder.id"],
        ),
        sa.PrimaryKeyConstraint("reminder_id", "language", "channel_id", "variant"),
    )
    if op.get_bind().dialect.name == "postgresql":
        op.execute("ALTER TABLE delivery SET (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.02)")
