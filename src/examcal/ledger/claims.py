"""T1 and T2: claim what may be sent now, and record what came of it.

A claim raises ``attempts`` before anything is sent, so an attempt that ends the process counts too.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, Row, RowMapping, Update, case, func, insert, select, text, update

from examcal.channels.port import Outcome
from examcal.ledger import people
from examcal.ledger.planning import as_reminder_row
from examcal.ledger.rates import advanced, allowed, read_tats, wait, write_tats
from examcal.ledger.restating import let_go
from examcal.ledger.rows import CLAIMABLE, Claim, Rate, ReminderRow, Settlement, State, instant, micros
from examcal.ledger.sets import among, count_up, database_now, is_postgres, settle_rows
from examcal.ledger.tables import attempt, channel, delivery, recipient, reminder

JOURNAL_COUNT = "journal_count"
EARLIEST = timedelta(seconds=90)
"""The longest time that a message leaves before its due instant (WeCom's full and half hours)."""
IN_TIME = timedelta(seconds=60)
LATE_STEP = timedelta(minutes=10)
"""By how much messages of one reminder may differ in lateness and still be written once: the time left is so exact."""
_MICROSECOND = timedelta(microseconds=1)

# CROSS JOIN fixes the order on SQLite, which would otherwise read every open delivery to find the due ones.
DUE_ROWS = """
SELECT delivery.id, recipient.address
FROM reminder CROSS JOIN delivery CROSS JOIN recipient
WHERE reminder.live AND reminder.useful_until > :now AND reminder.due_at <= :soon
  AND delivery.reminder_id = reminder.id AND delivery.channel_id = :channel_id
  AND delivery.state IN ('planned', 'retry') AND delivery.next_at <= :latest
  AND (delivery.next_at <= :now OR delivery.state = 'planned')
  AND recipient.id = delivery.recipient_id
ORDER BY reminder.useful_until, reminder.id
LIMIT :most"""


@dataclass(frozen=True, slots=True)
class Terms:
    """Under which terms a channel's deliveries are claimed.

    ``rate`` limits the channel (or, with ``grouped``, its messages), ``member_rate`` each address. ``grouped`` claims
    everything due to the channel before ``due_before`` at the price of one token.
    """

    limit: int = 50
    lease: timedelta = timedelta(minutes=20)
    rate: Rate | None = None
    member_rate: Rate | None = None
    grouped: bool = False
    due_before: datetime | None = None


@dataclass(frozen=True, slots=True)
class Claimed:
    """What was claimed, and how long the rate asks to wait where it stopped a claim."""

    claims: tuple[Claim, ...]
    wait: timedelta | None = None


def claim(connection: Connection, channel_id: int, now: datetime, terms: Terms, *, owner: str, token: str) -> Claimed:
    """Take the nearest due deliveries of a channel that the rates allow, in the caller's transaction."""
    moment = micros(now)
    rate_key = f"channel:{channel_id}"
    tat, limit = 0, terms.limit
    if terms.rate is not None:
        tat = read_tats(connection, [rate_key])[rate_key]
        tokens = allowed(tat, moment, terms.rate)
        if not tokens:
            return Claimed((), wait(tat, moment, terms.rate))
        limit = limit if terms.grouped else min(limit, tokens)
    rows = _candidates(connection, channel_id, moment, terms, limit)
    ids, waits = _within_member_rates(connection, channel_id, rows, moment, terms)
    if not ids:
        return Claimed((), waits)
    if terms.rate is not None:
        taken = 1 if terms.grouped else len(ids)
        write_tats(connection, {rate_key: advanced(tat, moment, terms.rate, taken)})
    connection.execute(_take(connection, ids, moment, terms, owner, token))
    return Claimed(tuple(read_claims(connection, ids)), waits)


def take_token(
    connection: Connection, channel_id: int, now: datetime, rate: Rate, member: str | None = None
) -> timedelta:
    """Take one more token of a channel's rate, or of a member's, for a further part of a split message.

    Returns how long to wait before that part may leave.
    """
    key = f"channel:{channel_id}" if member is None else f"member:{channel_id}:{member}"
    moment = micros(now)
    tat = read_tats(connection, [key])[key]
    write_tats(connection, {key: advanced(tat, moment, rate, 1)})
    return wait(tat, moment, rate)


def settle(connection: Connection, settlements: Sequence[Settlement], *, token: str, now: datetime) -> int:
    """Record the ends of attempts (T2); return how many were fenced, which are only logged."""
    if not settlements:
        return 0
    written = set(settle_rows(connection, [_as_row(end) for end in settlements], token=token, now=micros(now)))
    sent = sum(end.delivery_id in written and end.outcome is Outcome.ACCEPTED for end in settlements)
    let_go(connection, [end.delivery_id for end in settlements if end.state in CLAIMABLE], micros(now))
    if sent:
        count_up(connection, JOURNAL_COUNT, sent)
    refusals = [end.delivery_id for end in settlements if end.outcome is Outcome.PERMANENT_RECIPIENT]
    if refusals:
        people.refused(connection, refusals, now)
    connection.execute(insert(attempt), [_log(end, now, fenced=end.delivery_id not in written) for end in settlements])
    return len(settlements) - len(written)


def renew_leases(connection: Connection, token: str, now: datetime, lease: timedelta) -> int:
    """Hold on to the claims of ``token`` for another ``lease``; return how many are still held."""
    until = database_now(connection, micros(now)) + lease // _MICROSECOND
    held = update(delivery).where(delivery.c.state == State.SENDING.value, delivery.c.token == token)
    return int(connection.execute(held.values(lease_until=until)).rowcount)


def read_claims(connection: Connection, ids: Sequence[int]) -> list[Claim]:
    """Return claimed deliveries with all that composing them needs, in the order of their usefulness."""
    people = (
        select(
            delivery.c.id.label("delivery_id"),
            delivery.c.reminder_id,
            delivery.c.recipient_id,
            delivery.c.attempts,
            delivery.c.ambiguous,
            delivery.c.variant,
            delivery.c.first_claimed_at,
            delivery.c.bundle_id,
            delivery.c.token,
            delivery.c.channel_id,
            channel.c.name.label("channel_name"),
            recipient.c.key.label("recipient_key"),
            recipient.c.address,
            recipient.c.language,
            recipient.c.mentions,
            recipient.c.unsubscribe_url,
        )
        .join(recipient, recipient.c.id == delivery.c.recipient_id)
        .join(channel, channel.c.id == delivery.c.channel_id)
        .where(among(connection, delivery.c.id, ids))
    )
    rows = connection.execute(people).mappings().all()
    wanted = sorted({row["reminder_id"] for row in rows})
    found = connection.execute(select(reminder).where(among(connection, reminder.c.id, wanted))).mappings()
    reminders = {row["id"]: as_reminder_row(row) for row in found}
    claims = [_as_claim(row, reminders) for row in rows]
    claims.sort(key=lambda one: (one.reminder.entry.useful_until, one.reminder.id, one.delivery_id))
    return claims


def _candidates(connection: Connection, channel_id: int, now: int, terms: Terms, limit: int) -> Sequence[Row[int, str]]:
    """Choose due rows, nearest event first: the few due reminders lead, each through its own piece of the index."""
    early = micros(terms.due_before) - 1 if terms.due_before is not None else now
    lock = " FOR UPDATE OF delivery SKIP LOCKED" if is_postgres(connection) else ""
    values = {
        "now": now,
        "soon": now + EARLIEST // _MICROSECOND,
        "latest": max(now, early),
        "channel_id": channel_id,
        "most": limit,
    }
    return connection.execute(text(DUE_ROWS + lock), values).all()


def _within_member_rates(
    connection: Connection, channel_id: int, rows: Sequence[Row[int, str]], now: int, terms: Terms
) -> tuple[list[int], timedelta | None]:
    rate = terms.member_rate
    if rate is None or not rows:
        return [row[0] for row in rows], None
    keys = {f"member:{channel_id}:{row[1]}" for row in rows}
    tats = read_tats(connection, keys)
    ids, touched = [], {}
    waits: timedelta | None = None
    for row in rows:
        key = f"member:{channel_id}:{row[1]}"
        if allowed(tats[key], now, rate):
            tats[key] = touched[key] = advanced(tats[key], now, rate, 1)
            ids.append(row[0])
        else:
            pause = wait(tats[key], now, rate)
            waits = pause if waits is None else min(waits, pause)
    write_tats(connection, touched)
    return ids, waits


def _take(connection: Connection, ids: Sequence[int], now: int, terms: Terms, owner: str, token: str) -> Update:
    due = select(reminder.c.due_at).where(reminder.c.id == delivery.c.reminder_id).scalar_subquery()
    lateness = now - due
    variant = case((lateness <= IN_TIME // _MICROSECOND, 0), else_=1 + lateness // (LATE_STEP // _MICROSECOND))
    return (
        update(delivery)
        .where(among(connection, delivery.c.id, ids))
        .values(
            state=State.SENDING.value,
            attempts=delivery.c.attempts + 1,
            unfinished=delivery.c.unfinished + 1,
            variant=func.coalesce(delivery.c.variant, variant),
            first_claimed_at=func.coalesce(delivery.c.first_claimed_at, now),
            token=token,
            owner=owner,
            lease_until=database_now(connection, now) + terms.lease // _MICROSECOND,
            accepted_at=None,
        )
    )


def _as_claim(row: RowMapping, reminders: Mapping[int, ReminderRow]) -> Claim:
    return Claim(
        delivery_id=row["delivery_id"],
        reminder=reminders[row["reminder_id"]],
        recipient_id=row["recipient_id"],
        recipient_key=row["recipient_key"],
        channel_id=row["channel_id"],
        channel=row["channel_name"],
        address=row["address"],
        language=row["language"],
        mentions=tuple(json.loads(row["mentions"])),
        unsubscribe_url=row["unsubscribe_url"],
        attempts=row["attempts"],
        ambiguous=row["ambiguous"],
        variant=row["variant"],
        first_claimed_at=instant(row["first_claimed_at"]),
        bundle_id=row["bundle_id"],
        token=row["token"],
    )


def _as_row(end: Settlement) -> dict[str, object]:
    return {
        "id": end.delivery_id,
        "state": end.state.value,
        "next_at": micros(end.next_at) if end.next_at else None,
        "reason": end.reason or None,
        "code": end.code or None,
        "provider_id": end.provider_id,
        "ambiguous": int(end.ambiguous),
        "counted": int(end.counted),
        "ended": int(end.state not in {State.RETRY, State.HELD, State.PLANNED}),
    }


def _log(end: Settlement, now: datetime, *, fenced: bool) -> dict[str, object]:
    outcome = end.outcome.value if end.outcome else "none"
    return {
        "delivery_id": end.delivery_id,
        "ended_at": micros(now),
        "outcome": f"fenced-{outcome}" if fenced else outcome,
        "code": end.code,
        "detail": end.detail,
    }
