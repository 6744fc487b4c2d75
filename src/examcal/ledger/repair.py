"""Care for a ledger: verify it, and reconcile an old copy with the journal of what was sent since."""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy import Connection, exists, func, insert, select, text, update

from examcal.errors import Sentence
from examcal.identity import delivery_key
from examcal.ledger.claims import JOURNAL_COUNT
from examcal.ledger.looks import counts
from examcal.ledger.rows import OPEN, Reason, State
from examcal.ledger.sets import among, is_postgres, read_meta, write_meta
from examcal.ledger.tables import channel, delivery, recipient, reminder, sent_before

RESTORED = "restored"
"""Noted where the journal names deliveries that the restored ledger has not planned yet."""


def verify(connection: Connection) -> list[Sentence]:
    """Return what is wrong: pages, references, the conservation law. Empty if nothing is."""
    findings = [] if is_postgres(connection) else _pages(connection)
    counted = counts(connection)
    if not counted.is_conserved:
        findings.append(
            Sentence(
                "planned {planned} is not open {open} + ended {ended}: rows are missing or were added",
                {"planned": counted.planned_total, "open": counted.open, "ended": counted.ended},
            )
        )
    for column, target in (
        (delivery.c.reminder_id, reminder.c.id),
        (delivery.c.recipient_id, recipient.c.id),
        (delivery.c.channel_id, channel.c.id),
    ):
        orphans = select(func.count()).where(~exists().where(target == column)).select_from(delivery)
        number = int(connection.execute(orphans).scalar_one())
        if number:
            values = {"count": number, "table": target.table.name}
            findings.append(Sentence("{count} deliveries name a {table} that does not exist", values))
    return findings


def reconcile(connection: Connection, journal: Collection[str]) -> int:
    """Mark as sent what the journal names; return how many deliveries that were.

    Keys that no delivery has yet (planned after the copy was made) are kept, and are not sent when they are planned
    again.
    """
    unknown = set(journal)
    found: list[int] = []
    rows = connection.execute(
        select(delivery.c.id, delivery.c.state, reminder.c.key, recipient.c.key, channel.c.name)
        .join(reminder, reminder.c.id == delivery.c.reminder_id)
        .join(recipient, recipient.c.id == delivery.c.recipient_id)
        .join(channel, channel.c.id == delivery.c.channel_id)
    )
    for number, state, reminder_key, recipient_key, channel_name in rows:
        key = delivery_key(reminder_key, recipient_key, channel_name)
        if key in unknown:
            unknown.discard(key)
            if state in OPEN or state == State.EXPIRED:
                found.append(number)
    if found:
        sent = update(delivery).where(among(connection, delivery.c.id, found))
        connection.execute(sent.values(state=State.SENT.value, reason=Reason.JOURNAL.value, token=None, owner=None))
    known = set(connection.execute(select(sent_before.c.key)).scalars())
    if unknown:
        write_meta(connection, RESTORED, "1")
    if unknown - known:
        connection.execute(insert(sent_before), [{"key": key} for key in sorted(unknown - known)])
    write_meta(connection, JOURNAL_COUNT, str(len(set(journal))))
    return len(found)


def sent_elsewhere(connection: Connection, keys: Collection[str]) -> set[str]:
    """Return which of ``keys`` the journal of a restored ledger says were sent already."""
    if not connection.execute(select(exists().where(sent_before.c.key.is_not(None)))).scalar_one():
        return set()
    return set(connection.execute(select(sent_before.c.key).where(sent_before.c.key.in_(list(keys)))).scalars())


def journal_count(connection: Connection) -> int:
    """Return how many lines the ledger believes the journal to have."""
    return int(read_meta(connection, JOURNAL_COUNT) or 0)


def _pages(connection: Connection) -> list[Sentence]:
    rows = connection.execute(text("PRAGMA integrity_check(20)")).scalars().all()
    return [] if rows == ["ok"] else [Sentence("damaged: {finding}", {"finding": row}) for row in rows]
