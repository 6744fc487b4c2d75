"""Help in Chinese: placeholders too, columns straight, lines that fit a terminal."""

from __future__ import annotations

import pytest

from examcal.cli.definitions import definitions, folded
from examcal.cli.main import COMMANDS, run
from examcal.cli.output import width_of


@pytest.mark.parametrize("command", ["", *COMMANDS])
def test_usage_speaks_chinese_and_fits(
    command: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    assert run([*command.split(), "--help"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith(f"用法：{' '.join(['examcal', *command.split()])} [选项]")
    for word in ("OPTIONS", "COMMAND", "ARGS", "PHRASE", "FILE", "YEAR", "<=x"):
        assert not any(word in line for line in lines)
    assert [line for line in lines if width_of(line) > 80] == []
    begins = {width_of(line[: len(line) - len(line[2:].partition("  ")[2].lstrip())]) for line in lines
              if line.startswith("  --") and line[2:].partition("  ")[2]}  # fmt: skip
    assert len(begins) <= 1


def test_what_is_missing_has_a_chinese_name(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["parse"]) == 2
    assert capsys.readouterr().err.startswith("缺少 日期短语\n")


def test_english_help_keeps_its_placeholders(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["parse", "--lang", "en", "--help"]) == 0
    assert capsys.readouterr().out.startswith("Usage: examcal parse [OPTIONS] PHRASE\n")


def test_chinese_is_folded_between_letters_and_never_before_a_comma() -> None:
    assert folded("日程文件或文件夹，默认 data/schedule.yaml。", 16) == [
        "日程文件或文件",
        "夹，默认",
        "data/schedule.yaml。",
    ]
    assert folded("", 10) == []
    assert definitions([("--一", "二三四"), ("--long", "五")], 80) == "  --一    二三四\n  --long  五\n"
