"""Which days inside a window a counter is open on: the first and the last of them carry the edges."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta

from examcal.schedule.model import OpenDays

_SATURDAY = 5
_LONGEST_BREAK = 16
"""Days; the longest run of statutory holidays is 9."""


def is_open(day: date, open_days: OpenDays, is_workday: Callable[[date], bool] | None = None) -> bool:
    """Return whether the counter is open on ``day``; without a calendar, workdays are Monday to Friday."""
    if open_days is OpenDays.ALL:
        return True
    if open_days is OpenDays.WORKDAYS and is_workday is not None:
        return is_workday(day)
    return day.weekday() < _SATURDAY


def first_open_day(day: date, open_days: OpenDays, is_workday: Callable[[date], bool] | None = None) -> date:
    """Return ``day`` or the next day that is open."""
    return _nearest(day, 1, open_days, is_workday)


def last_open_day(day: date, open_days: OpenDays, is_workday: Callable[[date], bool] | None = None) -> date:
    """Return ``day`` or the last day before it that is open."""
    return _nearest(day, -1, open_days, is_workday)


def _nearest(day: date, step: int, open_days: OpenDays, is_workday: Callable[[date], bool] | None) -> date:
    candidates = (day + timedelta(days=step * distance) for distance in range(_LONGEST_BREAK))
    return next((candidate for candidate in candidates if is_open(candidate, open_days, is_workday)), day)
