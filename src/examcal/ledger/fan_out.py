"""From a reminder to its deliveries: set-based pages over the recipients, with the cursor in the same transaction."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime, timedelta

from sqlalchemy import Connection, Select, case, func, literal, select, update

from examcal.ledger.planning import as_reminder_row
from examcal.ledger.rows import ENDED, Reason, ReminderRow, State, micros
from examcal.ledger.sets import count_up, insert_ignoring
from examcal.ledger.tables import delivery, recipient, reminder
from examcal.plan.reminder import Purpose

PAGE = 5000
PLANNED_TOTAL = "planned_total"
STALE_AFTER = timedelta(days=7)
"""A reminder that was due longer than this before someone joined is of no use to them."""

Instead = tuple[State, Reason]
"""A state in which deliveries begin instead of ``planned``, and why."""

_COLUMNS = ["reminder_id", "recipient_id", "channel_id", "state", "reason", "ended_at", "next_at"]


def waiting_for_fan_out(connection: Connection, until: datetime, limit: int) -> list[ReminderRow]:
    """Return reminders due before ``until`` that some recipient has not been seen for, nearest first.

    What stopped being useful before it was fanned out (nothing ran) is fanned out too, and then expires on record.
    """
    last = select(func.coalesce(func.max(recipient.c.ordinal), 0)).scalar_subquery()
    rows = (
        select(reminder)
        .where(reminder.c.live, ~reminder.c.closed, reminder.c.due_at < micros(until))
        .where(reminder.c.cursor < last)
        .order_by(reminder.c.due_at, reminder.c.id)
        .limit(limit)
    )
    return [as_reminder_row(row) for row in connection.execute(rows).mappings()]


def fan_out_page(
    connection: Connection,
    row: ReminderRow,
    selections: Collection[int] | None,
    leave_at: Mapping[int, datetime],
    now: datetime,
    *,
    instead: Instead | None = None,
) -> tuple[int, bool]:
    """Plan one page of deliveries of a reminder; return how many are new, and whether recipients are left.

    ``selections`` are the choices that cover the reminder (None: all); ``leave_at`` says, by channel id, where it
    leaves at another instant than its own. ``instead`` plans them in another state than planned.
    """
    last = int(connection.execute(select(func.coalesce(func.max(recipient.c.ordinal), 0))).scalar_one())
    upto = min(row.cursor + PAGE, last)
    made = 0
    if selections is None or selections:
        rows = _page(row, selections, leave_at, now, upto, instead)
        planned = insert_ignoring(connection, delivery).from_select(_COLUMNS, rows)
        made = max(connection.execute(planned).rowcount, 0)
        count_up(connection, PLANNED_TOTAL, made)
    connection.execute(update(reminder).where(reminder.c.id == row.id).values(cursor=upto))
    return made, upto < last


def _page(
    row: ReminderRow,
    selections: Collection[int] | None,
    leave_at: Mapping[int, datetime],
    now: datetime,
    upto: int,
    instead: Instead | None,
) -> Select[tuple[object, ...]]:
    due = micros(row.entry.due_at)
    stale = recipient.c.joined_at > due + micros_of(STALE_AFTER)
    state, reason = instead or (State.PLANNED, None)
    leaves = (
        case({number: micros(at) for number, at in leave_at.items()}, value=recipient.c.channel_id, else_=due)
        if leave_at
        else literal(due, reminder.c.due_at.type)
    )
    rows = select(
        literal(row.id, reminder.c.id.type),
        recipient.c.id,
        recipient.c.channel_id,
        case((stale, State.EXPIRED.value), else_=state.value),
        case((stale, Reason.JOINED_LATE.value), else_=reason.value if reason else None),
        case((stale, micros(now)), else_=micros(now) if state in ENDED else None),
        leaves,
    ).where(
        recipient.c.ordinal > row.cursor,
        recipient.c.ordinal <= upto,
        recipient.c.active,
        recipient.c.joined_at < micros(row.entry.useful_until),
    )
    if row.entry.purpose == Purpose.CHANGE:
        rows = rows.where(recipient.c.joined_at <= micros(row.planned_at))
    if selections is not None:
        rows = rows.where(recipient.c.selection_id.in_(sorted(selections)))
    return rows


def micros_of(span: timedelta) -> int:
    """Return a span as whole microseconds."""
    return span // timedelta(microseconds=1)
