"""The ends of a batch's attempts as they come in, in groups that share a commit."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator

from examcal.channels.port import Outcome
from examcal.ledger.rows import Settlement

GATHERING, GROUP = 0.2, 32
"""Seconds in which further ends may join a group, and how many it takes to go on at once.

What was accepted is noted before, so a group may take its time; anything else may have to stop the channel.
"""


class Ends:
    """Takes ``count`` ends and gives them out in groups. For one reader."""

    def __init__(self, count: int) -> None:
        self._left = count
        self._waiting: list[Settlement] = []
        self._fault: Exception | None = None
        self._some, self._enough = asyncio.Event(), asyncio.Event()

    def add(self, end: Settlement) -> None:
        """Take the end of one attempt."""
        self._waiting.append(end)
        self._some.set()
        if end.outcome is not Outcome.ACCEPTED or len(self._waiting) >= min(GROUP, self._left):
            self._enough.set()

    def fail(self, fault: Exception) -> None:
        """Take a fault of ours, for which there is no end."""
        self._fault = fault
        self._some.set()
        self._enough.set()

    async def groups(self) -> AsyncIterator[list[Settlement]]:
        """Yield groups until all ends were given out. Raises the fault of an attempt."""
        while self._left:
            await self._some.wait()
            if self._fault is not None:
                raise self._fault
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._enough.wait(), GATHERING)
            group, self._waiting = self._waiting, []
            self._left -= len(group)
            self._some.clear()
            self._enough.clear()
            yield group
