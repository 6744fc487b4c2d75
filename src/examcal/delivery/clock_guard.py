"""Notice when the wall clock jumps, and stop sending while it cannot be believed.

A wrong clock must not expire a semester: after a large jump forward that the machine's boot clock does not confirm
(so it was not asleep), nothing is sent and nothing expires until the clock has been steady for ten minutes or is
back where it was.
"""

from __future__ import annotations

import enum
from datetime import datetime, timedelta

from examcal.clock import Clock

IGNORED = timedelta(seconds=5)
LARGE = timedelta(minutes=10)
BEFORE_LAST_TICK = timedelta(hours=1)
STEADY_AFTER = timedelta(minutes=10)


class ClockState(enum.StrEnum):
    """What the clock did since it was last looked at."""

    STEADY = "steady"
    BACK = "back"  # stepped back: what it made expire may be right again
    FORWARD = "forward"  # asleep, or a small step: some things are late
    BRAKED = "braked"  # not to be believed


class ClockGuard:
    """Compares the wall clock with clocks that nobody sets. ``last_tick`` is when the ledger was last worked on."""

    def __init__(self, clock: Clock, last_tick: datetime | None) -> None:
        self._clock = clock
        now = clock.now()
        self._wall, self._boot = now, clock.boottime()
        self._trusted: timedelta | None = self._offset(now)
        self._braked_at: float | None = None
        if last_tick is not None and now < last_tick - BEFORE_LAST_TICK:
            self._braked_at = clock.boottime()
            self._trusted = None

    def look(self) -> ClockState:
        """Return what the clock did since the last look."""
        now, boot = self._clock.now(), self._clock.boottime()
        step = (now - self._wall) - timedelta(seconds=boot - self._boot)
        self._wall, self._boot = now, boot
        if self._braked_at is not None:
            return self._while_braked(now, boot, step)
        if step < -IGNORED:
            self._trusted = self._offset(now)
            return ClockState.BACK
        if step > LARGE:
            self._braked_at = boot
            return ClockState.BRAKED
        self._trusted = self._offset(now)
        return ClockState.FORWARD if step > IGNORED else ClockState.STEADY

    def _believe(self) -> None:
        self._braked_at = None
        self._trusted = self._offset(self._clock.now())

    def _while_braked(self, now: datetime, boot: float, step: timedelta) -> ClockState:
        back_again = self._trusted is not None and abs(self._offset(now) - self._trusted) <= IGNORED
        if back_again or (self._braked_at is not None and boot - self._braked_at >= STEADY_AFTER.total_seconds()):
            self._believe()
            return ClockState.BACK
        if abs(step) > IGNORED:
            self._braked_at = boot
        return ClockState.BRAKED

    def _offset(self, now: datetime) -> timedelta:
        return timedelta(seconds=now.timestamp() - self._clock.boottime())
