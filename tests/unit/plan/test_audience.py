"""Who hears of what, and the rows of ``examcal plan``."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from examcal.plan.audience import NOTES, REASONS, SUBSCRIBERS, Audience, concerns, plan_rows, unserved
from examcal.plan.reminder import SkipReason
from examcal.schedule.model import Occurrence, Schedule
from examcal.texts import translate
from support.schedules import EVERYTHING_EXAM, everything, small

ZONE = ZoneInfo("Asia/Shanghai")
YEAR = {"since": datetime(2026, 1, 1, tzinfo=ZONE), "until": datetime(2027, 1, 1, tzinfo=ZONE)}
SCHEDULE = everything()
PHYSICIAN = SCHEDULE.exams[0]


def found(occurrence_id: str) -> Occurrence:
    one = SCHEDULE.occurrence(f"{EVERYTHING_EXAM}/{occurrence_id}")
    assert one is not None
    return one


@pytest.mark.parametrize(
    ("audience", "occurrence_id", "expected"),
    [
        (Audience("a", "email"), "onsite-review", True),
        (Audience("a", "email"), "onsite-review@fangshan", False),
        (Audience("a", "email", sites=("fangshan",)), "onsite-review", False),
        (Audience("a", "email", sites=("fangshan",)), "onsite-review@fangshan", True),
        (Audience("a", "email", sites=("fangshan",)), "registration", True),
        (Audience("a", "email", sites=("shunyi",)), "onsite-review", True),
        (Audience("a", "email", sites=("shunyi",)), "onsite-review@fangshan", False),
        (Audience("a", "email", sites=("shunyi", "fangshan")), "onsite-review", True),
        (Audience("a", "email", sites=("elsewhere",)), "registration", False),
        (Audience("a", "email", kinds=("payment",)), "registration", False),
        (Audience("a", "email", kinds=("payment",)), "skills-fee", True),
        (Audience("a", "email", tracks=("skills-passed-2025",)), "skills-fee", False),
        (Audience("a", "email", tracks=("skills-passed-2025",)), "written-exam", True),
        (Audience("a", "email", tracks=("skills-passed-2025",)), "registration", True),
        (Audience("a", "email", exams=("other",)), "registration", False),
    ],
)
def test_an_audience_hears_of_what_it_asked_for(audience: Audience, occurrence_id: str, *, expected: bool) -> None:
    assert concerns(audience, found(occurrence_id), PHYSICIAN) is expected


def test_an_exam_without_sites_concerns_audiences_of_every_site() -> None:
    exam = small().exams[0]
    assert concerns(Audience("a", "email", sites=("fangshan",)), exam.milestones[0].area, exam)


def test_a_row_has_the_names_of_the_public_contract() -> None:
    hr = Audience("hr", "email", to=("a@example.org", "b@example.org"), exams=(EVERYTHING_EXAM,))
    row = next(row for row in plan_rows(SCHEDULE, (hr,), **YEAR) if row.is_planned)
    assert row.as_json() == {
        "exam": EVERYTHING_EXAM,
        "milestone": "registration",
        "site": None,
        "rule": "opens",
        "anchor_at": "2026-01-29T10:00:00+08:00",
        "due_at": "2026-01-29T10:00:00+08:00",
        "useful_until": "2026-02-12T00:00:00+08:00",
        "audience": "hr",
        "channel": "email",
        "recipients": 2,
        "state": "planned",
        "reason": "",
    }


def test_without_audiences_the_outbox_receives_everything_area_wide() -> None:
    planned = [row for row in plan_rows(SCHEDULE, (), **YEAR) if row.is_planned]
    assert {row.audience.channel for row in planned if row.audience} == {"outbox"}
    assert all(row.as_json()["recipients"] == 1 and row.outcome.occurrence.site is None for row in planned)


def test_subscribers_are_counted_together_beside_the_groups() -> None:
    chosen = [
        Audience(SUBSCRIBERS, "email", people=3),
        Audience(SUBSCRIBERS, "email", kinds=("payment",), people=2),
        Audience(SUBSCRIBERS, "email", exams=("other",), people=7),
    ]
    rows = plan_rows(SCHEDULE, (), **YEAR, subscribers=chosen)
    planned = [row for row in rows if row.is_planned and row.outcome.occurrence.site is None]
    counted = {
        (row.outcome.occurrence.kind.value == "payment", row.audience.channel, row.audience.recipients)
        for row in planned
        if row.audience
    }
    assert counted == {(False, "outbox", 1), (True, "outbox", 1), (False, "email", 3), (True, "email", 5)}


def test_what_nobody_receives_is_listed_with_its_reason() -> None:
    rows = plan_rows(Schedule(small().exams), (Audience("a", "email", kinds=("score",)),), **YEAR)
    assert rows
    assert {(row.as_json()["state"], row.reason) for row in rows} == {("skipped", "no-audience")}


@pytest.mark.parametrize("sentence", [*REASONS.values(), *NOTES.values()])
def test_every_reason_has_chinese_words(sentence: str) -> None:
    assert translate(sentence, "zh-CN") != sentence


def test_every_reason_has_a_sentence() -> None:
    assert set(REASONS) == set(SkipReason)


def test_a_choice_of_a_site_that_no_chosen_exam_has_is_noticed() -> None:
    schedule = everything()
    exam = schedule.exam(EVERYTHING_EXAM)
    assert exam is not None
    there = exam.sites[0].id
    chosen = [
        ((EVERYTHING_EXAM,), (there, "gone"), 3),
        ((), ("gone",), 2),
        (("over-2025",), ("old",), 9),
        ((), ("x",), 0),
    ]
    assert unserved(chosen, schedule) == {"gone": 5}
