"""The record of consent: what happened when, under which notice, from which network (as a keyed digest).

Addresses do not stand in it: they are known by a keyed digest, so the record outlives an erased address
(PIPL article 14 and 69: the handler proves consent) without keeping it.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, delete, insert, select, update

from examcal.ledger.rows import instant, micros
from examcal.ledger.tables import subscription_consent as consent

NOTICE = "2026-11"
"""The version of the privacy notice; change it with every change of its words."""
KEPT = timedelta(days=3 * 366)
"""PIPL article 56: records are kept for at least three years."""
LONGEST_PROOF = 500


class Action(enum.StrEnum):
    """What a person, the operator, or a mail server did."""

    ASKED = "asked"
    CONFIRMED = "confirmed"
    CHANGED = "changed"
    LEFT = "left"
    REFUSED = "refused"
    IMPORTED = "imported"
    REMOVED = "removed"
    BOUNCED = "bounced"


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the record."""

    at: datetime
    exam: str
    action: Action
    notice: str
    network: str
    proof: str


def note(
    connection: Connection,
    action: Action,
    address_key: str,
    exam: str,
    now: datetime,
    *,
    network: str = "",
    proof: str = "",
) -> None:
    """Write down one step."""
    row = {
        "at": micros(now),
        "address_key": address_key,
        "exam": exam,
        "action": action.value,
        "notice": NOTICE,
        "network": network,
        "proof": proof[:LONGEST_PROOF],
    }
    connection.execute(insert(consent), row)


def change_address_key(connection: Connection, before: str, after: str) -> None:
    """Let the record of an address be found under the digest that a new key makes."""
    connection.execute(update(consent).where(consent.c.address_key == before).values(address_key=after))


def entries(connection: Connection, address_key: str) -> list[Entry]:
    """Return the record of one address, oldest first."""
    rows = select(consent).where(consent.c.address_key == address_key).order_by(consent.c.id)
    return [
        Entry(instant(row["at"]), row["exam"], Action(row["action"]), row["notice"], row["network"], row["proof"])
        for row in connection.execute(rows).mappings()
    ]


def forget_old(connection: Connection, now: datetime) -> None:
    """Delete what need not be proved any more."""
    connection.execute(delete(consent).where(consent.c.at < micros(now - KEPT)))
