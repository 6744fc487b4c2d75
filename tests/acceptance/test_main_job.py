"""The main job as an office has it: a milestone falls due, people get exactly one message each, in time."""

from __future__ import annotations

import email
import email.policy
import os
import signal
import time
from email.message import EmailMessage

import pytest

from support.office import KEY, Office, Soon, crowding, eventually, soon
from support.smtp_server import Received, SmtpServer
from support.threads import in_thread
from support.wecom_server import WecomServer

PEOPLE = ("zhang@example.cn", "li@example.cn", "wang@example.cn")
SETTINGS = f"""
[smtp]
security = "none"
sender = "考试办公室 <office@example.cn>"

[[audiences]]
name = "staff"
channel = "email"
to = {list(PEOPLE)!r}

[[audiences]]
name = "group"
channel = "wecom:staff"
"""


def prepare(office: Office, moment: Soon, smtp: SmtpServer, wecom: WecomServer | None = None) -> None:
    office.write_schedule(moment.schedule)
    text = SETTINGS if wecom else SETTINGS[: SETTINGS.rindex("[[audiences]]")]
    office.write_settings(text)
    office.environment |= {"EXAMCAL_SMTP__HOST": smtp.host, "EXAMCAL_SMTP__PORT": str(smtp.port), **moment.environment}
    if wecom:
        office.environment |= {"EXAMCAL_WECOM__BASE_URL": wecom.base_url, "EXAMCAL_WECOM__ROBOTS__STAFF": KEY}


def allowed() -> float:
    """Return how many seconds after its due instant a message may come: one, unless other tests run beside this one."""
    alone = "PYTEST_XDIST_WORKER" not in os.environ and crowding() < 1
    return 1.0 if alone else 5.0 + 15 * crowding()


def parsed(mail: Received) -> EmailMessage:
    return email.message_from_bytes(mail.octets, policy=email.policy.default)  # type: ignore[return-value]


@pytest.mark.needs("faketime")
def test_three_addresses_and_a_robot_get_one_message_each_within_a_second_and_a_restart_sends_none(
    office: Office,
) -> None:
    moment = soon()
    with in_thread(SmtpServer()) as smtp, in_thread(WecomServer(robots=[KEY])) as wecom:
        prepare(office, moment, smtp, wecom)
        with office.running() as daemon:
            mails = smtp.wait_for(3, timeout=90)
            shown = wecom.wait_for(1, timeout=10)
            assert daemon.stop() == 0
        assert sorted(to for mail in mails for to in mail.recipients) == sorted(PEOPLE)
        late = [at - moment.real for at in (*(mail.at for mail in mails), shown[0].at)]
        assert all(-0.05 <= seconds <= allowed() for seconds in late), late
        mail = parsed(mails[0])
        body = mail.get_body(("plain",))
        assert body is not None
        text = body.get_content()
        closing = moment.due.replace(hour=moment.due.hour)
        assert "网上报名" in text
        assert "上传照片" in text
        assert "https://example.cn/notice" in text
        assert f"{closing.day}日" in text
        assert any(part.get_content_type() == "text/calendar" for part in mail.walk())
        assert "网上报名" in str(mail["Subject"])
        assert "考试办公室" in str(mail["From"])
        assert "网上报名" in shown[0].content
        with office.running() as daemon:
            report = office.json("status")
            assert report["sent"] == 4
            assert report["open"] == 0
            assert daemon.stop() == 0
        assert len(smtp.mails) == 3
        assert len(wecom.shown) == 1
    verified = office.examcal("ledger", "verify")
    assert verified.returncode == 0, verified.stderr


@pytest.mark.needs("faketime")
def test_killed_between_sending_and_recording_sends_at_most_one_more_and_the_same_octets(office: Office) -> None:
    moment = soon()
    with in_thread(SmtpServer()) as smtp:
        prepare(office, moment, smtp)
        with office.running() as daemon:
            smtp.wait_for(1, timeout=90)
            daemon.process.send_signal(signal.SIGKILL)
            daemon.process.wait(10)
        with office.running() as daemon:
            eventually(lambda: office.json("status")["open"] == 0, within=60, every=1)
            assert daemon.stop() == 0
        by_person = {to: [mail for mail in smtp.mails if to in mail.recipients] for to in PEOPLE}
        assert all(1 <= len(copies) <= 2 for copies in by_person.values())
        for copies in by_person.values():
            assert len({copy.octets for copy in copies}) == 1


def test_without_any_settings_messages_are_files(office: Office) -> None:
    moment = soon()
    office.write_schedule(moment.schedule)
    with office.running() as daemon:
        said = eventually(lambda: daemon.said() if "stop with" in daemon.said() or "Ctrl+C" in daemon.said() else "")
        assert "var/outbox" in said
        assert f"{daemon.address}/feeds/demo-2026.ics" in said
        started = time.monotonic()
        assert daemon.stop() == 0
        assert time.monotonic() - started < 20
