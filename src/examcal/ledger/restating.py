"""What an edit makes untrue of messages that were written before it: they are written anew where they are tried again.

A reminder keeps its rows when another edge of its milestone, its place or its status changes. What was frozen for it
would go on naming the old date, to those whose server answered "later" and to those who join late, and perhaps after
the change notice. A copy that may already have arrived is written anew as well: a second copy with a true date is
better than one with a false date.
"""

from __future__ import annotations

import json
from collections.abc import Collection

from sqlalchemy import Connection, delete, select, update

from examcal.ledger.rows import Reason, State, as_detail
from examcal.ledger.sets import among
from examcal.ledger.tables import delivery, frozen, reminder
from examcal.plan.reminder import Purpose

RESTATED = "restated"
"""In a reminder's detail: the version since which it says something else; what was frozen before is not used again."""
_NOT_ENDED = [state.value for state in (State.PLANNED, State.RETRY, State.HELD, State.SENDING)]


def restate(connection: Connection, origins: Collection[str], version_id: int) -> None:
    """Forget the words of all reminders of these occurrences, and of grouped messages that hold some of them."""
    if not origins:
        return
    said = select(reminder.c.id, reminder.c.origin, reminder.c.detail).where(reminder.c.purpose == Purpose.REMINDER)
    rows = [row for row in connection.execute(said) if row.origin in origins]
    ids = [row.id for row in rows]
    for row in rows:
        detail = as_detail({**json.loads(row.detail), RESTATED: version_id})
        connection.execute(update(reminder).where(reminder.c.id == row.id).values(detail=detail))
    connection.execute(delete(frozen).where(among(connection, frozen.c.reminder_id, ids)))
    open_rows = (among(connection, delivery.c.reminder_id, ids), delivery.c.state.in_(_NOT_ENDED))
    connection.execute(update(delivery).where(*open_rows).values(variant=None))
    _ungroup(connection, ids)


def let_go(connection: Connection, ids: Collection[int], now: int) -> None:
    """Cancel those of these deliveries that wait for another attempt though an edit took their reminder meanwhile."""
    if not ids:
        return
    for purpose, reason in ((Purpose.REMINDER, Reason.SUPERSEDED), (Purpose.CHANGE, Reason.REVERTED)):
        taken = select(reminder.c.id).where(~reminder.c.live, reminder.c.purpose == purpose)
        rows = update(delivery).where(
            among(connection, delivery.c.id, ids),
            delivery.c.state.in_([State.RETRY.value, State.PLANNED.value]),
            delivery.c.reminder_id.in_(taken),
        )
        connection.execute(rows.values(state=State.CANCELLED.value, reason=reason.value, ended_at=now))


def _ungroup(connection: Connection, ids: Collection[int]) -> None:
    """Take apart what was grouped with these reminders, cancelled ones too: the others go into a new message."""
    stale = select(delivery.c.bundle_id).where(
        among(connection, delivery.c.reminder_id, ids), delivery.c.bundle_id.is_not(None)
    )
    numbers = sorted(set(connection.execute(stale).scalars()))
    if numbers:
        grouped = update(delivery).where(
            among(connection, delivery.c.bundle_id, numbers), delivery.c.state.in_(_NOT_ENDED)
        )
        connection.execute(grouped.values(bundle_id=None))
