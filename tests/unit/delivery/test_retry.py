"""What follows from the end of an attempt."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from examcal.channels.port import Outcome
from examcal.delivery.retry import MOST_ATTEMPTS, Ending, health_after, judge, share_of
from examcal.ledger.rows import ChannelRow, State

NOW = datetime(2026, 3, 2, 1, 10, tzinfo=UTC)
MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)
SHARES = st.floats(0, 1, exclude_max=True)


def ending(outcome: Outcome, attempts: int = 1, **more: object) -> Ending:
    return Ending(outcome, attempts, NOW, NOW + 3 * DAY, **more)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("outcome", "state"),
    [
        (Outcome.ACCEPTED, State.SENT),
        (Outcome.TRANSIENT, State.RETRY),
        (Outcome.THROTTLED, State.RETRY),
        (Outcome.AMBIGUOUS, State.RETRY),
        (Outcome.AUTH, State.RETRY),
        (Outcome.PERMANENT_RECIPIENT, State.DEAD),
        (Outcome.PERMANENT_CONTENT, State.DEAD),
    ],
)
def test_every_outcome_leads_to_one_state(outcome: Outcome, state: State) -> None:
    assert judge(ending(outcome)).state is state


@given(attempts=st.integers(1, MOST_ATTEMPTS - 1), share=SHARES, asked=st.none() | st.floats(0, 1e6))
def test_transient_mail_is_tried_again_within_36_minutes(attempts: int, share: float, asked: float | None) -> None:
    at = judge(ending(Outcome.TRANSIENT, attempts, share=share, retry_after=asked)).next_at
    assert at is not None
    assert NOW + 30 * timedelta(seconds=1) <= at <= NOW + 36 * MINUTE


@given(attempts=st.integers(1, MOST_ATTEMPTS - 1), share=SHARES)
def test_ambiguous_mail_waits_at_least_ten_minutes(attempts: int, share: float) -> None:
    verdict = judge(ending(Outcome.AMBIGUOUS, attempts, share=share))
    assert verdict.next_at is not None
    assert NOW + 10 * MINUTE <= verdict.next_at <= NOW + 36 * MINUTE
    assert verdict.ambiguous


@given(code=st.sampled_from(["450 4.2.0", "451", "452 4.2.2"]), share=SHARES)
def test_a_greylisted_mail_waits_at_least_five_minutes(code: str, share: float) -> None:
    at = judge(ending(Outcome.TRANSIENT, code=code, share=share)).next_at
    assert at is not None
    assert at >= NOW + 5 * MINUTE


def test_a_busy_wecom_is_tried_three_times_fast_and_then_slowly() -> None:
    spans = [judge(ending(Outcome.TRANSIENT, n, is_mail=False, code="-1")).next_at for n in range(1, 6)]
    seconds = [(at - NOW).total_seconds() for at in spans if at]
    assert seconds == [2, 10, 60, 480, 480]


@given(attempts=st.integers(1, 20), share=SHARES)
def test_a_throttled_channel_waits_at_least_a_minute(attempts: int, share: float) -> None:
    at = judge(ending(Outcome.THROTTLED, attempts, is_mail=False, code="45009", share=share)).next_at
    assert at is not None
    assert at >= NOW + MINUTE


def test_a_refused_log_in_uses_up_no_attempt() -> None:
    assert not judge(ending(Outcome.AUTH, MOST_ATTEMPTS + 5)).counted


def test_there_is_a_last_chance_before_the_end_of_use() -> None:
    until = NOW + 20 * MINUTE
    at = judge(Ending(Outcome.TRANSIENT, 9, NOW, until)).next_at
    assert at == until - 2 * MINUTE


def test_attempts_are_limited_in_the_end() -> None:
    assert judge(ending(Outcome.TRANSIENT, MOST_ATTEMPTS)).state is State.DEAD


def test_who_prefers_at_most_once_gets_a_hold() -> None:
    assert judge(ending(Outcome.AMBIGUOUS, holds_ambiguous=True)).state is State.HELD


def test_the_spread_is_the_same_for_the_same_attempt() -> None:
    assert share_of(7, 2) == share_of(7, 2) != share_of(8, 2)


def test_five_failures_in_a_row_open_the_breaker_for_longer_and_longer() -> None:
    row, spans = ChannelRow(1, "email"), []
    for _ in range(10):
        row = health_after(row, Outcome.TRANSIENT, NOW, "connect")
        spans.append((row.open_at - NOW) // MINUTE if row.open_at else 0)
    assert spans == [0, 0, 0, 0, 1, 2, 4, 8, 15, 15]
    assert health_after(row, Outcome.ACCEPTED, NOW) == ChannelRow(1, "email")


def test_a_single_mailbox_that_is_busy_opens_no_breaker() -> None:
    row = ChannelRow(1, "email", failures=4)
    assert health_after(row, Outcome.TRANSIENT, NOW, "450 4.2.0") == row


def test_credentials_pause_the_channel_at_once() -> None:
    row = health_after(ChannelRow(1, "email"), Outcome.AUTH, NOW, "535")
    assert (row.open_at, row.logins, row.reason) == (NOW + 15 * MINUTE, 1, "535")
