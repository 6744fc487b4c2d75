"""From a schedule to reminders: every rule of every occurrence, once, with what is left out and why. Pure.

A plan is a function of the schedule and of a half-open interval of due instants, and of nothing else: two adjacent
intervals give together what their union gives.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from examcal.plan.due import due_at, end_of_day, quieten
from examcal.plan.reminder import Reminder, Skipped, SkipReason
from examcal.schedule.model import Anchor, Edge, Occurrence, Rule, Schedule, Shape, Status, Unit
from examcal.schedule.workdays import Workdays

AT_LEAST_USEFUL = timedelta(hours=12)
AFTER_OPENING = timedelta(hours=24)
_DAY_SHAPES = frozenset({Shape.DAY, Shape.DAYS})


@dataclass(frozen=True, slots=True)
class Plan:
    """What falls due in an interval, in order, and what does not.

    ``skipped`` holds the rules whose due instant lies in the interval, and those that have none because a date is
    missing; the latter appear in every interval.
    """

    reminders: tuple[Reminder, ...]
    skipped: tuple[Skipped, ...]


def plan(schedule: Schedule, *, since: datetime, until: datetime) -> Plan:
    """Return the reminders of ``schedule`` with ``since <= due_at < until`` (aware instants), earliest first."""
    workdays = Workdays(schedule.workdays)
    reminders: list[Reminder] = []
    skipped: list[Skipped] = []
    for occurrence in schedule.occurrences():
        for outcome in outcomes(occurrence, schedule, workdays):
            if isinstance(outcome, Skipped):
                if outcome.due_at is None or since <= outcome.due_at < until:
                    skipped.append(outcome)
            elif since <= outcome.due_at < until:
                reminders.append(outcome)
    reminders.sort(key=lambda reminder: reminder.due_at)
    return Plan(tuple(reminders), tuple(skipped))


def outcomes(occurrence: Occurrence, schedule: Schedule, workdays: Workdays) -> Iterator[Reminder | Skipped]:
    """Yield, for each rule of ``occurrence`` in its order, the reminder or the reason why there is none.

    Of several rules with the same due instant the one written first is sent.
    """
    taken: set[datetime] = set()
    for rule in occurrence.rules:
        outcome = _outcome(occurrence, rule, schedule, workdays)
        if isinstance(outcome, Reminder):
            if outcome.due_at in taken:
                outcome = Skipped(occurrence, rule, SkipReason.EQUAL, outcome.due_at)
            else:
                taken.add(outcome.due_at)
        yield outcome


def useful_until(occurrence: Occurrence, rule: Rule, due: datetime) -> datetime:
    """Return the exclusive end of the time in which a reminder due at ``due`` still helps; always later than ``due``.

    A closing is worth knowing until it happens; an opening until the window closes, or for 24 hours where it never
    does; a whole day (a score release) until that day ends, and at least 12 hours. What falls due after the edge it
    speaks of stays useful for 12 hours.
    """
    closes = occurrence.closes
    if rule.anchor is Anchor.OPENS and occurrence.shape in _DAY_SHAPES:
        return max(_day_ends_at(occurrence, due), due + AT_LEAST_USEFUL)
    if closes is not None and due < closes.at:
        return closes.at
    if rule.anchor is Anchor.OPENS and closes is None and occurrence.opens is not None:
        return max(occurrence.opens.at, due) + AFTER_OPENING
    return due + AT_LEAST_USEFUL


def _outcome(occurrence: Occurrence, rule: Rule, schedule: Schedule, workdays: Workdays) -> Reminder | Skipped:
    edge = occurrence.edge(rule.anchor)
    if edge is None:
        return Skipped(occurrence, rule, _why_undated(occurrence))
    nominal = due_at(rule, edge, occurrence.zone, schedule.remind_at, workdays)
    due = quieten(nominal, schedule.quiet_hours)
    if occurrence.status is Status.CANCELLED:
        return Skipped(occurrence, rule, SkipReason.CANCELLED, due)
    if _comes_too_late(rule, edge, nominal):
        return Skipped(occurrence, rule, SkipReason.AFTER_ANCHOR, due)
    reminder = Reminder(occurrence, rule, edge.at, edge.wall, due, useful_until(occurrence, rule, due))
    return replace(
        reminder,
        moved_by="" if due == nominal else "quiet-hours",
        provisional=rule.unit is Unit.WORKDAY and _beyond(workdays.known_until, edge.named_on, nominal.date()),
    )


def _why_undated(occurrence: Occurrence) -> SkipReason:
    if occurrence.status is Status.CANCELLED:
        return SkipReason.CANCELLED
    return SkipReason.NO_ANCHOR if occurrence.is_dated else SkipReason.TBA


def _comes_too_late(rule: Rule, edge: Edge, nominal: datetime) -> bool:
    """Whether a day rule meant for before the closing falls behind it: ``closes 0d 09:00`` on a closing at 08:30."""
    counts_days = rule.unit not in {None, Unit.MINUTE, Unit.HOUR} or rule.at is not None
    return rule.anchor is Anchor.CLOSES and rule.amount <= 0 and counts_days and nominal >= edge.at


def _beyond(known_until: date, *days: date) -> bool:
    return any(day > known_until for day in days)


def _day_ends_at(occurrence: Occurrence, default: datetime) -> datetime:
    """Return the end of the last whole day of ``occurrence``, or ``default`` where it has no edge."""
    if occurrence.closes is not None:
        return occurrence.closes.at
    return end_of_day(occurrence.opens.named_on, occurrence.zone) if occurrence.opens else default
