"""What feeds, pages, messages and the terminal call alike: weekdays, kinds, hours. Pure."""

from __future__ import annotations

from datetime import date

from examcal.schedule.model import Hours, Kind
from examcal.texts import translate

KINDS = {
    Kind.ANNOUNCEMENT: "Announcement",
    Kind.REGISTRATION: "Registration",
    Kind.REVIEW: "Review",
    Kind.PAYMENT: "Payment",
    Kind.TICKET: "Admission ticket",
    Kind.EXAM: "Exam",
    Kind.SCORE: "Results",
    Kind.CERTIFICATE: "Certificate",
    Kind.OTHER: "Other",
}
WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")


def weekday(day: date, language: str) -> str:
    """Return a day's weekday, short: ``周三``, ``Wed``."""
    return translate(WEEKDAYS[day.weekday()], language)


def clock_range(span: Hours, dash: str = "–") -> str:
    """Return opening hours, ``09:00–11:30``."""
    return f"{_clock(span.since)}{dash}{_clock(span.until)}"


def _clock(minutes: int) -> str:
    return f"{minutes // 60:02d}:{minutes % 60:02d}"
