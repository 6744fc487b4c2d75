"""Who subscribed by mail, for commands that say who gets what."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from typing import TYPE_CHECKING

from examcal.errors import ExamcalError
from examcal.plan.audience import Audience

if TYPE_CHECKING:
    from examcal.settings import Settings


def subscriber_groups(settings: Settings) -> Sequence[Audience]:
    """Return who asked for mail, as the ledger knows them; nobody where subscription is not set up or no ledger is."""
    if not settings.privacy.name:
        return ()
    from examcal.cli.ledgers import looking  # noqa: PLC0415 - the database is needed here only
    from examcal.subscription import subscribers  # noqa: PLC0415 - likewise

    with suppress(ExamcalError), looking(settings) as ledger:
        if ledger is not None:
            with ledger.snapshot() as connection:
                return subscribers.groups(connection)
    return ()
