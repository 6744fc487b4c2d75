"""When a rule falls due: arithmetic on named days, exact offsets, and quiet hours. Pure.

Minutes and hours count from the instant of an edge. Days, weeks and working days count from its *named day*, so
``closes -1d 09:00`` on ``2026-02-11 24:00`` is 2026-02-10 09:00, not the eleventh.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from typing import Protocol
from zoneinfo import ZoneInfo

from examcal.schedule.model import Edge, QuietHours, Rule, Unit

_MINUTE = timedelta(minutes=1)


class WorkingDays(Protocol):
    """The part of ``schedule.workdays.Workdays`` that rules need."""

    def shift(self, day: date, amount: int, /) -> date:
        """Return the working day ``amount`` working days from ``day``."""


def due_at(rule: Rule, edge: Edge, zone: str, remind_at: time, workdays: WorkingDays) -> datetime:
    """Return the instant at which ``rule`` falls due for ``edge``, aware, in ``zone``.

    A rule without offset and time of day is due at the edge's own instant. A day offset without a time of day uses
    ``remind_at``. A wall time that daylight saving leaves out moves forward by the length of the gap; one that
    occurs twice means the first.
    """
    if rule.unit in {Unit.MINUTE, Unit.HOUR}:
        return _exactly(rule, edge.at, zone)
    if rule.unit is None and rule.at is None:
        return edge.at.astimezone(ZoneInfo(zone))
    return wall_instant(_shifted_day(rule, edge.named_on, workdays), rule.at or remind_at, zone)


def quieten(due: datetime, quiet: QuietHours | None) -> datetime:
    """Return ``due``, or the last allowed minute before the quiet hours that cover its wall time.

    Quiet hours are half-open, so 21:30-07:30 moves 23:00 to 21:29 of that evening and leaves 07:30 alone. The result
    is never later than ``due``, so a reminder never passes the anchor it was due before.
    """
    if quiet is None or not quiet.cover(due.time()):
        return due
    began_on = due.date() if due.time() >= quiet.since else due.date() - timedelta(days=1)
    return min(_real(datetime.combine(began_on, quiet.since, tzinfo=due.tzinfo) - _MINUTE), due)


def wait_out(moment: datetime, quiet: QuietHours | None) -> datetime:
    """Return ``moment``, or the end of the quiet hours that cover its wall time.

    This is for what cannot be said earlier, because it only became known now: a change notice.
    """
    if quiet is None or not quiet.cover(moment.time()):
        return moment
    ends_on = moment.date() if moment.time() < quiet.until else moment.date() + timedelta(days=1)
    return max(_real(datetime.combine(ends_on, quiet.until, tzinfo=moment.tzinfo)), moment)


def wall_instant(day: date, moment: time, zone: str) -> datetime:
    """Return the instant of a wall time in ``zone``; one that does not exist moves forward over the gap."""
    return _real(datetime.combine(day, moment, tzinfo=ZoneInfo(zone)))


def end_of_day(day: date, zone: str) -> datetime:
    """Return the first instant after ``day`` in ``zone``."""
    return wall_instant(day + timedelta(days=1), time(0), zone)


def _real(moment: datetime) -> datetime:
    """Return ``moment`` as its zone's clocks show it: a wall time that does not exist becomes the later real one."""
    return moment.replace(fold=0).astimezone(UTC).astimezone(moment.tzinfo)


def _exactly(rule: Rule, instant: datetime, zone: str) -> datetime:
    step = timedelta(minutes=1) if rule.unit is Unit.MINUTE else timedelta(hours=1)
    return (instant.astimezone(UTC) + rule.amount * step).astimezone(ZoneInfo(zone))


def _shifted_day(rule: Rule, named_on: date, workdays: WorkingDays) -> date:
    if rule.unit is Unit.WORKDAY:
        return workdays.shift(named_on, rule.amount)
    return named_on + timedelta(days=rule.amount * (7 if rule.unit is Unit.WEEK else 1))
