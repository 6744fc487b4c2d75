"""Publishing, serving and starting anew, from the command line."""

from __future__ import annotations

import json
from pathlib import Path

import yaml

from support.office import Office, crowding, eventually, soon

SECONDS = 10


def test_publishing_twice_changes_nothing_and_an_edit_shows_in_a_running_server(office: Office) -> None:
    moment = soon()
    office.write_schedule(moment.schedule)
    first = office.json("publish")
    assert first["changed"] is True
    assert office.json("publish")["changed"] is False
    assert office.examcal("lint", "var/public/current/feeds/all.ics").returncode == 0
    with office.running("serve") as server:
        etag = server.get("/feeds/demo-2026.ics").headers["etag"]
        assert server.get("/feeds/demo-2026.ics?kind=score").text.count("BEGIN:VEVENT") == 0
        office.write_schedule(moment.schedule.replace("网上报名", "网上报名和缴费"))
        assert office.json("publish")["changed"] is True
        eventually(
            lambda: server.get("/feeds/demo-2026.ics").headers["etag"] != etag, within=SECONDS * max(1.0, crowding())
        )
        assert "网上报名和缴费" in server.get("/demo-2026/").text
        assert server.stop() == 0


def test_a_server_on_an_empty_folder_publishes_the_schedule_first(office: Office) -> None:
    office.write_schedule(soon().schedule)
    with office.running("serve") as server:
        assert server.get("/feeds/all.ics").status_code == 200
        assert server.get("/").status_code == 200
        assert server.get("/readyz").json()["ready"] is True
        assert server.stop() == 0


def test_a_removed_milestone_is_refused_until_the_loss_is_accepted(office: Office) -> None:
    text = soon().schedule
    office.write_schedule(text + text[text.index("      - id") :].replace("registration", "second", 1))
    office.json("publish")
    office.write_schedule(text)
    refused = office.examcal("publish")
    assert refused.returncode == 1
    assert "demo-2026/second" in refused.stderr
    checked = office.examcal("check", "--format", "json")
    assert any("second" in problem["message"] for problem in json.loads(checked.stdout)["problems"])
    assert office.examcal("publish", "--accept-shrink").returncode == 0


def test_a_new_office_starts_with_files_that_work(office: Office) -> None:
    assert office.examcal("init", "new").returncode == 0
    inside = Office(office.folder / "new")
    assert inside.examcal("check").returncode == 0
    assert inside.examcal("show").returncode == 0
    again = office.examcal("init", "new")
    assert again.returncode == 1
    assert "schedule.yaml" in again.stderr


def test_last_year_rolls_over_with_dates_to_be_announced(office: Office) -> None:
    office.write_schedule(soon().schedule)
    assert office.examcal("init", "next", "--from-year", "2026").returncode == 0
    rolled = yaml.safe_load((office.folder / "next" / "data" / "schedule.yaml").read_text("utf-8"))
    exam = rolled["exams"][0]
    assert exam["id"] == "demo-2027"
    assert exam["name"] == "演示考试2027"
    assert exam["milestones"][0]["when"] == "tba"
    assert Office(office.folder / "next").examcal("check").returncode == 0


LAST_YEAR = """\
version: 1
timezone: Asia/Shanghai
reminders: {registration: [opens, closes -3d], score: [opens 0d 09:00]}
exams:
  - id: demo-2026
    name: 演示考试2026
    url: https://exam.example.cn/2026/notice.html
    sites: [{id: west, name: 西区, phones: ["64050487"]}]
    milestones:
      - id: registration
        kind: registration
        name: 网上报名
        opens: 2026-01-29 10:00
        closes: 2026-02-11 24:00
        url: https://sign-up.example.cn
        notes: 2025年合格的考生也要报名
        tasks: [上传照片]
      - {id: corrections, kind: registration, closes: 2026-02-11 24:00}
      - {id: late, kind: registration, closes: 2026-02-20, remind: []}
"""


def test_what_rolls_over_keeps_what_lasts_and_is_not_yet_due(office: Office) -> None:
    office.write_schedule(LAST_YEAR)
    assert office.examcal("init", "next", "--from-year", "2026").returncode == 0
    following = Office(office.folder / "next")
    assert following.json("check")["problems"] == []
    (exam,) = yaml.safe_load((following.folder / "data" / "schedule.yaml").read_text("utf-8"))["exams"]
    assert exam["reminders"] == {"registration": ["opens", "closes -3d"]}
    assert "url" not in exam
    assert exam["sites"] == [{"id": "west", "name": "西区", "phones": ["64050487"]}]
    registration, corrections, late = exam["milestones"]
    assert registration == {
        "id": "registration", "kind": "registration", "name": "网上报名", "when": "tba",
        "expected": "去年为1月29日10:00至2月11日24:00", "url": "https://sign-up.example.cn",
        "notes": "2026年合格的考生也要报名", "tasks": ["上传照片"],
    }  # fmt: skip
    assert "remind" not in corrections
    assert late["remind"] == []


def test_running_once_sends_what_is_due_and_ends(office: Office) -> None:
    text = soon().schedule
    office.write_schedule(text.replace("remind: [closes -2h]", "remind: [closes -1d]"))
    done = office.examcal("run", "--once")
    assert done.returncode == 0, done.stderr
    assert office.json("status")["sent"] == 1
    assert len(list((office.folder / "var" / "outbox").glob("*.eml"))) == 1
    assert office.examcal("run", "--once").returncode == 0
    assert office.json("status")["sent"] == 1


def test_an_office_template_that_fails_costs_nobody_a_message_and_is_named(office: Office) -> None:
    text = soon().schedule
    office.write_schedule(text.replace("remind: [closes -2h]", "remind: [closes -1d]"))
    (office.folder / "mine").mkdir()
    (office.folder / "mine" / "reminder.text.j2").write_text("{{ nothing }}", "utf-8")
    done = office.examcal("run", "--once", EXAMCAL_TEMPLATES_DIR="mine")
    assert done.returncode == 0, done.stderr
    assert "reminder.text.j2" in done.stderr
    assert office.json("status")["sent"] == 1
    looked = office.examcal("doctor", "--offline", EXAMCAL_TEMPLATES_DIR="mine")
    assert looked.returncode == 1
    assert "reminder.text.j2" in looked.stdout


def test_readiness_is_told_in_the_language_of_the_settings(tmp_path: Path) -> None:
    office = Office(tmp_path / "office", {"EXAMCAL_LANGUAGE": "en"})
    office.write_schedule("exams: [")
    with office.running() as daemon:
        within = SECONDS * max(1.0, crowding())
        reasons = eventually(lambda: daemon.get("/readyz").json()["reasons"], within=within)
        assert {reason["code"] for reason in reasons} >= {"no-edition"}
        assert all(reason["text"].isascii() for reason in reasons), reasons
        assert daemon.get("/readyz").status_code == 503
        assert daemon.stop() == 0
