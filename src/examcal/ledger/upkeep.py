"""What time and people do to open deliveries: expiry, coalescing, holding, releasing, retrying, dropping."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from sqlalchemy import Connection, exists, func, literal_column, select, text, update

from examcal.ledger.claims import DUE_ROWS
from examcal.ledger.rows import CLAIMABLE, Reason, State, instant, micros
from examcal.ledger.sets import among
from examcal.ledger.tables import CLAIMABLE_ROWS, channel, delivery, recipient, reminder
from examcal.plan.reminder import Purpose
from examcal.schedule.changes import ChangeKind

MOST_COUNTED = 10_000
_CLAIMABLE = [state.value for state in CLAIMABLE]
_TAKEN = [State.PLANNED.value, State.RETRY.value, State.SENDING.value, State.SENT.value]


def expire(connection: Connection, now: datetime) -> int:
    """End what is no longer useful. A reminder with rows being sent, or not fanned out yet, stays to be looked at."""
    past = select(reminder.c.id).where(reminder.c.useful_until <= micros(now), ~reminder.c.closed)
    ids = list(connection.execute(past).scalars())
    if not ids:
        return 0
    late = update(delivery).where(
        among(connection, delivery.c.reminder_id, ids), delivery.c.state.in_([*_CLAIMABLE, State.HELD.value])
    )
    ended = late.values(state=State.EXPIRED.value, reason=Reason.LATE.value, ended_at=micros(now))
    count = int(connection.execute(ended).rowcount)
    busy = exists().where(delivery.c.reminder_id == reminder.c.id, delivery.c.state == State.SENDING.value)
    unseen = exists().where(recipient.c.ordinal > reminder.c.cursor)
    over = update(reminder).where(among(connection, reminder.c.id, ids), ~busy, ~(reminder.c.live & unseen))
    connection.execute(over.values(closed=True))
    return count


def unexpire(connection: Connection, now: datetime) -> int:
    """Plan again what a wrong clock let expire: reminders that are useful at ``now`` after all."""
    useful = select(reminder.c.id).where(reminder.c.useful_until > micros(now), reminder.c.closed)
    ids = list(connection.execute(useful).scalars())
    if not ids:
        return 0
    connection.execute(update(reminder).where(among(connection, reminder.c.id, ids)).values(closed=False))
    rows = (
        update(delivery)
        .where(among(connection, delivery.c.reminder_id, ids))
        .where(delivery.c.state == State.EXPIRED.value, delivery.c.reason == Reason.LATE.value)
    )
    planned = rows.values(state=State.PLANNED.value, reason=None, ended_at=None)
    return int(connection.execute(planned).rowcount)


def coalesce(connection: Connection, now: datetime) -> int:
    """Of several overdue reminders of one milestone keep, per recipient, only the latest one; of its notices, too.

    A notice of a date gives way to any later one but that of another place, which does not say that the date moved.
    """
    reminders = [pair for ids in _overdue_by_origin(connection, now) for pair in _pairs(ids)]
    notices = [pair for told in _notices_by_origin(connection, now) for pair in _outdated(told)]
    return sum(_give_way(connection, earlier, later, now) for earlier, later in (*reminders, *notices))


def next_due_by_channel(connection: Connection, now: datetime) -> dict[int, datetime]:
    """Return, by channel, the earliest instant at which a delivery that is still useful may leave."""
    first = (
        select(func.min(delivery.c.next_at))
        .where(delivery.c.reminder_id == reminder.c.id, delivery.c.channel_id == channel.c.id)
        .where(literal_column(CLAIMABLE_ROWS))
        .scalar_subquery()
    )
    leaves = (
        select(channel.c.id, func.min(first))
        .select_from(channel.join(reminder, text("true")))
        .where(reminder.c.live, reminder.c.useful_until > micros(now))
        .group_by(channel.c.id)
    )
    return {row[0]: instant(row[1]) for row in connection.execute(leaves) if row[1] is not None}


def next_end_at(connection: Connection, now: datetime) -> datetime | None:
    """Return when the next reminder stops being useful, so that somebody looks then."""
    ends = select(func.min(reminder.c.useful_until)).where(~reminder.c.closed, reminder.c.useful_until > micros(now))
    at = connection.execute(ends).scalar_one()
    return instant(at) if at is not None else None


def due_by_channel(connection: Connection, now: datetime, lead: timedelta) -> dict[int, int]:
    """Return how many deliveries may leave now, by channel, up to 10,000 each."""
    values = {"now": micros(now), "latest": micros(now), "soon": micros(now + lead), "most": MOST_COUNTED}
    counting = text(f"SELECT count(*) FROM ({DUE_ROWS}) AS due")  # noqa: S608 - a constant of ours
    due = {
        number: int(connection.execute(counting, values | {"channel_id": number}).scalar_one())
        for number in connection.execute(select(channel.c.id)).scalars().all()
    }
    return {number: count for number, count in due.items() if count}


def bring_forward(connection: Connection, now: datetime, lead: timedelta) -> int:
    """Give rows whose reminder soon stops being useful a last chance, though their back-off says later."""
    closing = select(reminder.c.id).where(
        reminder.c.live, reminder.c.useful_until > micros(now), reminder.c.useful_until <= micros(now + lead)
    )
    rows = (
        update(delivery)
        .where(delivery.c.state == State.RETRY.value, delivery.c.reminder_id.in_(closing))
        .where(delivery.c.next_at > micros(now), delivery.c.next_at >= micros(now + lead))
    )
    return int(connection.execute(rows.values(next_at=micros(now))).rowcount)


def hold_all(connection: Connection, reason: Reason) -> int:
    """Hold everything that would be sent, until a person says that it is right."""
    rows = update(delivery).where(delivery.c.state.in_(_CLAIMABLE))
    return int(connection.execute(rows.values(state=State.HELD.value, reason=reason.value)).rowcount)


def release(connection: Connection, *, reason: Reason | None = None, ids: Sequence[int] | None = None) -> int:
    """Let held deliveries go on, all of one reason or the named ones; what was tried before is retried."""
    rows = update(delivery).where(delivery.c.state == State.HELD.value)
    if reason is not None:
        rows = rows.where(delivery.c.reason == reason.value)
    if ids is not None:
        rows = rows.where(among(connection, delivery.c.id, ids))
    again = text("CASE WHEN attempts > 0 THEN 'retry' ELSE 'planned' END")
    return int(connection.execute(rows.values(state=again, reason=None, unfinished=0)).rowcount)


def retry(connection: Connection, ids: Sequence[int], now: datetime) -> int:
    """Try dead, held or waiting deliveries again, now, where that is still of use; what was sent stays as it is."""
    again = [State.DEAD.value, State.HELD.value, State.RETRY.value, State.PLANNED.value]
    useful = select(reminder.c.id).where(reminder.c.live, reminder.c.useful_until > micros(now))
    rows = (
        update(delivery)
        .where(among(connection, delivery.c.id, ids), delivery.c.state.in_(again))
        .where(delivery.c.reminder_id.in_(useful))
    )
    values = {"state": State.RETRY.value, "next_at": micros(now), "reason": None, "unfinished": 0, "ended_at": None}
    return int(connection.execute(rows.values(values)).rowcount)


def drop(connection: Connection, ids: Sequence[int], now: datetime) -> int:
    """Give up open deliveries; they end as dead, by an operator's decision."""
    rows = update(delivery).where(
        among(connection, delivery.c.id, ids), delivery.c.state.in_([*_CLAIMABLE, State.HELD.value])
    )
    ended = rows.values(state=State.DEAD.value, reason=Reason.OPERATOR.value, ended_at=micros(now))
    return int(connection.execute(ended).rowcount)


def _overdue_by_origin(connection: Connection, now: datetime) -> Iterable[list[int]]:
    rows = connection.execute(
        select(reminder.c.origin, reminder.c.id)
        .where(reminder.c.purpose == Purpose.REMINDER, reminder.c.live)
        .where(reminder.c.due_at <= micros(now), reminder.c.useful_until > micros(now))
        .order_by(reminder.c.due_at, reminder.c.id)
    )
    grouped: dict[str, list[int]] = defaultdict(list)
    for row in rows:
        grouped[row.origin].append(row.id)
    return [ids for ids in grouped.values() if len(ids) > 1]


def _notices_by_origin(connection: Connection, now: datetime) -> Iterable[list[tuple[int, object]]]:
    """Return the notices that are out, by occurrence, each with its kind, where one has not reached everybody."""
    waiting = select(delivery.c.reminder_id).where(literal_column(CLAIMABLE_ROWS.replace("state", "delivery.state")))
    out = (reminder.c.purpose == Purpose.CHANGE, reminder.c.live, reminder.c.due_at <= micros(now))
    origins = select(reminder.c.origin).where(*out, reminder.c.useful_until > micros(now), reminder.c.id.in_(waiting))
    rows = connection.execute(
        select(reminder.c.origin, reminder.c.id, reminder.c.detail)
        .where(*out, reminder.c.origin.in_(origins))
        .order_by(reminder.c.due_at, reminder.c.id)
    )
    grouped: dict[str, list[tuple[int, object]]] = defaultdict(list)
    for row in rows:
        grouped[row.origin].append((row.id, json.loads(row.detail).get("kind")))
    return [told for told in grouped.values() if len(told) > 1]


def _outdated(told: Sequence[tuple[int, object]]) -> Iterable[tuple[int, Sequence[int]]]:
    """Return the notices that later ones make untrue, with those."""
    for position, (earlier, kind) in enumerate(told):
        later = [
            number
            for number, other in told[position + 1 :]
            if other != ChangeKind.MOVED_PLACE or kind == ChangeKind.MOVED_PLACE
        ]
        if later:
            yield earlier, later


def _pairs(ids: Sequence[int]) -> Iterable[tuple[int, Sequence[int]]]:
    return ((ids[position], ids[position + 1 :]) for position in range(len(ids) - 1))


def _give_way(connection: Connection, earlier: int, later: Sequence[int], now: datetime) -> int:
    other = delivery.alias("other")
    said = exists().where(
        among(connection, other.c.reminder_id, later),
        other.c.recipient_id == delivery.c.recipient_id,
        other.c.channel_id == delivery.c.channel_id,
        other.c.state.in_(_TAKEN),
    )
    rows = update(delivery).where(
        delivery.c.reminder_id == earlier, literal_column(CLAIMABLE_ROWS.replace("state", "delivery.state")), said
    )
    ended = rows.values(state=State.EXPIRED.value, reason=Reason.COALESCED.value, ended_at=micros(now))
    return int(connection.execute(ended).rowcount)
