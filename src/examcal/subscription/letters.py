"""Letters that wait to be sent to subscribers: to confirm, or with the address of the self-service page.

A waiting letter is a row without a token: the token is made when the letter is taken, so no usable address lies in the
database. A process that dies in between leaves the row, and the letter goes out again with another token.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, delete, insert, select, update

from examcal.ledger.rows import instant, micros
from examcal.ledger.tables import subscription_letter
from examcal.subscription import subscribers
from examcal.subscription.subscribers import PENDING_FOR, Status, Subscriber
from examcal.subscription.tokens import Purpose

CLAIMED_FOR = timedelta(minutes=15)
USELESS_AFTER = timedelta(hours=24)


class Kind(enum.StrEnum):
    """Which letter it is."""

    CONFIRM = "confirm"
    MANAGE = "manage"


@dataclass(frozen=True, slots=True)
class Letter:
    """A letter that was taken to be sent. ``token`` is known only here."""

    id: int
    kind: Kind
    subscriber: Subscriber
    attempts: int
    token: str


_FITTING = {Kind.CONFIRM: Status.PENDING, Kind.MANAGE: Status.ACTIVE}
_PURPOSES = {Kind.CONFIRM: Purpose.CONFIRM, Kind.MANAGE: Purpose.MANAGE}


def queue(connection: Connection, number: int, kind: Kind, now: datetime) -> None:
    """Let a letter be sent to a subscriber; one that waits already is not doubled."""
    row = {"subscriber_id": number, "kind": kind.value, "next_at": micros(now), "made_at": micros(now)}
    connection.execute(delete(subscription_letter).where(subscription_letter.c.subscriber_id == number))
    connection.execute(insert(subscription_letter), row)


def are_due(connection: Connection, now: datetime) -> bool:
    """Return whether a letter is due."""
    rows = select(subscription_letter.c.id).where(subscription_letter.c.next_at <= micros(now)).limit(1)
    return connection.execute(rows).first() is not None


def take(connection: Connection, now: datetime) -> Letter | None:
    """Claim the next letter for a quarter of an hour and make its token; letters that fit no longer are forgotten."""
    due = select(subscription_letter).where(subscription_letter.c.next_at <= micros(now)).order_by("id")
    for row in connection.execute(due).mappings().all():
        kind, one = Kind(row["kind"]), subscribers.by_id(connection, row["subscriber_id"])
        if one is None or one.status is not _FITTING[kind] or instant(row["made_at"]) <= now - USELESS_AFTER:
            forget(connection, row["id"])
            continue
        claimed = (
            update(subscription_letter)
            .where(subscription_letter.c.id == row["id"], subscription_letter.c.next_at == row["next_at"])
            .values(next_at=micros(now + CLAIMED_FOR), attempts=row["attempts"] + 1)
        )
        if connection.execute(claimed).rowcount == 1:
            expires = now + PENDING_FOR if kind is Kind.CONFIRM else None
            token = subscribers.issue(connection, one.id, _PURPOSES[kind], now, expires_at=expires)
            return Letter(row["id"], kind, one, row["attempts"] + 1, token)
    return None


def forget(connection: Connection, number: int) -> None:
    """Delete a letter."""
    connection.execute(delete(subscription_letter).where(subscription_letter.c.id == number))


def postpone(connection: Connection, number: int, until: datetime) -> None:
    """Let a letter wait until then."""
    waiting = update(subscription_letter).where(subscription_letter.c.id == number)
    connection.execute(waiting.values(next_at=micros(until)))


def forget_old(connection: Connection, now: datetime) -> None:
    """Delete letters that are of no more use."""
    late = subscription_letter.c.made_at <= micros(now - USELESS_AFTER)
    connection.execute(delete(subscription_letter).where(late))
