"""A running daemon and channels that say no: what is tried again, when, with which bytes, and who hears of it."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from support.drill import (
    audience,
    deliveries,
    mail_over,
    milestone,
    parsed,
    schedule,
    seconds_until,
    some_time_ago,
    text_of,
    wecom_over,
)
from support.office import Office, eventually
from support.smtp_server import Fault, SmtpServer
from support.threads import in_thread
from support.wecom_server import WecomFault, WecomServer

KEY, OTHER = "robot-key-0123456789", "robot-key-9876543210"
LONG_NAME = "🎓𠮷" * 29 + "报名"
TASKS = [f"第{number}件材料的原件与复印件" for number in range(40)]
MINUTE = 60.0


def test_each_refusal_of_a_mail_server_has_its_own_next_attempt(office: Office) -> None:
    """F64 greylisting, F65 one bad reader of several, F66 a full mailbox, F69 the answer to the dot is lost."""
    faults = [
        Fault("RCPT", contains="grey@", reply="451 4.7.1 greylisted"),
        Fault("RCPT", contains="gone@", reply="550 5.1.1 no such user"),
        Fault("RCPT", contains="full@", reply="552 5.2.2 mailbox full"),
        Fault("DOT", nth=2, store=True, drop=True),
    ]
    people = ["first@example.cn", "lost@example.cn", "grey@example.cn", "gone@example.cn", "full@example.cn"]
    office.write_schedule(schedule([milestone("m", "网上报名", some_time_ago())]))
    office.write_settings(audience("staff", "email", people))
    office.environment["EXAMCAL_ADMINS"] = "admin@example.cn"
    with in_thread(SmtpServer(faults=faults)) as smtp:
        mail_over(office, smtp, CONNECTIONS="1")
        with office.running() as daemon:
            eventually(lambda: all(one["attempts"] for one in deliveries(office)), within=30, every=0.5)
            tried = time.time()
            told = eventually(lambda: [m for m in smtp.mails if "admin@example.cn" in m.recipients])
            rows = dict(zip(people, deliveries(office), strict=True))
            assert daemon.stop() == 0
    states = {person.partition("@")[0]: row["state"] for person, row in rows.items()}
    assert states == {"first": "sent", "lost": "retry", "grey": "retry", "gone": "dead", "full": "retry"}
    waits = {person: seconds_until(row["next_at"], tried) for person, row in rows.items() if row["next_at"]}
    assert 9 * MINUTE < waits["lost@example.cn"] <= 45 * MINUTE
    assert rows["lost@example.cn"]["ambiguous"] == 1
    assert 4 * MINUTE < waits["grey@example.cn"] <= 36 * MINUTE
    assert 0 < waits["full@example.cn"] <= 36 * MINUTE
    assert "1 条" in text_of(told[0])


def test_a_refused_log_in_is_not_repeated_and_the_admins_hear_what_to_do(office: Office) -> None:
    """F67, and the secret is in no output and no file."""
    password = "canary-password-17"
    office.write_schedule(schedule([milestone("m", "网上报名", some_time_ago())]))
    office.write_settings(audience("staff", "email", [f"u{number}@example.cn" for number in range(20)]))
    office.environment["EXAMCAL_ADMINS"] = "admin@example.cn, wecom:desk"
    with in_thread(SmtpServer(users={"u": "right"})) as smtp, in_thread(WecomServer(robots=[KEY])) as wecom:
        mail_over(office, smtp, USERNAME="u", PASSWORD=password)
        wecom_over(office, wecom, desk=KEY)
        with office.running() as daemon:
            (shown,) = wecom.wait_for(1, timeout=30)
            assert "535" in shown.content
            assert "授权码" in shown.content
            files = eventually(lambda: list((office.folder / "var/outbox").glob("*.json")))
            assert "535" in files[0].read_text("utf-8")
            report = office.json("status")
            assert (report["open"], report["sent"], report["dead"]) == (20, 0, 0)
            outputs = [office.examcal(*words) for words in (["doctor"], ["deliveries", "show", "1"], ["status"])]
            assert daemon.stop() == 0
            assert 1 <= smtp.auth_attempts <= 2
            said = daemon.said() + "".join(done.stdout + done.stderr for done in outputs)
        assert password not in said
        assert not [file for file in _files(office.folder) if password.encode() in file.read_bytes()]


def test_what_is_due_to_a_robot_in_one_minute_is_one_message_sent_again_as_it_was(office: Office) -> None:
    """F79 busy twice, F80 too many calls, F91 more than fits; grouped across audiences, names in one piece."""
    names = [LONG_NAME, "网上报名确认", "现场审核"]
    milestones = [
        milestone(f"m{number}", name, some_time_ago(), tasks=TASKS, notes="注" * 1500)
        for number, name in enumerate(names)
    ]
    office.write_schedule(schedule([*milestones, milestone("none", "没有提醒的事", some_time_ago(), remind="[]")]))
    office.write_settings(
        audience("a", "wecom:staff") + audience("b", "wecom:STAFF", kinds=["registration"]) + audience("c", "wecom:two")
    )
    busy = [WecomFault("send", nth=number, errcode=-1) for number in (1, 2)]
    many = [WecomFault("send", nth=1, errcode=45009)]
    with (
        in_thread(WecomServer(robots=[KEY], faults=busy)) as wecom,
        in_thread(WecomServer(robots=[OTHER], faults=many)) as second,
    ):
        wecom_over(office, wecom, staff=KEY, two=second.webhook(OTHER))
        with office.running() as daemon:
            eventually(lambda: second.of("send"), within=30)
            paused = eventually(lambda: office.json("status")["channels"]["wecom:two"]["paused_until"])
            assert seconds_until(paused, second.of("send")[0].at) >= 55
            wecom.wait_for(3, timeout=60)
            eventually(lambda: "/" in wecom.shown[-1].content and _is_last(wecom.shown[-1].content), within=60)
            assert daemon.stop() == 0
        first_three = wecom.of("send")[:3]
        assert len({post.octets for post in first_three}) == 1
        assert len(second.of("send")) == 1
        assert not wecom.oversize
        parts = [shown.content for shown in wecom.shown]
    assert all(len(part.encode()) <= 4096 for part in parts)
    lines = [line for part in parts for line in part.splitlines()]
    for name in names:
        assert sum(f"「{name}」" in line for line in lines) == 1
    assert not any("没有提醒的事" in line for line in lines)


def test_an_application_is_asked_for_one_person_at_a_time_with_the_duplicate_check_on(office: Office) -> None:
    """F81 one token for all, F86 a person it does not know, F91 more than fits."""
    office.write_schedule(
        schedule([milestone("m", LONG_NAME, some_time_ago(), tasks=TASKS), milestone("n", "缴费", some_time_ago())])
    )
    office.write_settings(audience("a", "wecom-app:main", ["zhang", "li", "nobody"]))
    with in_thread(WecomServer(apps={("corp", "app-secret"): 1000002}, members=["zhang", "li"])) as wecom:
        wecom_over(office, wecom)
        application = {"CORP_ID": "corp", "AGENT_ID": "1000002", "SECRET": "app-secret"}
        office.environment |= {f"EXAMCAL_WECOM__APPS__MAIN__{name}": value for name, value in application.items()}
        done = office.examcal("run", "--once")
        assert done.returncode == 0, done.stderr
        posts = wecom.of("app")
        assert len(wecom.of("token")) == 1
    assert {post.json["touser"] for post in posts} == {"zhang", "li", "nobody"}
    for post in posts:
        assert post.json["agentid"] == 1000002
        assert (post.json["enable_duplicate_check"], post.json["duplicate_check_interval"]) == (1, 14400)
        assert len(post.content.encode()) <= 2048
    assert sorted(row["state"] for row in deliveries(office)) == ["dead"] * 2 + ["sent"] * 4


def test_a_large_audience_is_served_over_the_connections_that_are_allowed(office: Office, full: bool) -> None:  # noqa: FBT001
    """Long names, many tasks, long notes and many addresses are ordinary; each person gets one mail of their own."""
    people = [f"u{number}@example.cn" for number in range(1000 if full else 200)]
    office.write_schedule(schedule([milestone("m", LONG_NAME, some_time_ago(), tasks=TASKS, notes="注" * 1500)]))
    office.write_settings(audience("all", "email", people))
    with in_thread(SmtpServer()) as smtp:
        mail_over(office, smtp, CONNECTIONS="2")
        done = office.examcal("run", "--once")
        assert done.returncode == 0, done.stderr
        assert smtp.most_open <= 2
        assert sorted(to for mail in smtp.mails for to in mail.recipients) == sorted(people)
        assert all(len(mail.recipients) == 1 for mail in smtp.mails)
        mail = smtp.mails[-1]
    assert len({one["Message-ID"] for one in map(parsed, smtp.mails)}) == len(people)
    for kind in ("plain", "html"):
        text = text_of(mail, kind)
        assert LONG_NAME in text
        assert all(task in text for task in TASKS)
        assert "注" * 1500 in text.replace("\n", "")
        assert "周" in text
        assert "已经迟到" in text
        assert "https://example.cn/notice" in text


def test_after_a_downtime_only_the_latest_useful_reminder_is_sent(office: Office) -> None:
    due = some_time_ago(hours=1)
    rules = "[closes -3d, closes -26h, closes -5h, closes -4h, closes -1m]"
    with in_thread(SmtpServer()) as smtp:
        mail_over(office, smtp)
        office.write_settings(audience("staff", "email", ["a@example.cn"]))
        office.write_schedule(schedule([milestone("m", "网上报名", due, hours=3, remind=rules)]))
        assert office.examcal("run", "--once").returncode == 0
        assert office.examcal("run", "--once").returncode == 0
        (mail,) = smtp.mails
    assert "补发" in str(parsed(mail)["Subject"])
    assert "已经迟到" in text_of(mail)
    states = {row["rule"]: (row["state"], row["reason"]) for row in deliveries(office)}
    assert states["closes -4h"] == ("sent", "")
    assert states["closes -1m"][0] == "planned"
    assert all(states[rule][0] == "expired" for rule in ("closes -26h", "closes -5h") if rule in states)
    report = office.json("status")
    assert report["planned"] == report["open"] + report["sent"] + report["expired"]


def _is_last(content: str) -> bool:
    counter = content.split("\n", 1)[0].strip("()")
    number, _, total = counter.partition("/")
    return number == total


def _files(folder: Path) -> list[Path]:
    return [file for file in folder.rglob("*") if file.is_file()]


pytestmark = pytest.mark.timeout(180)
