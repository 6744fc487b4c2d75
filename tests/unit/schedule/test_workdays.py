"""Working days with 调休, corrections, and years whose arrangement is not published."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from examcal.schedule.model import WorkdayCorrections
from examcal.schedule.workdays import Workdays

CHINA = Workdays(WorkdayCorrections("CN"))


@pytest.mark.parametrize(
    ("day", "amount", "expected"),
    [
        (date(2026, 9, 19), 1, date(2026, 9, 20)),  # Saturday; the Sunday is worked in exchange
        (date(2026, 9, 19), -1, date(2026, 9, 18)),
        (date(2026, 3, 1), -1, date(2026, 2, 28)),  # the Saturday after the Spring Festival is worked
        (date(2026, 2, 28), -1, date(2026, 2, 27)),
        (date(2026, 2, 14), 1, date(2026, 2, 24)),  # Spring Festival, 15 to 23 February
        (date(2026, 9, 19), 0, date(2026, 9, 18)),
        (date(2026, 9, 18), 0, date(2026, 9, 18)),
        (date(2026, 9, 18), -250, date(2025, 9, 16)),
    ],
)
def test_working_days_are_counted_with_those_worked_in_exchange(day: date, amount: int, expected: date) -> None:
    assert CHINA.shift(day, amount) == expected


def test_an_unpublished_year_falls_back_to_fixed_holidays_and_says_so() -> None:
    assert CHINA.known_until.month == 12
    later = CHINA.known_until.year + 2
    assert not CHINA.is_working(date(later, 1, 1))
    assert not CHINA.is_working(date(later, 10, 1))
    days = [date(later, 3, day) for day in range(1, 8)]
    assert [CHINA.is_working(day) for day in days] == [day.weekday() < 5 for day in days]


def test_corrections_win_and_another_calendar_is_monday_to_friday() -> None:
    corrected = Workdays(WorkdayCorrections("CN", frozenset({date(2026, 9, 18)}), frozenset({date(2026, 9, 19)})))
    assert not corrected.is_working(date(2026, 9, 18))
    assert corrected.is_working(date(2026, 9, 19))
    plain = Workdays()
    assert not plain.is_working(date(2026, 2, 28))
    assert plain.known_until == date.max


@given(
    day=st.dates(date(2024, 6, 1), date(2029, 6, 1)),
    amount=st.integers(-600, 600).filter(bool),
    holidays=st.frozensets(st.dates(date(2024, 1, 1), date(2029, 12, 31)), max_size=30),
    calendar=st.sampled_from(["CN", None]),
)
def test_counting_by_years_is_counting_day_by_day(
    day: date, amount: int, holidays: frozenset[date], calendar: str | None
) -> None:
    workdays = Workdays(WorkdayCorrections(calendar, holidays))
    reached, left = day, abs(amount)
    while left:
        reached += timedelta(days=1 if amount > 0 else -1)
        left -= workdays.is_working(reached)
    assert workdays.shift(day, amount) == reached
