"""Bad input is a sentence with place and remedy, an exit code, and never a traceback."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

from support.office import Office

GOOD = """\
version: 1
timezone: Asia/Shanghai
exams:
  - id: demo-2026
    name: 演示考试2026
    milestones:
      - id: registration
        kind: registration
        name: 网上报名
        opens: 2026-01-29 10:00
        closes: 2026-02-11 24:00
        source: {title: 公告, url: "https://example.cn", published: 2026-01-01, checked: 2026-01-02}
        remind: [closes -1d 09:00]
"""


@pytest.mark.parametrize(
    ("broken", "place", "word"),
    [
        (GOOD.replace("2026-02-11 24:00", "2026-02-30"), "schedule.yaml:11:", "2026-02-30"),
        (GOOD.replace("closes:", "closez:", 1), "schedule.yaml:11:", "closes"),
        (GOOD + GOOD[GOOD.index("      - id"):], "schedule.yaml:14:", "registration"),
        (GOOD.replace("kind: registration", "kind: registraton"), "schedule.yaml:8:", "registration"),
        (GOOD + "\t- x\n", "schedule.yaml:14:", ""),
    ],
    ids=["date", "key", "duplicate", "kind", "tab"],
)  # fmt: skip
def test_a_broken_schedule_is_reported_with_its_place(office: Office, broken: str, place: str, word: str) -> None:
    office.write_schedule(broken)
    checked = office.examcal("check")
    assert checked.returncode == 1
    assert place in checked.stdout
    assert word in checked.stdout
    report = office.examcal("check", "--format", "json")
    assert report.returncode == 1
    problem = json.loads(report.stdout)["problems"][0]
    assert set(problem) >= {"code", "severity", "line", "column", "path", "message", "hint"}
    for command in ("show", "plan", "publish"):
        refused = office.examcal(command)
        assert refused.returncode == 65
        assert place in refused.stderr
        assert "Traceback" not in refused.stderr + refused.stdout


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (("frobnicate",), 2),
        (("show", "--exm", "x"), 2),
        (("show", "--exam", "nope"), 2),
        (("parse",), 2),
        (("plan", "--from", "soon"), 2),
        (("check", "--schedule", "nowhere.yaml"), 66),
        (("show", "--config", "nowhere.toml"), 78),
        (("preview", "registrations"), 66),
        (("send-test", "wecom:nobody"), 66),
        (("worker",), 78),
        (("deliveries", "show", "1"), 66),
        (("ledger", "verify"), 78),
        (("lint", "nowhere.ics"), 66),
        (("parse", "1月12910时", "--year", "2026"), 1),
    ],
)
def test_mistakes_have_the_exit_codes_of_the_contract(office: Office, arguments: tuple[str, ...], code: int) -> None:
    office.write_schedule(GOOD)
    done = office.examcal(*arguments)
    assert done.returncode == code
    assert done.stderr.strip()
    assert "Traceback" not in done.stderr
    assert done.stdout == ""


def test_a_bad_setting_is_a_sentence_and_78(office: Office) -> None:
    office.write_schedule(GOOD)
    office.write_settings('[smtp]\nhots = "x"\n')
    done = office.examcal("show")
    assert done.returncode == 78
    assert "smtp.hots" in done.stderr
    assert "host" in done.stderr


def test_sentences_are_chinese_unless_asked_otherwise(office: Office) -> None:
    assert "没有命令" in office.examcal("frobnicate").stderr
    assert "there is no command" in office.examcal("frobnicate", "--lang", "en").stderr
    assert "用法" in office.examcal("show", "--help").stdout
    assert "Options" in office.examcal("show", "--help", EXAMCAL_LANGUAGE="en").stdout


def test_an_option_before_the_command_is_told_where_it_belongs(office: Office) -> None:
    answer = office.examcal("--schedule", "data/schedule.yaml", "check")
    assert answer.returncode == 2
    assert "--schedule 不能写在这里；选项要写在命令后面" in answer.stderr
    assert "是不是想写 --schedule" in office.examcal("check", "--shedule", "x").stderr


def test_a_directory_or_pipe_as_schedule_is_refused_without_hanging(office: Office) -> None:
    office.schedule.parent.mkdir()
    os.mkfifo(office.schedule)
    done = office.examcal("check")
    assert done.returncode == 66
    assert "schedule.yaml" in done.stderr


def test_a_second_daemon_on_one_ledger_is_refused_with_the_number_of_the_first(office: Office) -> None:
    office.write_schedule(GOOD)
    with office.running() as daemon:
        second = office.examcal("run")
        assert second.returncode == 75
        assert str(daemon.process.pid) in second.stderr
        assert office.json("status")["leader"].endswith(f":{daemon.process.pid}")
        assert daemon.stop() == 0
    assert office.json("status")["leader"] is None


def test_a_lost_ledger_is_never_silently_replaced(office: Office) -> None:
    office.write_schedule(GOOD)
    assert office.examcal("run", "--once").returncode == 0
    (office.folder / "var" / "examcal.db").unlink()
    lost = office.examcal("run", "--once")
    assert lost.returncode in {74, 78}
    assert "examcal.db" in lost.stderr


def test_json_is_all_there_is_on_standard_output(office: Office) -> None:
    office.write_schedule(GOOD)
    for arguments in (("check",), ("show",), ("plan", "--from", "2026-01-01", "--to", "2026-03-01"), ("status",)):
        office.json(*arguments)
    planned = office.json("plan", "--from", "2026-01-01", "--to", "2026-03-01")
    assert [(row["due_at"], row["state"], row["channel"]) for row in planned] == [
        ("2026-02-10T09:00:00+08:00", "planned", "outbox")
    ]
    assert office.json("show")[0]["named_closes"] == "2026-02-11"
    understood = office.json("parse", "2026年1月29日10时至2月11日24时")
    assert understood["closes"] == "2026-02-12T00:00:00+08:00"
    assert understood["named_closes"] == "2026-02-11"


def test_an_announcement_without_dates_is_said_so_and_still_a_schedule_to_fill_in(office: Office) -> None:
    notice = office.folder / "notice.html"
    notice.write_text("<p>考试安排见下图</p><img src=plan.png>", "utf-8")
    done = office.examcal("draft", "notice.html")
    assert done.returncode == 0
    assert "没有找到日期" in done.stderr
    office.write_schedule(done.stdout)
    assert office.examcal("check").returncode == 0
    notice.write_text("<p>报名时间:2026年1月29日</p>", "utf-8")
    assert office.examcal("draft", "notice.html").stderr == ""


def test_a_folder_is_no_announcement_and_is_called_one(office: Office) -> None:
    (office.folder / "notices").mkdir()
    done = office.examcal("draft", "notices")
    assert done.returncode == 66
    assert "notices 是文件夹" in done.stderr
    assert "不存在" not in done.stderr
    assert "does not exist" in office.examcal("draft", "nowhere.txt", "--lang", "en").stderr


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "gb18030"])
def test_an_announcement_is_read_in_the_encodings_that_offices_save(office: Office, encoding: str) -> None:
    (office.folder / "notice.txt").write_bytes("报名时间:2026年1月29日\r\n".encode(encoding))
    assert "on: 2026-01-29" in office.examcal("draft", "notice.txt").stdout


def test_an_announcement_that_is_too_long_is_refused_in_a_sentence(office: Office) -> None:
    (office.folder / "notice.txt").write_text("考" * 400_000, "utf-8")
    done = office.examcal("draft", "notice.txt")
    assert done.returncode == 1
    assert "400000" in done.stderr
    assert done.stdout == ""


@pytest.mark.parametrize(
    "arguments",
    [("status", "--database-url"), ("ledger", "init"), ("ledger", "move", "--to", "sqlite:///x.db", "--from")],
)
def test_a_database_password_on_the_command_line_is_refused_and_not_repeated(
    office: Office, arguments: tuple[str, ...]
) -> None:
    refused = office.examcal(*arguments, "postgresql://planner:s3cr3t-word@127.0.0.1:1/examcal")
    assert refused.returncode in {1, 2}
    assert refused.stderr
    assert "s3cr3t-word" not in refused.stderr + refused.stdout


UNREADABLE = """
import os, sys
os.access = lambda *_: False  # what click asks beforehand; whether a file can be read is known by reading it
from examcal.__main__ import main
main()
"""


@pytest.mark.parametrize("command", [("check",), ("diff", "data/schedule.yaml", "data/schedule.yaml")])
def test_the_schedule_itself_says_whether_it_may_be_read(office: Office, command: tuple[str, ...]) -> None:
    office.write_schedule(GOOD)
    named = [*command, "--schedule", "data/schedule.yaml"]
    done = subprocess.run(
        [sys.executable, "-c", UNREADABLE, *named], cwd=office.folder, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    if os.geteuid() == 0:
        return  # root may read everything
    office.schedule.chmod(0)
    refused = office.examcal(*named)
    assert refused.returncode == 77
    assert "没有权限读取 data/schedule.yaml" in refused.stderr
