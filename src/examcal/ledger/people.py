"""Channels and recipients: who is there, who joined, who left. All in the caller's transaction.

A recipient has an ordinal besides its id. Fan-out walks ordinals upwards, so a recipient that joins, or wants to hear
of other milestones than before, gets a new ordinal and is seen again.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime

from sqlalchemy import Connection, RowMapping, func, insert, select, update

from examcal.ledger.rows import ChannelRow, Member, Reason, Selection, Source, State, instant, micros
from examcal.ledger.sets import among
from examcal.ledger.tables import channel, delivery, recipient, reminder, selection

_UNSENT = (State.PLANNED.value, State.RETRY.value, State.HELD.value)


def sync_audiences(connection: Connection, members: Sequence[Member], now: datetime) -> list[int]:
    """Make the configured recipients equal to ``members``; who is no longer among them gets nothing more.

    Returns the ids of known recipients whose choice changed.
    """
    wanted = {member.key for member in members}
    there = select(recipient.c.id, recipient.c.key).where(recipient.c.source == Source.AUDIENCE, recipient.c.active)
    left = [row.id for row in connection.execute(there) if row.key not in wanted]
    _deactivate(connection, left, now)
    return upsert(connection, members, now)


def upsert(connection: Connection, members: Sequence[Member], now: datetime) -> list[int]:
    """Add recipients, or bring known ones up to date; one that had left joins again, now.

    Returns the ids of known recipients whose choice changed.
    """
    changed: list[int] = []
    if not members:
        return changed
    channels = channel_ids(connection, (member.channel for member in members))
    selections = _selection_ids(connection, (member.selection for member in members))
    known = _known(connection, [member.key for member in members])
    ordinal = int(connection.execute(select(func.coalesce(func.max(recipient.c.ordinal), 0))).scalar_one())
    new: list[dict[str, object]] = []
    for member in members:
        columns = _columns(member, channels[member.channel], selections[member.selection])
        row = known.get(member.key)
        if row is None:
            ordinal += 1
            new.append(columns | {"key": member.key, "ordinal": ordinal, "joined_at": micros(now), "active": True})
        elif not row["active"] or any(row[name] != value for name, value in columns.items()):
            ordinal += 1
            _bring_up_to_date(connection, row, columns, ordinal, now)
            if row["selection_id"] != columns["selection_id"]:
                changed.append(row["id"])
    if new:
        connection.execute(insert(recipient), new)
    return changed


def remove(connection: Connection, keys: Iterable[str], now: datetime, *, erase: bool) -> int:
    """Let recipients leave before the next claim; ``erase`` forgets their addresses. Returns how many left."""
    rows = [row["id"] for row in _known(connection, list(keys)).values()]
    _deactivate(connection, rows, now)
    if erase and rows:
        gone = update(recipient).where(among(connection, recipient.c.id, rows))
        connection.execute(gone.values(address="", unsubscribe_url=None, mentions="[]"))
    return len(rows)


def refused(connection: Connection, deliveries: Sequence[int], now: datetime) -> None:
    """Send no more to subscribers whose address was refused for good; configured recipients are an operator's."""
    theirs = select(delivery.c.recipient_id).where(among(connection, delivery.c.id, deliveries))
    subscribers = select(recipient.c.id).where(recipient.c.source == Source.SUBSCRIBER, recipient.c.id.in_(theirs))
    _deactivate(connection, list(connection.execute(subscribers).scalars()), now)


def channel_ids(connection: Connection, names: Iterable[str]) -> dict[str, int]:
    """Return the ids of channels by name, making those that are new."""
    known = {row.name: row.id for row in connection.execute(select(channel.c.name, channel.c.id))}
    for name in dict.fromkeys(names):
        if name not in known:
            made = insert(channel).values(name=name).returning(channel.c.id)
            known[name] = int(connection.execute(made).scalar_one())
    return known


def channels(connection: Connection) -> list[ChannelRow]:
    """Return every channel that was ever used, with its health."""
    return [
        ChannelRow(
            row["id"],
            row["name"],
            row["failures"],
            row["logins"],
            instant(row["open_at"]) if row["open_at"] is not None else None,
            row["reason"],
        )
        for row in connection.execute(select(channel).order_by(channel.c.id)).mappings()
    ]


def set_health(connection: Connection, row: ChannelRow) -> None:
    """Write down a channel's health for all processes."""
    columns = {
        "failures": row.failures,
        "logins": row.logins,
        "open_at": micros(row.open_at) if row.open_at else None,
        "reason": row.reason,
    }
    connection.execute(update(channel).where(channel.c.id == row.id).values(columns))


def selections(connection: Connection) -> dict[int, Selection]:
    """Return the different choices that recipients have made, by id."""
    rows = connection.execute(select(selection.c.id, selection.c.filters))
    return {row.id: _selection(row.filters) for row in rows}


def recipients_by_selection(connection: Connection) -> dict[int, int]:
    """Return how many active recipients made each choice."""
    rows = select(recipient.c.selection_id, func.count()).where(recipient.c.active).group_by(recipient.c.selection_id)
    return {row[0]: row[1] for row in connection.execute(rows)}


def suppress_unwanted(
    connection: Connection, wants: Callable[[str, int], bool], recipients: Iterable[int], now: datetime
) -> None:
    """Suppress what is open for recipients whose choice no longer covers it; ``wants(occurrence id, selection id)``."""
    rows = connection.execute(
        select(delivery.c.id, reminder.c.occurrence, recipient.c.selection_id)
        .join(reminder, reminder.c.id == delivery.c.reminder_id)
        .join(recipient, recipient.c.id == delivery.c.recipient_id)
        .where(among(connection, delivery.c.recipient_id, recipients), delivery.c.state.in_(_UNSENT))
    ).all()
    unwanted = [row.id for row in rows if not wants(row.occurrence, row.selection_id)]
    if unwanted:
        ended = update(delivery).where(among(connection, delivery.c.id, unwanted))
        connection.execute(
            ended.values(state=State.SUPPRESSED.value, reason=Reason.AUDIENCE.value, ended_at=micros(now))
        )


def _columns(member: Member, channel_id: int, selection_id: int) -> dict[str, object]:
    return {
        "source": member.source.value,
        "audience": member.audience,
        "channel_id": channel_id,
        "selection_id": selection_id,
        "address": member.address,
        "language": member.language,
        "mentions": json.dumps(member.mentions, ensure_ascii=False),
        "unsubscribe_url": member.unsubscribe_url,
    }


def _bring_up_to_date(
    connection: Connection, row: RowMapping, columns: dict[str, object], ordinal: int, now: datetime
) -> None:
    joined = {} if row["active"] else {"joined_at": micros(now), "active": True}
    seen_again = not row["active"] or any(row[name] != columns[name] for name in ("channel_id", "selection_id"))
    placed = {"ordinal": ordinal} if seen_again else {}
    connection.execute(update(recipient).where(recipient.c.id == row["id"]).values(columns | joined | placed))
    if row["channel_id"] != columns["channel_id"]:
        _suppress(connection, [row["id"]], now)
    if seen_again:
        _revive(connection, row["id"], now)


def _revive(connection: Connection, recipient_id: int, now: datetime) -> None:
    """Plan again what is not due yet and ended only because the recipient had left or chosen otherwise."""
    future = select(reminder.c.id).where(reminder.c.live, reminder.c.due_at > micros(now))
    rows = (
        update(delivery)
        .where(delivery.c.recipient_id == recipient_id, delivery.c.state == State.SUPPRESSED.value)
        .where(delivery.c.reason.in_([Reason.REMOVED.value, Reason.AUDIENCE.value]))
        .where(delivery.c.reminder_id.in_(future))
        .where(
            delivery.c.channel_id
            == select(recipient.c.channel_id).where(recipient.c.id == recipient_id).scalar_subquery()
        )
    )
    connection.execute(rows.values(state=State.PLANNED.value, reason=None, ended_at=None))


def _deactivate(connection: Connection, ids: Sequence[int], now: datetime) -> None:
    if not ids:
        return
    connection.execute(update(recipient).where(among(connection, recipient.c.id, ids)).values(active=False))
    _suppress(connection, ids, now)


def _suppress(connection: Connection, ids: Sequence[int], now: datetime) -> None:
    rows = update(delivery).where(among(connection, delivery.c.recipient_id, ids), delivery.c.state.in_(_UNSENT))
    connection.execute(rows.values(state=State.SUPPRESSED.value, reason=Reason.REMOVED.value, ended_at=micros(now)))


def _known(connection: Connection, keys: Sequence[str]) -> dict[str, RowMapping]:
    found: dict[str, RowMapping] = {}
    for start in range(0, len(keys), 500):
        page = select(recipient).where(recipient.c.key.in_(keys[start : start + 500]))
        found |= {row["key"]: row for row in connection.execute(page).mappings()}
    return found


def _selection_ids(connection: Connection, wanted: Iterable[Selection]) -> dict[Selection, int]:
    known = {found: number for number, found in selections(connection).items()}
    for choice in dict.fromkeys(wanted):
        if choice not in known:
            made = insert(selection).values(filters=_filters(choice)).returning(selection.c.id)
            known[choice] = int(connection.execute(made).scalar_one())
    return known


def _filters(choice: Selection) -> str:
    return json.dumps([choice.exams, choice.sites, choice.tracks, choice.kinds], ensure_ascii=False)


def _selection(filters: str) -> Selection:
    exams, sites, tracks, kinds = (tuple(part) for part in json.loads(filters))
    return Selection(exams, sites, tracks, kinds)
