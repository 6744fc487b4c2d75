"""Golden texts: what the real 2026 physician exam says through its whole year.

Run with UPDATE_GOLDEN=1 after the schedule or the wording was changed on purpose, and read the difference aloud.
"""

from __future__ import annotations

import os
from datetime import UTC, date, datetime
from functools import lru_cache
from pathlib import Path

import pytest

from examcal.channels.port import Message
from examcal.delivery.message import Renderer
from examcal.delivery.notices import put_back
from examcal.plan.planner import plan
from examcal.plan.reminder import Reminder
from examcal.schedule.loader import SourceText, load
from examcal.schedule.model import Schedule

ROOT = Path(__file__).parents[3]
GOLDEN = Path(__file__).parent / "test_message_golden"
SINCE, UNTIL = datetime(2025, 12, 1, tzinfo=UTC), datetime(2027, 12, 1, tzinfo=UTC)
RENDERER = Renderer("https://exam.example.org")


@lru_cache(maxsize=1)
def real_schedule() -> Schedule:
    file = ROOT / "data" / "schedule.yaml"
    return load([SourceText(file.name, file.read_bytes())], today=date(2026, 11, 25)).schedule


def render(reminder: Reminder, language: str = "zh-CN") -> Message:
    exam = real_schedule().exam(reminder.occurrence.exam)
    assert exam is not None
    return RENDERER.reminder(
        reminder.occurrence, exam, real_schedule(), reminder.rule, language=language, now=reminder.due_at
    )


def year() -> list[Reminder]:
    return list(plan(real_schedule(), since=SINCE, until=UNTIL).reminders)


def compare(name: str, text: str) -> None:
    file = GOLDEN / name
    if os.environ.get("UPDATE_GOLDEN"):
        GOLDEN.mkdir(exist_ok=True)
        file.write_text(text, encoding="utf-8")
    assert text == file.read_text(encoding="utf-8")


@pytest.mark.parametrize("language", ["zh-CN", "en"])
def test_subjects_and_first_lines_of_the_whole_year(language: str) -> None:
    lines: list[str] = []
    for reminder in year():
        message = render(reminder, language)
        lines += [
            f"{reminder.due_at:%Y-%m-%d %H:%M} {reminder.occurrence.id} · {reminder.rule}",
            f"  {message.subject}",
            f"  {message.text.splitlines()[0]}",
        ]
    compare(f"year.{language}.txt", "\n".join(lines) + "\n")


@pytest.mark.parametrize(
    ("milestone", "written"),
    [
        ("registration", "closes -1d"),
        ("onsite-review", "closes 0d 08:00"),
        ("skills-ticket", "opens -2d 09:00"),
        ("score-2", "opens 0d 09:00"),
    ],
)
@pytest.mark.parametrize("kind", ["text", "markdown"])
def test_whole_messages(milestone: str, written: str, kind: str) -> None:
    found = [r for r in year() if r.occurrence.id.endswith(f"/{milestone}") and str(r.rule) == written]
    assert len(found) == 1
    compare(f"{milestone}.{kind}.txt", str(getattr(render(found[0]), kind)))


def test_every_message_of_the_year_fits_one_robot_message() -> None:
    sizes = {len(render(reminder).markdown.encode()) for reminder in year()}
    assert max(sizes) <= 4096


def test_no_message_of_the_year_shows_a_date_that_the_schedule_does_not_state() -> None:
    for reminder in year():
        message = render(reminder)
        if reminder.occurrence.status == "expected":
            assert "预计" in message.subject
            assert "请以官方公告为准" in message.text
        else:
            assert "预计" not in message.subject


@pytest.mark.parametrize("language", ["zh-CN", "en"])
def test_what_is_put_back_is_on_again_with_its_date(language: str) -> None:
    schedule = real_schedule()
    change = put_back(Schedule(()), schedule)["physician-2026-beijing/registration"]
    exam = schedule.exam(change.occurrence.exam)
    assert exam is not None
    now = datetime(2026, 2, 1, 1, 0, tzinfo=UTC)
    message = RENDERER.change(change, exam, schedule, language=language, now=now)
    compare(f"put-back.{language}.txt", f"{message.subject}\n\n{message.text}\n\n{message.markdown}\n")
