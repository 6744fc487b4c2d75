"""Digits that lost their units, as text extraction leaves them (``12910时``): every date that they can have been."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from examcal.schedule.moments import LONGEST_MONTH, MIDNIGHT, Candidate, Clock, Day


class DamagedError(Exception):
    """Digits and units do not fit together."""


_YEAR_DIGITS = re.compile(r"(?:19|20|21)\d\d年?", re.ASCII)


def damaged_readings(text: str) -> Iterator[Candidate]:
    """Yield every day (and time) that ``text`` can be once lost 年, 月, 日 or 时 are put back, shortest numbers first.

    An hour without any mark is only assumed after 日, and in a run of digits that begins with a year (``202522124``).
    """
    year = _YEAR_DIGITS.match(text)
    if year:
        yield from _damaged_days(text[year.end() :], int(text[:4]), bare_hour=text.isdecimal())
    yield from _damaged_days(text, None, bare_hour=False)


def _damaged_days(text: str, year: int | None, *, bare_hour: bool) -> Iterator[Candidate]:
    day_widths = (2,) if text.startswith("0") else (1, 2)  # who pads the month pads the day
    for month, after_month in _numbers(text, range(1, 13), (1, 2)):
        rest = after_month.removeprefix("月")
        for day, after_day in _numbers(rest, range(1, LONGEST_MONTH[month - 1] + 1), day_widths):
            is_marked = after_day.startswith(("日", "号"))
            for clock in _damaged_clocks(after_day[is_marked:], bare_hour=bare_hour or is_marked):
                yield Day(year, month, day), clock


def _numbers(text: str, possible: range, widths: Sequence[int]) -> Iterator[tuple[int, str]]:
    """Yield each number that ``text`` can begin with, and what follows."""
    for width in widths:
        digits = text[:width]
        if len(digits) == width and digits.isdecimal() and int(digits) in possible:
            yield int(digits), text[width:]


_DAMAGED_CLOCK = re.compile(
    r"(?P<hour>\d{1,2})(?:(?P<mark>时|点)(?:(?P<minute>\d{2})分?)?|:(?P<colon>\d{2})时?)?", re.ASCII
)


def _damaged_clocks(rest: str, *, bare_hour: bool) -> Iterator[Clock | None]:
    if not rest:
        yield None
        return
    match = _DAMAGED_CLOCK.fullmatch(rest)
    if match is None or not (bare_hour or match["mark"] or match["colon"]):
        return
    minutes = int(match["hour"]) * 60 + int(match["minute"] or match["colon"] or 0)
    if minutes <= MIDNIGHT:
        yield Clock(minutes)
