"""The ledger's tables, the same on SQLite and PostgreSQL. Instants are microseconds since the epoch (BIGINT).

The delivery table is the only big one, so its unique key is three integers: a hashed key costs twenty times as much.
Migrations are the history of this module; ``tests/contracts/test_ledger_migrations.py`` compares the two.
"""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    UniqueConstraint,
    text,
)

from examcal.ledger.rows import State

APPLICATION_ID = 0x45584C31
"""``PRAGMA application_id`` of a ledger file ("EXL1")."""

NAMES = {
    "ix": "ix_%(column_0_label)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
}
metadata = MetaData(naming_convention=NAMES)

Id = BigInteger().with_variant(Integer, "sqlite")  # only INTEGER is a row id in SQLite
Instant = BigInteger()
STATES = ", ".join(f"'{state.value}'" for state in State)
CLAIMABLE_ROWS = "state IN ('planned', 'retry')"

meta = Table("meta", metadata, Column("key", Text, primary_key=True), Column("value", Text, nullable=False))

schedule_version = Table(
    "schedule_version",
    metadata,
    Column("id", Id, primary_key=True),
    Column("digest", Text, nullable=False),
    Column("document", Text, nullable=False),
    Column("accepted_at", Instant, nullable=False),
)

channel = Table(
    "channel",
    metadata,
    Column("id", Id, primary_key=True),
    Column("name", Text, nullable=False, unique=True),
    Column("failures", Integer, nullable=False, server_default=text("0")),
    Column("logins", Integer, nullable=False, server_default=text("0")),
    Column("open_at", Instant),
    Column("reason", Text, nullable=False, server_default=text("''")),
)

selection = Table(
    "selection",
    metadata,
    Column("id", Id, primary_key=True),
    Column("filters", Text, nullable=False, unique=True),
)

recipient = Table(
    "recipient",
    metadata,
    Column("id", Id, primary_key=True),
    Column("key", Text, nullable=False, unique=True),
    Column("ordinal", Id, nullable=False, unique=True),
    Column("source", Text, nullable=False),
    Column("audience", Text, nullable=False, server_default=text("''")),
    Column("channel_id", Id, ForeignKey("channel.id"), nullable=False),
    Column("selection_id", Id, ForeignKey("selection.id"), nullable=False),
    Column("address", Text, nullable=False, server_default=text("''")),
    Column("language", Text, nullable=False),
    Column("mentions", Text, nullable=False, server_default=text("'[]'")),
    Column("unsubscribe_url", Text),
    Column("joined_at", Instant, nullable=False),
    Column("active", Boolean, nullable=False),
)

reminder = Table(
    "reminder",
    metadata,
    Column("id", Id, primary_key=True),
    Column("key", Text, nullable=False),
    Column("purpose", Text, nullable=False),
    Column("origin", Text, nullable=False),
    Column("anchor", Text, nullable=False),
    Column("zone", Text, nullable=False),
    Column("rule", Text, nullable=False),
    Column("occurrence", Text, nullable=False),
    Column("detail", Text, nullable=False, server_default=text("'{}'")),
    Column("version_id", Id, ForeignKey("schedule_version.id"), nullable=False),
    Column("planned_at", Instant, nullable=False),
    Column("due_at", Instant, nullable=False),
    Column("useful_until", Instant, nullable=False),
    Column("cursor", Id, nullable=False, server_default=text("0")),
    Column("live", Boolean, nullable=False),
    Column("closed", Boolean, nullable=False, server_default=text("false")),
    UniqueConstraint("origin", "anchor", "zone", "rule", "purpose"),
    CheckConstraint("useful_until > due_at", name="useful"),
)
Index("ix_reminder_useful", reminder.c.useful_until, reminder.c.id)

delivery = Table(
    "delivery",
    metadata,
    Column("id", Id, primary_key=True),
    Column("reminder_id", Id, nullable=False),  # no foreign keys here: three look-ups per row halve fan-out, and
    Column("recipient_id", Id, nullable=False),  # rows come from INSERT … SELECT over the very tables they name;
    Column("channel_id", Id, nullable=False),  # `ledger verify` checks them
    Column("state", Text, nullable=False),
    Column("next_at", Instant, nullable=False),
    Column("attempts", Integer, nullable=False, server_default=text("0")),
    Column("unfinished", Integer, nullable=False, server_default=text("0")),
    Column("ambiguous", Integer, nullable=False, server_default=text("0")),
    Column("variant", Integer),
    Column("first_claimed_at", Instant),
    Column("token", Text),
    Column("owner", Text),
    Column("lease_until", Instant),
    Column("bundle_id", Id),
    Column("reason", Text),
    Column("code", Text),
    Column("provider_id", Text),
    Column("ended_at", Instant),
    Column("accepted_at", Instant),
    UniqueConstraint("reminder_id", "recipient_id", "channel_id"),
    CheckConstraint(f"state IN ({STATES})", name="state"),
)
Index(
    "ix_delivery_claimable",
    delivery.c.reminder_id,
    delivery.c.channel_id,
    delivery.c.next_at,
    sqlite_where=text(CLAIMABLE_ROWS),
    postgresql_where=text(CLAIMABLE_ROWS),
)
Index(
    "ix_delivery_sending",
    delivery.c.lease_until,
    sqlite_where=text("state = 'sending'"),
    postgresql_where=text("state = 'sending'"),
)

attempt = Table(
    "attempt",
    metadata,
    Column("id", Id, primary_key=True),
    Column("delivery_id", Id, nullable=False),
    Column("ended_at", Instant, nullable=False),
    Column("outcome", Text, nullable=False),
    Column("code", Text, nullable=False, server_default=text("''")),
    Column("detail", Text, nullable=False, server_default=text("''")),
)
Index("ix_attempt_delivery", attempt.c.delivery_id)

frozen = Table(
    "frozen",
    metadata,
    Column("reminder_id", Id, ForeignKey("reminder.id"), primary_key=True),
    Column("language", Text, primary_key=True),
    Column("channel_id", Id, ForeignKey("channel.id"), primary_key=True),
    Column("variant", Integer, primary_key=True),
    Column("content", LargeBinary, nullable=False),
    Column("frozen_at", Instant, nullable=False),
)

bundle = Table(
    "bundle",
    metadata,
    Column("id", Id, primary_key=True),
    Column("channel_id", Id, ForeignKey("channel.id"), nullable=False),
    Column("key", Text, nullable=False),
    Column("payloads", Text, nullable=False),
    Column("done", Integer, nullable=False, server_default=text("0")),
    Column("made_at", Instant, nullable=False),
)

rate = Table("rate", metadata, Column("key", Text, primary_key=True), Column("tat", Instant, nullable=False))

sent_before = Table("sent_before", metadata, Column("key", Text, primary_key=True))

# Who asked for mail (package ``subscription``): one row for each address and exam. Tokens are kept as digests only.
subscriber = Table(
    "subscriber",
    metadata,
    Column("id", Id, primary_key=True),
    Column("key", Text, nullable=False, unique=True),
    Column("address_key", Text, nullable=False),
    Column("exam", Text, nullable=False, server_default=text("''")),
    Column("address", Text, nullable=False, server_default=text("''")),
    Column("state", Text, nullable=False),
    Column("choice", Text, nullable=False),
    Column("language", Text, nullable=False),
    Column("asked_at", Instant, nullable=False),
    Column("confirmed_at", Instant),
    Column("ended_at", Instant),
    UniqueConstraint("address_key", "exam"),
)

subscription_token = Table(
    "subscription_token",
    metadata,
    Column("hash", Text, primary_key=True),
    Column("subscriber_id", Id, nullable=False),
    Column("purpose", Text, nullable=False),
    Column("made_at", Instant, nullable=False),
    Column("expires_at", Instant),
    Column("used_at", Instant),
)
Index("ix_subscription_token_subscriber", subscription_token.c.subscriber_id)

subscription_letter = Table(
    "subscription_letter",
    metadata,
    Column("id", Id, primary_key=True),
    Column("subscriber_id", Id, nullable=False),
    Column("kind", Text, nullable=False),
    Column("next_at", Instant, nullable=False),
    Column("attempts", Integer, nullable=False, server_default=text("0")),
    Column("made_at", Instant, nullable=False),
)
Index("ix_subscription_letter_next", subscription_letter.c.next_at)

subscription_consent = Table(
    "subscription_consent",
    metadata,
    Column("id", Id, primary_key=True),
    Column("at", Instant, nullable=False),
    Column("address_key", Text, nullable=False),
    Column("exam", Text, nullable=False),
    Column("action", Text, nullable=False),
    Column("notice", Text, nullable=False),
    Column("network", Text, nullable=False, server_default=text("''")),
    Column("proof", Text, nullable=False, server_default=text("''")),
)
Index("ix_subscription_consent_address", subscription_consent.c.address_key)

subscription_throttle = Table(
    "subscription_throttle",
    metadata,
    Column("id", Id, primary_key=True),
    Column("key", Text, nullable=False),
    Column("at", Instant, nullable=False),
)
Index("ix_subscription_throttle_key", subscription_throttle.c.key, subscription_throttle.c.at)
