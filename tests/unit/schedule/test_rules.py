"""Reminder rules as text."""

from __future__ import annotations

from datetime import time

import pytest

from examcal.schedule.model import Anchor, Rule, Unit
from examcal.schedule.rules import RuleError, parse_clock, parse_rule, rule_in_words


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("opens", Rule(Anchor.OPENS)),
        ("closes -3d", Rule(Anchor.CLOSES, -3, Unit.DAY)),
        ("closes 0d 09:00", Rule(Anchor.CLOSES, 0, Unit.DAY, time(9))),
        ("closes -2wd 9:00", Rule(Anchor.CLOSES, -2, Unit.WORKDAY, time(9))),
        ("opens +1w", Rule(Anchor.OPENS, 1, Unit.WEEK)),
        ("  closes  -90m ", Rule(Anchor.CLOSES, -90, Unit.MINUTE)),
        ("closes-2h", Rule(Anchor.CLOSES, -2, Unit.HOUR)),
        ("opens 17:00", Rule(Anchor.OPENS, at=time(17))),
    ],
)
def test_a_rule_is_anchor_offset_and_time(text: str, rule: Rule) -> None:
    assert parse_rule(text) == rule
    assert parse_rule(str(rule)) == rule


@pytest.mark.parametrize(
    "text",
    [
        *("", "3", "-3d", "3 days ago", "closes 3d", "closes -1mo", "P1M", "start -1d", "closes -3d 24:00"),
        *("closes -2h 09:00", "closes -731d", "closes -3d 09:00 09:00", "closes -３d", "closes -3.5d"),
        "closes -1000000d",
    ],
)
def test_whatever_else_is_refused_with_a_hint(text: str) -> None:
    with pytest.raises(RuleError) as refused:
        parse_rule(text)
    assert refused.value.hint.text("zh-CN").startswith("请写")


def test_a_clock_has_two_digits_of_minutes_and_ends_before_24() -> None:
    assert parse_clock("9:05") == time(9, 5)
    assert [parse_clock(text) for text in ("24:00", "9:5", "09.00", "", "0９:00")] == [None] * 5


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("截止前3天", "closes -3d"),
        ("开始前两小时", "opens -2h"),
        ("考前一周 9:00", "opens -1w 09:00"),
        ("提前2个工作日9点", "closes -2wd 09:00"),
        ("截止当天9：00", "closes 0d 09:00"),
        ("报名结束后1天", "closes +1d"),
        ("3 days before", "closes -3d"),
        ("closes -3D", "closes -3d"),
        *((text, None) for text in ("每天", "3", "P1M", "opens -3000d", "closes -1d closes -2d", "9:00", "")),
    ],
)
def test_a_rule_in_words_is_understood_for_the_question_only(text: str, meant: str | None) -> None:
    assert rule_in_words(text) == meant
