"""Ledgers at older revisions: brought up to date, nothing lost, nothing sent twice; a newer one is left alone."""

from __future__ import annotations

import hashlib
import sqlite3
from pathlib import Path

import pytest

from examcal.ledger.schema import head
from support.office import Office
from support.released_ledger import AFTER_REVISION_1, LAST, LATER, PEOPLE, at, prepare, put_back, rows
from support.smtp_server import SmtpServer
from support.threads import in_thread

DUMPS = sorted((Path(__file__).parents[1] / "fixtures" / "ledgers").glob("*.sql"))

pytestmark = pytest.mark.parametrize("dump", DUMPS, ids=lambda dump: dump.stem)


def recipients(smtp: SmtpServer) -> list[str]:
    return sorted(to for mail in smtp.mails for to in mail.recipients)


def test_a_ledger_at_an_older_revision_is_migrated_and_every_row_is_kept(office: Office, dump: Path) -> None:
    file = put_back(dump, office.folder / "var")
    before = rows(file)
    assert {row[4] for row in before} == {"sent", "retry", "planned", "held"}
    refused = office.examcal("status", "--lang", "en")
    assert refused.returncode == 78
    assert "examcal ledger init" in refused.stderr
    assert rows(file) == before
    done = office.examcal("ledger", "init", "--lang", "en")
    assert done.returncode == 0, done.stderr
    assert "up to date now" in done.stdout
    assert rows(file) == before
    verified = office.examcal("ledger", "verify")
    assert verified.returncode == 0, verified.stdout
    report = office.json("status")
    assert (report["planned"], report["open"], report["sent"]) == (8, 5, 3)
    connection = sqlite3.connect(file)
    tables = {name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    assert connection.execute("SELECT version_num FROM alembic_version").fetchall() == [(head(),)]
    connection.close()
    assert tables >= set(AFTER_REVISION_1)
    assert "exists and is up to date" in office.examcal("ledger", "init", "--lang", "en").stdout


@pytest.mark.needs("faketime")
def test_what_was_open_is_sent_once_and_what_was_sent_is_not_sent_again(office: Office, dump: Path) -> None:
    file = put_back(dump, office.folder / "var")
    with in_thread(SmtpServer()) as smtp:
        prepare(office, smtp)
        first = office.examcal("run", "--once", **at(LATER))
        assert first.returncode == 0, first.stderr
        assert recipients(smtp) == ["li@example.cn"]
        second = office.examcal("run", "--once", **at(LAST))
        assert second.returncode == 0, second.stderr
        assert recipients(smtp) == sorted(["li@example.cn", *PEOPLE[:3]])
        released = office.examcal("deliveries", "release", "--all", **at(LAST))
        assert released.returncode == 0, released.stderr
        assert office.examcal("run", "--once", **at(LAST)).returncode == 0
        assert recipients(smtp) == sorted(["li@example.cn", *PEOPLE])
    assert [row[4] for row in rows(file)] == ["sent"] * 8
    assert office.examcal("ledger", "verify").returncode == 0


def test_a_ledger_of_a_newer_version_is_refused_and_not_touched(office: Office, dump: Path) -> None:
    file = put_back(dump, office.folder / "var")
    connection = sqlite3.connect(file)
    connection.execute("UPDATE alembic_version SET version_num = '9999'")
    connection.commit()
    connection.close()
    before = hashlib.sha256(file.read_bytes()).hexdigest()
    for command in (("ledger", "init"), ("status",), ("run", "--once")):
        done = office.examcal(*command, "--lang", "en")
        assert done.returncode == 78, done.stderr
        assert "9999" in done.stderr
        assert "install the newer examcal" in done.stderr
    assert hashlib.sha256(file.read_bytes()).hexdigest() == before
