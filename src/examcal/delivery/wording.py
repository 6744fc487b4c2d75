"""Days, times and time left as people say them, in any language of the catalogues. Pure: ``now`` is an argument.

What is written always names the day people call it by: the closing ``2026-02-11 24:00`` stays on the eleventh.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from examcal.schedule.model import Edge, Hours
from examcal.schedule.spoken import clock_range, weekday
from examcal.texts import translate

_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_MINUTES_A_DAY = 1440
_DAYS_ALONE = 10  # from here on hours do not matter to anybody
_NEXT_WORDS = {-1: "yesterday", 0: "today", 1: "tomorrow", 2: "the day after tomorrow"}


def day_text(day: date, language: str, *, year: bool = True) -> str:
    """Return a day with its weekday: ``2026年2月11日（周三）``, in short without the year."""
    parts = {
        "year": day.year,
        "month": _MONTHS[day.month - 1],
        "number": day.month,
        "day": day.day,
        "weekday": weekday(day, language),
    }
    if year:
        return translate("{weekday} {day} {month} {year}", language, **parts)
    parts.pop("year")
    return translate("{weekday} {day} {month}", language, **parts)


def plain_day(day: date, language: str) -> str:
    """Return a day without its weekday, for days that nobody acts on: published, checked."""
    parts = {"year": day.year, "month": _MONTHS[day.month - 1], "number": day.month, "day": day.day}
    return translate("{day} {month} {year}", language, **parts)


def edge_text(edge: Edge, language: str, *, expected: bool = False, year: bool = True) -> str:
    """Return an edge as announced, time included where there is one, marked where it is only expected."""
    text = _joined(day_text(edge.named_on, language, year=year), edge.clock, language)
    return translate("expected {when}", language, when=text) if expected else text


def instant_text(instant: datetime, zone: str, language: str) -> str:
    """Return an instant as day and time of day in ``zone``."""
    local = instant.astimezone(ZoneInfo(zone))
    return _joined(day_text(local.date(), language), f"{local:%H:%M}", language)


def span_text(opens: Edge, closes: Edge, language: str, *, expected: bool = False) -> str:
    """Return both edges; a day is not repeated where a window begins and ends on it."""
    first = edge_text(opens, language, expected=expected)
    if opens.named_on != closes.named_on:
        last = edge_text(closes, language, expected=expected)
    elif opens.clock and closes.clock:
        last = closes.clock
    else:
        return first
    return translate("{first} to {last}", language, first=first, last=last)


def midnight_text(edge: Edge, language: str) -> str:
    """Return what 24:00 or 00:00 means in daily life, or an empty string for any other time."""
    if edge.clock == "24:00":
        return translate("24:00 is midnight at the end of that day", language)
    return translate("00:00 is midnight at the start of that day", language) if edge.clock == "00:00" else ""


def left_text(until: datetime, now: datetime, language: str) -> str:
    """Return the time from ``now`` to ``until``, rounded down, in the units that matter at that distance."""
    minutes = max(int((until - now) / timedelta(minutes=1)), 0)
    days, minutes = divmod(minutes, _MINUTES_A_DAY)
    hours, minutes = divmod(minutes, 60)
    if days >= _DAYS_ALONE:
        return _days(days, language)
    if days:
        return _both(_days(days, language), _hours(hours, language), language)
    if hours:
        return _both(_hours(hours, language), _minutes(minutes, language), language)
    return _minutes(minutes, language) or translate("less than a minute", language)


def relative_day(day: date, today: date, language: str) -> str:
    """Return ``day`` as seen from ``today``: today, tomorrow, in five days, three days ago."""
    distance = (day - today).days
    if distance in _NEXT_WORDS:
        return translate(_NEXT_WORDS[distance], language)
    sentence = "in {days}" if distance > 0 else "{days} ago"
    return translate(sentence, language, days=_days(abs(distance), language))


def days_left_text(day: date, today: date, language: str) -> str:
    """Return how long a day that counts to its end is away: ``还剩3天``, and the last day by its name."""
    distance = (day - today).days
    if distance <= 0:
        return translate("today is the last day", language)
    if distance == 1:
        return translate("tomorrow is the last day", language)
    return translate("{left} left", language, left=_days(distance, language))


def hours_text(hours: tuple[Hours, ...]) -> str:
    """Return daily opening hours, ``09:00–11:30 13:30–17:00``."""
    return " ".join(clock_range(one) for one in hours)


def one_line(text: str) -> str:
    """Return ``text`` with every run of white space, line breaks included, as one space."""
    return " ".join(text.split())


def _joined(day: str, clock: str | None, language: str) -> str:
    return translate("{day}, {clock}", language, day=day, clock=clock) if clock else day


def _days(number: int, language: str) -> str:
    return translate("1 day", language) if number == 1 else translate("{number} days", language, number=number)


def _hours(number: int, language: str) -> str:
    if not number:
        return ""
    return translate("1 hour", language) if number == 1 else translate("{number} hours", language, number=number)


def _minutes(number: int, language: str) -> str:
    if not number:
        return ""
    return translate("1 minute", language) if number == 1 else translate("{number} minutes", language, number=number)


def _both(larger: str, smaller: str, language: str) -> str:
    return translate("{larger} {smaller}", language, larger=larger, smaller=smaller) if smaller else larger
