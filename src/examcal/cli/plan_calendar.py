"""A plan as a calendar: one event for each message that is planned, at the instant when it leaves."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta

from examcal.cli.words import language, say
from examcal.feed.calendar import EventBook
from examcal.feed.event import Event, Wording
from examcal.feed.expansion import first_stamp
from examcal.feed.wording import one_line
from examcal.identity import event_uid
from examcal.plan.audience import Audience, PlanRow
from examcal.plan.reminder import Reminder
from examcal.schedule.model import Schedule

SHOWN_FOR = timedelta(minutes=15)


def plan_calendar(rows: Iterable[PlanRow], schedule: Schedule) -> bytes:
    """Return the planned rows as a calendar file; what is skipped has no place in it."""
    events = [
        _event(row, row.outcome, row.audience)
        for row in rows
        if isinstance(row.outcome, Reminder) and row.audience is not None
    ]
    return EventBook(schedule).calendar(events, say("Planned messages"), language())


def _event(row: PlanRow, reminder: Reminder, audience: Audience) -> Event:
    occurrence = reminder.occurrence
    name = one_line(occurrence.name.in_(language()))
    identifier = f"{occurrence.id}#send:{reminder.rule}:{audience.name}"
    facts = (
        (say("Rule"), str(reminder.rule)),
        (say("Channel"), audience.channel),
        (say("To"), str(audience.recipients)),
        (say("Note"), row.reason_text(language())),
    )
    description = "\n".join(f"{label}{say(': ')}{fact}" for label, fact in facts if fact)
    return Event(
        uid=event_uid(identifier),
        id=identifier,
        exam=occurrence.exam,
        milestone=occurrence.milestone,
        site=occurrence.site,
        part="send",
        kind=occurrence.kind,
        tracks=occurrence.tracks,
        name=name,
        starts=reminder.due_at,
        ends=reminder.due_at + SHOWN_FOR,
        zone=occurrence.zone,
        status="CONFIRMED",
        stamp=first_stamp(occurrence),
        wording={language(): Wording(f"{one_line(audience.name)}{say(': ')}{name}", description)},
    )
