"""The gate of a channel: the last octets of a message leave when it is on record what became of the one before.

Of what a killed process was handing over nobody can say whether it was accepted, so it is sent again. With the gate
that is one message for each kill and channel, however many are under way: all of them come as far as their last octets
side by side. The gate also turns back what must not leave any more, because the process slept past its lease and
another one may have taken over.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Self

from examcal.channels.port import ChannelError, Outcome

PATIENCE = 2.0
"""Seconds for an answer; then the next message leaves beside this one, so that one slow mailbox does not stop all."""


class Gate:
    """Lets ``width`` messages at a time be unanswered or not on record."""

    def __init__(self, width: int = 1) -> None:
        self._free = asyncio.Semaphore(width)

    def passage(self, may_leave: Callable[[], bool]) -> Passage:
        """Return a way through for one message, as a context: its acceptance is noted before the block ends."""
        return Passage(self._free, may_leave)


class Passage:
    """One message's way through a gate; whoever comes to the end of the block lets the next one through."""

    def __init__(self, free: asyncio.Semaphore, may_leave: Callable[[], bool]) -> None:
        self._free, self._may_leave = free, may_leave
        self._inside = False
        self._patience: asyncio.TimerHandle | None = None
        self.turned_back = False

    async def leave(self) -> None:
        """Wait until the message may leave. Raises ChannelError (transient) if it must not leave any more."""
        if not self._inside:
            await self._free.acquire()
            self._inside = True
        if not self._may_leave():
            self.turned_back = True
            raise ChannelError(Outcome.TRANSIENT, "turned back", code="stopped")
        self.answered()
        self._patience = asyncio.get_running_loop().call_later(PATIENCE, self._make_way)

    def answered(self) -> None:
        """Have patience with the ledger, however long it takes: the server has answered."""
        if self._patience is not None:
            self._patience.cancel()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self.answered()
        self._make_way()

    def _make_way(self) -> None:
        if self._inside:
            self._inside = False
            self._free.release()
