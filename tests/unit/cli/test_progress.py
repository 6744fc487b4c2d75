"""Progress is for people at a terminal, and for nobody else."""

from __future__ import annotations

import os
import pty
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from examcal.cli.progress import working

SCRIPT = (
    "import time\n"
    "from examcal.cli.progress import working\n"
    "with working('Moving the ledger') as advance:\n"
    "    advance(1, 4); time.sleep(0.3)\n"
    "print('done')\n"
)


def test_nothing_is_shown_where_nobody_watches(capsys: pytest.CaptureFixture[str]) -> None:
    with working("Moving the ledger") as advance:
        advance(1, 2)
    assert capsys.readouterr() == ("", "")


def test_a_terminal_shows_what_is_done_and_how_far() -> None:
    ours, theirs = pty.openpty()
    process = subprocess.run([sys.executable, "-c", SCRIPT], stdout=subprocess.PIPE, stderr=theirs, check=True)
    os.close(theirs)
    shown = os.read(ours, 100_000).decode("utf-8", "replace")
    os.close(ours)
    assert process.stdout == b"done\n"
    assert "Moving the ledger" in shown
    assert "25%" in shown


COMMAND = "from examcal.cli import progress; progress.PATIENCE = {patience}; from examcal.__main__ import main; main()"


def shown_on_a_terminal(arguments: Sequence[str], *, patience: float) -> str:
    ours, theirs = pty.openpty()
    code = COMMAND.format(patience=patience)
    subprocess.run([sys.executable, "-c", code, *arguments], stdout=subprocess.PIPE, stderr=theirs, check=True)
    os.write(theirs, b"the end")
    shown = os.read(ours, 100_000).decode("utf-8", "replace")
    os.close(theirs)
    os.close(ours)
    return shown


@pytest.mark.parametrize(
    ("command", "what"),
    [("check", ["正在读取日程"]), ("plan", ["正在读取日程", "正在计划提醒"]), ("draft", ["正在读取公告"])],
)
def test_long_work_says_what_it_is_and_quick_work_nothing(command: str, what: list[str], tmp_path: Path) -> None:
    schedule = tmp_path / "schedule.yaml"
    schedule.write_text("exams: [{id: x, name: X, milestones: [{id: m, kind: score, on: 2030-06-12}]}]\n", "utf-8")
    notice = tmp_path / "notice.txt"
    notice.write_text("报名时间:2026年1月29日\n", "utf-8")
    arguments = [command, str(notice)] if command == "draft" else [command, "--schedule", str(schedule)]
    shown = shown_on_a_terminal(arguments, patience=0)
    assert all(words in shown for words in what)
    assert shown_on_a_terminal(arguments, patience=60) == "the end"
