"""Machines whose clocks differ from the database's (F28): mail leaves at its due instant by that one, never before."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from examcal.ledger.opening import open_ledger
from examcal.ledger.shared_clock import SharedClock
from support.drill import audience, mail_over, milestone, schedule
from support.office import Office, ahead, crowding, eventually, soon
from support.postgres import PostgresServer
from support.rig import SetClock
from support.smtp_server import SmtpServer
from support.threads import in_thread
from support.workers import ask, ended, worker

pytestmark = pytest.mark.needs("postgresql", "procrastinate")
HOUR = timedelta(hours=1)


@pytest.mark.needs("faketime")
@pytest.mark.timeout(180)
def test_mail_leaves_when_it_is_due_though_one_clock_is_an_hour_behind_and_another_ahead(tmp_path: Path) -> None:
    minute = soon(15)  # the server's clock is set so that a minute begins soon; it is as good as any
    with PostgresServer(minute.environment) as server, in_thread(SmtpServer()) as smtp:
        office = Office(tmp_path, {"EXAMCAL_DATABASE_URL": server.database(), "EXAMCAL_SMTP__RATE_PER_MINUTE": "600"})
        office.write_settings(audience("all", "email", [f"p{number}@example.cn" for number in range(5)]))
        before, then = minute.due - timedelta(minutes=10), minute.due
        office.write_schedule(schedule([milestone("m", "网上报名", before), milestone("n", "缴费", then)]))
        mail_over(office, smtp)
        assert office.examcal("ledger", "init").returncode == 0
        processes = [worker(office, **ahead(minute.shift + HOUR))]
        with ended(processes), office.running(**ahead(minute.shift - HOUR)) as daemon:
            mails = smtp.wait_for(10, timeout=90)
            assert max(mail.at for mail in mails[:5]) < minute.real
            late = [mail.at - minute.real for mail in mails[5:]]
            assert min(late) >= 0
            assert max(late) < 5 * max(1.0, crowding())
            tokens = ask(office, "SELECT max(tat) / 1e6 FROM rate")
            assert tokens < (minute.due + timedelta(minutes=1)).timestamp()
            reasons = eventually(lambda: daemon.get("/readyz").json()["reasons"])
            assert [reason["code"] for reason in reasons] == ["clock-skew"]
            assert "比数据库慢 3600 秒" in reasons[0]["text"]


def test_the_time_is_the_servers_and_a_clock_that_differs_is_told_once(tmp_path: Path) -> None:
    with PostgresServer() as server:
        own, told = SetClock(datetime.now(UTC) - HOUR), []
        ledger = open_ledger(server.database(), tmp_path / "var", datetime.now(UTC)).ledger
        clock = SharedClock(ledger, own, told.append)
        assert abs(clock.now() - datetime.now(UTC)) < timedelta(seconds=5)
        own.go(HOUR)
        assert abs(clock.now() - datetime.now(UTC) - HOUR) < timedelta(seconds=5)  # counted on by the boot clock
        own.wall -= HOUR
        clock.read()
        assert abs(clock.now() - datetime.now(UTC)) < timedelta(seconds=5)
        assert [round(skew / HOUR) for skew in told] == [-1]
        own.step(HOUR)
        clock.read()
        own.step(2 * HOUR)
        clock.read()
        assert told[1] is None
        assert round(told[2] / HOUR) == 2
        ledger.close()
