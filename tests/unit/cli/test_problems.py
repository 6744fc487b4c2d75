"""How problems are shown on a terminal."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from examcal.cli.problems import write_report
from examcal.errors import Problem, Sentence, Severity


def problems(count: int) -> list[Problem]:
    return [
        Problem("bad-date", Severity.ERROR, "s.yaml", number, 1, "", Sentence("problem")) for number in range(1, count)
    ]


def test_five_hundred_problems_of_a_large_file_are_shown_at_once(capsys: pytest.CaptureFixture[str]) -> None:
    sources = {"s.yaml": b"a: 2026-02-31\n" * 100_000}
    began = time.process_time()
    write_report(Path("s.yaml"), problems(500), sources, "text")
    assert time.process_time() - began < 2
    assert capsys.readouterr().out.count("a: 2026-02-31") == 499


def test_the_frame_shows_the_line_that_an_editor_shows(capsys: pytest.CaptureFixture[str]) -> None:
    sources = {"s.yaml": "one: a\u2028b\x0cc\ntwo: 2\n".encode()}
    write_report(Path("s.yaml"), problems(3)[1:], sources, "text")
    shown = capsys.readouterr().out
    assert "two: 2" in shown
    assert "one" not in shown
