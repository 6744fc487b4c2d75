"""``examcal plan``: who gets what when, and what is skipped and why."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from examcal.cli.command import command, option, usage_error
from examcal.cli.dates import moment_text
from examcal.cli.invocation import Invocation
from examcal.cli.output import write, write_csv, write_json, write_table
from examcal.cli.progress import waiting
from examcal.cli.reading import present, read_schedule
from examcal.cli.subscribed import subscriber_groups
from examcal.cli.wiring import audiences_of
from examcal.cli.words import language, say
from examcal.plan.audience import SUBSCRIBERS, Audience, PlanRow, plan_rows
from examcal.plan.reminder import Reminder
from examcal.schedule.model import Schedule

if TYPE_CHECKING:
    from datetime import date

_DEFAULT_SPAN = timedelta(days=30)


@command("plan", "Show who gets what when, and what is skipped and why.", formats=("text", "json", "csv", "ics"))
@option("--from", "since", metavar="DATE", about="First day or instant (default: now).")
@option("--to", "until", metavar="DATE", about="End; a date alone is included (default: 30 days after --from).")
@option("--as", "role", metavar="track:ID,site:ID", about="As a candidate of this track and site would get it.")
def COMMAND(invocation: Invocation, since: str | None, until: str | None, role: str | None) -> None:  # noqa: N802 - looked up by this name
    """Write the plan."""
    now = present()
    with waiting(say("Reading the schedule")):
        schedule = read_schedule(invocation, now).schedule
    begin = _instant(since, schedule, "--from") if since else now.astimezone(ZoneInfo(schedule.zone))
    end = _instant(until, schedule, "--to", is_end=True) if until else begin + _DEFAULT_SPAN
    if end < begin:
        usage_error("--to lies before --from")
    groups = (_candidate(role, schedule),) if role else audiences_of(invocation.settings)
    with waiting(say("Planning reminders")):
        people = () if role else subscriber_groups(invocation.settings)
        rows = plan_rows(schedule, groups, since=begin, until=end, subscribers=people)
    match invocation.format:
        case "json":
            write_json([row.as_json() for row in rows])
        case "csv":
            write_csv([row.as_json() for row in rows])
        case "ics":
            from examcal.cli.plan_calendar import plan_calendar  # noqa: PLC0415 - icalendar is needed here only

            sys.stdout.write(plan_calendar(rows, schedule).decode())
        case _:
            _write_for_people(rows, schedule)


def _instant(text: str, schedule: Schedule, name: str, *, is_end: bool = False) -> datetime:
    """Read a date or an ISO instant; a date alone stands for its start, or as an end for the end of that day."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        usage_error("{name}: write a date such as 2026-01-20 or an instant such as 2026-01-20T09:00", name=name)
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=ZoneInfo(schedule.zone))
    return moment + timedelta(days=1) if is_end and len(text) <= len("2026-01-20") else moment


def _candidate(role: str, schedule: Schedule) -> Audience:
    """Read ``track:ID,site:ID`` (several of each are allowed)."""
    wanted: dict[str, list[str]] = {"track": [], "site": [], "exam": [], "kind": []}
    for entry in role.split(","):
        kind, colon, value = entry.strip().partition(":")
        if not colon or kind not in wanted:
            usage_error('--as: write it as track:ID,site:ID, not "{value}"', value=entry)
        wanted[kind].append(value)
    known = {
        "track": {track.id for exam in schedule.exams for track in exam.tracks},
        "site": {site.id for exam in schedule.exams for site in exam.sites},
        "exam": {exam.id for exam in schedule.exams},
    }
    for kind, values in known.items():
        for value in wanted[kind]:
            if value not in values:
                usage_error("{name}: the schedule has no {value}; it has: {known}", name="--as", value=value,
                            known=", ".join(sorted(values)[:30]) or "-")  # fmt: skip
    return Audience(
        role,
        "email",
        (role,),
        tuple(wanted["exam"]),
        tuple(wanted["site"]),
        tuple(wanted["track"]),
        tuple(wanted["kind"]),
    )


def _write_for_people(rows: Sequence[PlanRow], schedule: Schedule) -> None:
    planned = [row for row in rows if row.is_planned]
    skipped = [row for row in rows if not row.is_planned]
    write(
        say("{planned} messages are planned, {skipped} rules lead to none.", planned=len(planned), skipped=len(skipped))
    )
    day: date | None = None
    lines: list[Sequence[object]] = []
    for row in planned:
        cells = _planned_cells(row, schedule)
        due = row.outcome.due_at
        same_day = due is not None and due.date() == day
        day = due.date() if due else None
        lines.append(("" if same_day else cells[0], *cells[1:]))
    if lines:
        write_table(
            [say(name) for name in ("Day", "Time", "Milestone", "Rule", "Audience", "Channel", "To", "Note")], lines
        )
    if skipped:
        write(say("Skipped:"))
        write_table([say(name) for name in ("Milestone", "Rule", "Due", "Reason")], _skipped_cells(skipped, schedule))


def _planned_cells(row: PlanRow, schedule: Schedule) -> Sequence[object]:
    reminder, audience = row.outcome, row.audience
    if not isinstance(reminder, Reminder) or audience is None:
        return ()
    moment = moment_text(reminder.due_at, schedule.zone)
    day, _, clock = moment.rpartition(" ")
    name = say(SUBSCRIBERS) if audience.people else audience.name
    many, note = audience.recipients, row.reason_text(language())
    return (day, clock, _name(row), reminder.rule, name, audience.channel, many, note)


def _skipped_cells(rows: Iterable[PlanRow], schedule: Schedule) -> Iterable[Sequence[object]]:
    for row in rows:
        due = row.outcome.due_at
        yield (
            _name(row),
            row.outcome.rule,
            moment_text(due, schedule.zone) if due else "",
            row.reason_text(language()),
        )


def _name(row: PlanRow) -> str:
    occurrence = row.outcome.occurrence
    return occurrence.name.in_(language()) + (f" @{occurrence.site}" if occurrence.site else "")
