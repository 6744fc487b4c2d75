"""How often a mailbox, a network and everybody together may ask for mail; in the database, so all processes count."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import Connection, delete, func, insert, select

from examcal.ledger.rows import micros
from examcal.ledger.tables import subscription_throttle as throttle

MAILBOX_PAUSE = timedelta(minutes=10)
MAILBOX_DAILY = 3
NETWORK_HOURLY = 20
GLOBAL_HOURLY = 600
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
_EVERYBODY = "*"


def admit_network(connection: Connection, network: str, now: datetime, *, hourly: int = NETWORK_HOURLY) -> bool:
    """Count one request of a network; return whether it is within the network's and everybody's hourly limits."""
    own, everybody = f"n|{network}", _EVERYBODY
    if _count(connection, own, now - HOUR) >= hourly or _count(connection, everybody, now - HOUR) >= GLOBAL_HOURLY:
        return False
    _note(connection, now, own, everybody)
    return True


def admit_mailbox(connection: Connection, mailbox: str, now: datetime) -> bool:
    """Count one mail to a mailbox that its owner may not have asked for; return whether it may be sent."""
    key = f"m|{mailbox}"
    if _count(connection, key, now - MAILBOX_PAUSE) or _count(connection, key, now - DAY) >= MAILBOX_DAILY:
        return False
    _note(connection, now, key)
    return True


def forget_old(connection: Connection, now: datetime) -> None:
    """Delete what no limit looks at any more."""
    connection.execute(delete(throttle).where(throttle.c.at < micros(now - DAY)))


def forget_mailbox(connection: Connection, mailbox: str) -> None:
    """Delete what is known of one mailbox."""
    connection.execute(delete(throttle).where(throttle.c.key == f"m|{mailbox}"))


def _count(connection: Connection, key: str, since: datetime) -> int:
    rows = select(func.count()).select_from(throttle).where(throttle.c.key == key, throttle.c.at > micros(since))
    return int(connection.execute(rows).scalar_one())


def _note(connection: Connection, now: datetime, *keys: str) -> None:
    connection.execute(insert(throttle), [{"key": key, "at": micros(now)} for key in keys])
