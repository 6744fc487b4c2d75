"""Triggers that never make up for what they missed.

APScheduler's own list every missed run before it coalesces them: after a clock that is set years ahead that takes
minutes, and for short intervals all memory, with the event loop standing still.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from apscheduler.triggers.base import BaseTrigger
from apscheduler.triggers.cron import CronTrigger
from typing_extensions import override


class Every(BaseTrigger):  # type: ignore[misc]  # APScheduler has no types
    """Fires ``seconds`` after it was last asked."""

    def __init__(self, seconds: float) -> None:
        self._span = timedelta(seconds=seconds)

    @override
    def get_next_fire_time(self, previous_fire_time: datetime | None, now: datetime) -> datetime:
        """Return the next instant; it is always ahead of ``now``."""
        return now + self._span


class At(CronTrigger):  # type: ignore[misc]  # APScheduler has no types
    """Fires at a time of day, the next time it comes."""

    @override
    def get_next_fire_time(self, previous_fire_time: datetime | None, now: datetime) -> datetime | None:
        """Return the next instant; it is always ahead of ``now``."""
        found: datetime | None = super().get_next_fire_time(None, now + timedelta(seconds=1))
        return found
