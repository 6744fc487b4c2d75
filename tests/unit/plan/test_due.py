"""Named-day arithmetic, exact offsets, gaps in wall time, and quiet hours."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from examcal.plan.due import due_at, end_of_day, quieten, wait_out
from examcal.schedule.model import Anchor, Edge, QuietHours, Rule, Unit

SHANGHAI = "Asia/Shanghai"
NINE = time(9)
EVENING = QuietHours(time(21, 30), time(7, 30))


class MondayToFriday:
    """Working days without holidays."""

    def shift(self, day: date, amount: int, /) -> date:
        """Return the working day ``amount`` working days away."""
        step = timedelta(days=1 if amount > 0 else -1)
        while amount:
            day += step
            if day.weekday() < 5:
                amount -= 1 if amount > 0 else -1
        return day


def at(text: str, zone: str = SHANGHAI) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone))


CLOSING = Edge(at("2026-02-12T00:00"), date(2026, 2, 11), "24:00")


def due(rule: Rule, edge: Edge = CLOSING, zone: str = SHANGHAI) -> datetime:
    return due_at(rule, edge, zone, NINE, MondayToFriday())


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        (Rule(Anchor.CLOSES, -1, Unit.DAY, NINE), "2026-02-10T09:00"),
        (Rule(Anchor.CLOSES, 0, Unit.DAY, NINE), "2026-02-11T09:00"),
        (Rule(Anchor.CLOSES, -3, Unit.DAY), "2026-02-08T09:00"),
        (Rule(Anchor.CLOSES, -1, Unit.WEEK, time(18, 30)), "2026-02-04T18:30"),
        (Rule(Anchor.CLOSES, -3, Unit.WORKDAY), "2026-02-06T09:00"),
        (Rule(Anchor.CLOSES, 0, None, time(8)), "2026-02-11T08:00"),
        (Rule(Anchor.CLOSES, -2, Unit.HOUR), "2026-02-11T22:00"),
        (Rule(Anchor.CLOSES, -45, Unit.MINUTE), "2026-02-11T23:15"),
        (Rule(Anchor.CLOSES, 2, Unit.HOUR), "2026-02-12T02:00"),
        (Rule(Anchor.CLOSES), "2026-02-12T00:00"),
    ],
)
def test_a_rule_counts_days_from_the_named_day_and_hours_from_the_instant(rule: Rule, expected: str) -> None:
    assert due(rule) == at(expected)


@pytest.mark.parametrize("machine", ["America/New_York", "Pacific/Apia", "UTC"])
def test_the_zone_of_the_machine_changes_nothing(monkeypatch: pytest.MonkeyPatch, machine: str) -> None:
    monkeypatch.setenv("TZ", machine)
    assert due(Rule(Anchor.CLOSES, -1, Unit.DAY, NINE)).isoformat() == "2026-02-10T09:00:00+08:00"
    assert due(Rule(Anchor.CLOSES, 0, Unit.DAY, NINE)).isoformat() == "2026-02-11T09:00:00+08:00"


def test_a_wall_time_that_daylight_saving_leaves_out_moves_forward() -> None:
    zone = "America/New_York"
    edge = Edge(at("2026-03-09T12:00", zone), date(2026, 3, 9), "12:00")
    assert due(Rule(Anchor.CLOSES, -1, Unit.DAY, time(2, 30)), edge, zone).isoformat() == "2026-03-08T03:30:00-04:00"


def test_a_wall_time_that_occurs_twice_means_the_first() -> None:
    zone = "America/New_York"
    edge = Edge(at("2026-11-01T12:00", zone), date(2026, 11, 1), "12:00")
    assert due(Rule(Anchor.CLOSES, 0, Unit.DAY, time(1, 30)), edge, zone).isoformat() == "2026-11-01T01:30:00-04:00"


def test_hours_are_exact_across_a_change_of_clocks() -> None:
    zone = "America/New_York"
    edge = Edge(at("2026-03-08T12:00", zone), date(2026, 3, 8), "12:00")
    assert due(Rule(Anchor.CLOSES, -24, Unit.HOUR), edge, zone).isoformat() == "2026-03-07T11:00:00-05:00"


@pytest.mark.parametrize(
    ("moment", "expected"),
    [
        ("2026-02-11T21:29", "2026-02-11T21:29"),
        ("2026-02-11T21:30", "2026-02-11T21:29"),
        ("2026-02-11T23:59", "2026-02-11T21:29"),
        ("2026-02-12T00:00", "2026-02-11T21:29"),
        ("2026-02-12T07:29", "2026-02-11T21:29"),
        ("2026-02-12T07:30", "2026-02-12T07:30"),
    ],
)
def test_quiet_hours_move_a_reminder_to_the_last_allowed_minute_before(moment: str, expected: str) -> None:
    assert quieten(at(moment), EVENING) == at(expected)


def test_quiet_hours_inside_one_day_move_to_that_day() -> None:
    noon = QuietHours(time(12), time(14))
    assert quieten(at("2026-02-11T13:00"), noon) == at("2026-02-11T11:59")
    assert quieten(at("2026-02-11T14:00"), noon) == at("2026-02-11T14:00")


def test_quiet_hours_from_midnight_move_to_the_evening_before() -> None:
    assert quieten(at("2026-02-11T03:00"), QuietHours(time(0), time(6))) == at("2026-02-10T23:59")


@pytest.mark.parametrize(
    ("moment", "expected"),
    [
        ("2026-02-11T21:30", "2026-02-12T07:30"),
        ("2026-02-12T07:29", "2026-02-12T07:30"),
        ("2026-02-12T07:30", "2026-02-12T07:30"),
        ("2026-02-12T12:00", "2026-02-12T12:00"),
    ],
)
def test_what_only_became_known_at_night_waits_for_the_morning(moment: str, expected: str) -> None:
    assert wait_out(at(moment), EVENING) == at(expected)


def test_without_quiet_hours_nothing_moves() -> None:
    assert quieten(at("2026-02-11T23:00"), None) == wait_out(at("2026-02-11T23:00"), None) == at("2026-02-11T23:00")


def test_a_day_ends_where_the_next_one_starts() -> None:
    assert end_of_day(date(2026, 2, 11), SHANGHAI) == at("2026-02-12T00:00")
