"""Which version of an event calendars hold: its SEQUENCE and the instant of its last real change.

RFC 5545 section 3.8.7: without METHOD, DTSTAMP is the instant of the last revision, so it equals LAST-MODIFIED.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta


@dataclass(frozen=True, slots=True)
class Revision:
    """``sequence`` counts real changes from 0; ``modified_at`` is aware and has whole seconds."""

    sequence: int
    modified_at: datetime

    def following(self, now: datetime) -> Revision:
        """Return the revision for a change made at ``now``: both marks grow, even under a clock that went back."""
        return Revision(self.sequence + 1, max(now.replace(microsecond=0), self.modified_at + timedelta(seconds=1)))
