"""How many people an edit tells: everybody who gets a notice, and nobody of what is past."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from examcal.cli.effect import effect_of
from examcal.plan.audience import Audience
from examcal.schedule.loader import SourceText, load
from examcal.schedule.model import Schedule

NOW = datetime(2027, 3, 1, 12, tzinfo=ZoneInfo("Asia/Shanghai"))
GROUP = Audience("office", "email", to=("a@example.cn", "b@example.cn"))
ROBOT = Audience("group", "wecom:group")
SUBSCRIBED = Audience("subscribers", "email", people=7)


def schedule(closes: date, kind: str = "payment") -> Schedule:
    text = (
        "exams:\n  - id: x\n    name: X\n    milestones:\n"
        f"      - {{id: m, kind: {kind}, opens: 2027-01-01, closes: {closes}, source: {{title: 公告}}}}\n"
    )
    return load([SourceText("s.yaml", text.encode())], today=NOW.date()).schedule


def told(old: date, new: date, *audiences: Audience) -> int:
    return effect_of(schedule(old), schedule(new), audiences, NOW).recipients


def test_those_who_subscribed_by_mail_are_counted_with_the_configured_recipients() -> None:
    later = NOW.date() + timedelta(days=9)
    assert told(later, later + timedelta(days=1), GROUP, ROBOT, SUBSCRIBED) == 2 + 1 + 7


def test_one_address_in_two_groups_is_one_recipient() -> None:
    later = NOW.date() + timedelta(days=9)
    assert told(later, later + timedelta(days=1), GROUP, Audience("again", "email", to=("a@example.cn",))) == 2


@pytest.mark.parametrize("days", [-20, -2])
def test_nobody_is_told_of_a_correction_of_what_is_past(days: int) -> None:
    past = NOW.date() + timedelta(days=days)
    assert told(past, past - timedelta(days=1), GROUP, SUBSCRIBED) == 0


def test_subscribers_to_other_kinds_are_not_counted() -> None:
    later = NOW.date() + timedelta(days=9)
    only_scores = Audience("subscribers", "email", kinds=("score",), people=3)
    assert told(later, later + timedelta(days=1), only_scores, GROUP) == 2
