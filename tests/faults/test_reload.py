"""Edits beside a running daemon: taken within seconds, never torn, never by a bad file (F92 to F104)."""

from __future__ import annotations

import os
import random
import signal
import time
from pathlib import Path

import pytest

from support.office import Office, Running, crowding, eventually

GOOD = """\
version: 1
timezone: Asia/Shanghai
exams:
  - id: demo-2027
    name: 演示考试2027
    milestones:
"""
MILESTONE = """\
      - id: step-{number}
        kind: registration
        name: 第{number}步
        closes: 2027-{month:02d}-{day:02d} 17:00
        remind: [closes -1d 09:00]
"""


@pytest.fixture
def office(tmp_path: Path) -> Office:
    return Office(tmp_path)


def schedule(count: int = 3, day: int = 11) -> str:
    return GOOD + "".join(MILESTONE.format(number=n, month=1 + n, day=day) for n in range(count))


def within() -> float:
    return 15.0 * max(1.0, 3 * crowding())


def feed(daemon: Running) -> str:
    answer = daemon.get("/feeds/demo-2027.ics")
    return answer.text if answer.status_code == 200 else ""


def test_a_saved_edit_is_in_feed_page_and_plan_within_seconds(office: Office) -> None:
    office.write_schedule(schedule(day=11))
    with office.running() as daemon:
        eventually(lambda: "20270111T170000" in feed(daemon), within=4 * within())
        etag = daemon.get("/feeds/demo-2027.ics").headers["etag"]
        office.write_schedule(schedule(day=12))
        eventually(lambda: "20270112T170000" in feed(daemon), within=within())
        assert daemon.get("/feeds/demo-2027.ics", **{"If-None-Match": etag}).status_code == 200
        assert "2027-01-12" in daemon.get("/demo-2027/").text
        assert office.json("status")["schedule"]["version"] == 2
        assert daemon.stop() == 0


def test_a_bad_edit_changes_nothing_also_across_a_restart(office: Office) -> None:
    office.write_schedule(schedule())
    with office.running() as daemon:
        eventually(lambda: "20270111T170000" in feed(daemon), within=4 * within())
        before = feed(daemon)
        office.write_schedule(schedule().replace("2027-01-11", "2027-01-41"))
        eventually(lambda: "schedule-rejected" in daemon.get("/readyz").text, within=within())
        assert daemon.get("/readyz").status_code == 200
        assert feed(daemon) == before
        assert daemon.stop() == 0
    with office.running() as daemon:
        assert eventually(lambda: feed(daemon), within=4 * within()) == before
        assert "schedule-rejected" in eventually(lambda: daemon.get("/readyz").text)
        office.write_schedule(schedule(day=13))
        eventually(lambda: "20270113T170000" in feed(daemon), within=within())
        assert "schedule-rejected" not in daemon.get("/readyz").text
        assert daemon.stop() == 0


@pytest.mark.parametrize("fault", ["removed", "directory", "pipe", "emptied"])
def test_a_file_that_goes_away_or_turns_into_something_else_leaves_the_last_version(office: Office, fault: str) -> None:
    office.write_schedule(schedule())
    with office.running() as daemon:
        eventually(lambda: "20270111T170000" in feed(daemon), within=4 * within())
        before = feed(daemon)
        office.schedule.unlink()
        if fault == "directory":
            office.schedule.mkdir()
        elif fault == "pipe":
            os.mkfifo(office.schedule)
        elif fault == "emptied":
            office.schedule.write_bytes(b"")
        eventually(lambda: "schedule-rejected" in daemon.get("/readyz").text, within=within())
        assert feed(daemon) == before
        _remove(office.schedule)
        office.write_schedule(schedule(day=12))
        eventually(lambda: "20270112T170000" in feed(daemon), within=within())
        assert daemon.stop() == 0


def _remove(path: Path) -> None:
    if path.is_dir():
        path.rmdir()
    else:
        path.unlink(missing_ok=True)


def test_a_slow_writer_is_never_taken_half_way(office: Office) -> None:
    office.write_schedule(schedule())
    with office.running() as daemon:
        eventually(lambda: "20270111T170000" in feed(daemon), within=4 * within())
        text = schedule(8, day=14)
        with office.schedule.open("w") as stream:
            for line in text.splitlines(keepends=True):
                stream.write(line)
                stream.flush()
                time.sleep(0.1)
                assert "第4步" not in feed(daemon)
        eventually(lambda: "20270814T170000" in feed(daemon), within=within())
        assert office.json("status")["schedule"]["version"] == 2
        assert daemon.stop() == 0


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_three_hundred_torn_writes_are_never_taken_half_way(office: Office, *, full: bool) -> None:
    chance = random.Random(1)
    written = 300 if full else 12
    office.write_schedule(schedule(8))
    with office.running() as daemon:
        eventually(lambda: feed(daemon).count("BEGIN:VEVENT") == 8, within=4 * within())
        for number in range(1, written + 1):
            octets = schedule(8).replace("步", f"步之{number}。").encode()
            cut = chance.randrange(len(octets))
            with office.schedule.open("wb", buffering=0) as stream:  # truncated, then half, then whole
                time.sleep(chance.random() * 0.1)
                stream.write(octets[:cut])
                time.sleep(chance.random() * 0.1)
                assert feed(daemon).count("BEGIN:VEVENT") == 8
                stream.write(octets[cut:])
            time.sleep(chance.random() * 0.2)
        eventually(lambda: f"第7步之{written}。" in feed(daemon).replace("\r\n ", ""), within=within())
        assert feed(daemon).count("BEGIN:VEVENT") == 8
        counts = office.json("status")
        assert (counts["cancelled"], counts["held"], counts["sent"]) == (0, 0, 0)
        assert not list((office.folder / "var").glob("outbox/*"))
        assert daemon.stop() == 0


def test_removing_much_is_held_until_a_person_says_yes(office: Office) -> None:
    office.write_schedule(schedule(10))
    with office.running() as daemon:
        eventually(lambda: "第9步" in feed(daemon), within=4 * within())
        office.write_schedule(schedule(4))
        eventually(lambda: "schedule-held" in daemon.get("/readyz").text, within=within())
        assert "第9步" in feed(daemon)
        stands = office.json("status")["schedule"]
        assert stands["version"] == 1
        assert stands["held"]
        assert office.examcal("schedule", "accept").returncode == 0
        eventually(lambda: office.json("status")["schedule"]["version"] == 2, within=within() * 2, every=1)
        eventually(lambda: "STATUS:CANCELLED" in feed(daemon), within=within())
        assert office.json("status")["schedule"]["held"] is None
        assert len(office.json("schedule", "history")) == 2
        assert daemon.stop() == 0


def test_a_symbolic_link_that_is_switched_is_followed(office: Office) -> None:
    for name, day in (("one", 11), ("two", 12)):
        release = office.folder / name
        release.mkdir()
        (release / "schedule.yaml").write_text(schedule(day=day), "utf-8")
    link = office.folder / "data"
    link.symlink_to("one")
    with office.running() as daemon:
        eventually(lambda: "20270111T170000" in feed(daemon), within=4 * within())
        (office.folder / "new").symlink_to("two")
        (office.folder / "new").replace(link)
        eventually(lambda: "20270112T170000" in feed(daemon), within=within())
        assert daemon.stop() == 0


def test_a_hangup_signal_reloads_and_a_second_termination_ends_at_once(office: Office) -> None:
    office.write_schedule(schedule())
    with office.running() as daemon:
        eventually(lambda: feed(daemon), within=4 * within())
        daemon.process.send_signal(signal.SIGHUP)
        assert daemon.is_up()
        assert daemon.stop(signal.SIGINT) == 0


def test_killed_during_its_very_first_start_it_starts_again(office: Office) -> None:
    office.write_schedule(schedule())
    for pause in (0.3, 0.8, 1.5):
        import subprocess  # noqa: PLC0415 - only here
        import sys  # noqa: PLC0415 - only here

        process = subprocess.Popen(
            [sys.executable, "-m", "examcal", "run"], cwd=office.folder,
            env=office.all_variables({"EXAMCAL_LISTEN": "127.0.0.1:0"}),
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        time.sleep(pause)
        process.kill()
        process.wait(10)
    with office.running() as daemon:
        eventually(lambda: feed(daemon), within=4 * within())
        assert daemon.stop() == 0
