"""Fault matrix, parts B and C, against real processes: clocks that are set, disks that are full or fail."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from support.drill import audience, mail_over, milestone, schedule, some_time_ago
from support.office import Office, eventually
from support.smtp_server import SmtpServer
from support.threads import in_thread

pytestmark = pytest.mark.timeout(7200 if os.environ.get("FULL") else 150)


@pytest.fixture
def office(tmp_path: Path) -> Office:
    office = Office(tmp_path)
    office.write_settings(audience("staff", "email", ["a@example.cn", "b@example.cn"]))
    office.write_schedule(schedule([milestone("m", "网上报名", some_time_ago())]))
    return office


class SetClock:
    """The clock of a process, ``offset`` ahead of ours, moved by writing a file."""

    def __init__(self, folder: Path) -> None:
        self._file = folder / "clock"
        self.set("+0")

    def set(self, offset: str) -> None:
        staged = self._file.with_name("clock.staged")
        staged.write_text(offset + "\n")
        staged.replace(self._file)

    @property
    def environment(self) -> dict[str, str]:
        library = next(Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1"))
        return {
            "LD_PRELOAD": str(library),
            "FAKETIME_TIMESTAMP_FILE": str(self._file),
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",
            "FAKETIME_NO_CACHE": "1",
        }


# F18, F19, F21: years ahead nothing is sent and nothing expires for good; back again everything is as before.
@pytest.mark.needs("faketime")
def test_a_clock_that_jumps_sends_nothing_twice_and_expires_nothing(office: Office) -> None:
    clock = SetClock(office.folder)
    later = milestone("later", "缴费", some_time_ago(days=-3))
    office.write_schedule(schedule([milestone("m", "网上报名", some_time_ago()), later]))
    with in_thread(SmtpServer()) as smtp:
        mail_over(office, smtp)
        with office.running(**clock.environment) as daemon:
            smtp.wait_for(2, timeout=60)
            clock.set("+5y")
            eventually(lambda: daemon.said().count("the clock was set") >= 1, within=60)
            report = office.json("status")
            assert (report["sent"], report["open"], report["expired"]) == (2, 2, 0)
            clock.set("-1h")
            eventually(lambda: daemon.said().count("the clock was set") >= 2, within=60)
            assert daemon.stop() == 0
        assert len(smtp.mails) == 2
    assert office.json("status")["open"] == 2


# F29, F107: on a full disk nothing is claimed or sent, the daemon lives, and goes on when there is room.
@pytest.mark.needs("root", "mount")
def test_a_full_disk_holds_everything_back_until_there_is_room(office: Office, small_disk: Path) -> None:
    office.environment["EXAMCAL_STATE_DIR"] = str(small_disk / "var")
    office.write_schedule(schedule([milestone("m", "网上报名", some_time_ago(days=-3))]))
    filler = small_disk / "filler"
    with in_thread(SmtpServer()) as smtp:
        mail_over(office, smtp)
        with office.running() as daemon:
            eventually(lambda: daemon.get("/feeds/demo-2026.ics").status_code == 200, within=60)
            _fill(filler)
            due = milestone("m2", "缴费", some_time_ago())
            office.write_schedule(schedule([milestone("m", "网上报名", some_time_ago(days=-3)), due]))
            eventually(lambda: "trouble" in daemon.said(), within=40)
            assert daemon.get("/feeds/demo-2026.ics").status_code == 200
            assert not smtp.mails
            filler.unlink()
            smtp.wait_for(2, timeout=60)
            assert daemon.stop() == 0
    assert office.examcal("ledger", "verify").returncode == 0


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    place = tmp_path / "disk"
    place.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=24m", "tmpfs", str(place)]
    if subprocess.run(mount, check=False, capture_output=True).returncode:
        pytest.skip("no file system can be mounted here")
    yield place
    subprocess.run(["umount", "-l", str(place)], check=False)


def _fill(file: Path) -> None:
    with file.open("wb", buffering=0) as stream:
        try:
            while True:
                stream.write(bytes(65536))
        except OSError:
            return


# F32, F33: an input/output error ends the run with 74; the ledger is whole, and the next run sends what is left.
@pytest.mark.needs("strace")
@pytest.mark.slow
def test_a_failing_disk_loses_nothing(office: Office, full: bool) -> None:  # noqa: FBT001
    faults = [("pwrite64", "ENOSPC"), ("fdatasync", "EIO"), ("pwrite64", "EIO")]
    first = office.folder / "first"
    points = [(*fault, number) for fault in faults for number in range(1, 40)] if full else [(*faults[0], 3)]
    with in_thread(SmtpServer()) as smtp:
        mail_over(office, smtp)
        for call, error, number in points:
            shutil.rmtree(office.folder / "var", ignore_errors=True)
            smtp.mails.clear()
            assert office.examcal("ledger", "init").returncode == 0
            inject = ["-e", f"trace={call}", "-e", f"inject={call}:error={error}:when={number}+40"]
            command = [sys.executable, "-m", "examcal", "run", "--once"]
            done = subprocess.run(
                ["strace", "-f", "-o", str(first), *inject, *command],
                cwd=office.folder, env=office.all_variables(), capture_output=True, text=True, timeout=100, check=False,
            )  # fmt: skip
            assert done.returncode in {0, 69, 74}, done.stderr
            assert "Traceback" not in done.stderr
            assert office.examcal("ledger", "verify").returncode == 0
            assert office.examcal("run", "--once").returncode == 0
            deadline = time.monotonic() + 60
            while office.json("status")["open"] and time.monotonic() < deadline:
                office.examcal("deliveries", "retry", *(str(row["id"]) for row in office.json("deliveries", "list")))
                assert office.examcal("run", "--once").returncode == 0
            assert {to for mail in smtp.mails for to in mail.recipients} == {"a@example.cn", "b@example.cn"}
            assert len(smtp.mails) <= 3
