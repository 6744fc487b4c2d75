"""T0: accept a schedule version, and plan, move, cancel and revive what follows from it."""

from __future__ import annotations

import base64
import json
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, RowMapping, func, insert, select, update

from examcal.ledger.restating import restate
from examcal.ledger.rows import (
    Accepted,
    Document,
    Reason,
    ReminderEntry,
    ReminderRow,
    State,
    Version,
    as_detail,
    instant,
    micros,
)
from examcal.ledger.sets import among, insert_ignoring, read_meta, write_meta
from examcal.ledger.tables import delivery, reminder, schedule_version
from examcal.plan.reminder import Purpose

CURRENT = "current_version"
BASELINE = "baseline_version"
_UNSENT = (State.PLANNED, State.RETRY, State.HELD)


def identity(entry: ReminderEntry) -> tuple[str, str, str, str, str]:
    """Return what makes a reminder the same one in two versions of a schedule."""
    return (entry.origin, entry.anchor, entry.zone, entry.rule, entry.purpose)


@dataclass
class _Tally:
    new: int = 0
    cancelled: int = 0
    revived: int = 0
    moved: int = 0


def accept(
    connection: Connection,
    document: Document,
    reminders: Sequence[ReminderEntry],
    notices: Sequence[ReminderEntry],
    now: datetime,
    restated: Collection[str] = (),
) -> Accepted:
    """Store the version and make the plan equal to ``reminders``, and the unannounced notices equal to ``notices``.

    ``restated`` are the origins of which messages now say something else than before.
    """
    version_id, same = _store_version(connection, document, now)
    tally = _reconcile_plan(connection, reminders, Purpose.REMINDER, version_id, now)
    told = _reconcile_plan(connection, notices, Purpose.CHANGE, version_id, now)
    restate(connection, restated, version_id)
    return Accepted(version_id, tally.new, tally.cancelled, tally.revived, tally.moved, told.new + told.revived, same)


def current_version(connection: Connection) -> Version | None:
    """Return the version that was accepted last, or None on a new ledger."""
    number = read_meta(connection, CURRENT)
    return version(connection, int(number)) if number else None


def version(connection: Connection, version_id: int) -> Version:
    """Return an accepted version by its id."""
    row = connection.execute(select(schedule_version).where(schedule_version.c.id == version_id)).mappings().one()
    texts = tuple((name, base64.b64decode(content)) for name, content in json.loads(row["document"]))
    return Version(row["id"], Document(texts, row["digest"]), instant(row["accepted_at"]))


def version_with(connection: Connection, digest: str) -> Version | None:
    """Return the latest accepted version with this digest, or None."""
    rows = select(schedule_version.c.id).where(schedule_version.c.digest == digest)
    number = connection.execute(rows.order_by(schedule_version.c.id.desc()).limit(1)).scalar_one_or_none()
    return version(connection, number) if number is not None else None


def told_versions(connection: Connection, now: datetime) -> tuple[int | None, dict[str, tuple[int, int]]]:
    """Return which version people know, and by occurrence that of the last notice that is out, with their number."""
    told = select(reminder.c.origin, func.max(reminder.c.version_id), func.count()).where(
        reminder.c.purpose == Purpose.CHANGE, reminder.c.live, reminder.c.due_at <= micros(now)
    )
    rows = connection.execute(told.group_by(reminder.c.origin)).all()
    baseline = read_meta(connection, BASELINE)
    return (int(baseline) if baseline else None), {row[0]: (row[1], row[2]) for row in rows}


def known_keys(connection: Connection) -> set[str]:
    """Return the keys of all live reminders and notices."""
    return set(connection.execute(select(reminder.c.key).where(reminder.c.live)).scalars())


def as_reminder_row(row: RowMapping) -> ReminderRow:
    """Return a row of the reminder table as an object."""
    entry = ReminderEntry(
        key=row["key"],
        purpose=row["purpose"],
        origin=row["origin"],
        anchor=row["anchor"],
        zone=row["zone"],
        rule=row["rule"],
        occurrence=row["occurrence"],
        due_at=instant(row["due_at"]),
        useful_until=instant(row["useful_until"]),
        detail=json.loads(row["detail"]),
    )
    return ReminderRow(row["id"], entry, row["version_id"], instant(row["planned_at"]), row["cursor"], row["live"])


def _store_version(connection: Connection, document: Document, now: datetime) -> tuple[int, bool]:
    current = current_version(connection)
    if current is not None and current.document.digest == document.digest:
        return current.id, True
    texts = [(name, base64.b64encode(content).decode("ascii")) for name, content in document.texts]
    made = insert(schedule_version).values(digest=document.digest, document=json.dumps(texts), accepted_at=micros(now))
    version_id = int(connection.execute(made.returning(schedule_version.c.id)).scalar_one())
    write_meta(connection, CURRENT, str(version_id))
    if current is None:
        write_meta(connection, BASELINE, str(version_id))
    return version_id, False


def _reconcile_plan(
    connection: Connection, entries: Sequence[ReminderEntry], purpose: Purpose, version_id: int, now: datetime
) -> _Tally:
    known = {identity(row.entry): row for row in _changeable(connection, purpose, now)}
    wanted = {identity(entry): entry for entry in entries}
    tally = _Tally()
    new = [entry for key, entry in wanted.items() if key not in known]
    tally.new = _insert(connection, new, version_id, now)
    gone = [row.id for key, row in known.items() if key not in wanted and row.live and row.entry.useful_until > now]
    tally.cancelled = _cancel(
        connection, gone, Reason.SUPERSEDED if purpose is Purpose.REMINDER else Reason.REVERTED, now
    )
    still_valid = [known[key].id for key, entry in wanted.items() if key in known and _is_unchanged(known[key], entry)]
    _confirm(connection, still_valid, version_id)
    for key, entry in wanted.items():
        row = known.get(key)
        if row is not None and not _is_unchanged(row, entry):
            _renew(connection, row, entry, version_id, now, tally)
    return tally


def _is_unchanged(row: ReminderRow, entry: ReminderEntry) -> bool:
    """Whether a reminder is as it was. A pending notice keeps its time, however often the file is saved."""
    if not row.live or row.entry.occurrence != entry.occurrence:
        return False
    times = (row.entry.due_at, row.entry.useful_until) == (entry.due_at, entry.useful_until)
    return times or entry.purpose == Purpose.CHANGE


def _confirm(connection: Connection, ids: Sequence[int], version_id: int) -> None:
    if ids:
        valid = update(reminder).where(among(connection, reminder.c.id, ids), reminder.c.version_id != version_id)
        connection.execute(valid.values(version_id=version_id))


def _changeable(connection: Connection, purpose: Purpose, now: datetime) -> list[ReminderRow]:
    """Return the reminders that an edit may still change; a notice that is out is history."""
    rows = select(reminder).where(reminder.c.purpose == purpose)
    if purpose is Purpose.CHANGE:
        rows = rows.where((reminder.c.due_at > micros(now)) | ~reminder.c.live)
    return [as_reminder_row(row) for row in connection.execute(rows).mappings()]


def _insert(connection: Connection, entries: Sequence[ReminderEntry], version_id: int, now: datetime) -> int:
    if not entries:
        return 0
    made = connection.execute(
        insert_ignoring(connection, reminder), [_columns(entry, version_id, now) for entry in entries]
    )
    return max(made.rowcount, 0)


def _columns(entry: ReminderEntry, version_id: int, now: datetime) -> dict[str, object]:
    return {
        "key": entry.key,
        "purpose": entry.purpose,
        "origin": entry.origin,
        "anchor": entry.anchor,
        "zone": entry.zone,
        "rule": entry.rule,
        "occurrence": entry.occurrence,
        "detail": as_detail(entry.detail),
        "version_id": version_id,
        "planned_at": micros(now),
        "due_at": micros(entry.due_at),
        "useful_until": micros(entry.useful_until),
        "live": True,
    }


def _cancel(connection: Connection, ids: Iterable[int], reason: Reason, now: datetime) -> int:
    numbers = list(ids)
    if not numbers:
        return 0
    connection.execute(update(reminder).where(among(connection, reminder.c.id, numbers)).values(live=False))
    unsent = update(delivery).where(
        among(connection, delivery.c.reminder_id, numbers), delivery.c.state.in_([s.value for s in _UNSENT])
    )
    connection.execute(unsent.values(state=State.CANCELLED.value, reason=reason.value, ended_at=micros(now)))
    return len(numbers)


def _renew(
    connection: Connection, row: ReminderRow, entry: ReminderEntry, version_id: int, now: datetime, tally: _Tally
) -> None:
    """Bring a known reminder up to the present version: revive it, move it, or just note that it is still valid."""
    moved = (row.entry.due_at, row.entry.useful_until) != (entry.due_at, entry.useful_until)
    if entry.purpose == Purpose.CHANGE and row.live:
        moved = False
    columns: dict[str, object] = {"version_id": version_id, "occurrence": entry.occurrence, "live": True}
    if moved or not row.live:
        columns |= {"due_at": micros(entry.due_at), "useful_until": micros(entry.useful_until), "closed": False}
    if not row.live and entry.purpose == Purpose.CHANGE:
        columns |= {"planned_at": micros(now), "detail": as_detail(entry.detail)}
    connection.execute(update(reminder).where(reminder.c.id == row.id).values(columns))
    if moved:
        tally.moved += row.live
        _move(connection, row, entry)
    if not row.live:
        tally.revived += 1
        _revive(connection, row.id, (State.CANCELLED,), (Reason.SUPERSEDED, Reason.REVERTED))
    if moved and entry.useful_until > now:
        _revive(connection, row.id, (State.EXPIRED,), (Reason.LATE,))


def _move(connection: Connection, row: ReminderRow, entry: ReminderEntry) -> None:
    """Shift what has not been tried yet by as much as the reminder moved."""
    shift = micros(entry.due_at) - micros(row.entry.due_at)
    untried = (
        delivery.c.reminder_id == row.id,
        delivery.c.attempts == 0,
        delivery.c.state.in_([State.PLANNED.value, State.CANCELLED.value, State.HELD.value, State.EXPIRED.value]),
    )
    if shift:
        connection.execute(update(delivery).where(*untried).values(next_at=delivery.c.next_at + shift))


def _revive(connection: Connection, reminder_id: int, states: Iterable[State], reasons: Iterable[Reason]) -> None:
    rows = (
        update(delivery)
        .where(delivery.c.reminder_id == reminder_id, delivery.c.state.in_([state.value for state in states]))
        .where(delivery.c.reason.in_([reason.value for reason in reasons]))
    )
    connection.execute(rows.values(state=State.PLANNED.value, reason=None, ended_at=None))
