"""Days that leave out their year or month take it from their neighbour; what stays missing is refused."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta

from examcal.errors import Sentence
from examcal.schedule.moments import Day, known_year
from examcal.schedule.outline import Stop
from examcal.schedule.phrase_error import PhraseError

LONGEST_ROLLOVER = 183
"""Days; a window over New Year that leaves out the second year is shorter than half a year, or it is a slip."""

_WEEKDAYS = "一二三四五六日"
_WEEKDAY_NAMES = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


def resolve_one(day: Day | None, year: int | None, stop: Stop) -> date:
    """Return the calendar day, with ``year`` where the phrase leaves it out; its printed weekday must agree."""
    return _checked(_calendar_day(day or Day(), year, stop), stop)


def resolve_span(first: Stop, last: Stop, year: int | None) -> tuple[date, date]:
    """Return the days of two stops joined by 至; year and month may be left out on the right."""
    left, right = first.day or Day(), last.day or Day()
    if left.year is None and right.year is not None and right.day_shift is None:
        left = replace(left, year=_year_before(left, right))
    opens_on = _calendar_day(left, year, first)
    closes_on = _right_day(opens_on, right, last, first)
    return _checked(opens_on, first), _checked(closes_on, last)


def resolve_list(stops: Sequence[Stop], year: int | None) -> tuple[date, ...]:
    """Return the days of a list, in order; each takes year and month from the one before."""
    days = [_calendar_day(stops[0].day or Day(), year, stops[0])]
    for stop in stops[1:]:
        days.append(_right_day(days[-1], stop.day or Day(), stop, stops[0]))
        if days[-1] == days[-2]:
            raise PhraseError("{day} stands twice in the list", offset=stop.start, day=days[-1].isoformat())
    return tuple(_checked(day, stop) for day, stop in zip(days, stops, strict=True))


def _year_before(left: Day, right: Day) -> int | None:
    """Return the year of a start that leaves it out before an end that has it: the last one that lies before."""
    if right.year is None or left.month is None or right.month is None:
        return right.year
    return right.year if (left.month, left.day or 0) <= (right.month, right.day or 0) else right.year - 1


def _right_day(before: date, day: Day, stop: Stop, first: Stop) -> date:
    if day.day_shift is not None:
        return before + timedelta(days=day.day_shift)
    filled = replace(day, year=day.year or before.year + day.year_shift, month=day.month or before.month)
    found = _calendar_day(filled, None, stop)
    if found >= before or day.year is not None:
        return found
    return _rolled_over(before, day, found, stop, first)


def _rolled_over(before: date, day: Day, found: date, stop: Stop, first: Stop) -> date:
    """Return the end of a window over New Year, or refuse an end before its start with what it could mean."""
    if day.month is not None and not day.year_shift:
        following = _calendar_day(replace(day, year=before.year + 1), None, stop)
        if following - before <= timedelta(days=LONGEST_ROLLOVER):
            return following
    else:
        months = before.month % 12 + 1
        following = _calendar_day(replace(day, year=before.year + before.month // 12, month=months), None, stop)
    raise PhraseError(
        "The end ({end}) is not after the start ({start})",
        hint=Sentence("Write the year and month of the end"),
        readings=[f"{_timed(before, first)} 至 {_timed(following, stop)}"],
        offset=stop.start,
        start=before.isoformat(),
        end=found.isoformat(),
    )


def _timed(day: date, stop: Stop) -> str:
    return f"{day} {stop.clock.text}" if stop.clock else day.isoformat()


def _calendar_day(day: Day, year: int | None, stop: Stop) -> date:
    if day.year_shift and day.year is None:
        raise PhraseError(
            "The year is told from another one that this phrase does not name",
            hint=Sentence("Write the year in four digits"),
            offset=stop.start,
        )
    year = day.year or year
    if day.day is None:
        raise PhraseError(
            "The day is missing", hint=Sentence("Write the date in full, or `when: tba`"), offset=stop.start
        )
    if day.month is None:
        raise PhraseError("The month is missing", hint=Sentence("Write the date in full"), offset=stop.start)
    if year is None:
        raise PhraseError(
            "The year is missing",
            hint=Sentence("Write the year (for `examcal parse`, --year also gives it)"),
            offset=stop.start,
        )
    known_year(year, stop.start)
    try:
        return date(year, day.month, day.day)
    except ValueError:
        raise PhraseError(
            "There is no {day}: that month has fewer days",
            offset=stop.start,
            day=f"{year}-{day.month:02d}-{day.day:02d}",
        ) from None


def _checked(day: date, stop: Stop) -> date:
    if stop.weekday is None:
        return day
    if not _names(stop.weekday.text, day):
        raise PhraseError(
            "The weekday disagrees: {day} is a {actual}, not {printed}",
            hint=Sentence("Compare with the original: the date or the weekday is wrong"),
            offset=stop.weekday.start,
            day=day.isoformat(),
            actual=Sentence(_WEEKDAY_NAMES[day.weekday()]),
            printed=stop.weekday.text,
        )
    return day


def _names(weekday: str, day: date) -> bool:
    """Return whether a printed weekday (``星期四``, ``四``, ``Thu``) is that of a day."""
    if weekday.isascii():
        return _WEEKDAY_NAMES[day.weekday()].startswith(weekday[:3])
    return weekday[-1].replace("天", "日") == _WEEKDAYS[day.weekday()]
