"""Working days in China: Monday to Friday, minus statutory holidays, plus the 调休 days worked in exchange.

The State Council publishes each year's arrangement in the preceding November (《国务院办公厅关于节假日安排的通知》);
``chinesecalendar`` carries it. A year not yet published is provisional: Monday to Friday minus the holidays that have a
fixed date by law (《全国年节及纪念日放假办法》, as amended 2024), and ``known_until`` says from where on.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from datetime import date, timedelta
from functools import lru_cache

from examcal.schedule.model import WorkdayCorrections

_ONE_DAY = timedelta(days=1)
_SATURDAY = 5
# (month, day) of the statutory holidays that do not follow the moon: New Year, Labour Day, National Day.
_FIXED_HOLIDAYS = frozenset({(1, 1), (5, 1), (5, 2), (10, 1), (10, 2), (10, 3)})


@lru_cache(maxsize=1)
def _published() -> tuple[frozenset[date], frozenset[date], date, date]:
    """Return holidays, days worked in exchange, and the first and last day that the published data cover."""
    from chinese_calendar import constants  # noqa: PLC0415  # costs 30 ms, and few commands count working days

    holidays, working = frozenset(constants.holidays), frozenset(constants.workdays)
    return holidays, working, date(min(holidays).year, 1, 1), date(max(holidays).year, 12, 31)


class Workdays:
    """Answers which days are worked, from the statutory calendar and the schedule's own corrections."""

    def __init__(self, corrections: WorkdayCorrections | None = None) -> None:
        self.corrections = corrections or WorkdayCorrections()
        self._years: dict[int, Sequence[date]] = {}

    @property
    def known_until(self) -> date:
        """The last day whose arrangement is published; without a statutory calendar nothing is ever unknown."""
        return _published()[3] if self.corrections.calendar else date.max

    def is_working(self, day: date) -> bool:
        """Return whether ``day`` is worked: corrections first, then the published arrangement, then the law."""
        if day in self.corrections.working:
            return True
        if day in self.corrections.holidays:
            return False
        if self.corrections.calendar is None:
            return day.weekday() < _SATURDAY
        holidays, working, since, until = _published()
        if since <= day <= until:
            return day in working or (day.weekday() < _SATURDAY and day not in holidays)
        return day.weekday() < _SATURDAY and (day.month, day.day) not in _FIXED_HOLIDAYS

    def shift(self, day: date, amount: int, /) -> date:
        """Return the working day that is ``amount`` working days after (negative: before) ``day``.

        ``day`` itself is never counted, worked or not. An amount of 0 gives ``day``, or the last working day before it.
        """
        if amount == 0:
            return day if self.is_working(day) else self.shift(day, -1)
        year, days = day.year, self._of_year(day.year)
        # Where the wanted day stands in the list of the year; past its ends, in that of a year further on.
        at = bisect_right(days, day) + amount - 1 if amount > 0 else bisect_left(days, day) + amount
        while at >= len(days):
            at, year = at - len(days), year + 1
            days = self._of_year(year)
        while at < 0:
            year -= 1
            days = self._of_year(year)
            at += len(days)
        return days[at]

    def _of_year(self, year: int) -> Sequence[date]:
        """Return the working days of a year in order; kept, for a schedule counts in few years."""
        if year not in self._years:
            days = (date(year, 1, 1) + n * _ONE_DAY for n in range(366))
            self._years[year] = [day for day in days if day.year == year and self.is_working(day)]
        return self._years[year]
