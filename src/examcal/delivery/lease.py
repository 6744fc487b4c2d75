"""How long claims are ours where several processes share a ledger: they renew their leases while they send.

A process that was stopped, or cut off from the database, finds by the boot clock that its time is over, and sends
nothing of what another one may have taken over meanwhile.
"""

from __future__ import annotations

import asyncio
import contextlib
import math
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta

from examcal.clock import Clock
from examcal.delivery.thread import LedgerThread
from examcal.errors import ExamcalError
from examcal.ledger.port import Ledger

LEASE = timedelta(seconds=60)
MARGIN = timedelta(seconds=5)
"""How long before the end of its lease a message does not leave any more."""


class Lease:
    """The hold on the claims of one batch, to be made before they are asked for.

    Where the ledger is not shared it does not end.
    """

    def __init__(self, ledger: Ledger, thread: LedgerThread, clock: Clock) -> None:
        self._ledger, self._thread, self._clock = ledger, thread, clock
        self._hold_from(clock.boottime())

    def is_held(self) -> bool:
        """Whether what was claimed may still be sent."""
        return self._clock.boottime() < self._until

    def lose(self) -> None:
        """Send nothing more: the ledger says that the claims are not ours any longer."""
        self._until = -math.inf

    @asynccontextmanager
    async def renewed(self, token: str) -> AsyncIterator[None]:
        """Renew the leases of ``token`` while a batch is under way."""
        if not self._ledger.shared:
            yield
            return
        renewing = asyncio.ensure_future(self._renew(token))
        try:
            yield
        finally:
            renewing.cancel()
            await asyncio.gather(renewing, return_exceptions=True)

    async def _renew(self, token: str) -> None:
        while True:
            await asyncio.sleep(LEASE.total_seconds() / 3)
            with contextlib.suppress(ExamcalError):  # tried again, whatever it is: a lease that ends sends twice
                now, asked = self._clock.now(), self._clock.boottime()
                if await self._thread.run(self._ledger.renew_leases, token, now, LEASE):
                    self._hold_from(asked)
                else:
                    self.lose()

    def _hold_from(self, asked: float) -> None:
        """Count from when the ledger was asked, by the boot clock: from then at the earliest it counts itself."""
        self._until = asked + (LEASE - MARGIN).total_seconds() if self._ledger.shared else math.inf
