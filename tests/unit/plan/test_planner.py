"""From rules to reminders: which are sent, which are left out, and how long they help."""

from __future__ import annotations

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from examcal.plan.planner import plan
from examcal.plan.reminder import Reminder, SkipReason
from examcal.schedule.model import Exam, Kind, Occurrence, QuietHours, Schedule, Status, WorkdayCorrections
from support.schedules import everything, milestone, occurrence, text

ZONE = ZoneInfo("Asia/Shanghai")
QUIET = QuietHours(datetime(1, 1, 1, 21, 30).time(), datetime(1, 1, 1, 7, 30).time())  # noqa: DTZ001 - only the time
CHINA = WorkdayCorrections("CN")


def at(written: str) -> datetime:
    return datetime.fromisoformat(written).replace(tzinfo=ZONE)


SINCE, UNTIL = at("2025-01-01"), at("2029-01-01")


def schedule(*occurrences: Occurrence, quiet: QuietHours | None = None) -> Schedule:
    exam = Exam("e", text("考试"), "Asia/Shanghai", tuple(milestone(one) for one in occurrences))
    return Schedule((exam,), quiet_hours=quiet)


def only(one: Occurrence, *, quiet: QuietHours | None = None) -> Reminder:
    (reminder,) = plan(schedule(one, quiet=quiet), since=SINCE, until=UNTIL).reminders
    return reminder


def reasons(one: Occurrence, *, quiet: QuietHours | None = None) -> list[SkipReason]:
    return [skip.reason for skip in plan(schedule(one, quiet=quiet), since=SINCE, until=UNTIL).skipped]


def test_the_registration_of_the_real_exam_reminds_on_its_named_days() -> None:
    rules = ("opens", "closes -3d 09:00", "closes -1d 09:00", "closes 0d 09:00", "closes -2h")
    one = occurrence("e", "registration", opens="2026-01-29 10:00", closes="2026-02-11 24:00", rules=rules)
    due = [reminder.due_at for reminder in plan(schedule(one, quiet=QUIET), since=SINCE, until=UNTIL).reminders]
    assert due == [
        at("2026-01-29T10:00"),
        at("2026-02-08T09:00"),
        at("2026-02-10T09:00"),
        at("2026-02-11T09:00"),
        at("2026-02-11T21:29"),
    ]


def test_an_interval_is_half_open() -> None:
    one = schedule(occurrence("e", "m", closes="2026-02-11 24:00", rules=("closes -1d 09:00",)))
    nine = at("2026-02-10T09:00")
    assert len(plan(one, since=nine, until=nine + timedelta(minutes=1)).reminders) == 1
    assert not plan(one, since=nine - timedelta(minutes=1), until=nine).reminders


def test_working_days_count_the_saturday_worked_in_exchange() -> None:
    one = schedule(occurrence("e", "m", closes="2026-03-01 12:00", rules=("closes -1wd 09:00",)))
    (reminder,) = plan(Schedule(one.exams, workdays=CHINA), since=SINCE, until=UNTIL).reminders
    assert reminder.due_at == at("2026-02-28T09:00")
    assert not reminder.provisional


def test_working_days_of_a_year_without_a_published_calendar_are_provisional() -> None:
    one = schedule(occurrence("e", "m", closes="2028-03-01 12:00", rules=("closes -1wd 09:00",)))
    (reminder,) = plan(Schedule(one.exams, workdays=CHINA), since=SINCE, until=UNTIL).reminders
    assert reminder.provisional


def test_of_two_rules_with_one_instant_the_earlier_written_is_sent() -> None:
    one = occurrence("e", "m", closes="2026-02-11 24:00", rules=("closes -2h", "closes -1h"))
    assert str(only(one, quiet=QUIET).rule) == "closes -2h"
    assert only(one, quiet=QUIET).moved_by == "quiet-hours"
    assert reasons(one, quiet=QUIET) == [SkipReason.EQUAL]


def test_a_cancelled_milestone_reminds_nobody() -> None:
    one = occurrence("e", "m", closes="2026-02-11 24:00", rules=("closes -1d",), status=Status.CANCELLED)
    assert reasons(one) == [SkipReason.CANCELLED]


def test_a_milestone_without_date_says_so_in_every_interval() -> None:
    one = occurrence("e", "m", rules=("opens", "closes -1d"))
    assert reasons(one) == [SkipReason.TBA, SkipReason.TBA]


def test_a_rule_on_an_edge_that_the_milestone_lacks_is_skipped() -> None:
    one = occurrence("e", "m", closes="2026-02-11 24:00", rules=("opens",))
    assert reasons(one) == [SkipReason.NO_ANCHOR]


def test_a_day_rule_that_would_fall_behind_the_closing_is_skipped() -> None:
    one = occurrence("e", "m", closes="2026-02-11 08:30", rules=("closes 0d 09:00",))
    assert reasons(one) == [SkipReason.AFTER_ANCHOR]


@pytest.mark.parametrize(
    ("one", "expected"),
    [
        (occurrence("e", "m", closes="2026-02-11 24:00", rules=("closes -1d",)), "2026-02-12T00:00"),
        (
            occurrence("e", "m", opens="2026-01-29 10:00", closes="2026-02-11 24:00", rules=("opens",)),
            "2026-02-12T00:00",
        ),
        (occurrence("e", "m", opens="2026-06-03", rules=("opens",)), "2026-06-04T00:00"),
        (occurrence("e", "m", at="2026-11-27 10:00", rules=("opens -1d 17:00",)), "2026-11-28T10:00"),
        (occurrence("e", "m", Kind.SCORE, on="2026-11-27", rules=("opens 0d 09:00",)), "2026-11-28T00:00"),
        (occurrence("e", "m", Kind.SCORE, on="2026-11-27", rules=("opens 0d 20:00",)), "2026-11-28T08:00"),
        (
            occurrence("e", "m", Kind.EXAM, on=["2026-06-13", "2026-06-20"], rules=("opens -1d",)),
            "2026-06-21T00:00",
        ),
        (occurrence("e", "m", closes="2026-02-11 24:00", rules=("closes",)), "2026-02-12T12:00"),
        (occurrence("e", "m", closes="2026-02-11 24:00", rules=("closes +1d 09:00",)), "2026-02-12T21:00"),
    ],
)
def test_a_reminder_is_useful_until_what_it_speaks_of_is_over(one: Occurrence, expected: str) -> None:
    assert only(one).useful_until == at(expected)


def test_reminders_come_in_the_order_in_which_they_fall_due() -> None:
    due = [reminder.due_at for reminder in plan(everything(), since=SINCE, until=UNTIL).reminders]
    assert due == sorted(due)
    assert len(due) > 20
