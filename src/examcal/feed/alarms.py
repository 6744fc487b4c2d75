"""When an event rings: at the instants of its reminder rules, as the plan computes them, or of a list in an address."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from examcal.feed.event import Event
from examcal.plan.due import due_at
from examcal.plan.planner import outcomes
from examcal.plan.reminder import Reminder
from examcal.schedule.model import Anchor, Occurrence, Rule, Schedule
from examcal.schedule.workdays import Workdays

_HALF_A_DAY = timedelta(hours=12)


def ringing(occurrence: Occurrence, schedule: Schedule, workdays: Workdays) -> Mapping[Anchor, tuple[datetime, ...]]:
    """Return the instants at which the reminders of each anchor are due, quiet hours included."""
    found: dict[Anchor, list[datetime]] = {Anchor.OPENS: [], Anchor.CLOSES: []}
    for outcome in outcomes(occurrence, schedule, workdays) if occurrence.rules else ():
        if isinstance(outcome, Reminder):
            found[outcome.rule.anchor].append(outcome.due_at)
    return {anchor: tuple(instants) for anchor, instants in found.items()}


def in_time(instants: Iterable[datetime], starts: datetime) -> tuple[datetime, ...]:
    """Return the instants up to the start, each once, the most useful first.

    An alarm after the start is left out: Outlook takes its distance without the sign. Outlook also keeps only the
    first alarm, so that one is the last which leaves half a day to act.
    """
    ordered = sorted({instant for instant in instants if instant <= starts})
    early = [instant for instant in ordered if instant <= starts - _HALF_A_DAY]
    first = early[-1:] or ordered[-1:]
    return (*first, *(instant for instant in ordered if instant not in first))


def from_address(event: Event, rules: Iterable[Rule], schedule: Schedule, workdays: Workdays) -> tuple[datetime, ...]:
    """Return when ``event`` rings under the offsets of an address, which count from the event's own edge."""
    if event.edge is None or event.is_cancelled:
        return ()
    edge = event.edge
    due = (due_at(rule, edge, event.zone, schedule.remind_at, workdays) for rule in rules)
    return in_time(due, start_instant(event))


def start_instant(event: Event) -> datetime:
    """Return the start as an instant; a whole day starts at midnight in the event's own zone."""
    if isinstance(event.starts, datetime):
        return event.starts
    return datetime(event.starts.year, event.starts.month, event.starts.day, tzinfo=ZoneInfo(event.zone))
