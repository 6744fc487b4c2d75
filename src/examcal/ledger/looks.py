"""What the ledger shows to people: counts and the conservation law, lists of deliveries, the log of attempts."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection, Row, Select, func, select

from examcal.identity import delivery_key, short_reference
from examcal.ledger.fan_out import PLANNED_TOTAL
from examcal.ledger.rows import AttemptRow, Counts, DeliveryRow, State, instant
from examcal.ledger.sets import read_meta
from examcal.ledger.tables import attempt, channel, delivery, recipient, reminder

LOOKED_THROUGH = 50_000


def counts(connection: Connection) -> Counts:
    """Return the deliveries by state, and how many were ever planned according to the planner's own count."""
    rows = connection.execute(select(delivery.c.state, func.count()).group_by(delivery.c.state))
    return Counts({State(state): number for state, number in rows}, int(read_meta(connection, PLANNED_TOTAL) or 0))


def counts_by_channel(connection: Connection) -> dict[str, dict[State, int]]:
    """Return the deliveries by channel and state."""
    rows = connection.execute(
        select(channel.c.name, delivery.c.state, func.count())
        .join(channel, channel.c.id == delivery.c.channel_id)
        .group_by(channel.c.name, delivery.c.state)
    )
    found: dict[str, dict[State, int]] = {}
    for name, state, number in rows:
        found.setdefault(name, {})[State(state)] = number
    return found


def deliveries(
    connection: Connection, *, states: Sequence[State] = (), channel_name: str = "", limit: int = 100, after: int = 0
) -> list[DeliveryRow]:
    """Return deliveries, newest first; ``after`` is the id of the last row of the page before."""
    rows = _rows()
    if states:
        rows = rows.where(delivery.c.state.in_([state.value for state in states]))
    if channel_name:
        rows = rows.where(channel.c.name == channel_name)
    if after:
        rows = rows.where(delivery.c.id < after)
    return [_as_row(row) for row in connection.execute(rows.order_by(delivery.c.id.desc()).limit(limit))]


def attempts(connection: Connection, delivery_id: int) -> list[AttemptRow]:
    """Return the log of attempts of one delivery, oldest first."""
    rows = select(attempt).where(attempt.c.delivery_id == delivery_id).order_by(attempt.c.id)
    return [
        AttemptRow(number, instant(row["ended_at"]), row["outcome"], row["code"], row["detail"])
        for number, row in enumerate(connection.execute(rows).mappings(), 1)
    ]


def find(connection: Connection, words: str) -> list[DeliveryRow]:
    """Return deliveries by their id, else by their reference or the beginning of their key (any case), newest first."""
    if words.isdecimal():
        row = connection.execute(_rows().where(delivery.c.id == int(words))).one_or_none()
        return [_as_row(row)] if row is not None else []
    for part in (delivery.c.attempts > 0, delivery.c.attempts == 0):  # what people hold in their hands comes first
        rows = connection.execute(_rows().where(part).order_by(delivery.c.id.desc()).limit(LOOKED_THROUGH))
        found = [row for row in map(_as_row, rows) if _is_called(row, words)]
        if found:
            return found
    return []


def _is_called(row: DeliveryRow, words: str) -> bool:
    return row.reference == words.upper() or row.key.startswith(words.lower())


def _rows() -> Select[tuple[object, ...]]:
    return (
        select(
            delivery.c.id,
            delivery.c.recipient_id,
            delivery.c.state,
            delivery.c.reason,
            delivery.c.next_at,
            delivery.c.attempts,
            delivery.c.ambiguous,
            delivery.c.code,
            delivery.c.ended_at,
            reminder.c.key.label("reminder_key"),
            reminder.c.occurrence,
            reminder.c.rule,
            reminder.c.purpose,
            reminder.c.due_at,
            reminder.c.useful_until,
            channel.c.name.label("channel_name"),
            recipient.c.audience,
            recipient.c.key.label("recipient_key"),
        )
        .join(reminder, reminder.c.id == delivery.c.reminder_id)
        .join(channel, channel.c.id == delivery.c.channel_id)
        .join(recipient, recipient.c.id == delivery.c.recipient_id)
    )


def _as_row(row: Row[tuple[object, ...]]) -> DeliveryRow:
    key = delivery_key(row.reminder_key, row.recipient_key, row.channel_name)
    state = State(row.state)
    return DeliveryRow(
        id=row.id,
        key=key,
        reference=short_reference(key),
        occurrence=row.occurrence,
        rule=row.rule,
        purpose=row.purpose,
        channel=row.channel_name,
        audience=row.audience,
        recipient_id=row.recipient_id,
        state=state,
        reason=row.reason or "",
        due_at=instant(row.due_at),
        next_at=instant(row.next_at) if state in {State.PLANNED, State.RETRY} else None,
        useful_until=instant(row.useful_until),
        attempts=row.attempts,
        ambiguous=row.ambiguous,
        code=row.code or "",
        ended_at=instant(row.ended_at) if row.ended_at is not None else None,
    )
