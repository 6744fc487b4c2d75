"""``examcal preview``: a message as it would be sent."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from examcal.cli.command import argument, command, option, usage_error
from examcal.cli.invocation import Invocation
from examcal.cli.output import write, write_json
from examcal.cli.reading import present, read_schedule
from examcal.cli.rendering import PublishedRevisions, make_renderer
from examcal.cli.words import language, say
from examcal.errors import NoInputError, RefusedError
from examcal.plan.planner import outcomes
from examcal.plan.reminder import Reminder
from examcal.schedule.model import Exam, Occurrence, Schedule
from examcal.schedule.problems import closest
from examcal.schedule.workdays import Workdays

if TYPE_CHECKING:
    from examcal.channels.port import Message


@command("preview", "Show a message as it would be sent.", formats=("text", "json", "html"))
@argument("milestone")
@option("--rule", metavar="RULE", about='The rule, such as "closes -1d 09:00" (default: the next one that falls due).')
@option("--channel", default="email", metavar="NAME", about="For which channel (default: email).")
def COMMAND(invocation: Invocation, milestone: str, rule: str | None, channel: str) -> None:  # noqa: N802 - looked up by this name
    """Render the message at the instant when it is due."""
    now = present()
    schedule = read_schedule(invocation, now).schedule
    exam, occurrence = _find(schedule, milestone)
    reminder = _choose(_reminders(schedule, occurrence), rule, now, occurrence)
    settings = invocation.settings
    message = make_renderer(settings, PublishedRevisions(settings)).reminder(
        occurrence,
        exam,
        schedule,
        reminder.rule,
        occurrence.edge(reminder.rule.anchor),
        language=language(),
        now=reminder.due_at,
        due_at=reminder.due_at,
    )
    _write(invocation, message, reminder, channel.lower())


def _find(schedule: Schedule, text: str) -> tuple[Exam, Occurrence]:
    """Find ``exam/milestone[@site]``, or a milestone's id alone where only one exam has it; a site also by its name."""
    found = [
        (exam, occurrence)
        for exam in schedule.exams
        for occurrence in exam.occurrences()
        if text in _ids(exam, occurrence)
    ]
    if len(found) == 1:
        return found[0]
    if found:
        ids = ", ".join(occurrence.id for _, occurrence in found)
        raise NoInputError("several exams have {milestone}: {ids}", milestone=text, ids=ids)
    known = [occurrence.id.partition("/")[2] for occurrence in schedule.occurrences()]
    near = closest(text, known)
    if near:
        raise NoInputError("there is no milestone {milestone}; did you mean {meant}?", milestone=text, meant=near)
    raise NoInputError("there is no milestone {milestone}", milestone=text)


def _ids(exam: Exam, occurrence: Occurrence) -> Iterator[str]:
    site = exam.site(occurrence.site) if occurrence.site else None
    places = [f"@{name}" for name in (site.id, *(text for _, text in site.name.values))] if site else [""]
    for place in places:
        yield from (f"{occurrence.exam}/{occurrence.milestone}{place}", f"{occurrence.milestone}{place}")


def _reminders(schedule: Schedule, occurrence: Occurrence) -> list[Reminder]:
    found = outcomes(occurrence, schedule, Workdays(schedule.workdays))
    return [outcome for outcome in found if isinstance(outcome, Reminder)]


def _choose(reminders: list[Reminder], rule: str | None, now: datetime, occurrence: Occurrence) -> Reminder:
    if not reminders:
        raise RefusedError("{milestone} has no reminder: it has no date or no rule", milestone=occurrence.id)
    if rule is None:
        return next((reminder for reminder in reminders if reminder.due_at > now), reminders[0])
    wanted = " ".join(rule.split())
    chosen = next((one for one in reminders if wanted in {str(one.rule), str(one.rule).replace(" 0d", "")}), None)
    if chosen is None:
        known = "; ".join(str(reminder.rule) for reminder in reminders)
        usage_error(
            "--rule: there is no {rule}; {milestone} has: {known}", rule=rule, milestone=occurrence.id, known=known
        )
    return chosen


def _write(invocation: Invocation, message: Message, reminder: Reminder, channel: str) -> None:
    due = reminder.due_at.astimezone(ZoneInfo(reminder.occurrence.zone))
    if invocation.wants_json:
        write_json(
            {
                "rule": str(reminder.rule),
                "due_at": due.isoformat(),
                "channel": channel,
                "subject": message.subject,
                "text": message.text,
                "html": message.html,
                "markdown": message.markdown,
                "calendar": message.calendar.decode() if message.calendar else None,
            }
        )
    elif invocation.format == "html":
        write(message.html)
    elif channel.partition(":")[0] == "wecom":
        write(message.markdown)
    else:
        write(say("Due: {due} ({rule})", due=f"{due:%Y-%m-%d %H:%M}", rule=reminder.rule))
        write(say("Subject: {subject}", subject=message.subject))
        write()
        write(message.text)
