"""Change notices: what moved, from when to when."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from examcal.channels.port import Message
from examcal.delivery.message import Renderer
from examcal.schedule.changes import compare
from examcal.schedule.model import Exam, Kind, Occurrence, Schedule, Session, Status
from support.schedules import OFFICIAL, SHANGHAI, edge, milestone, occurrence, text

NOW = datetime(2026, 2, 9, 9, 0, tzinfo=ZoneInfo(SHANGHAI))
NAME = text("网上报名", "Online registration")


def one(**fields: Any) -> Occurrence:
    return occurrence("e", "m", **{"name": NAME, "sources": (OFFICIAL,), **fields})


def schedule(area: Occurrence) -> Schedule:
    return Schedule((Exam("e", text("医师资格考试", "Physician exam"), SHANGHAI, (milestone(area),)),))


def notices(old: Occurrence, new: Occurrence, language: str = "zh-CN") -> list[Message]:
    before, after = schedule(old), schedule(new)
    renderer = Renderer("https://exam.example.org")
    return [
        renderer.change(change, after.exams[0], after, language=language, now=NOW) for change in compare(before, after)
    ]


def first_line(old: Occurrence, new: Occurrence) -> str:
    return notices(old, new)[0].text.splitlines()[0]


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        (
            one(closes="2026-02-11 24:00"),
            one(closes="2026-02-10 24:00"),
            "「网上报名」截止时间提前到2026年2月10日（周二）24:00，还剩1天15小时；原为2026年2月11日（周三）24:00。",
        ),
        (
            one(closes="2026-02-11 24:00"),
            one(closes="2026-02-13 17:00"),
            "「网上报名」截止时间推迟到2026年2月13日（周五）17:00，还剩4天8小时；原为2026年2月11日（周三）24:00。",
        ),
        (
            one(opens="2026-03-12 09:00"),
            one(opens="2026-03-10 09:00"),
            "「网上报名」开始时间提前到2026年3月10日（周二）09:00，还有29天；原为2026年3月12日（周四）09:00。",
        ),
        (
            one(kind=Kind.SCORE, on="2026-11-27"),
            one(kind=Kind.SCORE, on="2026-11-26"),
            "「网上报名」日期提前到2026年11月26日（周四），还有290天；原为2026年11月27日（周五）。",
        ),
        (
            one(),
            one(opens="2026-03-10 09:00", closes="2026-03-12 24:00"),
            "「网上报名」的时间已公布：2026年3月10日（周二）09:00至2026年3月12日（周四）24:00。",
        ),
        (
            one(),
            one(opens="2026-06-03", status=Status.EXPECTED),
            "「网上报名」有了预计时间：预计2026年6月3日（周三），尚未正式公布。",
        ),
        (
            one(opens="2026-06-03", status=Status.EXPECTED),
            one(opens="2026-06-03"),
            "「网上报名」的时间已公布：2026年6月3日（周三）。",
        ),
        (one(closes="2026-03-12"), one(), "「网上报名」延期，新的时间待定；原定2026年3月12日（周四）。"),
        (
            one(closes="2026-03-12"),
            one(closes="2026-04-12", status=Status.POSTPONED),
            "「网上报名」延期到2026年4月12日（周日），还剩62天；原为2026年3月12日（周四）。",
        ),
        (
            one(opens="2026-03-10", closes="2026-03-12"),
            one(opens="2026-03-10", closes="2026-03-12", status=Status.CANCELLED),
            "「网上报名」已取消，请勿再按原定时间办理；原定2026年3月10日（周二）至2026年3月12日（周四）。",
        ),
        (
            one(closes="2026-03-12", status=Status.CANCELLED),
            one(closes="2026-03-12"),
            "「网上报名」恢复进行：2026年3月12日（周四）。",
        ),
        (
            one(on="2026-11-27", location=text("一教101")),
            one(on="2026-11-27", location=text("二教202")),
            "「网上报名」的地点改为二教202；时间：2026年11月27日（周五）。",
        ),
        (
            one(closes="2026-02-11 24:00"),
            one(closes="2026-02-01 24:00"),
            "「网上报名」截止时间提前到2026年2月1日（周日）24:00；原为2026年2月11日（周三）24:00。",
        ),
    ],
)
def test_the_first_line_says_what_is_new_and_what_was(old: Occurrence, new: Occurrence, expected: str) -> None:
    assert first_line(old, new) == expected


def test_a_notice_names_the_source_and_warns_of_slow_calendars() -> None:
    (notice,) = notices(one(closes="2026-02-11 24:00"), one(closes="2026-02-10 24:00"))
    assert notice.category == "change"
    assert notice.subject == "【变更：截止时间提前到2月10日（周二）24:00】网上报名 · 医师资格考试"
    for body in (notice.text, notice.html, notice.markdown):
        assert "您的日历可能要到明天才刷新，请以本通知为准。" in body
        assert "由2026年2月11日（周三）24:00改为2026年2月10日（周二）24:00" in body
        assert "北京市卫生健康委员会关于2026年医师资格考试报名的公告" in body


def test_a_cancelled_milestone_asks_nothing_of_anybody() -> None:
    (notice,) = notices(
        one(closes="2026-03-12", tasks=(text("带身份证"),)),
        one(closes="2026-03-12", tasks=(text("带身份证"),), status=Status.CANCELLED),
    )
    assert "带身份证" not in notice.text
    assert "原定时间：2026年3月12日（周四）" in notice.text
    assert notice.calendar is not None
    assert b"STATUS:CANCELLED" in notice.calendar


def test_a_moved_paper_is_called_by_its_name() -> None:
    paper = Session(1, text("第一单元"), edge("2026-08-22 09:00"))
    exam = one(kind=Kind.EXAM, opens="2026-08-22 09:00", closes="2026-08-23 17:00", sessions=(paper,))
    moved = replace(exam, sessions=(replace(paper, opens=edge("2026-08-22 10:00")),))
    assert first_line(exam, moved).startswith("「网上报名」「第一单元」开始时间推迟到2026年8月22日（周六）10:00")


def test_one_notice_lists_everything_that_moved() -> None:
    old = one(opens="2026-03-01 09:00", closes="2026-03-05 17:00", location=text("一教101"))
    new = one(opens="2026-03-02 09:00", closes="2026-03-06 17:00", location=text("二教202"))
    for notice in notices(old, new):
        assert "变更：截止时间由2026年3月5日（周四）17:00改为2026年3月6日（周五）17:00" in notice.text
        assert "变更：开始时间由2026年3月1日（周日）09:00改为2026年3月2日（周一）09:00" in notice.text
        assert "变更：地点由一教101改为二教202" in notice.text


def test_english_readers_get_english() -> None:
    (notice,) = notices(one(closes="2026-02-11 24:00"), one(closes="2026-02-10 24:00"), "en")
    assert notice.text.splitlines()[0] == (
        "“Online registration”: closing time is now earlier, Tue 10 Feb 2026, 24:00, 1 day 15 hours left; "
        "it was Wed 11 Feb 2026, 24:00."
    )


def test_english_notices_have_one_reading() -> None:
    (earlier,) = notices(one(closes="2026-02-11 24:00"), one(closes="2026-02-10 24:00"), "en")
    assert earlier.subject.startswith("Changed: closing time brought forward to Tue 10 Feb, 24:00")
    (withdrawn,) = notices(one(closes="2026-02-11 24:00"), one(), "en")
    assert "closing time from Wed 11 Feb 2026, 24:00 to a date to be announced" in withdrawn.text
