"""Days, times of day, and points of a date phrase: what the parts of a window are made of."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from functools import lru_cache

from examcal.errors import Sentence
from examcal.schedule.phrase_error import PhraseError

YEARS = range(1970, 2201)
_USUAL_YEARS = range(2015, 2045)
"""What a slip of the pen is guessed from; a phrase knows no today."""
MIDNIGHT = 24 * 60
LONGEST_MONTH = (31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
"""Days of each month in a leap year."""


@lru_cache(maxsize=1024)
def meant_year(year: int, near: range) -> int | None:
    """Return the year of ``near`` that one slip turns into ``year``, if there is one such.

    Two digits next to each other that changed places (2206 for 2026) come before one wrong digit (1026), and that
    before digits in any other order (6202).
    """
    written = f"{year:04d}"
    others = [str(other) for other in near if other != year and len(str(other)) == len(written)]
    for is_slip in (_is_swapped, _is_one_off, _is_shuffled):
        found = [other for other in others if is_slip(written, other)]
        if found:
            return int(found[0]) if len(found) == 1 else None
    return None


def _is_swapped(written: str, other: str) -> bool:
    return any(written[:at] + written[at + 1] + written[at] + written[at + 2 :] == other for at in range(3))


def _is_one_off(written: str, other: str) -> bool:
    return sum(one != two for one, two in zip(written, other, strict=True)) == 1


def _is_shuffled(written: str, other: str) -> bool:
    return sorted(written) == sorted(other)


def known_year(year: int, offset: int) -> int:
    """Return a year that a schedule may have. Raises PhraseError, with the year that was probably meant."""
    if year in YEARS:
        return year
    meant = meant_year(year, _USUAL_YEARS)
    raise PhraseError(
        "The year {year} is out of range ({first} to {last})",
        hint=Sentence("Did you mean {year}?", {"year": meant}) if meant else None,
        offset=offset,
        year=year,
        first=YEARS[0],
        last=YEARS[-1],
    )


class Half(enum.Enum):
    """Which part of the day a word names."""

    NIGHT = "凌晨 午夜"
    MORNING = "上午 早上 早晨 清晨 早 午前"
    NOON = "中午 正午 午间"
    AFTERNOON = "下午 午后"
    EVENING = "傍晚 晚上 晚间 夜间 当晚 晚 夜里 深夜 半夜 夜"


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
