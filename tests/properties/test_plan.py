"""A plan is a function of schedule and interval alone, and adjacent intervals add up."""

from __future__ import annotations

import os
import subprocess
import sys
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from examcal.plan.planner import plan
from examcal.schedule.model import Schedule
from support.schedules import everything, many

YEAR_START = datetime(2026, 1, 1, tzinfo=UTC)
MINUTES_OF_THE_YEAR = 366 * 24 * 60
SCHEDULES = (everything(), many(60, exams=3))

instants = st.integers(-2000, MINUTES_OF_THE_YEAR + 2000).map(lambda minute: YEAR_START + timedelta(minutes=minute))


@given(schedule=st.sampled_from(SCHEDULES), cuts=st.lists(instants, min_size=3, max_size=3).map(sorted))
def test_adjacent_intervals_give_together_what_their_union_gives(schedule: Schedule, cuts: list[datetime]) -> None:
    since, middle, until = cuts
    first, second = plan(schedule, since=since, until=middle), plan(schedule, since=middle, until=until)
    whole = plan(schedule, since=since, until=until)
    assert first.reminders + second.reminders == whole.reminders
    dated = [skip for part in (first, second) for skip in part.skipped if skip.due_at is not None]
    assert sorted(map(repr, dated)) == sorted(repr(skip) for skip in whole.skipped if skip.due_at is not None)


@given(schedule=st.sampled_from(SCHEDULES), cuts=st.lists(instants, min_size=2, max_size=2).map(sorted))
def test_every_reminder_lies_in_the_interval_and_helps_for_a_while(schedule: Schedule, cuts: list[datetime]) -> None:
    for reminder in plan(schedule, since=cuts[0], until=cuts[1]).reminders:
        assert cuts[0] <= reminder.due_at < cuts[1]
        assert reminder.useful_until > reminder.due_at


@given(days=st.integers(1, 40))
def test_a_year_is_planned_alike_in_steps_of_any_length(days: int) -> None:
    schedule, until = SCHEDULES[0], YEAR_START + timedelta(days=400)
    stepped: list[str] = []
    since = YEAR_START
    while since < until:
        end = min(since + timedelta(days=days), until)
        stepped += [reminder.key for reminder in plan(schedule, since=since, until=end).reminders]
        since = end
    assert stepped == [reminder.key for reminder in plan(schedule, since=YEAR_START, until=until).reminders]
    assert len(set(stepped)) == len(stepped)


PRINT_PLAN = """
from datetime import UTC, datetime
from examcal.plan.planner import plan
from support.schedules import everything
whole = plan(everything(), since=datetime(2025, 1, 1, tzinfo=UTC), until=datetime(2028, 1, 1, tzinfo=UTC))
for r in whole.reminders:
    print(r.key, r.due_at.isoformat(), r.useful_until.isoformat(), r.moved_by)
for s in whole.skipped:
    print(s.occurrence.id, s.rule, s.reason)
"""


def printed_plan(zone: str, seed: str) -> str:
    environment = {**os.environ, "TZ": zone, "PYTHONHASHSEED": seed, "PYTHONPATH": os.pathsep.join(sys.path)}
    command = [sys.executable, "-c", PRINT_PLAN]
    return subprocess.run(command, env=environment, check=True, capture_output=True, text=True).stdout


def test_zone_and_hash_seed_of_the_machine_change_nothing() -> None:
    expected = printed_plan("Asia/Shanghai", "0")
    assert expected
    assert printed_plan("America/New_York", "1") == expected
    assert printed_plan("Pacific/Apia", "4711") == expected
