"""A schedule with every feature, and the changes that led to it."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from examcal.pages.history import PublishedChange
from examcal.schedule.model import Occurrence, Status
from support import schedules

EXAM = schedules.EVERYTHING_EXAM
BASE = "https://kaoshi.example.org/rili"
AT = datetime(2026, 2, 1, 9, 30, tzinfo=ZoneInfo("Asia/Shanghai"))


def found(occurrence_id: str) -> Occurrence:
    occurrence = schedules.everything().occurrence(occurrence_id)
    assert occurrence
    return occurrence


def changes() -> tuple[PublishedChange, ...]:
    """Return one change of each sort: a moved window, a cancelled exam, a new place, and one already superseded."""
    registration = found(f"{EXAM}/registration")
    earlier = replace(registration, closes=schedules.edge("2026-02-09 24:00", end=True))
    second = found(f"{EXAM}/second-sitting")
    review = found(f"{EXAM}/onsite-review@fangshan")
    return (
        PublishedChange.of("later", earlier, registration, AT),
        PublishedChange.of("announced", None, earlier, AT - timedelta(days=9)),
        PublishedChange.of("cancelled", replace(second, status=Status.CONFIRMED), second, AT + timedelta(hours=1)),
        PublishedChange.of(
            "moved-place", replace(review, location=schedules.text("旧址")), review, AT + timedelta(hours=2)
        ),
    )
