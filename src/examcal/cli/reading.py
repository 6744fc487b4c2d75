"""Read the schedule that a command works on."""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from examcal.clock import SystemClock
from examcal.intake import read
from examcal.schedule.loader import load

if TYPE_CHECKING:
    from examcal.cli.invocation import Invocation
    from examcal.schedule.loader import Loaded

_HOME = ZoneInfo("Asia/Shanghai")


def present() -> datetime:
    """Return the current instant."""
    return SystemClock().now()


def today_of(now: datetime) -> date:
    """Return the civil date in China, where the dates of a schedule are checked."""
    return now.astimezone(_HOME).date()


def read_file(path: Path, now: datetime) -> Loaded:
    """Read one schedule. Raises NoInputError, StorageError or ScheduleRejectedError."""
    return load(read(path), today=today_of(now))


def read_schedule(invocation: Invocation, now: datetime) -> Loaded:
    """Read the schedule that the command line or the settings name."""
    return read_file(invocation.schedule_path, now)
