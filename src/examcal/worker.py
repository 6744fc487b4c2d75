"""A worker: delivers beside the daemons, on any number of machines, from a shared ledger.

The ledger's leases decide who sends what, so workers need no leader and nothing is lost with one.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime
from typing import Protocol

import structlog

from examcal.clock import Clock
from examcal.errors import ExamcalError

LOOK_EVERY = 2.0
"""Seconds between two looks at what is due, where nothing wakes the worker earlier."""
LONGEST_TURN = 15.0
"""Seconds that a channel is delivered before the others get their turn."""
AFTER_TROUBLE = 5.0
_log = structlog.get_logger()


class Lanes(Protocol):
    """What a worker needs of the deliveries."""

    async def deliver(self, channel_id: int, longest: float | None = None) -> int:
        """Deliver what is due on one channel; return how many attempts ended."""

    async def drain(self, grace: float = 15.0) -> bool:
        """Claim nothing more and let what is under way end."""


class Worker:
    """Delivers until stopped. ``due`` returns what may leave, by channel id."""

    def __init__(self, lanes: Lanes, due: Callable[[datetime], Awaitable[Mapping[int, int]]], clock: Clock) -> None:
        self._lanes = lanes
        self._due = due
        self._clock = clock
        self._stopping = asyncio.Event()

    def stop(self) -> None:
        """Let ``run`` end."""
        self._stopping.set()

    async def run(self) -> None:
        """Deliver until stopped; a ledger that is away is waited for."""
        while not self._stopping.is_set():
            await self._rest(await self._turn())
        await self._lanes.drain()

    async def _turn(self) -> float:
        """Deliver what is due once; return how many seconds to rest."""
        try:
            due = await self._due(self._clock.now())
            ended = await asyncio.gather(*(self._lanes.deliver(channel, LONGEST_TURN) for channel in due))
        except ExamcalError as error:
            _log.warning("the ledger cannot be used", reason=str(error))
            return AFTER_TROUBLE
        return 0.0 if sum(ended) else LOOK_EVERY

    async def _rest(self, seconds: float) -> None:
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._stopping.wait(), seconds or 0.001)
