"""What ``diff`` says of an edit: statuses, what changes beside dates, feeds in few lines."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from freezegun import freeze_time

from examcal.cli.main import run

REAL = (Path(__file__).parents[3] / "data" / "schedule.yaml").read_text("utf-8")


Compare = Callable[..., str]


@pytest.fixture
def compared(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Compare:
    """Return what diff says of replacements in the real schedule."""
    monkeypatch.chdir(tmp_path)

    def compare(*replaced: tuple[str, str, str], form: str = "text") -> str:
        text = REAL
        for milestone, old, new in replaced:
            head, mark, rest = text.partition(f"- id: {milestone}\n")
            assert old in rest
            text = head + mark + rest.replace(old, new, 1)
        Path("old.yaml").write_text(REAL, "utf-8")
        Path("new.yaml").write_text(text, "utf-8")
        with freeze_time("2026-11-26 02:00"):
            assert run(["diff", "old.yaml", "new.yaml", "--format", form]) == 0
        return capsys.readouterr().out

    return compare


def test_a_date_that_became_official_or_was_called_off_is_told_by_its_status(compared: Compare) -> None:
    edits = (("skills-exam", "expected", "confirmed"), ("score-2", "confirmed", "cancelled"))
    shown = compared(*edits)
    assert "公布：实践技能考试(临床类别) 2026-06-06 周六 至 2026-06-17 周三（预计 → 已确认）\n" in shown
    assert "取消：医学综合考试第二试成绩查询 2026-11-27 周五（已确认 → 取消）\n" in shown
    changes = json.loads(compared(*edits, form="json"))["changes"]
    assert [(one["old_status"], one["new_status"]) for one in changes] == [
        ("expected", "confirmed"),
        ("confirmed", "cancelled"),
    ]


def test_a_date_that_is_withdrawn_is_to_be_announced(compared: Compare) -> None:
    shown = compared(("score-2", "on: 2026-11-27\n        status: confirmed", "when: tba"))
    assert "延期：医学综合考试第二试成绩查询 2026-11-27 周五 → 待定\n" in shown


def test_hours_days_tracks_and_names_are_told_though_nobody_gets_a_notice(compared: Compare) -> None:
    edits = (
        ("onsite-review", "days: weekdays", "days: workdays"),
        ("onsite-review", "14:00-16:30", "13:00-16:30"),
        ("certificate", "[full, skills-passed-2025]", "[full]"),
        ("certificate", "领取医师资格证书", "领证"),
        ("certificate", "领证时间和地点以", "时间和地点以"),
    )
    shown = compared(*edits)
    assert "其他改动（不发通知）\n" in shown
    assert "  开放时段：现场资格审核 · 房山区：09:00-11:00, 14:00-16:30 → 09:00-11:00, 13:00-16:30\n" in shown
    assert "  开放日：现场资格审核 · 房山区：周一至周五 → 工作日\n" in shown
    assert "  考生类型：领证：首次报考、2025年实践技能合格 → 首次报考\n" in shown
    assert "  名称：领取医师资格证书 → 领证\n" in shown
    assert "  文字：领证：备注\n" in shown
    assert "将有" not in shown
    details = json.loads(compared(*edits, form="json"))["details"]
    assert {"occurrence", "field", "old", "new"} == set(details[0])


def test_the_feeds_of_all_sites_are_one_line(compared: Compare) -> None:
    edit = ("practice-cutoff", "2026-08-31", "2026-08-30")
    shown = compared(edit)
    assert "  feeds/physician-2026-beijing/*.ics（全部 17 个考点）\n" in shown
    assert "dongcheng" not in shown
    assert len(json.loads(compared(edit, form="json"))["feeds"]) == 19


def test_the_feed_of_one_site_has_its_name(compared: Compare) -> None:
    assert "  feeds/physician-2026-beijing/fangshan.ics (房山区)\n" in compared(
        ("onsite-review", "closes: 2026-03-11", "closes: 2026-03-10")
    )


def test_every_line_has_the_same_colon(compared: Compare) -> None:
    assert ": " not in compared(("score-2", "on: 2026-11-27", "on: 2026-11-28"))


@pytest.mark.parametrize("command", ["diff", "lint"])
def test_an_address_that_does_not_answer_is_told_in_chinese(
    command: str, capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("new.yaml").write_text(REAL, "utf-8")
    places = ["http://127.0.0.1:1/"] + ["new.yaml"] * (command == "diff")
    assert run([command, *places]) == 69
    assert "：对方拒绝连接" in capsys.readouterr().err
