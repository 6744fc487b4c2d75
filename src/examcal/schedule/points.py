"""From tokens to points: each day and time of a phrase with every way in which it can be read.

A point ("2026年1月29日10时") has one candidate where it is written intact, several where it is ambiguous
("晚12点"), and is marked damaged where units fell out ("12910时"): then its candidates are all readings that
the digits allow, for a person to choose from.
"""

from __future__ import annotations

import re
from calendar import monthrange
from collections.abc import Callable, Sequence
from dataclasses import replace

from examcal.schedule.clocks import clocks
from examcal.schedule.damage import DamagedError, damaged_readings
from examcal.schedule.moments import LONGEST_MONTH, Candidate, Day, Point, known_year
from examcal.schedule.phrase_error import PhraseError
from examcal.schedule.phrases import Mark, Token

_LETTER = {
    Mark.YEAR: "Y",
    Mark.NEXT_YEAR: "x",
    Mark.SAME: "s",
    Mark.NEXT_DAY: "d",
    Mark.MONTH: "M",
    Mark.DAY: "D",
    Mark.DATE: "I",
    Mark.MONTH_DAY: "m",
    Mark.NUMBER: "n",
    Mark.HALF_DAY: "a",
    Mark.HOUR: "h",
    Mark.CLOCK: "c",
    Mark.MINUTE: "i",
    Mark.HALF: "f",
}
_RANK = {letter: rank for rank, letters in enumerate(("Yxs", "M", "DImd", "a", "hc", "if")) for letter in letters}
_DAY_LETTERS = re.compile(r"[Imd]|[Yxs]?(?:M[Dn]?|[Dn])?")
_CLOCK_LETTERS = re.compile(r"a?(?:h[ifn]?|c)?$")
_DIGITS = re.compile(r"\d+", re.ASCII)
_REPUBLIC = 1911
"""Year 1 of the Republic of China calendar is 1912."""
_REPUBLIC_YEARS = range(100, 141)
"""Years of that calendar which are taken for such; other three digits are what is left of a year of four (``202``)."""


def elements(found: Sequence[Token]) -> list[Token | Point]:
    """Gather the tokens of each day or time into one point; other tokens stay."""
    gathered: list[Token | Point] = []
    segment: list[Token] = []
    found = _halves_beside_times(found)
    for position, token in enumerate(found):
        if not _belongs(found, position):
            _close(segment, gathered)
            gathered.append(token)
            continue
        if segment and not _continues(segment, token):
            _close(segment, gathered)
        segment.append(token)
    _close(segment, gathered)
    return gathered


_BETWEEN_HALF_AND_TIME = {Mark.LEFT, Mark.RIGHT, Mark.WEEKDAY}


def _halves_beside_times(found: Sequence[Token]) -> Sequence[Token]:
    """Put 上午 and 下午 directly before the time that follows them behind a bracket, a weekday or a comma."""
    moved = list(found)
    for position in range(len(moved) - 2, -1, -1):
        if moved[position].mark is not Mark.HALF_DAY:
            continue
        after = position + 1
        while after < len(moved) and (moved[after].mark in _BETWEEN_HALF_AND_TIME or moved[after].text in {",", ":"}):
            after += 1
        if after < len(moved) and moved[after].mark in {Mark.CLOCK, Mark.HOUR}:
            moved.insert(after - 1, moved.pop(position))
    return moved


def _belongs(found: Sequence[Token], position: int) -> bool:
    """Return whether a token is part of a point; a colon is, between bare numbers (``202531715:00``)."""
    token = found[position]
    if token.mark in _LETTER:
        return True
    return (
        token.text == ":"
        and 0 < position < len(found) - 1
        and found[position - 1].mark is Mark.NUMBER
        and found[position + 1].mark is Mark.NUMBER
    )


def _continues(segment: Sequence[Token], token: Token) -> bool:
    """Return whether a token may follow: units go from large to small, damaged digits stay together."""
    last = segment[-1]
    if Mark.NUMBER in {last.mark, token.mark} or token.text == ":" or last.text == ":":
        return token.start == last.end or _continues_across_space(segment, token)
    return _RANK[_LETTER[token.mark]] > max(
        _RANK[_LETTER[t.mark]] for t in segment if t.mark in _LETTER and t.mark is not Mark.NUMBER
    )


def _continues_across_space(segment: Sequence[Token], token: Token) -> bool:
    """Return whether a bare number belongs to what stands before a space: after a unit, or in ``2026 1 29``."""
    last = segment[-1]
    if token.mark is Mark.NUMBER and last.mark in {Mark.MONTH, Mark.HOUR}:
        return True
    return last.mark is Mark.NUMBER and _YEAR_ALONE.fullmatch(segment[0].text) is not None


_YEAR_ALONE = re.compile(r"(?:19|20|21)\d\d", re.ASCII)


def _close(segment: list[Token], gathered: list[Token | Point]) -> None:
    if segment:
        gathered.append(point(segment))
        segment.clear()


def point(segment: Sequence[Token]) -> Point:
    """Read one segment: strictly, else as damaged digits."""
    text = "".join(token.text for token in segment).replace(" ", "")
    first, end = segment[0], segment[-1].end
    numeric = first.mark in {Mark.DATE, Mark.MONTH_DAY}
    try:
        candidates, half_only = _strict(segment)
    except PhraseError as failure:
        return Point(text, first.start, end, numeric=numeric, failure=failure)
    except DamagedError:
        return Point(text, first.start, end, tuple(damaged_readings(text)), damaged=True, numeric=numeric)
    lone = first.mark is Mark.MONTH_DAY  # 2.11 is a date only beside one with a year
    return Point(text, first.start, end, candidates, damaged=lone, numeric=numeric, half_only=half_only)


def _strict(segment: Sequence[Token]) -> tuple[tuple[Candidate, ...], bool]:
    letters = "".join(_LETTER.get(token.mark, "?") for token in segment)
    length = _DAY_LETTERS.match(letters).end()  # type: ignore[union-attr] # the pattern matches everything
    if not _CLOCK_LETTERS.fullmatch(letters, length):
        raise DamagedError
    days = _days(segment[:length]) if length else (None,)
    times = segment[length:]
    if not times or letters[length:] == "a":
        return tuple((day, None) for day in days), bool(times)
    return tuple((day, clock) for day in days for clock in clocks(times)), False


def _days(segment: Sequence[Token]) -> tuple[Day | None, ...]:
    """Return the day that is written, or two for ``5/6/2026``, whose order nobody knows."""
    if segment[0].mark is Mark.DATE and not _YEAR_FIRST.match(segment[0].text):
        if not _YEAR_LAST.search(segment[0].text):
            raise _year_cut(segment[0])
        return _days_of_unknown_order(segment[0])
    return (_day(segment),)


_YEAR_FIRST, _YEAR_LAST = re.compile(r"\d{4}", re.ASCII), re.compile(r"\d{4}$", re.ASCII)


def _days_of_unknown_order(token: Token) -> tuple[Day | None, ...]:
    first, second, year = (int(digits) for digits in _DIGITS.findall(token.text))
    orders = dict.fromkeys([(first, second), (second, first)])
    days = [
        Day(known_year(year, token.start), month, day)
        for month, day in orders
        if 1 <= month <= len(LONGEST_MONTH) and 1 <= day <= LONGEST_MONTH[month - 1]
    ]
    if not days:
        raise PhraseError("{written} is not a date", offset=token.start, written=token.text)
    return tuple(days)


def _day(segment: Sequence[Token]) -> Day:
    day = Day()
    for token in segment:
        day = _DAY_PART[token.mark](day, token)
    if day.month is not None and day.day is not None and day.day > LONGEST_MONTH[day.month - 1]:
        raise PhraseError(
            "There is no {day}: month {month} has {days} days",
            offset=segment[0].start,
            day="".join(token.text for token in segment),
            month=day.month,
            days=monthrange(day.year, day.month)[1] if day.year else LONGEST_MONTH[day.month - 1],
        )
    return day


def _with_year(day: Day, token: Token) -> Day:
    digits = token.digits
    if len(digits) == 3 and int(digits) in _REPUBLIC_YEARS:  # noqa: PLR2004 -- as in the Republic of China since 2011
        return replace(day, year=known_year(int(digits) + _REPUBLIC, token.start))
    if len(digits) == 2:  # noqa: PLR2004 -- a year cut to two digits
        raise _year_cut(token)
    if len(digits) != 4:  # noqa: PLR2004 -- a year has four digits
        raise DamagedError
    return replace(day, year=known_year(int(digits), token.start))


def _year_cut(token: Token) -> PhraseError:
    return PhraseError("Write the year in four digits instead of {written}", offset=token.start, written=token.text)


def _with_month(day: Day, token: Token) -> Day:
    digits = token.digits
    if len(digits) > 2:  # noqa: PLR2004 -- a month has at most two digits
        raise DamagedError
    return replace(day, month=_known_month(int(digits), token))


def _known_month(month: int, token: Token) -> int:
    if not 1 <= month <= len(LONGEST_MONTH):
        raise PhraseError("There is no month {month}", offset=token.start, month=month)
    return month


def _with_day(day: Day, token: Token) -> Day:
    digits = token.digits
    number = int(digits[:9])
    if len(digits) > 2 or (day.month is None and number > max(LONGEST_MONTH)):  # noqa: PLR2004 -- at most two digits
        raise DamagedError
    return replace(day, day=_known_day(number, token), closed=token.mark is Mark.DAY)


def _known_day(number: int, token: Token) -> int:
    if not 1 <= number <= max(LONGEST_MONTH):
        raise PhraseError("There is no day {day} in any month", offset=token.start, day=number)
    return number


def _with_date(day: Day, token: Token) -> Day:
    year, month, number = (int(digits) for digits in _DIGITS.findall(token.text))
    year = known_year(year, token.start)
    return replace(day, year=year, month=_known_month(month, token), day=_known_day(number, token))


def _with_month_day(day: Day, token: Token) -> Day:
    month, number = (int(digits) for digits in _DIGITS.findall(token.text))
    return replace(day, month=_known_month(month, token), day=_known_day(number, token))


def _with_same(day: Day, token: Token) -> Day:
    return day if token.text.endswith("年") else replace(day, day_shift=0)


_DAY_PART: dict[Mark, Callable[[Day, Token], Day]] = {
    Mark.YEAR: _with_year,
    Mark.MONTH: _with_month,
    Mark.DAY: _with_day,
    Mark.NUMBER: _with_day,
    Mark.DATE: _with_date,
    Mark.MONTH_DAY: _with_month_day,
    Mark.SAME: _with_same,
    Mark.NEXT_YEAR: lambda day, token: replace(day, year_shift=-1 if token.text[0] in "去上" else 1),
    Mark.NEXT_DAY: lambda day, _: replace(day, day_shift=1),
}
