"""Broken schedules, each with its exact report in Chinese. EXAMCAL_REGENERATE=1 writes reports anew, never in CI."""

from __future__ import annotations

import os
from datetime import date
from pathlib import Path

import pytest

from examcal.errors import Problem, ScheduleRejectedError
from examcal.schedule.document import SourceText, lines_of
from examcal.schedule.loader import load
from examcal.schedule.problems import render

GOLDEN = Path(__file__).parents[2] / "golden" / "schedules"
TODAY = date(2026, 11, 25)
# Too large to keep as files.
LARGE = {
    "too-large": b"#" * (4 * 1024 * 1024 + 1),
    "too-many-values": b"a: [" + b"1," * 200_001 + b"]",
}
CASES = sorted(
    [path for path in GOLDEN.iterdir() if path.suffix == ".yaml" or path.is_dir()]
    + [GOLDEN / f"{name}.large" for name in LARGE]
)


def texts(case: Path) -> list[SourceText]:
    """Return the files of a case by their bare names, so that reports do not depend on the folder."""
    if case.suffix == ".large":
        return [SourceText(case.name, LARGE[case.stem])]
    files = sorted(case.iterdir()) if case.is_dir() else [case]
    return [SourceText(path.name, path.read_bytes()) for path in files]


def problems(sources: list[SourceText]) -> tuple[Problem, ...]:
    try:
        return load(sources, today=TODAY).warnings
    except ScheduleRejectedError as error:
        return error.problems


def report(sources: list[SourceText]) -> str:
    lines = {source.name: lines_of(source) for source in sources}
    return "".join(render(problem, lines[problem.file], "zh-CN") + "\n" for problem in problems(sources))


@pytest.mark.parametrize("case", CASES, ids=lambda path: path.stem)
def test_a_broken_schedule_gets_exactly_this_report(case: Path) -> None:
    expected = case.with_suffix(".txt")
    found = report(texts(case))
    if os.environ.get("EXAMCAL_REGENERATE") and not os.environ.get("CI"):
        expected.write_text(found, encoding="utf-8")
    assert found
    assert found == expected.read_text(encoding="utf-8")


def test_there_are_enough_broken_schedules_and_no_stray_reports() -> None:
    assert len(CASES) >= 80
    assert {path.stem for path in GOLDEN.glob("*.txt")} == {path.stem for path in CASES}


@pytest.mark.parametrize("case", CASES, ids=lambda path: path.stem)
def test_no_english_sentence_is_left_in_a_report(case: Path) -> None:
    for problem in problems(texts(case)):
        for sentence in (problem.message, problem.hint):
            if sentence:
                assert sentence.text("zh-CN") != sentence.text("en"), sentence
