"""What may be doubted about a schedule that is otherwise fine: warnings, as of a given day."""

from __future__ import annotations

from datetime import date

from examcal.schedule.model import Schedule
from examcal.schedule.occurrences import Resolver


def look_again(resolver: Resolver, schedule: Schedule, today: date) -> None:
    """Report what a person should look at again."""
