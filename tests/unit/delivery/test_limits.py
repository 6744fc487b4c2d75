"""How fast channels send, and when messages leave."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from examcal.delivery.limits import MEMBER, ROBOT, Pace, leave_at, paces, per_minute
from examcal.ledger.rates import advanced, allowed
from examcal.ledger.rows import Rate

AVOIDING = Pace(avoids_full_hours=True)
MOMENTS = st.integers(1_767_225_600, 1_830_000_000).map(lambda seconds: datetime.fromtimestamp(seconds, UTC))


@given(due=MOMENTS)
def test_wecom_keeps_away_from_full_and_half_hours_and_is_never_late(due: datetime) -> None:
    leaves = leave_at(due, "wecom:staff", AVOIDING)
    assert due - timedelta(seconds=90) <= leaves <= due
    assert leaves.minute not in {0, 30}


@given(due=MOMENTS, second=st.integers(0, 59))
def test_what_is_due_in_one_minute_leaves_together(due: datetime, second: int) -> None:
    due = due.replace(minute=30, microsecond=0)
    assert leave_at(due, "wecom:a", AVOIDING) == leave_at(due.replace(second=second), "wecom:a", AVOIDING)


@given(due=MOMENTS)
def test_mail_leaves_when_it_is_due(due: datetime) -> None:
    assert leave_at(due, "email", Pace()) == due


def most_in_a_minute(rate: Rate) -> int:
    """Send whenever the rate allows, for ten minutes in steps of 100 ms; return the fullest sliding minute."""
    tat, sent = 0, []
    for now in range(0, 600_000_000, 100_000):
        for _ in range(allowed(tat, now, rate)):
            tat = advanced(tat, now, rate, 1)
            sent.append(now)
    return max(sum(start <= at < start + 60_000_000 for at in sent) for start in sent)


def test_no_sliding_minute_has_more_than_the_limit() -> None:
    assert most_in_a_minute(ROBOT) <= 20
    assert most_in_a_minute(MEMBER) <= 20
    for number in (1, 2, 20, 60):
        assert most_in_a_minute(per_minute(number)) <= number


def test_each_kind_of_channel_has_its_pace() -> None:
    found = paces(
        dict.fromkeys(("email", "wecom:a", "wecom-app:b", "apprise:c", "outbox", "other")),
        smtp_per_minute=60,
        smtp_connections=7,
    )
    assert found["email"].concurrency == 7
    assert found["email"].rate == per_minute(60)
    assert found["wecom:a"].rate == ROBOT
    assert found["wecom-app:b"].member_rate == MEMBER
    assert found["outbox"].rate is None
