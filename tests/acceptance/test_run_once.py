"""Rounds that cron starts: what they tell the admins, and how often."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from support.drill import mail_over, parsed, text_of
from support.office import Office
from support.smtp_server import SmtpServer
from support.threads import in_thread

HEAD = "version: 1\ntimezone: Asia/Shanghai\nexams:\n  - id: demo-2027\n    name: 演示考试\n    milestones:\n"
ROWS = [
    f"      - {{id: step-{n}, kind: other, name: 第{n}步, opens: 2027-03-01, closes: 2027-03-1{n}, remind: []}}\n"
    for n in range(5)
]
GOOD = HEAD + "".join(ROWS)


@pytest.fixture
def smtp(office: Office) -> Iterator[SmtpServer]:
    office.environment["EXAMCAL_ADMINS"] = "admin@example.cn"
    with in_thread(SmtpServer()) as server:
        mail_over(office, server)
        yield server


def once(office: Office, text: str) -> int:
    office.write_schedule(text)
    return office.examcal("run", "--once").returncode


def test_a_rejected_edit_is_told_to_the_admins_once_for_its_content(office: Office, smtp: SmtpServer) -> None:
    assert once(office, GOOD) == 0
    assert smtp.mails == []
    twice = GOOD + ROWS[4]
    for _ in range(3):
        assert once(office, twice) == 0
    (mail,) = smtp.mails
    assert mail.recipients == ("admin@example.cn",)
    assert "schedule.yaml:12" in text_of(mail)
    assert "step-4" in text_of(mail)
    once(office, GOOD.replace("2027-03-14", "2027-03-44"))
    once(office, twice)
    assert len(smtp.mails) == 2
    once(office, GOOD)
    assert len(smtp.mails) == 2
    once(office, twice)
    assert len(smtp.mails) == 3


def test_a_held_edit_is_told_once_and_what_is_due_leaves_all_the_same(office: Office, smtp: SmtpServer) -> None:
    assert once(office, GOOD) == 0
    office.write_schedule(HEAD + ROWS[0])
    done = [office.examcal("run", "--once") for _ in range(2)]
    assert [one.returncode for one in done] == [1, 1]
    assert all("demo-2027/step-1" in one.stderr and "已发送 0" in one.stdout for one in done)
    (mail,) = smtp.mails
    assert "demo-2027/step-1" in text_of(mail)


def test_a_first_edit_that_is_wrong_is_told_and_fails(office: Office, smtp: SmtpServer) -> None:
    assert once(office, GOOD + ROWS[4]) == 65
    assert once(office, GOOD + ROWS[4]) == 65
    assert ["step-4" in text_of(mail) for mail in smtp.mails] == [True]


def test_without_admins_nothing_is_remembered(office: Office, smtp: SmtpServer) -> None:
    del office.environment["EXAMCAL_ADMINS"]
    assert once(office, GOOD) == 0
    assert once(office, GOOD + ROWS[4]) == 0
    assert smtp.mails == []
    office.environment["EXAMCAL_ADMINS"] = "admin@example.cn"
    once(office, GOOD + ROWS[4])
    assert "examcal" in str(parsed(smtp.mails[0])["Subject"])
