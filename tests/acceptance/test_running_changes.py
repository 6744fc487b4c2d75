"""Edits beside a running daemon as people hear of them: change notices, and what admins are told of broken ones."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from support.drill import audience, deliveries, mail_over, parsed, text_of, wecom_over
from support.office import KEY, Office, Running, crowding, eventually
from support.smtp_server import Received, SmtpServer
from support.threads import in_thread
from support.wecom_server import WecomServer

HEAD = "version: 1\ntimezone: Asia/Shanghai\nexams:\n  - id: demo-2027\n    name: 演示考试2027\n    milestones:\n"
SOURCE = '{title: 演示公告, url: "https://example.cn/notice", published: 2026-01-01, checked: 2026-01-02}'


def milestone(number: int, day: int, *, status: str = "confirmed", notes: str = "说明") -> str:
    return (
        f"      - {{id: step-{number}, kind: registration, name: 第{number}步, opens: 2027-03-01 09:00,"
        f" closes: 2027-03-{day} 17:00, status: {status}, source: {SOURCE}, notes: '{notes}', remind: [closes -1d]}}\n"
    )


def ten(**days: int) -> list[str]:
    """Return ten milestones; ``step_N`` names the day of one that moved."""
    return [milestone(number, days.get(f"step_{number}", 10 + number)) for number in range(10)]


def within() -> float:
    return 15.0 * max(1.0, min(crowding(), 3.0))


def feed(daemon: Running) -> str:
    answer = daemon.get("/feeds/demo-2027.ics")
    return answer.text if answer.status_code == 200 else ""


@contextmanager
def daemon_with_people(office: Office, debounce: int) -> Iterator[tuple[Running, SmtpServer, WecomServer]]:
    office.environment |= {"EXAMCAL_CHANGE_DEBOUNCE": str(debounce), "EXAMCAL_ADMINS": "admin@example.cn"}
    office.write_settings(audience("staff", "email", ["a@example.cn"]) + audience("group", "wecom:staff"))
    office.write_schedule(HEAD + "".join(ten()))
    with in_thread(SmtpServer()) as smtp, in_thread(WecomServer(robots=[KEY])) as wecom:
        mail_over(office, smtp)
        wecom_over(office, wecom, staff=KEY)
        with office.running() as daemon:
            eventually(lambda: "第9步" in feed(daemon), within=2 * within())
            yield daemon, smtp, wecom
            assert daemon.stop() == 0


def for_people(smtp: SmtpServer) -> list[Received]:
    return [mail for mail in smtp.mails if "a@example.cn" in mail.recipients]


def for_admins(smtp: SmtpServer) -> list[Received]:
    return [mail for mail in smtp.mails if "admin@example.cn" in mail.recipients]


def test_people_hear_of_what_moved_is_called_off_or_let_go_also_where_no_reminder_was_sent(office: Office) -> None:
    """F99 included: removing six of ten waits for a person's word; moving one of ten does not."""
    with daemon_with_people(office, debounce=2) as (daemon, smtp, wecom):
        office.write_schedule(HEAD + "".join(ten(step_0=25)))
        (moved,) = eventually(lambda: for_people(smtp), within=within())
        assert "20270325T170000" in eventually(lambda: feed(daemon) if "20270325" in feed(daemon) else "")
        assert "2027-03-25" in daemon.get("/demo-2027/").text
        text = text_of(moved)
        assert text.index("2027年3月25日（周四）17:00") < text.index("2027年3月10日（周三）17:00")
        assert "推迟" in str(parsed(moved)["Subject"])
        assert "https://example.cn/notice" in text
        assert "日历可能要到明天才刷新" in text
        (shown,) = wecom.wait_for(1)
        assert "2027年3月25日（周四）17:00" in shown.content

        edited = [milestone(0, 25), milestone(1, 11, notes="改了说明"), *ten()[2:]]
        edited[3] = milestone(3, 13, status="cancelled")
        office.write_schedule(HEAD + "".join(edited))
        cancelled = eventually(lambda: for_people(smtp)[1:], within=within())
        assert ["第3步" in text_of(mail) for mail in cancelled] == [True]
        assert "已取消" in text_of(cancelled[0])

        before = feed(daemon)
        office.write_schedule(HEAD + "".join(edited[:4]))
        eventually(lambda: "schedule-held" in daemon.get("/readyz").text, within=within())
        assert feed(daemon) == before
        assert office.json("status")["schedule"]["version"] == 3
        assert office.examcal("schedule", "accept").returncode == 0
        gone = eventually(lambda: for_people(smtp)[7:] and for_people(smtp)[2:], within=3 * within())
        named = [n for n in range(10) if any(f"第{n}步" in text_of(mail) for mail in gone)]
        assert named == [*range(4, 10)]
        assert all("已取消" in text_of(mail) for mail in gone)
    verified = office.examcal("ledger", "verify")
    assert verified.returncode == 0, verified.stdout


def test_an_edit_that_is_taken_back_in_time_says_nothing_and_a_broken_one_is_told_to_admins_once(
    office: Office,
) -> None:
    """F100 and F104 included: a duplicate id is rejected with its place; the last good version stays."""
    with daemon_with_people(office, debounce=300) as (daemon, smtp, _):
        office.write_schedule(HEAD + "".join(ten(step_0=25)))
        eventually(lambda: "20270325" in feed(daemon), within=within())
        eventually(lambda: _notices(office) == {"planned"}, every=0.5)
        office.write_schedule(HEAD + "".join(ten()))
        eventually(lambda: "20270325" not in feed(daemon), within=within())
        eventually(lambda: _notices(office) == {"cancelled"}, every=0.5)
        good = feed(daemon)
        broken = HEAD + "".join([*ten(), milestone(9, 20)])
        office.write_schedule(broken)
        told = eventually(lambda: for_admins(smtp), within=2 * within())
        assert "step-9" in text_of(told[0])
        assert "schedule.yaml:17" in text_of(told[0])
        office.schedule.touch()
        assert feed(daemon) == good
        assert not for_people(smtp)
    with in_thread(SmtpServer()) as smtp:
        mail_over(office, smtp)
        with office.running() as daemon:
            assert eventually(lambda: feed(daemon), within=2 * within()) == good
            assert "schedule-rejected" in daemon.get("/readyz").text
            assert json.loads(office.examcal("status", "--format", "json").stdout)["schedule"]["version"] == 3
            office.write_schedule(broken.replace("2027-03-20", "2027-03-44"))
            again = eventually(lambda: for_admins(smtp), within=2 * within())
            assert daemon.stop() == 0
        assert len(for_admins(smtp)) == 1  # the same content is not told after a restart, another mistake is
    assert "请核对公告" in text_of(again[0])
    assert len(told) == 1


def _notices(office: Office) -> set[str]:
    return {row["state"] for row in deliveries(office) if row["purpose"] == "change"}


pytestmark = pytest.mark.timeout(240)
