"""Findings for a terminal, for programs, for code hosts."""

from __future__ import annotations

import ast
import json
import time
from pathlib import Path

import pytest

from examcal.errors import Problem, Sentence, Severity
from examcal.schedule.drafts import KIND_NAMES
from examcal.schedule.problems import (
    Findings,
    Place,
    as_github,
    as_json,
    as_sarif,
    closest,
    render,
    shortened,
    width,
)
from examcal.schedule.schema import DESCRIPTIONS
from examcal.texts import catalogue

SOURCES = Path(__file__).parents[3] / "src" / "examcal"
MODULES = [
    *(
        "cautions",
        "checks",
        "dates",
        "document",
        "drafts",
        "fields",
        "formats",
        "loader",
        "occurrences",
        "problems",
        "parts",
        "references",
        "rules",
    ),
    *("alignment", "builder", "quoting", "schema", "slips", "spelling", "syntax", "trouble"),
]

PROBLEM = Problem(
    "unknown-key",
    Severity.ERROR,
    "日程,1.yaml",
    2,
    7,
    "exams[0].opnes",
    Sentence('unknown key "{key}"', {"key": "opnes"}),
    Sentence('did you mean "{near}"?', {"near": "opens"}),
    "opnes",
)
LINES = ["exams:", "  报名: opnes: 1"]


def test_the_caret_stands_under_the_value_also_after_wide_characters() -> None:
    lines = render(PROBLEM, LINES, "en").splitlines()
    assert lines[0] == '日程,1.yaml:2:7: error[unknown-key]: unknown key "opnes"'
    frame, carets = lines[1], lines[2]
    assert width(frame[: frame.index(" opnes") + 1]) == width(carets[: carets.index("^")]) + 0
    assert lines[3] == '  = hint: did you mean "opens"?'


def test_without_a_line_there_is_no_frame() -> None:
    whole = Problem("empty-file", Severity.ERROR, "x.yaml", 0, 0, "", Sentence("the schedule is empty"))
    assert render(whole, [], "en") == "x.yaml: error[empty-file]: the schedule is empty"


def test_a_long_line_is_cut_around_the_place() -> None:
    problem = Problem("bad-url", Severity.ERROR, "x", 1, 500, "", Sentence("this is not a web address"), value="here")
    frame, carets = render(problem, ["长" * 499 + "here" + "y" * 500], "en").splitlines()[1:3]
    assert max(width(frame), width(carets)) < 140
    assert width(frame[: frame.index("here")]) == carets.index("^")
    assert carets.endswith("^^^^")


def test_a_hundred_problems_on_a_line_of_millions_are_shown_at_once() -> None:
    line = "报名, " * 1_000_000
    began = time.process_time()
    for column in range(3_000_000, 3_000_100):
        found = Problem("bad-date", Severity.ERROR, "x.yaml", 1, column, "", Sentence("x"), None, "报名")
        assert len(render(found, [line]).splitlines()[1]) < 110
    assert time.process_time() - began < 1


@pytest.mark.parametrize(("text", "columns"), [("abc", 3), ("报名", 4), ("e\u0301", 1), ("：", 2), ("🎓", 2), ("", 0)])
def test_width_counts_terminal_columns(text: str, columns: int) -> None:
    assert width(text) == columns


def test_json_has_the_names_of_the_contract() -> None:
    report = json.loads(as_json("schedule.yaml", [PROBLEM], "zh-CN"))
    assert report["file"] == "schedule.yaml"
    (problem,) = report["problems"]
    assert {"code", "severity", "line", "column", "path", "message", "hint"} <= problem.keys()
    assert problem["message"] == "不认识的键“opnes”"


def test_github_annotations_escape_what_has_a_meaning() -> None:
    assert as_github([PROBLEM], "en") == (
        '::error file=日程%2C1.yaml,line=2,col=7,title=unknown-key::unknown key "opnes"%0Adid you mean "opens"?'
    )


def test_sarif_names_the_rule_and_the_place() -> None:
    (run,) = json.loads(as_sarif([PROBLEM], "en"))["runs"]
    (result,) = run["results"]
    assert (result["ruleId"], result["level"]) == ("unknown-key", "error")
    assert result["locations"][0]["physicalLocation"]["region"] == {"startLine": 2, "startColumn": 7}
    assert [rule["id"] for rule in run["tool"]["driver"]["rules"]] == ["unknown-key"]


def test_findings_are_in_order_and_once() -> None:
    findings = Findings()
    for line in (3, 1, 3):
        findings.report("far-date", Place("x", line, 1), "", Sentence("check the year"))
    assert [problem.line for problem in findings.warnings()] == [1, 3]
    assert not findings.has_errors


def test_quoted_values_are_short_and_visible() -> None:
    assert shortened("a\x1b[31m" + "长" * 200) == "a\N{REPLACEMENT CHARACTER}[31m" + "长" * 73 + "…"
    assert closest("opnes", ["opens", "closes"]) == "opens"
    assert closest("甲", ["opens"]) is None


@pytest.mark.parametrize(
    ("word", "known", "meant"),
    [
        ("截止", ["opens", "closes"], "closes"),
        ("报名截止时间", ["opens", "closes", "window"], "closes"),
        ("结束时间", ["opens", "closes", "window"], "closes"),
        ("预计", ["confirmed", "expected"], "expected"),
        ("已取消", ["confirmed", "cancelled"], "cancelled"),
        ("工作日", ["all", "weekdays", "workdays"], "workdays"),
        ("网上报名", ["announcement", "registration"], "registration"),
        ("ｏｐｅｎｓ", ["opens", "closes"], "opens"),
        ("Deadline", ["opens", "closes"], "closes"),
    ],
)
def test_other_names_of_words_are_understood_for_the_question(word: str, known: list[str], meant: str) -> None:
    assert closest(word, known) == meant


@pytest.mark.parametrize("blank", ["\u3000", "\u00a0", "\u2003", "\t"])
def test_the_caret_stands_under_the_value_after_blanks_of_any_width(blank: str) -> None:
    line = f"name: 甲{blank}{blank}乙, on: here"
    problem = Problem("bad-date", Severity.ERROR, "x", 1, line.index("here") + 1, "", Sentence("x"), value="here")
    frame, carets = render(problem, [line], "en").splitlines()[1:3]
    assert "\N{REPLACEMENT CHARACTER}" not in frame
    assert width(frame[: frame.index("here")]) == carets.index("^")
    assert carets.endswith(" ^^^^")


def _sentences(path: Path) -> set[str]:
    """Return the message identifiers that a module writes: first arguments of sentences and of errors."""
    calls = (node for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))) if isinstance(node, ast.Call))
    named = ((str(getattr(call.func, "id", "")), call.args) for call in calls)
    return {
        str(args[0].value)
        for name, args in named
        if (name == "Sentence" or name.endswith("Error")) and args and isinstance(args[0], ast.Constant)
    }


@pytest.mark.parametrize("path", [*(SOURCES / "schedule" / f"{m}.py" for m in MODULES), SOURCES / "intake.py"], ids=str)
def test_every_sentence_has_its_chinese(path: Path) -> None:
    known = catalogue("zh-CN")
    assert [sentence for sentence in _sentences(path) if known.gettext(sentence) == sentence] == []


def test_every_description_of_the_schema_has_its_chinese() -> None:
    known = catalogue("zh-CN")
    assert [text for text in (*DESCRIPTIONS.values(), *KIND_NAMES.values()) if known.gettext(text) == text] == []
