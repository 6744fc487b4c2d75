"""What an admin sees of an edit before anybody else: its effect, the plan, and the checks of a repository."""

from __future__ import annotations

import json
import shlex
from pathlib import Path

import pytest
import yaml
from icalendar import Calendar

from examcal.feed.lint import lint
from support.office import SCHEDULE, Office

ROOT = Path(__file__).parents[2]
TEXT = SCHEDULE.format(opens="2027-03-01 09:00", closes="2027-03-10 17:00")
MOVED = TEXT.replace("2027-03-10 17:00", "2027-03-09 17:00")


@pytest.fixture
def published(office: Office) -> Office:
    office.write_schedule(TEXT)
    assert office.examcal("publish").returncode == 0
    return office


def test_an_edit_is_compared_with_what_is_published(published: Office) -> None:
    assert "feeds" not in published.examcal("diff", "published").stdout
    published.write_schedule(MOVED)
    effect = published.json("diff", "published")
    (change,) = effect["changes"]
    assert (change["kind"], change["old"], change["new"]) == (
        "earlier", "2027-03-10T17:00:00+08:00", "2027-03-09T17:00:00+08:00",
    )  # fmt: skip
    assert effect["feeds"] == ["feeds/all.ics", "feeds/demo-2026.ics"]
    assert effect["recipients"] == 1
    markdown = published.examcal("diff", "published", "--format", "markdown").stdout
    assert "- **提前：网上报名 截止 2027-03-10" in markdown
    assert "17:00**\n" in markdown


def test_an_edition_in_a_folder_or_at_an_address_is_compared_as_well(published: Office) -> None:
    published.write_schedule(MOVED)
    assert len(published.json("diff", "var/public")["changes"]) == 1
    with published.running("serve") as server:
        assert len(published.json("diff", f"{server.address}/")["changes"]) == 1


def test_what_is_new_and_what_is_gone_is_listed(published: Office) -> None:
    published.write_schedule(TEXT.replace("id: registration", "id: sign-up"))
    effect = published.json("diff", "published")
    assert (effect["added"], effect["removed"]) == (["demo-2026/sign-up"], ["demo-2026/registration"])


def test_the_effect_is_told_in_names(office: Office) -> None:
    office.write_schedule(TEXT)
    old = office.folder / "old.yaml"
    old.write_text(TEXT, "utf-8")
    later = TEXT.replace("2027-03-10 17:00", "2027-03-12 17:00")
    office.write_schedule(later + TEXT[TEXT.index("      - id") :].replace("registration", "payment"))
    shown = office.examcal("diff", "old.yaml").stdout
    assert "新增：网上报名 (demo-2026/payment)" in shown
    reminders = [line for line in shown.splitlines() if "提醒" in line]
    assert reminders
    assert not any("demo-2026/" in line for line in reminders)
    markdown = office.examcal("diff", "old.yaml", "--format", "markdown").stdout
    assert "**" not in markdown  # nothing is earlier
    english = office.examcal("diff", "old.yaml", "--lang", "en").stdout
    assert "1 recipient will get a change notice." in english


def test_an_id_that_was_only_changed_is_recognised(office: Office) -> None:
    both = TEXT + TEXT[TEXT.index("      - id") :].replace("registration", "payment").replace("网上报名", "缴费")

    def removed() -> list[str]:
        report = json.loads(office.examcal("check", "--format", "json").stdout)
        return [one["hint"] for one in report["problems"] if one["code"] == "removed-id"]

    office.write_schedule(both)
    assert office.examcal("publish").returncode == 0
    office.write_schedule(both.replace("id: registration", "id: sign-up"))
    (hint,) = removed()
    assert "“sign-up”" in hint
    assert "renamed_from: registration" in hint
    assert "renamed_from" in office.examcal("publish").stderr
    office.write_schedule(both.replace("id: registration", "id: another").replace("网上报名", "别的"))
    (hint,) = removed()
    assert "status: cancelled" in hint
    office.write_schedule(both.replace("id: registration", "id: sign-up\n        renamed_from: registration"))
    assert not removed()
    assert office.examcal("publish").returncode == 0


def test_nothing_published_is_said_so(office: Office) -> None:
    office.write_schedule(TEXT)
    done = office.examcal("diff", "published")
    assert done.returncode == 66
    assert "var/public" in done.stderr


def test_a_plan_can_be_read_by_a_calendar(office: Office) -> None:
    office.write_schedule(TEXT)
    done = office.examcal("plan", "--from", "2027-03-01", "--to", "2027-03-31", "--format", "ics")
    assert done.returncode == 0, done.stderr
    octets = done.stdout.replace("\n", "\r\n").encode()  # text mode took the carriage returns away
    assert not lint(octets)
    (event,) = Calendar.from_ical(octets).events
    assert event.start.isoformat() == "2027-03-10T15:00:00+08:00"
    assert "closes -2h" in event["DESCRIPTION"]


def test_the_hook_for_repositories_refuses_a_broken_schedule(office: Office) -> None:
    (hook,) = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text("utf-8"))
    program, *arguments = shlex.split(hook["entry"])
    assert program == "examcal"
    office.write_schedule(TEXT)
    assert office.examcal(*arguments).returncode == 0
    office.write_schedule(TEXT.replace("closes:", "shuts:"))
    assert office.examcal(*arguments).returncode == 1


def test_the_addresses_to_subscribe_to_are_those_of_the_public_site(office: Office) -> None:
    office.write_schedule(TEXT)
    office.environment["EXAMCAL_BASE_URL"] = "https://exam.example.org"
    (feed,) = office.json("feeds")
    assert feed["https"] == "https://exam.example.org/feeds/demo-2026.ics"
    assert feed["webcal"] == "webcal://exam.example.org/feeds/demo-2026.ics"
    assert feed["google"].endswith("?cid=webcal%3A%2F%2Fexam.example.org%2Ffeeds%2Fdemo-2026.ics")
    shown = office.examcal("feeds", "--qr").stdout
    assert feed["outlook"] in shown
    assert "█▄▄▄█" in shown
    assert "Thunderbird" in shown
    assert office.examcal("feeds", "--site", "nowhere").returncode == 2


def test_no_address_is_given_for_a_calendar_that_is_too_large_to_be_published(office: Office) -> None:
    schedule = yaml.safe_load(TEXT)
    (exam,) = schedule["exams"]
    (one,) = exam["milestones"]
    exam["milestones"] = [one | {"id": f"m{n}", "notes": "注" * 1500} for n in range(60)]
    schedule["exams"] = [exam | {"id": name, "name": name} for name in ("first", "second")]
    office.write_schedule(json.dumps(schedule, ensure_ascii=False, indent=1, default=str))
    assert "feeds/all.ics" in office.examcal("publish", "--out", "o").stderr
    assert "all.ics" not in (office.folder / "o" / "current" / "index.html").read_text()
    assert [one["name"] for one in office.json("feeds")] == ["first", "second"]
    assert "太大" in office.examcal("feeds").stdout


SITES = """\
version: 1
timezone: Asia/Shanghai
exams:
  - id: demo-2027
    name: 演示考试
    sites: [{id: west, name: 西区}, {id: east, name: 东区}, {id: north, name: 北区}]
    milestones:
      - id: review
        kind: review
        name: 现场审核
        opens: 2027-03-05
        closes: 2027-03-12
        sites: {west: {opens: 2027-03-06, closes: 2027-03-11}}
"""
WEST_GONE = SITES.replace("{id: west, name: 西区}, ", "").replace(
    "        sites: {west: {opens: 2027-03-06, closes: 2027-03-11}}\n", ""
)


def test_a_site_with_dates_of_its_own_or_with_people_is_let_go_by_a_persons_word_only(office: Office) -> None:
    office.write_settings('[[audiences]]\nname = "east"\nchannel = "outbox"\nsites = ["east"]\n')
    office.write_schedule(SITES)
    assert office.examcal("run", "--once").returncode == 0
    office.write_schedule(SITES.replace(", {id: north, name: 北区}", ""))
    assert office.json("diff", "accepted")["sites"] == [
        {"exam": "demo-2027", "site": "north", "windows": 0, "recipients": 0}
    ]
    assert office.examcal("run", "--once").returncode == 0

    west = WEST_GONE.replace(", {id: north, name: 北区}", "")
    office.write_schedule(west)
    shown = office.examcal("diff", "accepted").stdout
    assert "删除：西区 demo-2027@west；它有 1 个自己的日期" in shown
    assert "examcal schedule accept" in shown
    assert office.json("diff", "published")["sites"] == [
        {"exam": "demo-2027", "site": "west", "windows": 1, "recipients": 0}
    ]
    assert "考点“west”" in office.examcal("check").stdout
    assert "demo-2027@west" in office.examcal("publish").stderr
    held = office.examcal("run", "--once")
    assert held.returncode != 0
    assert "demo-2027@west" in held.stderr

    east = SITES.replace(", {id: east, name: 东区}", "").replace(", {id: north, name: 北区}", "")
    office.write_schedule(east)
    held = office.examcal("run", "--once")
    assert held.returncode != 0
    assert "1 位收件人所选的考点：east" in held.stderr
    assert office.json("status")["unserved"] == {}
    assert office.examcal("schedule", "accept").returncode == 0
    assert office.examcal("run", "--once").returncode == 0
    assert office.json("status")["unserved"] == {"east": 1}
    assert "考点“east”" in office.examcal("status").stdout
    assert "考点“east”" in office.examcal("doctor", "--offline").stdout
    (problem,) = (one for one in office.json("check")["problems"] if one["code"] == "unserved-site")
    assert (problem["severity"], problem["path"]) == ("warning", "audiences")
