"""What the terminal says is next, on real days of the real exam; the clock of the whole process is frozen."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from freezegun import freeze_time

from examcal.cli.main import run

SCHEDULE = str(Path(__file__).parents[3] / "data" / "schedule.yaml")


@pytest.mark.parametrize(
    ("now", "expected"),
    [
        ("2026-01-28 01:00", "下一项：2026-01-29 周四 10:00 网上报名 开始 (1天1小时)"),
        ("2026-02-11 15:30", "下一项：2026-02-11 周三 24:00 网上报名 截止 (0小时30分)"),
        ("2026-09-18 04:00", "下一项：2026-09-19 周六 医学综合考试第一试成绩查询 (12小时0分)"),
        ("2026-11-25 04:00", "下一项：2026-11-27 周五 医学综合考试第二试成绩查询 (1天12小时)"),
    ],
)
def test_show_says_what_is_next(now: str, expected: str, capsys: pytest.CaptureFixture[str]) -> None:
    with freeze_time(now):
        assert run(["show", "--schedule", SCHEDULE]) == 0
    assert expected in capsys.readouterr().out


def test_nothing_is_next_when_all_is_over(capsys: pytest.CaptureFixture[str]) -> None:
    with freeze_time("2027-03-01"):
        assert run(["show", "--schedule", SCHEDULE]) == 0
    assert "下一项" not in capsys.readouterr().out


def test_without_dates_a_plan_begins_now(capsys: pytest.CaptureFixture[str]) -> None:
    with freeze_time("2026-11-26 08:59:59"):  # one second before the reminder of the evening, in Shanghai
        assert run(["plan", "--schedule", SCHEDULE, "--to", "2026-11-26", "--format", "json"]) == 0
        before = json.loads(capsys.readouterr().out)
    with freeze_time("2026-11-26 09:00:01"):
        assert run(["plan", "--schedule", SCHEDULE, "--to", "2026-11-26", "--format", "json"]) == 0
        after = json.loads(capsys.readouterr().out)
    assert [row["due_at"] for row in before if row["state"] == "planned"] == ["2026-11-26T17:00:00+08:00"]
    assert [row for row in after if row["state"] == "planned"] == []
