"""The contract of a dispatcher: have somebody deliver what is due on a channel. A ticket is a hint, the ledger decides.

Lost, doubled or stuck tickets are harmless: whoever holds one claims what is due, and the leader's next look at the
ledger makes new tickets for what is still due.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Mapping
from typing import Protocol

Deliver = Callable[[int], Awaitable[object]]
"""Delivers what is due on the channel with this id."""

BATCH = 500
"""How many due deliveries one ticket stands for."""


class Dispatcher(Protocol):
    """Turns due deliveries into work for lanes."""

    @property
    def local(self) -> bool:
        """Whether the deliveries run in this process."""

    def start(self, deliver: Deliver) -> None:
        """Say how a channel is delivered, before the first dispatch."""

    async def dispatch(self, due: Mapping[int, int]) -> None:
        """See to it that ``due`` deliveries by channel id are delivered; return without waiting for them."""

    def busy(self) -> Collection[int]:
        """Return the channels that somebody in this process is delivering."""

    async def idle(self) -> None:
        """Wait until nothing is being delivered in this process."""

    async def stop(self, grace: float) -> bool:
        """Let what is under way end within ``grace`` seconds, then cancel it; return whether all ended by itself."""
