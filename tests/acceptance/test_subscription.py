"""Subscription by e-mail as people have it: a real process, a real mail server, real requests."""

from __future__ import annotations

import csv
import email
import email.policy
import io
import json
import os
import re
from datetime import datetime, timedelta
from email.message import EmailMessage
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest

from examcal.cli.main import run
from examcal.dispatch.leadership import FileLeadership
from support.office import SHANGHAI, Office, Running, crowding, eventually
from support.smtp_server import Received, SmtpServer
from support.threads import in_thread

SETTINGS = """
log_level = "debug"

[smtp]
host = "127.0.0.1"
security = "none"
sender = "考试办公室 <office@example.cn>"

[privacy]
name = "演示考试办公室"
contact = "privacy@example.cn"
"""
BASE = "https://kaoshi.example.cn"
SCHEDULE = """\
version: 1
language: zh-CN
exams:
  - id: demo-2027
    name: 演示考试2027
    milestones:
      - {id: registration, kind: registration, name: 网上报名, opens: 2027-01-04 09:00, closes: 2027-01-20 17:00}
      - {id: written, kind: exam, name: 笔试, on: 2027-05-08}
"""
# The reminder was due two days ago and is useful until the closing: whoever subscribes now still hears of it.
OPEN_NOW = """\
version: 1
language: zh-CN
exams:
  - id: demo-2027
    name: 演示考试2027
    milestones:
      - {{id: registration, kind: registration, name: 网上报名, closes: {closes}, remind: [closes -5d 09:00]}}
"""


def parsed(mail: Received) -> EmailMessage:
    return email.message_from_bytes(mail.octets, policy=email.policy.default)  # type: ignore[return-value]


def text_of(mail: Received) -> str:
    body = parsed(mail).get_body(("plain",))
    assert body is not None
    return str(body.get_content())


def path_in(text: str, word: str) -> str:
    found = re.search(rf"{BASE}(/{word}/[A-Za-z0-9_-]+(?:/[a-z.]+)?)", text)
    assert found, f"no /{word}/ link"
    return found[1]


def prepare(office: Office, smtp: SmtpServer, schedule: str = SCHEDULE, settings: str = SETTINGS) -> None:
    office.write_schedule(schedule)
    office.write_settings(settings)
    office.environment |= {
        "EXAMCAL_SMTP__HOST": smtp.host,
        "EXAMCAL_SMTP__PORT": str(smtp.port),
        "EXAMCAL_BASE_URL": BASE,
    }


def post(site: Running, path: str, **fields: str) -> httpx.Response:
    return httpx.post(site.address + path, data=fields, headers={"Host": "kaoshi.example.cn"}, timeout=20)


def get(site: Running, path: str) -> httpx.Response:
    return site.get(path, Host="kaoshi.example.cn")


def subscribe(site: Running, smtp: SmtpServer, address: str, exam: str) -> str:
    """Fill in the form of the exam's page and confirm; return the page that welcomes."""
    page = eventually(lambda: (found := get(site, f"/{exam}/")).status_code == 200 and found.text, within=60)
    form = re.search(r'<form method="post" action="([^"]+)">(.*?)</form>', page, re.DOTALL)
    assert form
    hidden = dict(re.findall(r'<input type="hidden" name="([a-z]+)" value="([^"]*)">', form[2]))
    assert form[1] == "../subscribe"
    before = len(smtp.mails)
    assert post(site, "/subscribe", email=address, website="", **hidden).status_code == 200
    letter = smtp.wait_for(before + 1, timeout=30 + 20 * crowding())[before]
    assert letter.recipients == (address,)
    link = path_in(text_of(letter), "confirm")
    assert "演示考试办公室" in get(site, link).text
    done = post(site, link)
    assert done.status_code == 200
    return done.text


def test_a_subscriber_hears_of_what_is_due_and_stops_with_one_click(office: Office) -> None:
    closes = datetime.now(SHANGHAI) + timedelta(days=3)
    with in_thread(SmtpServer()) as smtp:
        prepare(office, smtp, OPEN_NOW.format(closes=f"{closes:%Y-%m-%d}"))
        with office.running() as site:
            welcome = subscribe(site, smtp, "li@example.cn", "demo-2027")
            feed = path_in(welcome, "calendar")
            assert get(site, feed).text.count("BEGIN:VEVENT") == 1
            own = path_in(welcome, "me")
            reminder = smtp.wait_for(2, timeout=60)[1]
            mail = parsed(reminder)
            assert reminder.recipients == ("li@example.cn",)
            assert "网上报名" in str(mail["Subject"])
            assert mail["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
            raw = re.search(rb"^List-Unsubscribe: <(https://[^>]+)>\r$", reminder.octets, re.MULTILINE)
            assert raw
            stop = urlsplit(raw[1].decode()).path
            assert get(site, stop).status_code == 200
            answer = post(site, stop, **{"List-Unsubscribe": "One-Click"})
            assert answer.status_code == 200
            assert "提醒已停止" in answer.text
            assert post(site, stop, **{"List-Unsubscribe": "One-Click"}).status_code == 200
            assert get(site, own).status_code == get(site, feed).status_code == 404
            assert office.json("subscribers", "list")[0]["state"] == "left"
            assert site.stop() == 0
            said = site.said()
        tokens = [path.split("/")[2] for path in (feed, own, stop)]
        tokens += [path_in(text_of(smtp.mails[0]), "confirm").split("/")[2]]
        assert "/confirm/…" in said
        assert not [secret for secret in (*tokens, "li@example.cn") if secret in said]
        kept = [path for path in (office.folder / "var").rglob("*") if path.is_file()]
        assert not [path for path in kept for token in tokens if token.encode() in path.read_bytes()]
        assert len(smtp.mails) == 2
        verified = office.examcal("ledger", "verify")
        assert verified.returncode == 0, verified.stderr


def test_nobody_can_subscribe_until_somebody_answers_for_the_addresses(office: Office) -> None:
    with in_thread(SmtpServer()) as smtp:
        prepare(office, smtp, settings=SETTINGS.partition("[privacy]")[0])
        with office.running() as site:
            page = eventually(lambda: (found := get(site, "/demo-2027/")).status_code == 200 and found.text, within=60)
            assert "<form" not in page
            for path in ("/subscribe", "/confirm/" + "A" * 43, "/me/" + "A" * 43, "/unsubscribe/" + "A" * 43):
                assert post(site, path, email="li@example.cn").status_code == 404
            assert site.stop() == 0
        prepare(office, smtp, settings=SETTINGS.replace('contact = "privacy@example.cn"', ""))
        refused = office.examcal("check")
        assert refused.returncode == 78
        assert "PRIVACY__CONTACT" in refused.stderr


def test_a_web_server_takes_what_a_daemon_beside_it_answers(office: Office) -> None:
    with in_thread(SmtpServer()) as smtp:
        prepare(office, smtp)
        with office.running() as daemon, office.running("serve") as site:
            welcome = subscribe(site, smtp, "li@example.cn", "demo-2027")
            shown = post(site, path_in(welcome, "me"), do="save", kind="exam", lang="en")
            assert "Saved." in shown.text
            record = json.loads(office.examcal("subscribers", "export", "Li@example.cn", "--format", "json").stdout)
            assert record["subscriptions"][0]["kind"] == "exam"
            assert [step["action"] for step in record["consent"]] == ["asked", "confirmed", "changed"]
            assert site.stop() == 0
            assert daemon.stop() == 0


def test_a_cron_job_sends_the_letters_that_a_web_server_took(office: Office) -> None:
    with in_thread(SmtpServer()) as smtp:
        prepare(office, smtp)
        assert office.examcal("run", "--once").returncode == 0
        with office.running("serve") as site:
            eventually(lambda: get(site, "/demo-2027/").status_code == 200, within=60)
            assert post(site, "/subscribe", email="li@example.cn", exam="demo-2027").status_code == 200
            eventually(lambda: office.json("subscribers", "list"), within=30)
            assert smtp.mails == []
            done = office.examcal("run", "--once")
            assert done.returncode == 0, done.stderr
            assert post(site, path_in(text_of(smtp.mails[0]), "confirm")).status_code == 200
            assert site.stop() == 0


def test_an_operator_lists_imports_exports_and_erases(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    for name in [name for name in os.environ if name.startswith("EXAMCAL_")]:
        monkeypatch.delenv(name)
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "schedule.yaml").write_text(SCHEDULE.replace("17:00}", "17:00, remind: [closes -1d 09:00]}"))
    (tmp_path / "examcal.toml").write_text(SETTINGS)
    (tmp_path / "people.csv").write_text("address,exam,lang\nli@example.cn,demo-2027,zh-CN\nnonsense,,\n")

    def said(code: int, *arguments: str) -> tuple[str, str]:
        assert run(arguments) == code
        out, err = capsys.readouterr()
        return out, err

    said(0, "ledger", "init")
    assert "nonsense" not in said(1, "subscribers", "import", "people.csv")[1]
    assert "第 3 行" in said(0, "subscribers", "import", "people.csv", "--proof", "2026-03-02 纸质登记表")[1]
    counted = json.loads(said(0, "plan", "--from", "2027-01-01", "--to", "2027-01-31", "--format", "json")[0])
    reached = {(row["audience"], row["channel"], row["recipients"]) for row in counted if row["state"] == "planned"}
    assert reached == {("outbox", "outbox", 1), ("subscribers", "email", 1)}
    assert "邮件订阅者" in said(0, "plan", "--from", "2027-01-01", "--to", "2027-01-31")[0]
    listed = said(0, "subscribers", "list")[0]
    assert "l…@example.cn" in listed
    assert "li@example.cn" not in listed
    exported = list(csv.DictReader(io.StringIO(said(0, "subscribers", "export")[0])))
    assert [(row["address"], row["state"]) for row in exported] == [("li@example.cn", "active")]
    before = (tmp_path / "var" / "subscription.key").read_text()
    daemon = FileLeadership(tmp_path / "var", datetime.now(SHANGHAI))
    daemon.acquire()
    said(75, "subscribers", "rotate")
    daemon.release()
    assert (tmp_path / "var" / "subscription.key").read_text() == before
    assert "已更换 1 个退订地址" in said(0, "subscribers", "rotate", "--all")[0]
    assert (tmp_path / "var" / "subscription.key").read_text() != before
    assert "imported" in said(0, "subscribers", "export", "li@example.cn", "--format", "json")[0]
    monkeypatch.setattr("sys.stdin", io.StringIO("li@example.cn\n"))
    said(0, "subscribers", "remove", "-")
    said(1, "subscribers", "remove", "li@example.cn")
    said(2, "subscribers", "remove")
    said(2, "subscribers", "remove", "li@example.cn", "--exam", "demo-2027")
    said(0, "subscribers", "remove", "li@example.cn", "--block")
    assert "blocked" in said(0, "subscribers", "list", "--format", "json")[0]
    for file in (path for path in (tmp_path / "var").rglob("*") if path.is_file()):
        assert b"li@example.cn" not in file.read_bytes(), file
