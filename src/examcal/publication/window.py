"""How far back and ahead feeds reach. By default they hold every event of every exam in the file."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from examcal.feed.alarms import start_instant
from examcal.feed.event import Event


@dataclass(frozen=True, slots=True)
class Window:
    """The days before and after today whose events feeds hold; None means without limit."""

    past_days: int | None = None
    future_days: int | None = None

    def select(self, events: Iterable[Event], now: datetime) -> tuple[Event, ...]:
        """Return the events that end after the earliest and start before the latest day."""
        return tuple(event for event in events if self._covers(event, now))

    def _covers(self, event: Event, now: datetime) -> bool:
        starts = start_instant(event)
        ends = event.ends if isinstance(event.ends, datetime) else starts + (event.ends - event.starts)
        if self.past_days is not None and ends < now - timedelta(days=self.past_days):
            return False
        return self.future_days is None or starts <= now + timedelta(days=self.future_days)


WHOLE = Window()
