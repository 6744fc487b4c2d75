"""From when on a date is expected, as people write it: the year comes from the exam around it."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from examcal.schedule.document import SourceText
from examcal.schedule.loader import load

TODAY = date(2026, 11, 26)
EXAM = """\
version: 1
exams:
  - id: {id}
    name: 考试
    milestones:
      - {{id: ticket, kind: ticket, name: 准考证, when: tba, expected: "{ticket}"}}
      - {{id: exam, kind: exam, name: 笔试, on: 2026-12-01, requires: [ticket], status: expected}}
      - {{id: score, kind: score, name: 成绩, when: tba, expected: "{score}", requires: [exam]}}
"""


def overdue(today: date, ticket: str = "另行通知", score: str = "另行通知", exam_id: str = "x") -> list[str]:
    """Return the messages of tba-due as of a day."""
    text = EXAM.format(id=exam_id, ticket=ticket, score=score)
    warnings = load([SourceText("schedule.yaml", text.encode())], today=today).warnings
    return [problem.message.text("zh-CN") for problem in warnings if problem.code == "tba-due"]


def first_overdue(**expected: str) -> date | None:
    """Return the first day, within 500 days around today, on which the warning stands."""
    days = [TODAY + timedelta(days=n) for n in range(-420, 500)]
    low, high = 0, len(days)
    while low < high:
        middle = (low + high) // 2
        low, high = (low, middle) if overdue(days[middle], **expected) else (middle + 1, high)
    return days[low] if low < len(days) else None


@pytest.mark.parametrize(
    ("expected", "since"),
    [
        ("考试前10天至1周", "2026-11-21"),
        ("一般于考试前10天至1周开始打印", "2026-11-21"),
        ("考前7-10天", "2026-11-21"),
        ("考前一周左右", "2026-11-24"),
        ("考试前半个月", "2026-11-16"),
        ("考试前3个工作日", "2026-11-27"),
        ("10 days before the exam", "2026-11-21"),
        ("11月下旬", "2026-11-21"),
        ("预计１１月中旬", "2026-11-11"),
        ("十一月底", "2026-11-21"),
        ("late November", "2026-11-21"),
        ("Nov 20", "2026-11-20"),
        ("11月20日前后", "2026-11-20"),
        ("去年为11月20日至11月28日", "2026-11-20"),
        ("去年为11月20日10:00至11月28日24:00", "2026-11-20"),
        ("去年为2025年11月20日", "2026-11-20"),
        ("2025年为11月20日", "2026-11-20"),
        ("last year: 11-20 to 11-28", "2026-11-20"),
        ("2026年10月", "2026-10-01"),
        ("2026年11月20日10时至11月28日24时", "2026-11-20"),
        ("第四季度", "2026-10-01"),
        ("年底", "2026-12-01"),
    ],
)
def test_what_comes_before_the_exam_is_due_in_the_exams_year(expected: str, since: str) -> None:
    assert first_overdue(ticket=expected) == date.fromisoformat(since)


@pytest.mark.parametrize(
    ("expected", "since"),
    [
        ("考试结束后2个月内", "2026-12-01"),
        ("考后45天", "2027-01-15"),
        ("笔试后一个月左右", "2026-12-31"),
        ("1月", "2027-01-01"),  # after the exam of December there is only next year's January
        ("去年为2月1日", "2027-02-01"),
        ("次年3月", "2027-03-01"),
        ("12月", "2026-12-01"),
    ],
)
def test_what_comes_after_the_exam_is_due_after_it(expected: str, since: str) -> None:
    assert first_overdue(score=expected) == date.fromisoformat(since)


@pytest.mark.parametrize(
    "expected", ["另行通知", "以官网为准", "考试前", "电话010-83366909", "13月", "工作日9:00-11:30", "7-10个工作日"]
)
def test_words_that_name_no_time_never_warn(expected: str) -> None:
    assert first_overdue(ticket=expected) is None


def test_last_years_hint_in_a_schedule_rolled_over_waits_for_the_exams_year() -> None:
    assert first_overdue(score="去年为11月20日至11月28日", exam_id="exam-2027") == date(2027, 11, 20)


def test_the_warning_names_what_was_expected() -> None:
    assert overdue(TODAY, ticket="考试前10天至1周") == ["“准考证”还是待定，预计的时间“考试前10天至1周”却已经到了"]
