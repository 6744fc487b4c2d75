"""The pace of regular work does not depend on what the clock did in between."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from apscheduler.job import Job

from examcal.daemon.every import Every

NOW = datetime(2026, 3, 2, 1, 10, tzinfo=UTC)


# F21
def test_a_clock_that_jumps_years_ahead_makes_one_run_due() -> None:
    trigger = Every(2)
    assert trigger.get_next_fire_time(None, NOW) == NOW + timedelta(seconds=2)
    years = NOW + timedelta(days=5 * 365)
    due = Job.__new__(Job)
    due.next_run_time, due.trigger = NOW, trigger
    assert due._get_run_times(years) == [NOW]
