"""A worker: delivers beside the daemons, on any number of machines, from a shared ledger.

Tickets of the queue tell it where to look; the ledger's leases decide who sends what, so nothing is lost with a worker.
"""

from __future__ import annotations

import asyncio
from datetime import datetime
from typing import Protocol


class TakesTickets(Protocol):
    """The queue's side; ``dispatch.procrastinate_.ProcrastinateWorker`` is one."""

    answered_at: datetime

    def silent_for(self) -> float:
        """Return for how many seconds the queue has not answered."""

    async def run(self, stopping: asyncio.Event) -> None:
        """Take tickets until ``stopping`` is set; a database that goes away is waited for."""


class Delivers(Protocol):
    """The deliveries' side; ``delivery.loop.Deliverer`` is one."""

    async def drain(self, grace: float = 15.0) -> bool:
        """Claim nothing more and let what is under way end."""


SILENT_AFTER = 60.0
"""Seconds without an answer of the queue, which is asked every 10, after which a worker does not do its work."""
DRAIN_WITHIN = 11.0
"""Seconds for sends under way at the end; with what follows, a stop takes less than 20."""


class Worker:
    """Delivers until stopped. Works alone as ``examcal worker``, or inside a daemon on PostgreSQL."""

    def __init__(self, tickets: TakesTickets, deliveries: Delivers) -> None:
        self._tickets = tickets
        self._deliveries = deliveries
        self._stopping = asyncio.Event()

    def stop(self) -> None:
        """Let ``run`` end."""
        self._stopping.set()

    async def run(self) -> None:
        """Deliver until stopped, then let what is under way end."""
        taking = asyncio.ensure_future(self._tickets.run(self._stopping))
        await self._stopping.wait()
        await self._deliveries.drain(DRAIN_WITHIN)
        await taking
