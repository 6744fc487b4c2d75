"""Looking at the schedule: by content, once settled, and never by a file that is no file."""

from __future__ import annotations

import os
from datetime import date
from pathlib import Path

import pytest

from examcal.daemon.watching import Offer, Rejection, ScheduleWatch

TODAY = date(2026, 11, 25)
GOOD = """\
version: 1
exams:
  - id: demo
    name: 演示
    milestones: [{id: a, kind: other, name: 甲, on: 2027-01-11}]
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "schedule.yaml"
    path.write_text(GOOD, "utf-8")
    return path


def test_an_edit_is_offered_once_and_only_after_it_settled(file: Path) -> None:
    watch = ScheduleWatch(file, settle=2.0)
    assert isinstance(watch.first(TODAY), Offer)
    assert watch.look(0.0, TODAY) is None
    file.write_text(GOOD.replace("01-11", "01-12"), "utf-8")
    assert watch.look(10.0, TODAY) is None
    assert watch.look(11.0, TODAY) is None
    assert isinstance(watch.look(12.0, TODAY), Offer)
    assert watch.look(13.0, TODAY) is None


def test_an_edit_that_is_taken_back_before_it_settled_is_no_edit(file: Path) -> None:
    watch = ScheduleWatch(file, settle=2.0)
    watch.first(TODAY)
    file.write_text(GOOD.replace("01-11", "01-12"), "utf-8")
    assert watch.look(10.0, TODAY) is None
    file.write_text(GOOD, "utf-8")
    assert watch.look(11.0, TODAY) is None
    assert watch.look(20.0, TODAY) is None


def test_the_same_size_and_time_stamp_do_not_hide_an_edit(file: Path) -> None:
    watch = ScheduleWatch(file, settle=0.0)
    watch.first(TODAY)
    stamp = file.stat().st_mtime_ns
    file.write_text(GOOD.replace("01-11", "01-12"), "utf-8")
    os.utime(file, ns=(stamp, stamp))
    assert isinstance(watch.look(1.0, TODAY), Offer)


def test_a_bad_edit_is_a_rejection_with_its_problems(file: Path) -> None:
    watch = ScheduleWatch(file, settle=0.0)
    watch.first(TODAY)
    file.write_text(GOOD.replace("2027-01-11", "2027-01-41"), "utf-8")
    found = watch.look(1.0, TODAY)
    assert isinstance(found, Rejection)
    assert found.content
    assert [problem.line for problem in found.problems] == [5]


def test_a_rejection_says_line_column_and_what_to_write_instead(file: Path) -> None:
    watch = ScheduleWatch(file, settle=0.0)
    watch.first(TODAY)
    file.write_text(GOOD.replace("2027-01-11", "2027-01-41"), "utf-8")
    found = watch.look(1.0, TODAY)
    assert isinstance(found, Rejection)
    problem = found.problems[0]
    assert problem.hint is not None
    _, told = (sentence.text("zh-CN") for sentence in found.words())
    assert told == f"{file}:5:{problem.column} {problem.message.text('zh-CN')}（{problem.hint.text('zh-CN')}）"


def test_a_rejection_tells_errors_only_and_how_many_more_there_are(file: Path) -> None:
    rows = [f"    - {{id: a-{n}, kind: other, name: 甲, on: 2027-01-41}}\n" for n in range(23)]
    doubtful = "    - {id: b, kind: other, name: 乙, on: 2027-01-11}\n"  # names no source: a warning
    file.write_text("".join([*GOOD.splitlines(keepends=True)[:4], "    milestones:\n", doubtful, *rows]), "utf-8")
    found = ScheduleWatch(file, settle=0.0).first(TODAY)
    assert isinstance(found, Rejection)
    assert {str(problem.severity) for problem in found.problems} == {"error", "warning"}
    told = [sentence.text("zh-CN") for sentence in found.words()]
    assert len(told) == 22
    assert all("41 日" in line or "41日" in line for line in told[1:-1])
    assert told[-1] == "还有 3 个问题，运行 `examcal check` 可以看到全部"


def test_a_file_that_returns_as_it_was_is_offered_again(file: Path) -> None:
    watch = ScheduleWatch(file, settle=0.0)
    watch.first(TODAY)
    file.unlink()
    assert isinstance(watch.look(1.0, TODAY), Rejection)
    file.write_text(GOOD, "utf-8")
    assert isinstance(watch.look(2.0, TODAY), Offer)
    assert watch.look(3.0, TODAY) is None


@pytest.mark.parametrize("fault", ["missing", "folder", "pipe"])
def test_what_cannot_be_read_is_told_once(file: Path, fault: str) -> None:
    watch = ScheduleWatch(file, settle=0.0)
    watch.first(TODAY)
    file.unlink()
    if fault == "folder":
        file.mkdir()
    elif fault == "pipe":
        os.mkfifo(file)
    assert isinstance(watch.look(1.0, TODAY), Rejection)
    assert watch.look(2.0, TODAY) is None
