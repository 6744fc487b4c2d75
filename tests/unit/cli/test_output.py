"""Tables for people: the same look whether rich sets them or, for long ones, we do."""

from __future__ import annotations

import time

import pytest

from examcal.cli.output import write_table

ROW = ("2027-01-04 周一", "  第300项网上报名 @顺义", "opens -1d", 12, "é́ ½ “x”")


def written(rows: list[tuple[object, ...]], capsys: pytest.CaptureFixture[str]) -> list[str]:
    write_table(["日期", "环节", "Rule", "人数", ""], rows)
    return [line.rstrip() for line in capsys.readouterr().out.splitlines()]


def test_a_long_table_looks_like_a_short_one(capsys: pytest.CaptureFixture[str]) -> None:
    short, long = written([ROW] * 3, capsys), written([ROW] * 300, capsys)
    assert long[:6] == short[:6]
    assert len(long) == len(short) + 297


def test_a_long_table_stays_whole_lines_and_harmless(capsys: pytest.CaptureFixture[str]) -> None:
    lines = written([("a\nb\x1b[2J", "", "", "", "")] * 300, capsys)
    assert lines[3] == " a b\ufffd[2J"


def test_ten_thousand_rows_take_less_than_a_second(capsys: pytest.CaptureFixture[str]) -> None:
    begun = time.process_time()
    written([ROW] * 10_000, capsys)
    assert time.process_time() - begun < 1.0
