"""Days and times of day inside a date phrase, each with every way in which it can be read.

A point ("2026年1月29日10时") has one candidate where it is written intact, several where it is ambiguous
("晚12点"), and is marked damaged where units fell out ("12910时"): then its candidates are all readings that
the digits allow, for a person to choose from.
"""

from __future__ import annotations

import enum
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from examcal.schedule.phrase_error import PhraseError
from examcal.schedule.phrases import Mark, Token

YEARS = range(1970, 2201)
MIDNIGHT = 24 * 60
_LONGEST_MONTH = (31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
_REPUBLIC = 1911
"""Year 1 of the Republic of China calendar is 1912."""


class Half(enum.Enum):
    """Which part of the day a word names."""

    NIGHT = "凌晨午夜"
    MORNING = "上午早上早晨清晨早"
    NOON = "中午正午"
    AFTERNOON = "下午"
    EVENING = "傍晚晚上晚间夜间当晚晚"


@dataclass(frozen=True, slots=True)
class Day:
    """A day as written: what is None stands elsewhere in the phrase. ``closed`` tells that 日 was written."""

    year: int | None = None
    month: int | None = None
    day: int | None = None
    year_shift: int = 0
    day_shift: int | None = None
    closed: bool = True


@dataclass(frozen=True, slots=True)
class Clock:
    """A time of day in minutes since midnight (24:00 is 1440); ``half`` as written, ``offset`` from UTC as written."""

    minutes: int
    half: Half | None = None
    offset: str | None = None

    @property
    def text(self) -> str:
        """``HH:MM``."""
        return f"{self.minutes // 60:02d}:{self.minutes % 60:02d}"


Candidate = tuple[Day | None, Clock | None]


@dataclass(frozen=True, slots=True)
class Point:
    """One day, time, or both, in every reading.

    ``failure`` is why there is none; ``half_only`` tells of a 上午 or 下午 without a time after it.
    """

    text: str
    start: int
    end: int
    candidates: tuple[Candidate, ...] = ()
    damaged: bool = False
    numeric: bool = False
    half_only: bool = False
    failure: PhraseError | None = None

    @property
    def has_day(self) -> bool:
        """Whether it names a day."""
        return any(day is not None for day, _ in self.candidates)

    @property
    def has_clock(self) -> bool:
        """Whether it names a time of day."""
        return any(clock is not None for _, clock in self.candidates)

    @property
    def is_year(self) -> bool:
        """Whether it is a year and nothing else."""
        day = self.candidates[0][0] if self.candidates else None
        return day is not None and day.year is not None and day.month is None and day.day is None

    @property
    def is_open(self) -> bool:
        """Whether its day lacks 日, which the next point of a chain may supply."""
        day = self.candidates[0][0] if self.candidates else None
        return day is not None and not day.closed


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


def elements(found: Sequence[Token]) -> list[Token | Point]:
    """Gather the tokens of each day or time into one point; other tokens stay."""
    gathered: list[Token | Point] = []
    segment: list[Token] = []
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
        return token.start == last.end or last.mark in {Mark.MONTH, Mark.HOUR} or last.mark is Mark.NUMBER
    return _RANK[_LETTER[token.mark]] > max(
        _RANK[_LETTER[t.mark]] for t in segment if t.mark in _LETTER and t.mark is not Mark.NUMBER
    )


def _close(segment: list[Token], gathered: list[Token | Point]) -> None:
    if segment:
        gathered.append(point(segment))
        segment.clear()


def point(segment: Sequence[Token]) -> Point:
    """Read one segment: strictly, else as damaged digits."""
    text = "".join(token.text for token in segment).replace(" ", "")
    empty = Point(text, segment[0].start, segment[-1].end, numeric=segment[0].mark in {Mark.DATE, Mark.MONTH_DAY})
    try:
        candidates, half_only = _strict(segment)
    except PhraseError as failure:
        return replace(empty, failure=failure)
    except _DamagedError:
        return replace(empty, candidates=tuple(damaged_readings(text)), damaged=True)
    return replace(empty, candidates=candidates, half_only=half_only, damaged=segment[0].mark is Mark.MONTH_DAY)


class _DamagedError(Exception):
    """Digits and units do not fit together."""


def _strict(segment: Sequence[Token]) -> tuple[tuple[Candidate, ...], bool]:
    letters = "".join(_LETTER.get(token.mark, "?") for token in segment)
    length = _DAY_LETTERS.match(letters).end()  # type: ignore[union-attr] # the pattern matches everything
    if not _CLOCK_LETTERS.fullmatch(letters, length):
        raise _DamagedError
    days = _days(segment[:length]) if length else (None,)
    times = segment[length:]
    if not times or letters[length:] == "a":
        return tuple((day, None) for day in days), bool(times)
    return tuple((day, clock) for day in days for clock in _clocks(times)), False


def _days(segment: Sequence[Token]) -> tuple[Day | None, ...]:
    """Return the day that is written, or two for ``5/6/2026``, whose order nobody knows."""
    if segment[0].mark is Mark.DATE and not _YEAR_FIRST.match(segment[0].text):
        return _days_of_unknown_order(segment[0])
    return (_day(segment),)


_YEAR_FIRST = re.compile(r"\d{4}", re.ASCII)


def _days_of_unknown_order(token: Token) -> tuple[Day | None, ...]:
    first, second, year = (int(digits) for digits in _DIGITS.findall(token.text))
    orders = dict.fromkeys([(first, second), (second, first)])
    days = [
        Day(_known_year(year, token), month, day)
        for month, day in orders
        if 1 <= month <= len(_LONGEST_MONTH) and 1 <= day <= _LONGEST_MONTH[month - 1]
    ]
    if not days:
        raise PhraseError("{written} is not a date", offset=token.start, written=token.text)
    return tuple(days)


def _day(segment: Sequence[Token]) -> Day:
    day = Day()
    for token in segment:
        day = _DAY_PART[token.mark](day, token)
    if day.month is not None and day.day is not None and day.day > _LONGEST_MONTH[day.month - 1]:
        raise PhraseError(
            "There is no {day}: month {month} has {days} days",
            offset=segment[0].start,
            day="".join(token.text for token in segment),
            month=day.month,
            days=_LONGEST_MONTH[day.month - 1],
        )
    return day


def _with_year(day: Day, token: Token) -> Day:
    digits = token.digits
    if len(digits) == 3:  # noqa: PLR2004 -- a year of the Republic of China has three digits since 2011
        return replace(day, year=_known_year(int(digits) + _REPUBLIC, token))
    if len(digits) == 2:  # noqa: PLR2004 -- a year cut to two digits
        raise PhraseError("Write the year in four digits instead of {written}", offset=token.start, written=token.text)
    if len(digits) != 4:  # noqa: PLR2004 -- a year has four digits
        raise _DamagedError
    return replace(day, year=_known_year(int(digits), token))


def _known_year(year: int, token: Token) -> int:
    if year not in YEARS:
        raise PhraseError(
            "The year {year} is out of range ({first} to {last})",
            offset=token.start,
            year=year,
            first=YEARS[0],
            last=YEARS[-1],
        )
    return year


def _with_month(day: Day, token: Token) -> Day:
    digits = token.digits
    if len(digits) > 2:  # noqa: PLR2004 -- a month has at most two digits
        raise _DamagedError
    return replace(day, month=_known_month(int(digits), token))


def _known_month(month: int, token: Token) -> int:
    if not 1 <= month <= len(_LONGEST_MONTH):
        raise PhraseError("There is no month {month}", offset=token.start, month=month)
    return month


def _with_day(day: Day, token: Token) -> Day:
    digits = token.digits
    number = int(digits[:9])
    if len(digits) > 2 or (day.month is None and number > max(_LONGEST_MONTH)):  # noqa: PLR2004 -- at most two digits
        raise _DamagedError
    return replace(day, day=_known_day(number, token), closed=token.mark is Mark.DAY)


def _known_day(number: int, token: Token) -> int:
    if not 1 <= number <= max(_LONGEST_MONTH):
        raise PhraseError("There is no day {day} in any month", offset=token.start, day=number)
    return number


def _with_date(day: Day, token: Token) -> Day:
    year, month, number = (int(digits) for digits in _DIGITS.findall(token.text))
    year = _known_year(year, token)
    return replace(day, year=year, month=_known_month(month, token), day=_known_day(number, token))


def _with_month_day(day: Day, token: Token) -> Day:
    month, number = (int(digits) for digits in _DIGITS.findall(token.text))
    return replace(day, month=_known_month(month, token), day=_known_day(number, token))


def _with_same(day: Day, token: Token) -> Day:
    return day if token.text.endswith("年") else replace(day, day_shift=0)


_DAY_PART = {
    Mark.YEAR: _with_year,
    Mark.MONTH: _with_month,
    Mark.DAY: _with_day,
    Mark.NUMBER: _with_day,
    Mark.DATE: _with_date,
    Mark.MONTH_DAY: _with_month_day,
    Mark.SAME: _with_same,
    Mark.NEXT_YEAR: lambda day, _: replace(day, year_shift=1),
    Mark.NEXT_DAY: lambda day, _: replace(day, day_shift=1),
}


def _clocks(segment: Sequence[Token]) -> tuple[Clock, ...]:
    half: Half | None = None
    if segment[0].mark is Mark.HALF_DAY:
        half = next(half for half in Half if segment[0].text in half.value)
        segment = segment[1:]
    first = segment[0]
    if first.mark is Mark.CLOCK:
        return _digital_clocks(half, first)
    return _written_clocks(half, _hour(first), _minute(segment[1:]), first, None)


def _written_clocks(half: Half | None, hour: int, minute: int, token: Token, offset: str | None) -> tuple[Clock, ...]:
    _check_clock(hour, minute, token)
    return tuple(Clock(minutes, half, offset) for minutes in _in_half(half, hour, minute, token))


_CLOCK = re.compile(
    r"T?(?P<hour>\d{1,2}) ?: ?(?P<minute>\d{2})(?::(?P<second>\d{2}(?:\.\d{1,9})?))?(?P<offset>Z|[+-]\d{2}:?\d{2})?",
    re.ASCII,
)


def _digital_clocks(half: Half | None, token: Token) -> tuple[Clock, ...]:
    """Read ``HH:MM[:SS][+HH:MM]``; 23:59:59 may mean the end of the day or a minute before it."""
    match = _CLOCK.fullmatch(token.text)
    if match is None:
        raise _DamagedError
    hour, minute = int(match["hour"]), int(match["minute"])
    if not (match["second"] or "0").strip("0."):
        return _written_clocks(half, hour, minute, token, match["offset"])
    if (hour, minute, match["second"]) == (23, 59, "59"):
        return Clock(MIDNIGHT), Clock(MIDNIGHT - 1)
    raise PhraseError("{written} has seconds; write a whole minute", offset=token.start, written=token.text)


def _hour(token: Token) -> int:
    if len(token.digits) > 2:  # noqa: PLR2004 -- an hour has at most two digits
        raise _DamagedError
    return int(token.digits)


def _minute(rest: Sequence[Token]) -> int:
    if not rest:
        return 0
    if rest[0].mark is Mark.HALF:
        return 30
    if len(rest[0].digits) > 2 or (rest[0].mark is Mark.NUMBER and len(rest[0].digits) != 2):  # noqa: PLR2004 -- two digits
        raise _DamagedError
    return int(rest[0].digits)


def _check_clock(hour: int, minute: int, token: Token) -> None:
    if minute > 59 or hour * 60 + minute > MIDNIGHT:  # noqa: PLR2004 -- the last minute of an hour
        raise PhraseError(
            "There is no time {clock}; a day ends at 24:00", offset=token.start, clock=f"{hour:02d}:{minute:02d}"
        )


_NOON = 12
# Half of the day -> for each hour as written, the hours it can mean; an hour that is missing contradicts the word.
_HOURS: dict[Half, dict[int, tuple[int, ...]]] = {
    Half.NIGHT: {**{h: (h,) for h in range(7)}, 12: (0, 24), 24: (24,)},
    Half.MORNING: {**{h: (h,) for h in range(12)}, 12: (0, 12)},
    Half.NOON: {10: (10,), 11: (11,), 12: (12,), 13: (13,), 14: (14,), 1: (13,), 2: (14,)},
    Half.AFTERNOON: {**{h: (h + 12,) for h in range(1, 12)}, **{h: (h,) for h in range(12, 24)}},
    Half.EVENING: {**{h: (h + 12,) for h in range(5, 12)}, 12: (0, 24), **{h: (h,) for h in range(16, 25)}},
}


def _in_half(half: Half | None, hour: int, minute: int, token: Token) -> list[int]:
    """Return the possible minutes since midnight; more than one where people mean different things."""
    hours = _HOURS[half].get(hour, ()) if half else (hour,)
    possible = [h * 60 + minute for h in hours if h * 60 + minute <= MIDNIGHT]
    if not possible:
        raise PhraseError(
            "{clock} does not go with the part of the day before it",
            offset=token.start,
            clock=f"{hour}:{minute:02d}",
        )
    return possible


_YEAR_DIGITS = re.compile(r"(?:19|20|21)\d\d年?", re.ASCII)


def damaged_readings(text: str) -> Iterator[Candidate]:
    """Yield every day (and time) that ``text`` can be once lost 年, 月, 日 or 时 are put back, earliest width first.

    An hour without any mark is only assumed where the year stands before it, as in ``202522124``.
    """
    year = _YEAR_DIGITS.match(text)
    if year:
        yield from _damaged_days(text[year.end() :], int(text[:4]), bare_hour=text.isdecimal())
    yield from _damaged_days(text, None, bare_hour=False)


def _damaged_days(text: str, year: int | None, *, bare_hour: bool) -> Iterator[Candidate]:
    for month, after_month in _numbers(text, 1, 12, "月"):
        for day, rest in _numbers(after_month, 1, _LONGEST_MONTH[month - 1], "日号"):
            if text[0] == "0" and day != int(after_month[:2].rstrip("日号")):
                continue  # who pads the month pads the day
            for clock in _damaged_clocks(rest, bare_hour=bare_hour):
                yield Day(year, month, day), clock


def _numbers(text: str, low: int, high: int, marks: str) -> Iterator[tuple[int, str]]:
    for width in (1, 2):
        digits, rest = text[:width], text[width:]
        if len(digits) == width and digits.isdecimal() and low <= int(digits) <= high:
            yield int(digits), rest[1:] if rest and rest[0] in marks else rest


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
