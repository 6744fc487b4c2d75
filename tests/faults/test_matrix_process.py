"""Fault matrix, parts A and C, against real processes: signals, a second daemon, a lost ledger, a read-only folder."""

from __future__ import annotations

import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from support.drill import audience, mail_over, milestone, schedule, some_time_ago
from support.office import Office, eventually
from support.smtp_server import Fault, SmtpServer
from support.threads import in_thread

pytestmark = pytest.mark.timeout(150)


@pytest.fixture
def office(tmp_path: Path) -> Office:
    office = Office(tmp_path)
    office.write_schedule(schedule([milestone("m", "网上报名", some_time_ago())]))
    return office


def with_mail(office: Office, smtp: SmtpServer) -> None:
    office.write_settings(audience("staff", "email", ["a@example.cn"]))
    mail_over(office, smtp)


# F03
def test_a_send_under_way_ends_before_the_daemon_does(office: Office) -> None:
    with in_thread(SmtpServer(faults=[Fault("DOT", delay=3.0)])) as smtp:
        with_mail(office, smtp)
        with office.running() as daemon:
            eventually(lambda: smtp.count("DATA"))
            assert daemon.stop() == 0
        assert len(smtp.mails) == 1
    report = office.json("status")
    assert (report["sent"], report["open"]) == (1, 0)
    assert office.json("deliveries", "list")[0]["ambiguous"] == 0


# F04, F09
def test_a_send_that_never_ends_is_given_back_in_time_and_taken_up_by_the_next_start(office: Office) -> None:
    with in_thread(SmtpServer(faults=[Fault("DOT", delay=300.0)])) as smtp:
        with_mail(office, smtp)
        with office.running() as daemon:
            eventually(lambda: smtp.count("DOT") or smtp.count("DATA"))
            started = time.monotonic()
            assert daemon.stop(within=25) == 0
            assert time.monotonic() - started < 20
    (row,) = office.json("deliveries", "list")
    assert (row["state"], row["ambiguous"]) == ("retry", 1)


# F05
def test_a_second_signal_ends_at_once(office: Office) -> None:
    with in_thread(SmtpServer(faults=[Fault("DOT", delay=300.0)])) as smtp:
        with_mail(office, smtp)
        with office.running() as daemon:
            eventually(lambda: smtp.count("DATA"))
            daemon.process.send_signal(signal.SIGTERM)
            eventually(lambda: "stopping" in daemon.said())
            assert daemon.stop(within=5) == -signal.SIGTERM
    assert office.examcal("ledger", "verify").returncode == 0


# F08, F09: a second daemon is refused; after kill -9 the next one starts at once. Looking works beside and without one.
def test_one_daemon_at_a_time_and_status_beside_it(office: Office) -> None:
    keys = {"planned", "open", "sent", "retry", "dead", "expired", "cancelled", "suppressed", "held"}
    keys |= {"next_due_at", "schedule", "channels"}
    assert keys <= set(office.json("status"))
    with in_thread(SmtpServer()) as smtp:
        with_mail(office, smtp)
        with office.running() as daemon:
            smtp.wait_for(1)
            second = office.examcal("run", EXAMCAL_LISTEN="127.0.0.1:0")
            assert second.returncode == 75
            assert str(daemon.process.pid) in second.stderr
            beside = eventually(lambda: (found := office.json("status"))["sent"] and found)
            daemon.stop(signal.SIGKILL)
        with office.running() as daemon:
            assert daemon.stop() == 0
        assert len(smtp.mails) == 1
    ended = ("sent", "dead", "expired", "cancelled", "suppressed")
    for report in (beside, office.json("status")):
        assert report["planned"] == report["open"] + sum(report[state] for state in ended)


@pytest.mark.parametrize("setting", ["EXAMCAL_LISTEN", "EXAMCAL_METRICS_LISTEN"])
def test_an_address_that_is_taken_is_refused_with_the_setting_to_change(office: Office, setting: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        taken = f"127.0.0.1:{other.getsockname()[1]}"
        done = office.examcal("run", **{"EXAMCAL_LISTEN": "127.0.0.1:0", setting: taken})
    assert done.returncode == 69
    assert f"无法监听 {taken}" in done.stderr
    assert f"请把 {setting} 设为别的地址" in done.stderr


# F34 to F36, F41: never a fresh ledger in the place of one that is lost, damaged or foreign.
def test_a_lost_or_damaged_ledger_stops_every_command(office: Office) -> None:
    def foreign(file: Path) -> None:
        file.unlink()
        with sqlite3.connect(file) as connection:
            connection.execute("CREATE TABLE other (a)")
        connection.close()

    damages: dict[str, tuple[Callable[[Path], object], int]] = {
        "deleted": (Path.unlink, 78),
        "empty": (lambda file: file.write_bytes(b""), 78),
        "half": (lambda file: file.write_bytes(file.read_bytes()[: file.stat().st_size // 2]), 74),
        "text": (lambda file: file.write_text("not a database, but quite long enough to look at"), 74),
        "foreign": (foreign, 78),
    }
    assert office.examcal("run", "--once").returncode == 0
    state, kept = office.folder / "var", office.folder / "kept"
    shutil.copytree(state, kept, symlinks=True)
    for name, (damage, code) in damages.items():
        shutil.rmtree(state)
        shutil.copytree(kept, state, symlinks=True)
        damage(state / "examcal.db")
        for command in (["run"], ["run", "--once"]):
            done = office.examcal(*command, EXAMCAL_LISTEN="127.0.0.1:0")
            assert done.returncode == code, (name, done.stderr)
            assert "examcal.db" in done.stderr
            assert "Traceback" not in done.stderr


# F34
@pytest.mark.needs("root", "setpriv")
def test_a_read_only_state_directory_is_named(office: Office) -> None:
    state = office.folder / "var"
    state.mkdir()
    for folder in (office.folder, *office.folder.parents[:2]):
        folder.chmod(0o755)
    state.chmod(0o555)
    nobody = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", sys.executable]
    if subprocess.run([*nobody, "-c", "import examcal"], check=False, capture_output=True).returncode:
        pytest.skip("this Python cannot be run by another user")
    done = subprocess.run(
        [*nobody, "-m", "examcal", "run"], cwd=office.folder, env=office.all_variables({"HOME": "/"}),
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode in {74, 77}
    assert "var" in done.stderr
    assert "Traceback" not in done.stderr


# F11: few descriptors slow things down; they lose nothing, and are not taken for a missing ledger.
def test_few_file_descriptors_lose_nothing(office: Office) -> None:
    people = [f"u{number}@example.cn" for number in range(50)]
    with in_thread(SmtpServer()) as smtp:
        mail_over(office, smtp, CONNECTIONS="20")
        office.write_settings(audience("staff", "email", people))
        done = subprocess.run(
            ["sh", "-c", f"ulimit -n 32; exec {sys.executable} -m examcal run --once"],
            cwd=office.folder, env=office.all_variables(), capture_output=True, text=True, timeout=90, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        assert sorted(to for mail in smtp.mails for to in mail.recipients) == sorted(people)
