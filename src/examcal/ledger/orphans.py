"""Deliveries whose process ended in the middle of them: what it noted as accepted is sent, the rest is tried again."""

from __future__ import annotations

from collections.abc import Callable, Collection
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, Connection, case, insert, or_, select, update

from examcal.channels.port import Outcome
from examcal.identity import delivery_key
from examcal.ledger.claims import JOURNAL_COUNT
from examcal.ledger.restating import let_go
from examcal.ledger.rows import Reason, State, micros
from examcal.ledger.sets import among, count_up, database_now
from examcal.ledger.tables import attempt, channel, delivery, recipient, reminder

POISON_AFTER = 3
ORPHAN_DELAY = timedelta(seconds=10)
_NOBODYS = {"token": None, "owner": None, "lease_until": None}


Journal = Callable[[], Collection[str]]


def recover(connection: Connection, now: datetime, *, everything: bool, journal: Journal) -> int:
    """End claims that nobody works on: all of them at the start of the only daemon, else those past their lease.

    Returns how many were given back. They may have been sent, so they count as ambiguous; the third in a row without an
    outcome is held as poison. What the process noted, or wrote into ``journal``, was accepted.
    """
    orphans = [delivery.c.state == State.SENDING.value]
    if not everything:
        orphans.append(delivery.c.lease_until < database_now(connection, micros(now)))
    return len(_ended(connection, orphans, journal, micros(now)))


def give_back(connection: Connection, now: datetime, tokens: Collection[str], *, journal: Journal) -> list[int]:
    """End the claims of these tokens, whose process stops before their sends end; return the deliveries given back.

    That is no sign of poison, so it does not count as an attempt without an outcome.
    """
    cut_short = [delivery.c.state == State.SENDING.value, delivery.c.token.in_(list(tokens))]
    calm = {"unfinished": case((delivery.c.unfinished > 0, delivery.c.unfinished - 1), else_=0)}
    connection.execute(update(delivery).where(*cut_short).values(**calm))
    return _ended(connection, cut_short, journal, micros(now))


def _ended(connection: Connection, orphans: list[ColumnElement[bool]], journal: Journal, now: int) -> list[int]:
    """Let what was accepted be sent, and give back the rest."""
    left = keys_of(connection, *orphans)
    if not left:
        return []
    written = journal()
    _end_accepted(connection, orphans, [number for number, key in left.items() if key in written], now)
    return _give_back(connection, orphans, now)


def keys_of(connection: Connection, *which: ColumnElement[bool]) -> dict[int, str]:
    """Return the delivery keys of some deliveries by their numbers."""
    named = (
        select(delivery.c.id, reminder.c.key, recipient.c.key, channel.c.name)
        .join(reminder, reminder.c.id == delivery.c.reminder_id)
        .join(recipient, recipient.c.id == delivery.c.recipient_id)
        .join(channel, channel.c.id == delivery.c.channel_id)
        .where(*which)
    )
    return {number: delivery_key(*names) for number, *names in connection.execute(named)}


def _end_accepted(connection: Connection, orphans: list[ColumnElement[bool]], in_journal: list[int], now: int) -> None:
    noted = or_(delivery.c.accepted_at.is_not(None), among(connection, delivery.c.id, in_journal))
    ended_at = case((delivery.c.accepted_at.is_not(None), delivery.c.accepted_at), else_=now)
    sent = update(delivery).where(*orphans, noted)
    values = {"state": State.SENT.value, "ended_at": ended_at, "unfinished": 0, "reason": None, "code": None}
    ended = connection.execute(sent.values(**values, **_NOBODYS).returning(delivery.c.id, delivery.c.ended_at)).all()
    if ended:
        count_up(connection, JOURNAL_COUNT, len(ended))
        connection.execute(insert(attempt), [_attempt(number, at, Outcome.ACCEPTED.value) for number, at in ended])


def _give_back(connection: Connection, orphans: list[ColumnElement[bool]], now: int) -> list[int]:
    poisoned = delivery.c.unfinished >= POISON_AFTER
    given_back = (
        update(delivery)
        .where(*orphans)
        .values(
            state=case((poisoned, State.HELD.value), else_=State.RETRY.value),
            reason=case((poisoned, Reason.POISON.value), else_=None),
            next_at=now + ORPHAN_DELAY // timedelta(microseconds=1),
            ambiguous=delivery.c.ambiguous + 1,
            **_NOBODYS,
        )
    )
    ids = list(connection.execute(given_back.returning(delivery.c.id)).scalars())
    if ids:
        lost = f"lost-{Outcome.AMBIGUOUS.value}"
        connection.execute(insert(attempt), [_attempt(number, now, lost) for number in ids])
        let_go(connection, ids, now)
    return ids


def _attempt(delivery_id: int, ended_at: int, outcome: str) -> dict[str, object]:
    return {"delivery_id": delivery_id, "ended_at": ended_at, "outcome": outcome, "code": "", "detail": ""}
