"""The public contract of check, parse, show and plan, probed from outside."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from support.desk import examcal

GOLDEN = Path(__file__).parents[1] / "golden" / "schedules"
SCHEDULE = """\
version: 1
timezone: Asia/Shanghai
quiet_hours: 21:30-07:30
reminders:
  registration: [opens, closes -3d, closes -1d, closes 0d 09:00, closes -1wd 10:00, closes -2h]
exams:
  - id: demo
    name: 演示考试
    sites: [{id: west, name: 西区}]
    milestones:
      - {id: reg, kind: registration, name: 报名, opens: 2026-01-29 10:00, closes: 2026-02-28 24:00, status: expected}
      - id: review
        kind: review
        name: 审核
        opens: 2026-03-05
        closes: 2026-03-12
        status: expected
        sites: {west: {opens: 2026-03-06, closes: 2026-03-11, hours: "09:00-11:00, 14:00-16:30"}}
      - {id: fee, kind: payment, name: 缴费, when: tba}
"""


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "schedule.yaml").write_text(SCHEDULE, "utf-8")
    return tmp_path


@pytest.mark.parametrize("case", sorted(GOLDEN.glob("*.yaml"))[::3], ids=lambda path: path.stem)
def test_every_problem_has_a_place_a_sentence_and_a_remedy(case: Path) -> None:
    said = examcal("check", "--schedule", case, "--format", "json")
    report = said.json()
    assert report["file"] == str(case)
    assert said.code == int(any(problem["severity"] == "error" for problem in report["problems"]))
    for problem in report["problems"]:
        assert {"code", "severity", "line", "column", "path", "message", "hint"} <= set(problem)
        assert problem["line"] >= 1, problem
        assert problem["column"] >= 1, problem
        assert problem["hint"], problem


def test_a_removed_published_id_is_a_problem_until_it_is_back() -> None:
    path = Path("data/schedule.yaml")
    assert examcal("publish").code == 0
    path.write_text("".join(line for line in SCHEDULE.splitlines(keepends=True) if "id: fee" not in line), "utf-8")
    said = examcal("check", "--format", "json")
    problem = next(problem for problem in said.json()["problems"] if problem["code"] == "removed-id")
    assert said.code == 1
    assert problem["severity"] == "error"
    assert (problem["line"], problem["column"]) == (7, 9)
    assert "demo/fee" in problem["message"]
    assert "renamed_from: fee" in problem["hint"]
    path.write_text(SCHEDULE.replace("when: tba}", "when: tba, status: cancelled}"), "utf-8")
    assert examcal("check").code == 0
    Path("other.yaml").write_text("exams: [{id: o, name: O, milestones: [{id: a, kind: exam, when: tba}]}]", "utf-8")
    assert examcal("check", "--schedule", "other.yaml").code == 0


PHRASES = [
    ("自2026年1月29日10时至2026年2月11日24时", "2026-01-29T10:00:00+08:00", "2026-02-12T00:00:00+08:00", "2026-02-11"),
    ("2026年3月5日至3月11日(不含周末),上午9:00—11:00,下午2:00—4:30",
     "2026-03-05T09:00:00+08:00", "2026-03-11T16:30:00+08:00", "2026-03-11"),
    ("11月03日9:00一11月10日14:00", "2026-11-03T09:00:00+08:00", "2026-11-10T14:00:00+08:00", "2026-11-10"),
    ("2026年12月28日至1月5日", "2026-12-28T00:00:00+08:00", "2027-01-06T00:00:00+08:00", "2027-01-05"),
    ("4月2日24时", None, "2026-04-03T00:00:00+08:00", "2026-04-02"),
    ("待定", None, None, None),
]  # fmt: skip


@pytest.mark.parametrize(("phrase", "opens", "closes", "named"), PHRASES)
def test_phrases_are_read_as_announcements_mean_them(
    phrase: str, opens: str | None, closes: str | None, named: str | None
) -> None:
    said = examcal("parse", phrase, "--year", "2026", "--format", "json")
    reading = said.json()
    assert said.code == 0
    assert set(reading) == {"opens", "closes", "named_opens", "named_closes", "precision", "status"}
    assert (reading["opens"], reading["closes"], reading["named_closes"]) == (opens, closes, named)
    assert reading["status"] == ("confirmed" if closes else "tba")


@pytest.mark.parametrize(("phrase", "readings"), [("1月12910时", 0), ("614日", 1), ("2026年1月29日晚12点", 2)])
def test_doubtful_phrases_are_refused_with_what_they_may_mean(phrase: str, readings: int) -> None:
    said = examcal("parse", phrase, "--year", "2026", "--format", "json")
    assert said.code == 1
    assert said.json()["error"]
    assert len(said.json()["readings"]) == readings


@pytest.mark.parametrize("year", ["0", "soon", "99999"])
def test_a_year_that_is_none_is_refused_in_words(year: str) -> None:
    said = examcal("parse", "4月2日", "--year", year)
    assert said.code == 2
    assert "--year 必须是 1970 到 2200 的整数" in said.err


def test_show_lists_sites_under_their_milestone_and_null_without_one() -> None:
    rows = examcal("show", "--format", "json").json()
    assert [(row["milestone"], row["site"]) for row in rows] == [
        ("reg", None), ("review", None), ("review", "west"), ("fee", None),
    ]  # fmt: skip
    west = rows[2]
    assert (west["closes_at"], west["named_closes"]) == ("2026-03-11T16:30:00+08:00", "2026-03-11")
    assert (rows[3]["opens_at"], rows[3]["status"]) == (None, "tba")


def plan(since: str, until: str) -> list[dict[str, object]]:
    said = examcal("plan", "--from", since, "--to", until, "--format", "json")
    assert said.code == 0, said.err
    return [row for row in said.json() if row["state"] == "planned"]


def test_plans_count_from_the_named_day_and_add_up() -> None:
    whole = plan("2026-01-01T00:00+08:00", "2026-04-01T00:00+08:00")
    due = {row["rule"]: row["due_at"] for row in whole}
    assert due == {
        "opens": "2026-01-29T10:00:00+08:00",
        "closes -3d": "2026-02-25T09:00:00+08:00",
        "closes -1wd 10:00": "2026-02-27T10:00:00+08:00",
        "closes -1d": "2026-02-27T09:00:00+08:00",
        "closes 0d 09:00": "2026-02-28T09:00:00+08:00",
        "closes -2h": "2026-02-28T21:29:00+08:00",
    }
    middle = "2026-02-27T09:00+08:00"
    assert plan("2026-01-01T00:00+08:00", middle) + plan(middle, "2026-04-01T00:00+08:00") == whole


def test_answers_do_not_depend_on_the_machine() -> None:
    said = set()
    for zone, seed in (("America/New_York", "3"), ("Asia/Shanghai", "9")):
        done = subprocess.run(
            [sys.executable, "-m", "examcal", "plan", "--from", "2026-01-01", "--to", "2026-04-01", "--format", "json"],
            env={**os.environ, "TZ": zone, "PYTHONHASHSEED": seed}, capture_output=True, text=True, check=True,
        )  # fmt: skip
        json.loads(done.stdout)
        said.add(done.stdout)
    assert len(said) == 1


@pytest.mark.parametrize(
    "arguments", [("show", "extra"), ("parse", "4月2日", "--year", "x"), ("plan", "--as", "x"), ("frob",)]
)
def test_usage_errors_are_chinese(arguments: tuple[str, ...]) -> None:
    said = examcal(*arguments)
    assert said.code == 2
    assert not said.out
    assert not re.search(r"[a-z]+ [a-z]+ [a-z]+", said.err), said.err
