"""What a terminal shows: lines that fit, Chinese letters two columns wide, colour only where somebody watches."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import struct
import subprocess
import termios
from pathlib import Path

import pytest
from rich.cells import cell_len

from support.office import SCHEDULE, Office

TEXT = SCHEDULE.format(opens="2027-03-01 09:00", closes="2027-03-10 17:00")
ROLES = """\
version: 1
timezone: Asia/Shanghai
exams:
  - id: demo-2027
    name: 演示考试
    sites: [{id: west, name: 西区}]
    tracks: [{id: first, name: 首次}, {id: again, name: 重考}]
    milestones:
      - {id: review, kind: review, name: 审核, on: 2027-03-12, sites: {west: {on: 2027-03-12}}}
      - {id: skills, kind: exam, name: 技能, on: 2027-06-05, tracks: [first]}
"""
REAL = (Path(__file__).parents[2] / "data" / "schedule.yaml").read_text("utf-8")
_STYLES = re.compile(r"\x1b\[[0-9;]*m")


def on_a_terminal(office: Office, columns: int, *arguments: str) -> str:
    """Run examcal with a terminal of so many columns as its standard output."""
    variables = office.all_variables({"TERM": "xterm-256color"})
    for name in ("COLUMNS", "LINES"):  # whoever runs the tests may have set them for a terminal of their own
        variables.pop(name, None)
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 50, columns, 0, 0))
    process = subprocess.Popen(
        [*office.program, *arguments], cwd=office.folder, stdin=subprocess.DEVNULL, stdout=theirs, env=variables
    )
    os.close(theirs)
    shown = b""
    while True:
        try:
            piece = os.read(ours, 65536)
        except OSError:  # the other end is closed
            break
        if not piece:
            break
        shown += piece
    os.close(ours)
    assert process.wait(20) == 0
    return shown.decode()


@pytest.mark.parametrize(("columns", "bar"), [(120, True), (72, True), (50, False)])
def test_a_bar_is_as_long_as_the_terminal_allows_and_never_on_two_lines(
    office: Office, columns: int, *, bar: bool
) -> None:
    office.write_schedule(ROLES)
    shown = _STYLES.sub("", on_a_terminal(office, columns, "show")).splitlines()
    assert [line for line in shown if cell_len(line) > columns] == []
    rows = [line for line in shown if "审核" in line or "技能" in line][:3]
    assert len(rows) == 3
    lengths = {len(re.findall("[█·│]", row)) for row in rows}
    assert len(lengths) == 1
    assert (lengths.pop() > 0) is bar
    assert len([line for line in shown if re.search("[█·│]", line)]) == (3 if bar else 0)


@pytest.mark.parametrize("language", ["zh-CN", "en"])
@pytest.mark.parametrize("columns", [80, 100, 120])
def test_the_real_schedule_has_bars_on_every_usual_terminal(office: Office, columns: int, language: str) -> None:
    office.write_schedule(REAL)
    lines = _STYLES.sub("", on_a_terminal(office, columns, "show", "--lang", language)).splitlines()
    assert [line for line in lines if cell_len(line) > columns] == []
    assert len([line for line in lines if re.search("[█·│]{8}", line)]) == 20
    assert any("01-29" in line and "02-11" in line and "24:00" in line for line in lines)  # no date on two lines
    assert any("2026" in line for line in lines[2:6])


def test_a_plan_keeps_its_days_on_one_line(office: Office) -> None:
    office.write_schedule(REAL)
    words = ("plan", "--from", "2026-01-20", "--to", "2026-03-20")
    lines = _STYLES.sub("", on_a_terminal(office, 80, *words)).splitlines()
    assert [line for line in lines if cell_len(line) > 80] == []
    assert len([line for line in lines if re.search("0[123]-[0-9]{2} 周. ", line)]) >= 8
    undated = [line for line in lines if "时间待定" in line]
    assert len(undated) == 5  # one for each milestone, with all its rules


def test_colour_is_for_terminals_only(office: Office) -> None:
    office.write_schedule(TEXT)
    assert "\x1b[" in on_a_terminal(office, 100, "show")
    for arguments in (("show",), ("check",), ("plan", "--to", "2027-04-01"), ("diff", "data/schedule.yaml")):
        assert "\x1b" not in office.examcal(*arguments).stdout


def test_the_timeline_is_shown_as_a_candidate_sees_it(office: Office) -> None:
    office.write_schedule(ROLES)
    rows = office.json("show", "--as", "track:again,site:west")
    assert [(row["milestone"], row["site"], row["named_closes"]) for row in rows] == [("review", "west", "2027-03-12")]
    assert rows == office.json("show", "--track", "again", "--site", "west")
    for wrong in ("again", "track:", "track:nobody", "colour:red", "track:first,track:again"):
        assert office.examcal("show", "--as", wrong).returncode == 2
