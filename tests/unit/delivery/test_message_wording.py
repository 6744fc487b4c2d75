"""Days, times and time left in words."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from examcal.delivery.wording import (
    day_text,
    days_left_text,
    edge_text,
    hours_text,
    instant_text,
    left_text,
    one_line,
    relative_day,
    span_text,
)
from examcal.schedule.model import Hours
from support.schedules import edge

NOW = datetime(2026, 2, 10, 9, 0, tzinfo=ZoneInfo("Asia/Shanghai"))


@pytest.mark.parametrize(
    ("distance", "chinese", "english"),
    [
        (timedelta(days=12, hours=3), "12天", "12 days"),
        (timedelta(days=1, hours=15), "1天15小时", "1 day 15 hours"),
        (timedelta(days=2), "2天", "2 days"),
        (timedelta(hours=2, minutes=31), "2小时31分钟", "2 hours 31 minutes"),
        (timedelta(hours=1), "1小时", "1 hour"),
        (timedelta(minutes=1, seconds=59), "1分钟", "1 minute"),
        (timedelta(seconds=59), "不到1分钟", "less than a minute"),
        (timedelta(seconds=-5), "不到1分钟", "less than a minute"),
    ],
)
def test_time_left_is_rounded_down_to_what_matters(distance: timedelta, chinese: str, english: str) -> None:
    assert left_text(NOW + distance, NOW, "zh-CN") == chinese
    assert left_text(NOW + distance, NOW, "en") == english


@pytest.mark.parametrize(
    ("day", "expected"),
    [
        (date(2026, 2, 9), "昨天"),
        (date(2026, 2, 10), "今天"),
        (date(2026, 2, 11), "明天"),
        (date(2026, 2, 12), "后天"),
        (date(2026, 2, 15), "5天后"),
        (date(2026, 2, 7), "3天前"),
    ],
)
def test_near_days_have_names(day: date, expected: str) -> None:
    assert relative_day(day, NOW.date(), "zh-CN") == expected


def test_a_day_that_counts_to_its_end_leaves_whole_days() -> None:
    assert days_left_text(date(2026, 2, 13), NOW.date(), "zh-CN") == "还剩3天"
    assert days_left_text(date(2026, 2, 11), NOW.date(), "zh-CN") == "还剩1天，明天是最后一天"
    assert days_left_text(NOW.date(), NOW.date(), "zh-CN") == "还剩今天一天"


def test_24_o_clock_stays_on_its_named_day() -> None:
    assert edge_text(edge("2026-02-11 24:00"), "zh-CN") == "2026年2月11日（周三）24:00"
    assert edge_text(edge("2026-02-11 24:00"), "en") == "Wed 11 Feb 2026, 24:00"


def test_an_expected_edge_says_so() -> None:
    assert edge_text(edge("2026-06-03"), "zh-CN", expected=True) == "预计2026年6月3日（周三）"
    assert edge_text(edge("2026-06-03"), "en", expected=True) == "expected Wed 3 Jun 2026"


def test_a_span_inside_one_day_names_it_once() -> None:
    assert span_text(edge("2026-08-22 09:00"), edge("2026-08-22 11:30"), "zh-CN") == "2026年8月22日（周六）09:00至11:30"
    assert span_text(edge("2026-02-27"), edge("2026-02-27", end=True), "zh-CN") == "2026年2月27日（周五）"


def test_a_day_may_leave_out_its_year() -> None:
    assert day_text(date(2026, 2, 11), "zh-CN", year=False) == "2月11日（周三）"
    assert day_text(date(2026, 2, 11), "en", year=False) == "Wed 11 Feb"


def test_an_instant_is_told_in_the_zone_asked_for() -> None:
    assert instant_text(NOW, "Asia/Shanghai", "zh-CN") == "2026年2月10日（周二）09:00"
    assert instant_text(NOW, "America/New_York", "en") == "Mon 9 Feb 2026, 20:00"


def test_opening_hours_read_as_ranges() -> None:
    assert hours_text((Hours(540, 690), Hours(810, 1440))) == "09:00–11:30 13:30–24:00"


def test_line_breaks_become_spaces() -> None:
    assert one_line(" 第一行\r\n第二行\t完 ") == "第一行 第二行 完"
