"""The systemd units: known to systemd, tightly closed, and true about what they start."""

from __future__ import annotations

import os
import re
import shlex
import socket
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest

from examcal.ledger.opening import open_ledger
from support.deploy import command_of, settings_named
from support.office import Office, eventually
from support.ports import free_port
from support.postgres import PostgresServer

UNITS = Path(__file__).parents[2] / "deploy" / "systemd"
SERVICES = sorted(UNITS.glob("*.service"))
SCHEDULE = """\
version: 1
timezone: Asia/Shanghai
exams:
  - id: demo-2027
    name: 演示考试2027
    milestones:
      - id: registration
        kind: registration
        name: 网上报名
        opens: 2027-03-01 10:00
        closes: 2027-03-20 24:00
        source: {title: 公告, url: "https://example.cn", published: 2026-01-01, checked: 2026-01-02}
        remind: [closes -1d 09:00]
"""


def entries(unit: Path, name: str) -> list[str]:
    return re.findall(rf"^{name}=(.*)$", unit.read_text("utf-8"), re.MULTILINE)


def hardening(unit: Path) -> list[str]:
    part = unit.read_text("utf-8").partition("# What it may touch")[2].partition("[Install]")[0]
    return [line for line in part.splitlines()[1:] if line and not line.startswith("MemoryMax=")]


@pytest.mark.needs("systemd-analyze")
def test_systemd_has_nothing_to_say_about_the_units(tmp_path: Path) -> None:
    # The program is not installed on this machine, so another one stands in for it.
    for unit in (*SERVICES, *UNITS.glob("*.timer")):
        text = unit.read_text("utf-8").replace("/opt/examcal/bin/examcal", sys.executable)
        (tmp_path / unit.name.replace("@", "@1")).write_text(text, "utf-8")
    done = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", *sorted(tmp_path.iterdir())],
        capture_output=True, text=True, check=False, env={**os.environ, "SYSTEMD_UNIT_PATH": f"{tmp_path}:"},
    )  # fmt: skip
    about_ours = [line for line in done.stderr.splitlines() if "examcal" in line]
    assert done.returncode == 0, done.stderr
    assert about_ours == []


@pytest.mark.needs("systemd-analyze")
@pytest.mark.parametrize("unit", SERVICES, ids=lambda unit: unit.name)
def test_a_unit_is_closed_to_everything_that_it_does_not_need(unit: Path) -> None:
    done = subprocess.run(
        ["systemd-analyze", "security", "--offline=yes", "--threshold=15", "--no-pager", unit],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr


@pytest.mark.parametrize("unit", SERVICES, ids=lambda unit: unit.name)
def test_a_unit_that_is_started_again_is_never_given_up(unit: Path) -> None:
    before, _, service = unit.read_text("utf-8").partition("[Service]")
    assert ("StartLimitIntervalSec=0" in before) == ("Restart=always" in service)


@pytest.mark.needs("postgresql")
def test_a_database_that_is_away_at_the_start_ends_it_with_a_code_after_which_it_is_started_again(
    office: Office,
) -> None:
    office.environment["EXAMCAL_DATABASE_URL"] = f"postgresql://examcal@127.0.0.1:{free_port()}/examcal"
    for command, unit in (("run", "examcal.service"), ("worker", "examcal-worker@.service")):
        done = office.examcal(command)
        (final,) = entries(UNITS / unit, "RestartPreventExitStatus")
        assert done.returncode == 69, done.stderr
        assert str(done.returncode) not in final.split()
        assert "数据库" in done.stderr


@pytest.mark.parametrize("unit", SERVICES, ids=lambda unit: unit.name)
def test_all_units_are_closed_alike(unit: Path) -> None:
    assert hardening(unit) == hardening(UNITS / "examcal.service")


@pytest.mark.parametrize("unit", [*SERVICES, *UNITS.glob("*.d/*.conf")], ids=lambda unit: unit.name)
def test_a_unit_starts_a_command_that_exists_with_settings_that_exist(unit: Path) -> None:
    for line in entries(unit, "ExecStart"):
        words = shlex.split(line)
        assert words[0] == "/opt/examcal/bin/examcal"
        command_of(words[1:])
    names = [entry.partition("=")[0] for entry in entries(unit, "#?Environment") if entry.startswith("EXAMCAL_")]
    assert settings_named(names) == []


def test_what_keeps_a_unit_from_restarting_are_exit_codes_that_repeat() -> None:
    assert entries(UNITS / "examcal.service", "RestartPreventExitStatus") == ["75 78"]


def test_the_timer_starts_the_backup() -> None:
    assert (UNITS / "examcal-backup.service").exists()
    assert entries(UNITS / "examcal-backup.timer", "Persistent") == ["yes"]


def test_the_nightly_copy_is_a_ledger_named_by_its_time(office: Office) -> None:
    office.write_schedule(SCHEDULE)
    assert office.examcal("run", "--once").returncode == 0
    words = shlex.split(entries(UNITS / "examcal-backup.service", "ExecStart")[0])
    backups = office.folder / "backups"
    backups.mkdir()
    words = [str(backups) if word.startswith("/var/lib") else word for word in words[1:]]
    done = office.examcal(*words)
    assert done.returncode == 0, done.stderr
    (copy,) = backups.iterdir()
    assert re.fullmatch(r"examcal-\d{8}T\d{6}Z\.db", copy.name)
    assert copy.stat().st_mode & 0o077 == 0
    pattern = entries(UNITS / "examcal-backup.service", "ExecStartPost")[0].split(" -name ")[1].split()[0]
    assert list(backups.glob(pattern)) == [copy]


@pytest.fixture
def supervisor(tmp_path: Path) -> Iterator[socket.socket]:
    """What systemd hears."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as heard:
        heard.bind(str(tmp_path / "notify"))
        heard.settimeout(60)
        yield heard


def hear(supervisor: socket.socket, wanted: bytes) -> None:
    """Wait until the service says ``wanted``."""
    while wanted not in supervisor.recv(200).split(b"\n"):
        continue


@pytest.mark.parametrize("command", ["run", "serve"])
def test_a_service_says_that_it_is_ready_alive_and_ending(
    office: Office, supervisor: socket.socket, command: str
) -> None:
    office.write_schedule(SCHEDULE)
    variables = {"NOTIFY_SOCKET": str(supervisor.getsockname()), "WATCHDOG_USEC": "400000"}
    with office.running(command, **variables) as running:
        hear(supervisor, b"READY=1")
        assert running.get("/").status_code == 200
        hear(supervisor, b"WATCHDOG=1")
        assert running.stop() == 0
    hear(supervisor, b"STOPPING=1")


@pytest.mark.needs("postgresql")
def test_a_worker_says_so_too_and_has_metrics(office: Office, supervisor: socket.socket) -> None:
    port = free_port()
    with PostgresServer() as server:
        address = server.database()
        open_ledger(address, office.folder / "var", datetime.now(UTC)).ledger.close()
        office.write_schedule(SCHEDULE)
        variables = office.all_variables({
            "EXAMCAL_DATABASE_URL": address, "NOTIFY_SOCKET": str(supervisor.getsockname()), "WATCHDOG_USEC": "400000",
            "EXAMCAL_METRICS_LISTEN": f"127.0.0.1:{port}",
        })  # fmt: skip
        process = subprocess.Popen([sys.executable, "-m", "examcal", "worker"], cwd=office.folder, env=variables)
        try:
            for wanted in (b"READY=1", b"WATCHDOG=1"):
                hear(supervisor, wanted)
            exported = eventually(lambda: httpx.get(f"http://127.0.0.1:{port}/metrics", timeout=10).text)
            assert "examcal_build_info" in exported
            process.terminate()
            hear(supervisor, b"STOPPING=1")
            assert process.wait(20) == 0
        finally:
            process.kill()
            process.wait()
