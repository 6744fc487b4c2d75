"""Next year's schedule from last year's: no date of last year is stated as a fact."""

from __future__ import annotations

from datetime import date

import pytest
import yaml

from examcal.cli.roll_over import rolled_over
from examcal.schedule.loader import SourceText, load


def rolled(notes: str, more: str = "") -> dict[str, object]:
    text = (
        "version: 1\nexams:\n  - id: demo-2026\n    name: 考试2026\n    milestones:\n"
        "      - id: a\n        kind: exam\n"
        f"        name: 笔试\n        {more or 'on: 2026-11-07'}\n        notes: {notes}\n        tasks: [{notes}]\n"
    )
    schedule = load([SourceText("s.yaml", text.encode())], today=date(2026, 11, 26)).schedule
    milestone = yaml.safe_load(rolled_over(schedule, 2026))["exams"][0]["milestones"][0]
    assert milestone["tasks"] == [milestone["notes"]]
    return dict(milestone)


@pytest.mark.parametrize(
    ("notes", "next_year"),
    [
        ("助理医师为11月7日一天。北京2026年另行通知。", "往年：助理医师为11月7日一天。北京2027年另行通知。"),
        ("以通知为准；工作年限算到2026年8月31日。", "以通知为准；往年：工作年限算到2026年8月31日。"),
        ("往年：11月7日。", "往年：11月7日。"),
        ("十一月上旬打印准考证", "往年：十一月上旬打印准考证"),
        ("上传近6个月内的照片，2026年的大纲。", "上传近6个月内的照片，2027年的大纲。"),
        ("{zh-CN: 11月7日。, en: Nov 7 2026. See www.nmec.org.cn in 2026.}",
         {"zh-CN": "往年：11月7日。", "en": "In earlier years: Nov 7 2026. See www.nmec.org.cn in 2027."}),
    ],
)  # fmt: skip
def test_a_sentence_with_a_day_tells_of_earlier_years(notes: str, next_year: object) -> None:
    assert rolled(notes)["notes"] == next_year


@pytest.mark.parametrize(
    ("when", "expected"),
    [
        ("on: 2026-11-07", "去年为11月7日"),
        ("{when: tba, expected: 考试前10天至1周}", "考试前10天至1周"),
        ("{when: tba, expected: 2026年5月}", None),
        ("{when: tba, expected: 去年为5月7日}", None),
    ],
)
def test_what_was_expected_without_a_year_is_expected_again(when: str, expected: str | None) -> None:
    lines = when.strip("{}").replace(", ", "\n        ")
    assert rolled("无", lines).get("expected") == expected
