"""On PostgreSQL: two daemons, one leads; a worker delivers; the standby takes over; a dump is put back; a move."""

from __future__ import annotations

import signal
import subprocess
from collections.abc import Iterator

import psycopg
import pytest

from support.drill import audience, mail_over, milestone, schedule, some_time_ago
from support.office import Office, crowding, eventually, soon
from support.postgres import PostgresServer, binaries
from support.smtp_server import Fault, SmtpServer
from support.threads import in_thread

TAKES_OVER = 15.0


@pytest.fixture
def shared(office: Office) -> Iterator[Office]:
    with PostgresServer() as server:
        office.environment["EXAMCAL_DATABASE_URL"] = server.database()
        office.write_schedule(soon().schedule.replace("remind: [closes -2h]", "remind: [closes -1d]"))
        yield office


@pytest.mark.needs("postgresql", "procrastinate")
def test_one_daemon_leads_and_the_other_takes_over(shared: Office) -> None:
    with shared.running() as first:
        eventually(lambda: shared.json("status")["sent"] == 1, within=60 * max(1.0, crowding()), every=0.5)
        with shared.running() as second:
            assert second.get("/healthz").status_code == 200
            assert shared.json("status")["leader"].endswith(f":{first.process.pid}")
            first.stop(signal.SIGKILL)
            eventually(lambda: "Ctrl+C" in second.said(), within=TAKES_OVER * max(1.0, crowding()))
            eventually(
                lambda: (shared.json("status")["leader"] or "").endswith(f":{second.process.pid}"), within=60, every=0.5
            )
            assert shared.json("status")["sent"] == 1
            assert second.stop() == 0
    assert shared.json("status")["leader"] is None
    assert shared.examcal("ledger", "verify").returncode == 0


@pytest.fixture
def crowd(shared: Office) -> Iterator[tuple[Office, SmtpServer]]:
    """Sixty people to whom a reminder is due, and a mail server that takes a while for each."""
    shared.write_settings(audience("all", "email", [f"p{n}@example.cn" for n in range(60)]))
    shared.write_schedule(schedule([milestone("m", "网上报名", some_time_ago())]))
    with in_thread(SmtpServer(faults=[Fault("DOT", delay=0.05)])) as smtp:
        mail_over(shared, smtp)
        yield shared, smtp


@pytest.mark.needs("postgresql", "procrastinate")
def test_once_ends_when_everything_that_is_due_was_sent(crowd: tuple[Office, SmtpServer]) -> None:
    office, smtp = crowd
    assert office.examcal("run", "--once").returncode == 0
    assert len(smtp.mails) == office.json("status")["sent"] == 60


@pytest.mark.needs("postgresql", "procrastinate")
def test_nothing_is_sent_twice_after_an_old_dump_is_put_back(
    crowd: tuple[Office, SmtpServer], tmp_path_factory: pytest.TempPathFactory
) -> None:
    office, smtp = crowd
    elsewhere, dump = tmp_path_factory.mktemp("worker"), office.folder / "dump"
    address = office.environment["EXAMCAL_DATABASE_URL"]
    assert office.examcal("ledger", "init").returncode == 0
    subprocess.run([binaries() / "pg_dump", "--format=custom", f"--file={dump}", address], check=True)
    assert office.examcal("run", "--once", EXAMCAL_STATE_DIR=str(elsewhere)).returncode == 0
    assert len(smtp.mails) == 60
    with psycopg.connect(address, autocommit=True) as connection:
        connection.execute("DROP SCHEMA public CASCADE; CREATE SCHEMA public")
    subprocess.run([binaries() / "pg_restore", f"--dbname={address}", dump], check=True)
    idle, nowhere = tmp_path_factory.mktemp("idle"), dump.with_name("nowhere")  # a worker that sent nothing; a slip
    assert office.examcal("ledger", "reconcile", str(elsewhere), str(nowhere)).returncode == 66
    done = office.examcal("ledger", "reconcile", str(idle), str(elsewhere), EXAMCAL_LANGUAGE="en")
    assert done.returncode == 0, done.stderr
    assert f"no journal in {idle}:" in done.stdout
    assert office.examcal("run", "--once").returncode == 0
    assert office.json("status")["sent"] == 60
    assert len(smtp.mails) == 60


@pytest.mark.needs("postgresql", "procrastinate")
def test_a_ledger_is_not_moved_while_a_daemon_works_on_it(shared: Office) -> None:
    target = f"sqlite:///{shared.folder}/new/examcal.db"
    embedded = {"EXAMCAL_DATABASE_URL": target, "EXAMCAL_STATE_DIR": str(shared.folder / "new")}
    words = ["ledger", "move", "--from", shared.environment["EXAMCAL_DATABASE_URL"], "--to", target]
    with shared.running():
        assert shared.examcal(*words, **embedded).returncode == 75
    assert shared.examcal(*words, **embedded).returncode == 0
    assert shared.examcal("ledger", "verify", **embedded).returncode == 0
