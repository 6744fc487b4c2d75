"""Who a reminder concerns: configured groups, and the table of who gets what when. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from examcal.errors import Sentence
from examcal.plan.planner import plan
from examcal.plan.reminder import Reminder, Skipped, SkipReason
from examcal.schedule.model import Exam, Occurrence, Schedule
from examcal.texts import DEFAULT_LANGUAGE, translate

REASONS = {
    SkipReason.TBA: "no date yet",
    SkipReason.NO_ANCHOR: "the milestone has no such edge",
    SkipReason.CANCELLED: "the milestone is cancelled",
    SkipReason.PAST: "in the past and of no more use",
    SkipReason.EQUAL: "at the same time as another reminder of this milestone",
    SkipReason.COALESCED: "overdue together with a later one",
    SkipReason.NO_AUDIENCE: "no audience receives it",
    SkipReason.AFTER_ANCHOR: "would fall after the closing",
}
NOTES = {
    "quiet-hours": "moved out of the quiet hours",
    "provisional": "working days of that year are not published yet",
}


@dataclass(frozen=True, slots=True)
class Audience:
    """A configured group. Empty ``exams``, ``tracks`` and ``kinds`` mean all; empty ``sites`` means area-wide only.

    ``to`` are e-mail addresses, or WeCom user ids; empty for a robot or a file, which is one recipient by itself.
    ``people`` counts those whose addresses are kept elsewhere: subscribers.
    """

    name: str
    channel: str
    to: tuple[str, ...] = ()
    exams: tuple[str, ...] = ()
    sites: tuple[str, ...] = ()
    tracks: tuple[str, ...] = ()
    kinds: tuple[str, ...] = ()
    mention: tuple[str, ...] = ()
    language: str = DEFAULT_LANGUAGE
    people: int = 0

    @property
    def recipients(self) -> int:
        """How many recipients the group has; one where the channel itself is the address."""
        return self.people or len(set(self.to)) or 1


OUTBOX_AUDIENCE = Audience("outbox", "outbox")
"""Where reminders go when no audience is configured."""
SUBSCRIBERS = "subscribers"
"""What the plan calls those who asked for mail themselves."""


def concerns(audience: Audience, occurrence: Occurrence, exam: Exam | None = None) -> bool:
    """Return whether ``audience`` hears of ``occurrence``.

    An audience without sites hears of area-wide occurrences only, not of each site's own. One that names sites hears
    of their own occurrences, and of the area-wide one for those sites that have none; ``exam`` tells which those
    are (without it, the area-wide one counts). An exam that has sites, but none of those named, does not concern it.
    """
    return (
        (not audience.exams or occurrence.exam in audience.exams)
        and (not audience.kinds or occurrence.kind in audience.kinds)
        and (not audience.tracks or not occurrence.tracks or not set(audience.tracks).isdisjoint(occurrence.tracks))
        and _site_concerns(audience, occurrence, exam)
    )


def _site_concerns(audience: Audience, occurrence: Occurrence, exam: Exam | None) -> bool:
    if occurrence.site is not None:
        return occurrence.site in audience.sites
    if not audience.sites or exam is None or not exam.sites:
        return True
    milestone = exam.milestone(occurrence.milestone)
    own = {o.site for o in milestone.sites} if milestone else set()
    return any(site not in own for site in audience.sites if exam.site(site))


Choice = tuple[Collection[str], Collection[str], int]
"""Exams and sites that somebody chose, and how many people made that choice."""


def choices_of(audiences: Iterable[Audience]) -> list[Choice]:
    """Return what configured groups chose."""
    return [(one.exams, one.sites, one.recipients) for one in audiences]


def unserved(choices: Iterable[Choice], schedule: Schedule) -> dict[str, int]:
    """Return the chosen sites that no chosen exam has (any more), and how many people wait there for nothing.

    A choice of exams that are gone altogether is not meant: they are over.
    """
    found: dict[str, int] = {}
    for exams, sites, people in choices:
        asked = [exam for exam in schedule.exams if not exams or exam.id in exams]
        known = {site.id for exam in asked for site in exam.sites}
        for site in sites if asked else ():
            if site not in known:
                found[site] = found.get(site, 0) + people
    return {site: people for site, people in sorted(found.items()) if people}


def unserved_words(site: str, people: int) -> Sentence:
    """Say that people chose a site that is not there."""
    return Sentence(
        'the site "{site}" is chosen by {count} recipients, and no exam has it: they hear of nothing there',
        {"site": site, "count": people},
    )


@dataclass(frozen=True, slots=True)
class PlanRow:
    """One line of ``examcal plan``: a reminder or a skipped rule, for one audience (None: nobody receives it)."""

    outcome: Reminder | Skipped
    audience: Audience | None

    @property
    def is_planned(self) -> bool:
        """Whether this leads to a message."""
        return isinstance(self.outcome, Reminder) and self.audience is not None

    @property
    def reason(self) -> str:
        """The code of why it is skipped, or of what moved it; empty for an ordinary reminder."""
        if isinstance(self.outcome, Skipped):
            return self.outcome.reason.value
        if self.audience is None:
            return SkipReason.NO_AUDIENCE.value
        return self.outcome.moved_by or ("provisional" if self.outcome.provisional else "")

    def reason_text(self, language: str = DEFAULT_LANGUAGE) -> str:
        """Return the reason in words, or an empty string."""
        code = self.reason
        return translate(NOTES.get(code) or REASONS[SkipReason(code)], language) if code else ""

    def as_json(self) -> dict[str, object]:
        """Return the row with the names of the public contract; instants as RFC 3339."""
        occurrence = self.outcome.occurrence
        reminder = self.outcome if isinstance(self.outcome, Reminder) else None
        edge = occurrence.edge(self.outcome.rule.anchor)
        return {
            "exam": occurrence.exam,
            "milestone": occurrence.milestone,
            "site": occurrence.site,
            "rule": str(self.outcome.rule),
            "anchor_at": edge.at.isoformat() if edge else None,
            "due_at": self.outcome.due_at.isoformat() if self.outcome.due_at else None,
            "useful_until": reminder.useful_until.isoformat() if reminder else None,
            "audience": self.audience.name if self.audience else None,
            "channel": self.audience.channel if self.audience else None,
            "recipients": self.audience.recipients if self.audience else 0,
            "state": "planned" if self.is_planned else "skipped",
            "reason": self.reason,
        }


def plan_rows(
    schedule: Schedule,
    audiences: Sequence[Audience],
    *,
    since: datetime,
    until: datetime,
    subscribers: Sequence[Audience] = (),
) -> tuple[PlanRow, ...]:
    """Return who gets what in ``[since, until)``, by due instant, and then what is skipped.

    Without any audience reminders go to the outbox, as the daemon sends them. ``subscribers`` are groups of the same
    choice; a reminder has one row for all of them.
    """
    planned = plan(schedule, since=since, until=until)
    groups = (*(audiences or (OUTBOX_AUDIENCE,)), *subscribers)
    exams = {exam.id: exam for exam in schedule.exams}
    outcomes: tuple[Reminder | Skipped, ...] = (*planned.reminders, *planned.skipped)
    return tuple(row for outcome in outcomes for row in _rows(outcome, groups, exams[outcome.occurrence.exam]))


def _rows(outcome: Reminder | Skipped, audiences: Sequence[Audience], exam: Exam) -> Iterator[PlanRow]:
    concerned = [audience for audience in audiences if concerns(audience, outcome.occurrence, exam)]
    if concerned:
        yield from (PlanRow(outcome, audience) for audience in _together(concerned))
    else:
        yield PlanRow(outcome, None)


def _together(audiences: Sequence[Audience]) -> Iterator[Audience]:
    """Yield the configured groups, and those of subscribers as one."""
    yield from (one for one in audiences if not one.people)
    counted = [one for one in audiences if one.people]
    if counted:
        yield replace(counted[0], people=sum(one.people for one in counted))
