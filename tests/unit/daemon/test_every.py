"""The pace of regular work does not depend on what the clock did in between."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from apscheduler.job import Job

from examcal.daemon.every import At, Every

NOW = datetime(2026, 3, 2, 1, 10, tzinfo=UTC)


# F21
@pytest.mark.parametrize("trigger", [Every(2), At(hour=0, minute=5, timezone=ZoneInfo("Asia/Shanghai"))])
def test_a_clock_that_jumps_years_ahead_makes_one_run_due(trigger: Every | At) -> None:
    years = NOW + timedelta(days=5 * 365)
    due = Job.__new__(Job)
    due.next_run_time, due.trigger = NOW, trigger
    assert due._get_run_times(years) == [NOW]


def test_what_comes_next_is_ahead() -> None:
    assert Every(2).get_next_fire_time(None, NOW) == NOW + timedelta(seconds=2)
    midnight = datetime(2026, 3, 3, tzinfo=ZoneInfo("Asia/Shanghai"))
    daily = At(hour=0, minute=5, timezone=ZoneInfo("Asia/Shanghai"))
    first = daily.get_next_fire_time(None, midnight)
    assert first == midnight + timedelta(minutes=5)
    assert daily.get_next_fire_time(first, first) == first + timedelta(days=1)
