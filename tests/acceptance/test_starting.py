"""What ``examcal run`` says at its start is true then: pages and feeds answer, or it says what is missing."""

from __future__ import annotations

import fcntl
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from support.office import Office, Running, crowding, eventually, soon

STARTED = "examcal 已启动"
FEED = "/feeds/demo-2026.ics"


def wait_for(daemon: Running, words: str, within: float = 20.0) -> None:
    eventually(lambda: words in daemon.said(), within=within * max(1.0, crowding()), every=0.01)


@contextmanager
def another_publisher(office: Office) -> Iterator[None]:
    """Publish for as long as the block lasts, so that nobody else can."""
    public = office.folder / "var" / "public"
    public.mkdir(parents=True)
    with (public / ".publishing").open("wb") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def test_page_and_feed_answer_when_the_daemon_says_that_it_runs(office: Office) -> None:
    office.write_schedule(soon().schedule)
    for _start in ("fresh", "again"):
        with office.running() as daemon:
            wait_for(daemon, STARTED)
            assert daemon.get("/").status_code == 200
            assert "网上报名" in daemon.get(FEED).text
            wait_for(daemon, f"{daemon.address}{FEED}")
            assert daemon.stop() == 0


def test_a_first_schedule_that_is_rejected_starts_the_daemon_without_pages(office: Office) -> None:
    office.write_schedule("exams: [")
    with office.running() as daemon:
        wait_for(daemon, "data/schedule.yaml")
        wait_for(daemon, STARTED)
        wait_for(daemon, "Ctrl+C")
        assert "还没有可用的日程" in daemon.said()
        assert daemon.get("/").status_code == 503
        assert "schedule-rejected" in daemon.get("/readyz").text
        office.write_schedule(soon().schedule)
        eventually(lambda: daemon.get(FEED).status_code == 200, within=20 * max(1.0, crowding()))
        assert daemon.stop() == 0


def test_a_publication_that_fails_is_not_waited_for(office: Office) -> None:
    office.write_schedule(soon().schedule)
    (office.folder / "taken").write_text("a file where the folder should be", "utf-8")
    with office.running(EXAMCAL_PUBLIC_DIR="taken") as daemon:
        wait_for(daemon, "code=publication")
        wait_for(daemon, STARTED, within=5)
        assert daemon.get("/").status_code == 503
        assert daemon.stop() == 0


@pytest.mark.timeout(150)
def test_a_publication_that_takes_too_long_holds_up_neither_the_start_nor_a_reminder(office: Office) -> None:
    office.write_schedule(soon().schedule.replace("remind: [closes -2h]", "remind: [closes -1d]"))
    with another_publisher(office):
        with office.running() as daemon:
            eventually(lambda: list((office.folder / "var" / "outbox").glob("*.eml")), within=20 * max(1.0, crowding()))
            assert STARTED not in daemon.said()
            began = time.monotonic()
            assert daemon.stop() == 0
            assert time.monotonic() - began < 5 * max(1.0, crowding())
            assert STARTED not in daemon.said()
        with office.running() as daemon:
            wait_for(daemon, STARTED, within=30)
            assert daemon.get("/").status_code == 503
            assert daemon.stop() == 0
