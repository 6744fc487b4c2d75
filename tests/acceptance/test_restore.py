"""An old copy is put back: nothing is sent twice, what is not known is said, and a bad copy changes nothing."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing

import pytest

from support.drill import audience, mail_over, milestone, schedule, some_time_ago
from support.office import Office
from support.runbook import Machine, console
from support.smtp_server import SmtpServer
from support.threads import in_thread
from support.wheels import Environment


@pytest.fixture
def sent(office: Office) -> Iterator[tuple[Office, SmtpServer]]:
    """An office that has sent three mails since ``copy.db`` was made."""
    due = some_time_ago()
    ahead = milestone("ahead", "笔试报名", due, hours=48, remind="[closes -1h]")
    office.environment["EXAMCAL_LANGUAGE"] = "en"
    office.write_settings(audience("all", "email", ["a@example.cn", "b@example.cn", "c@example.cn"]))
    office.write_schedule(schedule([ahead]))
    with in_thread(SmtpServer()) as smtp:
        mail_over(office, smtp)
        assert office.examcal("run", "--once").returncode == 0
        assert office.examcal("ledger", "backup", "copy.db").returncode == 0
        office.write_schedule(schedule([ahead, milestone("m", "网上报名", due)]))
        assert office.examcal("run", "--once").returncode == 0
        assert len(smtp.mails) == 3
        yield office, smtp


def test_nothing_is_sent_twice_and_what_is_not_known_is_said(sent: tuple[Office, SmtpServer]) -> None:
    office, smtp = sent
    done = office.examcal("ledger", "restore", "copy.db")
    assert done.returncode == 0, done.stderr
    assert "who subscribed, left or was removed" in done.stdout
    assert "no journal" not in done.stdout
    assert office.examcal("run", "--once").returncode == 0
    assert len(smtp.mails) == 3
    assert office.examcal("ledger", "verify").returncode == 0


def test_without_a_journal_it_says_so(sent: tuple[Office, SmtpServer]) -> None:
    office, _ = sent
    (office.folder / "var" / "sent.jsonl").unlink()
    assert "no journal" in office.examcal("ledger", "restore", "copy.db").stdout


def test_a_lost_machine_is_set_up_by_the_runbook_and_sends_nothing_twice(
    sent: tuple[Office, SmtpServer], tmp_path_factory: pytest.TempPathFactory
) -> None:
    lost, smtp = sent
    office = Office(tmp_path_factory.mktemp("new"), lost.environment)
    machine = Machine(office, Environment(office.folder / "env"))
    try:
        machine.follow(console("First start")[0])
        assert machine.daemon is None
        assert not (office.folder / "var").exists()
        office.write_schedule(lost.schedule.read_text("utf-8"))
        shutil.copy(lost.folder / "examcal.toml", office.folder)
        shutil.copytree(lost.folder / "var", office.folder / "var", ignore=shutil.ignore_patterns("examcal.db*"))
        machine.copies.mkdir()
        copy = shutil.copy(lost.folder / "copy.db", machine.copies / "examcal-20261125T031700Z.db")
        with closing(sqlite3.connect(copy)) as ledger, ledger:
            assert ledger.execute("UPDATE meta SET value = 'another' WHERE key = 'machine_id'").rowcount == 1
        machine.follow(console("Lost machine")[0])
        assert machine.daemon is not None
        assert office.json("status")["held"] == 0
        assert office.json("status")["sent"] == 3
        machine.follow(next(block for block in console("Leaked key") if "$ examcal subscribers rotate" in block))
        assert machine.daemon.is_up()
    finally:
        machine.stop()
    assert len(smtp.mails) == 3
    assert office.examcal("ledger", "verify").returncode == 0


def test_a_bad_copy_leaves_the_ledger_as_it_was(sent: tuple[Office, SmtpServer]) -> None:
    office, _ = sent
    before = office.json("status")
    (office.folder / "bad.db").write_text("no ledger\n" * 500)
    assert office.examcal("ledger", "restore", "bad.db").returncode == 74
    assert office.json("status") == before
    assert not list((office.folder / "var").glob("*before-restore*"))
