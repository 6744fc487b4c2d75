"""Subscribers and their tokens in the database; every function works in the caller's transaction.

States: pending (asked, not confirmed) → active → left; blocked is a person who wants no mail from here at all. Who left
or is blocked has no address any more, only its keyed digest, so that an import does not bring them back.
"""

from __future__ import annotations

import enum
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, RowMapping, delete, func, insert, or_, select, update

from examcal.ledger import people
from examcal.ledger.rows import Member, Source, instant, micros
from examcal.ledger.tables import recipient, subscriber, subscription_letter, subscription_token
from examcal.plan.audience import SUBSCRIBERS, Audience
from examcal.schedule.model import Schedule
from examcal.subscription.choice import Choice, covers
from examcal.subscription.tokens import Purpose, SiteKey, new_token, token_hash
from examcal.texts import DEFAULT_LANGUAGE

CHANNEL = "email"
SALT = "examcal:"
"""Begins the unsubscribe address of a recipient as the ledger keeps it; a salt follows (``subscription.personal``)."""
PENDING_FOR = timedelta(hours=48)
STOPPABLE_FOR = timedelta(days=60)
"""How long an unsubscribe address is answered after its subscriber left: old mails lie in the mailbox."""


class Status(enum.StrEnum):
    """Where a subscription stands."""

    PENDING = "pending"
    ACTIVE = "active"
    LEFT = "left"
    BLOCKED = "blocked"


@dataclass(frozen=True, slots=True)
class Subscriber:
    """One address and one exam. ``address`` is empty once it was erased."""

    id: int
    key: str
    address_key: str
    address: str
    status: Status
    choice: Choice
    asked_at: datetime
    confirmed_at: datetime | None
    ended_at: datetime | None


@dataclass(frozen=True, slots=True)
class Bearer:
    """Whose token it is, and whether a confirmation token was used before."""

    subscriber: Subscriber
    used: bool


def find(connection: Connection, address_key: str, exam: str) -> Subscriber | None:
    """Return the subscription of an address to an exam, in whatever state."""
    rows = select(subscriber).where(subscriber.c.address_key == address_key, subscriber.c.exam == exam)
    row = connection.execute(rows).mappings().one_or_none()
    return _subscriber(row) if row else None


def of_address(connection: Connection, address_key: str) -> list[Subscriber]:
    """Return all subscriptions of an address."""
    rows = select(subscriber).where(subscriber.c.address_key == address_key).order_by(subscriber.c.id)
    return [_subscriber(row) for row in connection.execute(rows).mappings()]


def everybody(connection: Connection) -> list[Subscriber]:
    """Return all subscriptions, oldest first."""
    return [_subscriber(row) for row in connection.execute(select(subscriber).order_by(subscriber.c.id)).mappings()]


def groups(connection: Connection) -> list[Audience]:
    """Return the active subscribers as the plan counts them: one group for each choice."""
    counted = (
        select(subscriber.c.exam, subscriber.c.choice, func.count())
        .where(subscriber.c.state == Status.ACTIVE.value)
        .group_by(subscriber.c.exam, subscriber.c.choice)
        .order_by(subscriber.c.exam, subscriber.c.choice)
    )
    found = []
    for exam, stored, people_of_it in connection.execute(counted):
        chosen = Choice.of_row(exam, stored, DEFAULT_LANGUAGE).selection
        found.append(
            Audience(
                SUBSCRIBERS,
                CHANNEL,
                exams=chosen.exams,
                sites=chosen.sites,
                tracks=chosen.tracks,
                kinds=chosen.kinds,
                people=people_of_it,
            )
        )
    return found


def unreachable(connection: Connection, address_key: str | None = None) -> list[Subscriber]:
    """Return active subscribers whose address a server refused for good, so that the ledger sends them no more."""
    rows = (
        select(subscriber)
        .join(recipient, recipient.c.key == subscriber.c.key)
        .where(subscriber.c.state == Status.ACTIVE.value, ~recipient.c.active)
    )
    if address_key is not None:
        rows = rows.where(subscriber.c.address_key == address_key)
    return [_subscriber(row) for row in connection.execute(rows).mappings().all()]


def by_id(connection: Connection, number: int) -> Subscriber | None:
    """Return one subscription."""
    row = connection.execute(select(subscriber).where(subscriber.c.id == number)).mappings().one_or_none()
    return _subscriber(row) if row else None


def bearer(connection: Connection, purpose: Purpose, token: str, now: datetime) -> Bearer | None:
    """Return whose token this is; None for an unknown or expired one, and for one of another purpose."""
    rows = (
        select(subscriber, subscription_token.c.used_at.label("used_at"))
        .join(subscription_token, subscription_token.c.subscriber_id == subscriber.c.id)
        .where(
            subscription_token.c.hash == token_hash(purpose, token),
            subscription_token.c.purpose == purpose.value,
            or_(subscription_token.c.expires_at.is_(None), subscription_token.c.expires_at > micros(now)),
        )
    )
    row = connection.execute(rows).mappings().one_or_none()
    return Bearer(_subscriber(row), row["used_at"] is not None) if row else None


def use_up(connection: Connection, purpose: Purpose, token: str, now: datetime) -> bool:
    """Mark a token as used; return False where somebody was faster."""
    unused = (
        update(subscription_token)
        .where(subscription_token.c.hash == token_hash(purpose, token), subscription_token.c.used_at.is_(None))
        .values(used_at=micros(now))
    )
    return connection.execute(unused).rowcount == 1


def issue(
    connection: Connection, number: int, purpose: Purpose, now: datetime, *, expires_at: datetime | None = None
) -> str:
    """Make a token, keep its digest, and return it; this is the only time it is seen."""
    token = new_token()
    _keep_hash(connection, number, purpose, token, now, expires_at)
    return token


def revoke(connection: Connection, number: int, *purposes: Purpose) -> None:
    """Forget all tokens of these purposes."""
    rows = delete(subscription_token).where(
        subscription_token.c.subscriber_id == number,
        subscription_token.c.purpose.in_([purpose.value for purpose in purposes]),
    )
    connection.execute(rows)


def put_pending(
    connection: Connection, known: Subscriber | None, address_key: str, address: str, choice: Choice, now: datetime
) -> int:
    """Note that somebody asked for mail to an address; return the subscription's number."""
    columns = {
        "address": address,
        "state": Status.PENDING.value,
        "choice": choice.as_json(),
        "language": choice.language,
        "asked_at": micros(now),
        "ended_at": None,
    }
    if known is not None:
        connection.execute(update(subscriber).where(subscriber.c.id == known.id).values(columns))
        return known.id
    new = {"key": f"subscriber:{secrets.token_hex(16)}", "address_key": address_key, "exam": choice.exam}
    return int(connection.execute(insert(subscriber).values(columns | new).returning(subscriber.c.id)).scalar_one())


def activate(connection: Connection, one: Subscriber, key: SiteKey, now: datetime) -> None:
    """Let a subscriber receive what it chose from now on."""
    active = {"state": Status.ACTIVE.value, "confirmed_at": micros(now), "ended_at": None}
    connection.execute(update(subscriber).where(subscriber.c.id == one.id).values(active))
    connection.execute(delete(subscription_letter).where(subscription_letter.c.subscriber_id == one.id))
    salt = new_token()
    _keep_hash(connection, one.id, Purpose.UNSUBSCRIBE, key.unsubscribe_token(salt), now, None)
    people.upsert(connection, [_member(one, one.choice, f"{SALT}{salt}")], now)


def renew_unsubscribe(connection: Connection, one: Subscriber, key: SiteKey, now: datetime) -> None:
    """Give an active subscriber another unsubscribe address; those in mails sent before do not work any more."""
    salt = new_token()
    revoke(connection, one.id, Purpose.UNSUBSCRIBE)
    _keep_hash(connection, one.id, Purpose.UNSUBSCRIBE, key.unsubscribe_token(salt), now, None)
    connection.execute(update(recipient).where(recipient.c.key == one.key).values(unsubscribe_url=f"{SALT}{salt}"))


def change(
    connection: Connection, one: Subscriber, choice: Choice, schedule: Schedule, unsubscribe: str, now: datetime
) -> None:
    """Change what an active subscriber receives; what it no longer wants is suppressed before the next claim."""
    columns = {"choice": choice.as_json(), "language": choice.language}
    connection.execute(update(subscriber).where(subscriber.c.id == one.id).values(columns))
    changed = people.upsert(connection, [_member(one, choice, unsubscribe)], now)
    if changed:
        choices = people.selections(connection)
        people.suppress_unwanted(
            connection, lambda occurrence, number: covers(choices[number], schedule, occurrence), changed, now
        )


def leave(connection: Connection, one: Subscriber, now: datetime, status: Status = Status.LEFT) -> None:
    """Stop everything before the next claim, and erase the address; the unsubscribe address works for a while yet."""
    ended = {"state": status.value, "address": "", "ended_at": micros(now)}
    connection.execute(update(subscriber).where(subscriber.c.id == one.id).values(ended))
    revoke(connection, one.id, Purpose.CONFIRM, Purpose.MANAGE, Purpose.FEED)
    expiring = update(subscription_token).where(subscription_token.c.subscriber_id == one.id)
    connection.execute(expiring.values(expires_at=micros(now + STOPPABLE_FOR)))
    connection.execute(delete(subscription_letter).where(subscription_letter.c.subscriber_id == one.id))
    people.remove(connection, [one.key], now, erase=True)


def erase(connection: Connection, one: Subscriber, now: datetime) -> None:
    """Remove a subscription with all that belongs to it."""
    leave(connection, one, now)
    connection.execute(delete(subscription_token).where(subscription_token.c.subscriber_id == one.id))
    connection.execute(delete(subscriber).where(subscriber.c.id == one.id))


def expire(connection: Connection, now: datetime) -> int:
    """Forget who did not confirm in time; one who had been here before has simply left again. Returns how many."""
    late = select(subscriber).where(
        subscriber.c.state == Status.PENDING.value, subscriber.c.asked_at <= micros(now - PENDING_FOR)
    )
    found = [_subscriber(row) for row in connection.execute(late).mappings()]
    for one in found:
        if one.confirmed_at is None:
            erase(connection, one, now)
        else:
            leave(connection, one, now)
    connection.execute(delete(subscription_token).where(subscription_token.c.expires_at <= micros(now)))
    return len(found)


def _keep_hash(
    connection: Connection, number: int, purpose: Purpose, token: str, now: datetime, expires_at: datetime | None
) -> None:
    row = {
        "hash": token_hash(purpose, token),
        "subscriber_id": number,
        "purpose": purpose.value,
        "made_at": micros(now),
        "expires_at": micros(expires_at) if expires_at else None,
    }
    connection.execute(insert(subscription_token), row)


def _member(one: Subscriber, choice: Choice, unsubscribe: str) -> Member:
    return Member(
        key=one.key,
        channel=CHANNEL,
        address=one.address,
        selection=choice.selection,
        language=choice.language,
        source=Source.SUBSCRIBER,
        unsubscribe_url=unsubscribe,
    )


def _subscriber(row: RowMapping) -> Subscriber:
    return Subscriber(
        row["id"],
        row["key"],
        row["address_key"],
        row["address"],
        Status(row["state"]),
        Choice.of_row(row["exam"], row["choice"], row["language"]),
        instant(row["asked_at"]),
        instant(row["confirmed_at"]) if row["confirmed_at"] is not None else None,
        instant(row["ended_at"]) if row["ended_at"] is not None else None,
    )
