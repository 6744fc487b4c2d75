"""Whom a reminder concerns, and when it leaves: from a schedule and people's choices to the ledger's pages."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta

from examcal.delivery.limits import Pace, leave_at
from examcal.delivery.notices import main_changes, put_back
from examcal.delivery.versions import Versions
from examcal.identity import content_digest
from examcal.ledger.fan_out import Instead
from examcal.ledger.port import Ledger
from examcal.ledger.rows import Member, Reason, ReminderEntry, ReminderRow, Selection, Source, State
from examcal.plan.audience import Audience, concerns
from examcal.plan.planner import plan
from examcal.plan.reminder import Purpose, Reminder
from examcal.schedule.changes import Change
from examcal.schedule.model import Exam, Occurrence, Schedule

INSTEAD = "instead"
"""In a reminder's detail: how its deliveries begin, if not planned."""
BEGINNINGS: dict[object, Instead] = {
    "held": (State.HELD, Reason.BLAST),
    "covered": (State.EXPIRED, Reason.COALESCED),
}


def reminder_entry(reminder: Reminder) -> ReminderEntry:
    """Return what the ledger keeps of a planned reminder."""
    occurrence = reminder.occurrence
    return ReminderEntry(
        key=reminder.key,
        purpose=Purpose.REMINDER.value,
        origin=occurrence.origin_id,
        anchor=f"{reminder.rule.anchor}:{reminder.anchor_wall}",
        zone=occurrence.zone,
        rule=str(reminder.rule),
        occurrence=occurrence.id,
        due_at=reminder.due_at,
        useful_until=reminder.useful_until,
    )


def planned_entries(schedule: Schedule, since: datetime, until: datetime, now: datetime) -> list[ReminderEntry]:
    """Return the reminders of an interval that are still useful at ``now``."""
    planned = plan(schedule, since=since, until=until).reminders
    return [reminder_entry(reminder) for reminder in planned if reminder.useful_until > now]


def members_of(audience: Audience) -> list[Member]:
    """Return the recipients of a configured group; a channel that needs no address is one recipient by itself."""
    choice = Selection(audience.exams, audience.sites, audience.tracks, audience.kinds)
    return [
        Member(
            key=f"audience:{content_digest(audience.name, audience.channel, address)[:32]}",
            channel=audience.channel,
            address=address,
            selection=choice,
            language=audience.language,
            mentions=audience.mention,
            source=Source.AUDIENCE,
            audience=audience.name,
        )
        for address in dict.fromkeys(audience.to or ("",))
    ]


class Reach:
    """Finds out which choices cover a reminder. Blocks; call it where the ledger is called."""

    def __init__(self, versions: Versions) -> None:
        self._versions = versions

    def subject(self, row: ReminderRow) -> tuple[Occurrence, Exam, Schedule] | None:
        """Return the occurrence that a reminder or notice speaks of, or None where the schedule no longer has it."""
        schedule = self._versions.schedule(row.version_id)
        occurrence = schedule.occurrence(row.entry.occurrence)
        if occurrence is None:
            change = self.change(row)
            occurrence = change.occurrence if change else None
        exam = (schedule.exam(occurrence.exam) or self._former_exam(row, occurrence.exam)) if occurrence else None
        return (occurrence, exam, schedule) if occurrence and exam else None

    def _former_exam(self, row: ReminderRow, exam_id: str) -> Exam | None:
        """Return an exam that is gone, milestones and all, as people were told of it."""
        old = self._told(row)
        return old.exam(exam_id) if old else None

    def _told(self, row: ReminderRow) -> Schedule | None:
        told = row.entry.detail.get("told")
        return self._versions.with_digest(told) if isinstance(told, str) else None

    def change(self, row: ReminderRow) -> Change | None:
        """Return the change that a notice is about, or None for a reminder."""
        old = self._told(row)
        if old is None:
            return None
        new, origin = self._versions.schedule(row.version_id), row.entry.origin
        return main_changes(old, new).get(origin) or put_back(old, new).get(origin)

    def covering(self, row: ReminderRow, selections: Mapping[int, Selection]) -> set[int]:
        """Return the ids of the choices that cover a reminder."""
        subject = self.subject(row)
        if subject is None:
            return set()
        occurrence, exam, _ = subject
        return {number for number, choice in selections.items() if covers(choice, occurrence, exam)}


def covers(choice: Selection, occurrence: Occurrence, exam: Exam) -> bool:
    """Return whether a choice covers an occurrence, by the rule that ``examcal plan`` shows."""
    audience = Audience("", "", exams=choice.exams, sites=choice.sites, tracks=choice.tracks, kinds=choice.kinds)
    return concerns(audience, occurrence, exam)


def reached(
    entries: Iterable[ReminderEntry], schedule: Schedule, choices: Mapping[int, Selection], people: Mapping[int, int]
) -> int:
    """Return how many deliveries these reminders make."""
    total = 0
    for entry in entries:
        occurrence = schedule.occurrence(entry.occurrence)
        exam = schedule.exam(occurrence.exam) if occurrence else None
        if occurrence and exam:
            total += sum(
                people.get(number, 0) for number, choice in choices.items() if covers(choice, occurrence, exam)
            )
    return total


def fan_out_some(
    ledger: Ledger, reach: Reach, paces: Mapping[str, Pace], now: datetime, *, ahead: timedelta, pages: int
) -> tuple[int, bool]:
    """Plan up to ``pages`` pages of deliveries, nearest reminder first; return how many, and whether more wait."""
    made = 0
    rows = ledger.waiting_for_fan_out(now + ahead)
    choices = ledger.selections() if rows else {}
    channels = {row.id: row.name for row in ledger.channels()} if rows else {}
    for position, row in enumerate(rows, 1):
        covering = reach.covering(row, choices)
        leaves = _leaves(row, channels, paces)
        everybody = covering == set(choices)
        count, more = ledger.fan_out_page(
            row, None if everybody else covering, leaves, now, instead=BEGINNINGS.get(row.entry.detail.get(INSTEAD))
        )
        made += count
        if more or position >= pages:
            return made, True
    return made, False


def _leaves(row: ReminderRow, channels: Mapping[int, str], paces: Mapping[str, Pace]) -> dict[int, datetime]:
    due = row.entry.due_at
    found = {number: leave_at(due, name, paces.get(name, Pace())) for number, name in channels.items()}
    return {number: at for number, at in found.items() if at != due}
