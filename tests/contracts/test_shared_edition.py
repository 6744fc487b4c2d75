"""Machines that share a ledger go on with each other's sequences."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from icalendar import Calendar

from examcal.cli.rendering import PublishedRevisions
from examcal.cli.running import publishing
from examcal.ledger.opening import open_ledger
from examcal.schedule.document import SourceText
from examcal.schedule.loader import load
from examcal.schedule.model import Schedule
from examcal.settings import Settings
from support.postgres import PostgresServer
from support.rig import SetClock

NOW = datetime(2026, 1, 20, tzinfo=UTC)
TEXT = """version: 1
timezone: Asia/Shanghai
exams:
  - id: e
    name: 考试
    milestones:
      - {id: m, kind: registration, name: 报名, opens: 2026-02-01 09:00, closes: 2026-02-10 HOUR:00}
"""
SITE = "https://exam.example.org"


def closing(hour: int) -> Schedule:
    return load([SourceText("s.yaml", TEXT.replace("HOUR", f"{hour}").encode())], today=NOW.date()).schedule


def sequence(octets: bytes | None) -> int:
    assert octets is not None
    (found,) = (e for e in Calendar.from_ical(octets).events if str(e["X-EXAMCAL-ID"]).endswith("#closes"))
    return int(found["SEQUENCE"])


@pytest.mark.needs("postgresql")
def test_a_standby_and_a_worker_on_other_machines_know_what_was_published(
    postgres: PostgresServer, tmp_path: Path
) -> None:
    ledger = open_ledger(postgres.database(), tmp_path, NOW).ledger
    leader, standby, worker = (
        Settings(state_dir=tmp_path / name, public_dir=tmp_path / name / "public")
        for name in ("leader", "standby", "worker")
    )
    clock = SetClock(NOW)
    elsewhere = PublishedRevisions(worker, ledger)
    here = PublishedRevisions(leader, ledger)
    for hour in (15, 16, 17):
        publishing(leader, clock, here, SITE)(closing(hour))
        clock.go(timedelta(hours=1))
    occurrence = closing(17).exams[0].milestones[0].area
    assert sequence(elsewhere.calendar(occurrence, closing(17), "zh-CN")) == 2
    taking_over = PublishedRevisions(standby, ledger)
    publishing(standby, clock, taking_over, SITE)(closing(17))
    feed = standby.published / "current" / "feeds" / "e.ics"
    assert feed.read_bytes() == (leader.published / "current" / "feeds" / "e.ics").read_bytes()
    clock.go(timedelta(hours=1))
    publishing(standby, clock, taking_over, SITE)(closing(18))
    assert sequence(feed.read_bytes()) == 3
    assert taking_over.removed(closing(18)) == ()
    ledger.close()


def test_a_ledger_of_one_machine_keeps_no_copy_of_the_edition(tmp_path: Path) -> None:
    settings = Settings(state_dir=tmp_path / "var", public_dir=tmp_path / "public")
    ledger = open_ledger(f"sqlite:///{tmp_path}/a.db", tmp_path, NOW).ledger
    publishing(settings, SetClock(NOW), PublishedRevisions(settings, ledger), SITE)(closing(15))
    assert ledger.note("edition") is None
    ledger.close()
