"""The time of a shared ledger is its server's: one clock for all that deliver from it, whatever their own clocks say.

A process that went by a clock of its own would send before the due instant, or long after it, and would take rates
from the others.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

from examcal.clock import Clock
from examcal.ledger.rows import instant
from examcal.ledger.sets import database_now
from examcal.ledger.store import SqlLedger

TOLERATED = timedelta(seconds=5)
"""By how much this machine's clock may differ from the server's before somebody is told."""


class SharedClock:
    """Counts on from the server's time with this machine's boot clock, which nobody sets.

    ``on_skew`` hears by how much the machine's own clock is ahead (negative: behind) once that is more than tolerated,
    again when it changed by as much, and with None when it is over. It may be called from any thread.
    Making one asks the server, and raises what ``read`` raises.
    """

    def __init__(
        self, ledger: SqlLedger, own: Clock, on_skew: Callable[[timedelta | None], None] = lambda _ahead: None
    ) -> None:
        self._ledger, self._own, self._on_skew = ledger, own, on_skew
        self._told: timedelta | None = None
        self._asked = (own.now(), own.boottime())
        self.read()

    def now(self) -> datetime:
        """Return the server's time, as it was read last and counted on: never ahead of it."""
        at, since = self._asked
        return at + timedelta(seconds=self._own.boottime() - since)

    def monotonic(self) -> float:
        """Return seconds that never go back, of this machine."""
        return self._own.monotonic()

    def boottime(self) -> float:
        """Return seconds since boot, of this machine."""
        return self._own.boottime()

    def read(self) -> None:
        """Ask the server; blocks. Raises the ledger's troubles, and goes on counting where it does."""
        with self._ledger.snapshot() as connection:
            at = instant(database_now(connection, 0))
            self._asked = (at, self._own.boottime())  # the answer took its time, so this is never early
        self._compare()

    def _compare(self) -> None:
        ahead = self._own.now() - self.now()
        if abs(ahead) <= TOLERATED:
            if self._told is not None:
                self._told = None
                self._on_skew(None)
        elif self._told is None or abs(ahead - self._told) > TOLERATED:
            self._told = ahead
            self._on_skew(ahead)
