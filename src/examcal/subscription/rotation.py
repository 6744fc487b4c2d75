"""Replace the site's key, and what was made with it, after it leaked; with it all other links, if wanted.

Changing the key alone keeps the unsubscribe addresses of mails that were sent (``site_key.derive_anew``). After a leak
just these must end: whoever has the key and a copy of the ledger can make them.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from examcal.ledger.port import Ledger
from examcal.subscription import letters, subscribers
from examcal.subscription.desk import erasing
from examcal.subscription.letters import Kind
from examcal.subscription.site_key import keep_site_key, recognise, replace_site_key
from examcal.subscription.subscribers import Status
from examcal.subscription.tokens import Purpose

_LETTERS = {Status.ACTIVE: Kind.MANAGE, Status.PENDING: Kind.CONFIRM}


@dataclass(frozen=True, slots=True)
class Rotated:
    """How many unsubscribe addresses are new, and how many people who had left or are blocked are unknown now."""

    renewed: int
    unknown: int


def rotate(
    ledger: Ledger, state_dir: Path, configured: str | None, now: datetime, *, everything: bool = False
) -> Rotated:
    """Replace the key and all unsubscribe addresses; no process that knows the old key may run.

    With ``everything`` all personal pages, calendars and confirmations end, too, and a letter with a new link waits for
    everybody. Raises RefusedError where the settings name the old key, StorageError.
    """
    key = replace_site_key(ledger, state_dir, configured)
    renewed = 0
    with ledger.transaction() as connection:
        erasing(connection)
        keep_site_key(connection, key, shared=ledger.shared and configured is None)
        unknown = recognise(connection, key)
        for one in subscribers.everybody(connection):
            kind = _LETTERS.get(one.status)
            if everything and kind is not None:
                subscribers.revoke(connection, one.id, *Purpose)
                letters.queue(connection, one.id, kind, now)
            if one.status is Status.ACTIVE:
                subscribers.renew_unsubscribe(connection, one, key, now)
                renewed += 1
    return Rotated(renewed, unknown)
