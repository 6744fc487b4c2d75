"""Deliveries inside the daemon's own process: one lane per channel, so that a slow channel delays no other."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Mapping
from functools import partial

from examcal.dispatch.port import Deliver


class EmbeddedDispatcher:
    """Runs lanes as tasks of this event loop. ``on_idle`` is called when a lane has nothing more to do."""

    local = True

    def __init__(self, on_idle: Callable[[], None] = lambda: None) -> None:
        self._on_idle = on_idle
        self._deliver: Deliver | None = None
        self._lanes: dict[int, asyncio.Task[object]] = {}

    def start(self, deliver: Deliver) -> None:
        """Say how a channel is delivered."""
        self._deliver = deliver

    async def dispatch(self, due: Mapping[int, int]) -> None:
        """Start a lane for each due channel that has none."""
        deliver = self._deliver
        if deliver is None:
            raise RuntimeError("start() comes before dispatch()")
        for channel_id in due:
            if channel_id not in self._lanes:
                lane: asyncio.Task[object] = asyncio.ensure_future(_awaited(deliver, channel_id))
                self._lanes[channel_id] = lane
                lane.add_done_callback(partial(self._ended, channel_id))

    def busy(self) -> Collection[int]:
        """Return the channels with a lane at work."""
        return frozenset(self._lanes)

    async def idle(self) -> None:
        """Wait until no lane is at work. Raises what a lane raised."""
        while self._lanes:
            await asyncio.gather(*self._lanes.values())

    async def stop(self, grace: float) -> bool:
        """Wait for the lanes up to ``grace`` seconds, then cancel them."""
        lanes = list(self._lanes.values())
        if not lanes:
            return True
        _, unfinished = await asyncio.wait(lanes, timeout=grace)
        for lane in unfinished:
            lane.cancel()
        await asyncio.gather(*unfinished, return_exceptions=True)
        return not unfinished

    def _ended(self, channel_id: int, lane: asyncio.Task[object]) -> None:
        self._lanes.pop(channel_id, None)
        if not lane.cancelled():
            lane.exception()  # a lane tells of trouble itself; ``idle`` raises it
            self._on_idle()


async def _awaited(deliver: Deliver, channel_id: int) -> object:
    return await deliver(channel_id)
