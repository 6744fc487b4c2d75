"""What calendars must show of a schedule, worked out from the schedule itself and not from our events."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from examcal.identity import event_id, event_uid
from examcal.plan.planner import outcomes
from examcal.plan.reminder import Reminder
from examcal.schedule.model import Anchor, Kind, Occurrence, Schedule, Shape, Status
from examcal.schedule.workdays import Workdays

HALF_AN_HOUR = timedelta(minutes=30)


@dataclass(frozen=True)
class Shown:
    """One event as a calendar shows it. Times are UTC instants, or dates for whole days.

    ``alarms`` are UTC instants; those of whole days count from midnight and are given as distances.
    """

    starts: date
    ends: date
    status: str
    alarms: frozenset[datetime | timedelta]


def truth(schedule: Schedule, exam: str | None = None, site: str | None = None) -> dict[str, tuple[Shown, Occurrence]]:
    """Return what a feed must show, by UID."""
    found = {}
    for one in schedule.exams:
        if exam in {None, one.id}:
            for milestone in one.milestones:
                occurrence = milestone.at_site(site)
                for part, shown in _parts(occurrence, schedule):
                    found[event_uid(event_id(occurrence.origin_id, part))] = (shown, occurrence)
    return found


def _parts(occurrence: Occurrence, schedule: Schedule) -> Iterator[tuple[str, Shown]]:
    status = {Status.CONFIRMED: "CONFIRMED", Status.CANCELLED: "CANCELLED"}.get(occurrence.status, "TENTATIVE")
    due = _due(occurrence, schedule)
    for number, day in enumerate(occurrence.days, 1):
        part = "day" if occurrence.shape is Shape.DAY else f"day-{number}"
        anchors = [Anchor.OPENS] * (number == 1) + [Anchor.CLOSES] * (number == len(occurrence.days))
        yield part, _whole_day(day, status, occurrence, [at for anchor in anchors for at in due[anchor]])
    if not occurrence.days and occurrence.opens:
        at = occurrence.opens.at.astimezone(UTC)
        until = min(at + HALF_AN_HOUR, occurrence.closes.at) if occurrence.closes else at + HALF_AN_HOUR
        yield "opens", _timed(at, until, status, due[Anchor.OPENS])
    if not occurrence.days and occurrence.closes:
        at = occurrence.closes.at.astimezone(UTC)
        yield "closes", _timed(at - HALF_AN_HOUR, at, status, due[Anchor.CLOSES])
    for session in occurrence.sessions:
        at = session.opens.at.astimezone(UTC)
        yield (
            f"session-{session.number}",
            _timed(at, session.closes.at if session.closes else at + HALF_AN_HOUR, status, []),
        )


def _due(occurrence: Occurrence, schedule: Schedule) -> dict[Anchor, list[datetime]]:
    due: dict[Anchor, list[datetime]] = {Anchor.OPENS: [], Anchor.CLOSES: []}
    for outcome in outcomes(occurrence, schedule, Workdays(schedule.workdays)):
        if isinstance(outcome, Reminder):
            due[outcome.rule.anchor].append(outcome.due_at)
    return due


def _timed(starts: datetime, ends: datetime, status: str, due: list[datetime]) -> Shown:
    alarms = frozenset(at.astimezone(UTC) for at in due if at <= starts)
    return Shown(starts, ends.astimezone(UTC), status, alarms)


def _whole_day(day: date, status: str, occurrence: Occurrence, due: list[datetime]) -> Shown:
    midnight = datetime.combine(day, datetime.min.time(), occurrence.opens.at.tzinfo)  # type: ignore[union-attr]
    distances = frozenset(at.astimezone(UTC) - midnight.astimezone(UTC) for at in due if at <= midnight)
    return Shown(day, day + timedelta(days=1), status, distances)


def is_exam(occurrence: Occurrence) -> bool:
    """Return whether people sit an exam then."""
    return occurrence.kind is Kind.EXAM
