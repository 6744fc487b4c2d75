"""Clocks that jump, sleep, swing, and start in 1970."""

from __future__ import annotations

from datetime import timedelta

from examcal.delivery.clock_guard import ClockGuard, ClockState
from support.rig import START, SetClock

MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)


def guarded() -> tuple[SetClock, ClockGuard]:
    clock = SetClock()
    return clock, ClockGuard(clock, START - MINUTE)


def test_time_that_passes_is_no_step() -> None:
    clock, guard = guarded()
    for _ in range(5):
        clock.go(8 * HOUR)  # asleep: the boot clock goes along
        assert guard.look() is ClockState.STEADY


def test_a_step_back_is_noticed_and_sending_goes_on() -> None:
    clock, guard = guarded()
    clock.step(-HOUR)
    assert guard.look() is ClockState.BACK
    assert guard.look() is ClockState.STEADY


def test_a_small_step_forward_is_just_late() -> None:
    clock, guard = guarded()
    clock.step(5 * MINUTE)
    assert guard.look() is ClockState.FORWARD


def test_a_large_step_forward_brakes_until_the_clock_is_back() -> None:
    clock, guard = guarded()
    clock.step(timedelta(days=1825))
    assert guard.look() is ClockState.BRAKED
    clock.go(MINUTE)
    assert guard.look() is ClockState.BRAKED
    clock.step(-timedelta(days=1825))
    assert guard.look() is ClockState.BACK
    assert guard.look() is ClockState.STEADY


def test_a_large_step_is_believed_after_ten_steady_minutes() -> None:
    clock, guard = guarded()
    clock.step(2 * HOUR)
    assert guard.look() is ClockState.BRAKED
    clock.go(9 * MINUTE)
    assert guard.look() is ClockState.BRAKED
    clock.go(MINUTE)
    assert guard.look() is ClockState.BACK
    assert guard.look() is ClockState.STEADY


def test_a_clock_behind_the_last_work_is_not_believed() -> None:
    clock = SetClock()
    guard = ClockGuard(clock, START + timedelta(days=20_000))
    assert guard.look() is ClockState.BRAKED


def test_a_clock_that_swings_never_brakes() -> None:
    clock, guard = guarded()
    for second in range(20):
        clock.step(timedelta(seconds=10 if second % 2 else -10))
        assert guard.look() in {ClockState.BACK, ClockState.FORWARD}
