"""A trigger that fires at a steady pace and never makes up for what it missed."""

from __future__ import annotations

from datetime import datetime, timedelta

from apscheduler.triggers.base import BaseTrigger
from typing_extensions import override


class Every(BaseTrigger):  # type: ignore[misc]  # APScheduler has no types
    """Fires ``seconds`` after it was last asked.

    APScheduler's own interval lists every missed run before it coalesces them: after a clock that is set years ahead
    that takes minutes and all memory, with the event loop standing still.
    """

    def __init__(self, seconds: float) -> None:
        self._span = timedelta(seconds=seconds)

    @override
    def get_next_fire_time(self, previous_fire_time: datetime | None, now: datetime) -> datetime:
        """Return the next instant; it is always ahead of ``now``."""
        return now + self._span
