"""``examcal plan``: who gets what when, and what is skipped and why."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from itertools import groupby
from zoneinfo import ZoneInfo

from examcal.cli.choosing import exams_of, id_of, kind_of, role_entries, sites_of, tracks_of
from examcal.cli.command import command, excel_option, option, usage_error
from examcal.cli.dates import moment_text
from examcal.cli.invocation import Invocation
from examcal.cli.naming import name_of
from examcal.cli.output import fits, write, write_csv, write_json, write_table
from examcal.cli.progress import waiting
from examcal.cli.reading import present, read_schedule
from examcal.cli.subscribed import subscriber_groups
from examcal.cli.wiring import audiences_of
from examcal.cli.words import language, say
from examcal.plan.audience import SUBSCRIBERS, Audience, PlanRow, plan_rows
from examcal.plan.reminder import Reminder
from examcal.schedule.model import Schedule

_DEFAULT_SPAN = timedelta(days=30)


@command("plan", "Show who gets what when, and what is skipped and why.", formats=("text", "json", "csv", "ics"))
@option("--from", "since", metavar="DATE", about="First day or instant (default: now).")
@option("--to", "until", metavar="DATE", about="End; a date alone is included (default: 30 days after --from).")
@option(
    "--as",
    "role",
    metavar="track:ID,site:ID",
    about="As a candidate of this track and site would get it (ids or names).",
)
@excel_option
def COMMAND(  # noqa: N802 - looked up by this name
    invocation: Invocation, since: str | None, until: str | None, role: str | None, *, excel: bool
) -> None:
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
    match "csv" if excel else invocation.format:
        case "json":
            write_json([row.as_json() for row in rows])
        case "csv":
            write_csv([row.as_json() for row in rows], excel=excel)
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
    """Read ``track:ID,site:ID`` (several of each are allowed, and names instead of ids)."""
    known = {"exam": exams_of(schedule), "site": sites_of(schedule), "track": tracks_of(schedule)}
    named = {kind: list(there) for kind, there in known.items()}
    wanted: dict[str, list[str]] = {"track": [], "site": [], "exam": [], "kind": []}
    for kind, value in role_entries(role):
        found = kind_of(value) if kind == "kind" else id_of(value, named[kind], "--as")
        wanted[kind].append(found or value)
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
    if planned:
        _write_planned(planned, schedule)
    if skipped:
        write(say("Skipped:"))
        _write_skipped(skipped, schedule)


def _write_planned(rows: Sequence[PlanRow], schedule: Schedule) -> None:
    headings = [say(name) for name in ("Day", "Time", "Milestone", "Rule", "Audience", "Channel", "To", "Note")]
    lines = [cells for row in rows if (cells := _planned_cells(row, schedule))]
    if not fits(headings, lines):
        headings[0], lines = _without_year(headings[0], lines, 0)
    days = [cells[0] for cells in lines]
    calendar = [
        ("" if day == before else day, *cells[1:]) for before, day, cells in zip(["", *days], days, lines, strict=False)
    ]
    write_table(headings, calendar, rigid=(0, 1, 6))


def _write_skipped(rows: Sequence[PlanRow], schedule: Schedule) -> None:
    headings = [say(name) for name in ("Milestone", "Rule", "Due", "Reason")]
    lines = list(_skipped_cells(rows, schedule))
    if not fits(headings, lines):
        headings[2], lines = _without_year(headings[2], lines, 2)
    write_table(headings, lines, rigid=(2,))


def _without_year(heading: str, lines: Sequence[tuple[str, ...]], column: int) -> tuple[str, list[tuple[str, ...]]]:
    """Put the year of most dates into the heading of their column, for a narrow terminal."""
    years = Counter(year for cells in lines if (year := cells[column][:5]))
    if not years:
        return heading, list(lines)
    year = years.most_common(1)[0][0]
    shorter = [(*cells[:column], cells[column].removeprefix(year), *cells[column + 1 :]) for cells in lines]
    return say("{heading} ({year})", heading=heading, year=year[:4]), shorter


def _planned_cells(row: PlanRow, schedule: Schedule) -> tuple[str, ...]:
    reminder, audience = row.outcome, row.audience
    if not isinstance(reminder, Reminder) or audience is None:
        return ()
    day, _, clock = moment_text(reminder.due_at, schedule.zone).rpartition(" ")
    to = say(SUBSCRIBERS) if audience.people else audience.name
    note = row.reason_text(language())
    return (day, clock, _name(row, schedule), str(reminder.rule), to, audience.channel, str(audience.recipients), note)


def _skipped_cells(rows: Iterable[PlanRow], schedule: Schedule) -> Iterator[tuple[str, ...]]:
    """Yield one line for each rule, and one for all rules of a milestone that fall due at no time."""
    for (name, due, reason), alike in groupby(rows, key=lambda row: _skipped(row, schedule)):
        rules = [str(row.outcome.rule) for row in alike]
        if due:
            yield from ((name, rule, due, reason) for rule in rules)
        else:
            yield name, ", ".join(rules), "", reason


def _skipped(row: PlanRow, schedule: Schedule) -> tuple[str, str, str]:
    due = row.outcome.due_at
    return _name(row, schedule), moment_text(due, schedule.zone) if due else "", row.reason_text(language())


def _name(row: PlanRow, schedule: Schedule) -> str:
    occurrence = row.outcome.occurrence
    return name_of(schedule.exam(occurrence.exam), occurrence)
