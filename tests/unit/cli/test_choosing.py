"""Sites, tracks and exams by the names that people know."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from freezegun import freeze_time

from examcal.cli.main import run

SCHEDULE = str(Path(__file__).parents[3] / "data" / "schedule.yaml")
TWO = """\
version: 1
exams:
  - {id: a, name: 甲考试, sites: [{id: west, name: 西区}], milestones: [{id: m, kind: exam, name: 试, on: 2027-01-11}]}
  - {id: b, name: 乙考试, sites: [{id: xi, name: 西区}], milestones: [{id: m, kind: exam, name: 试, on: 2027-01-12}]}
"""


@pytest.fixture
def two(tmp_path: Path) -> str:
    path = tmp_path / "two.yaml"
    path.write_text(TWO, "utf-8")
    return str(path)


def shown(capsys: pytest.CaptureFixture[str], *words: str, schedule: str = SCHEDULE, command: str = "show") -> object:
    with freeze_time("2026-01-20 02:00"):
        assert run([command, "--schedule", schedule, "--format", "json", *words]) == 0
    return json.loads(capsys.readouterr().out)


@pytest.mark.parametrize("words", [("--site", "房山区"), ("--as", "site:房山区"), ("--as", "site：Fangshan")])
def test_a_site_is_known_by_its_name(words: tuple[str, ...], capsys: pytest.CaptureFixture[str]) -> None:
    assert shown(capsys, *words) == shown(capsys, "--site", "fangshan")


def test_a_track_and_an_exam_are_known_by_their_names(capsys: pytest.CaptureFixture[str]) -> None:
    by_name = shown(capsys, "--track", "首次报考", "--exam", "2026年医师资格考试(北京考区)")
    assert by_name == shown(capsys, "--track", "full", "--exam", "physician-2026-beijing")


def test_the_plan_of_a_role_is_told_by_names_and_kinds_as_well(capsys: pytest.CaptureFixture[str]) -> None:
    def planned(role: str) -> list[tuple[str, str, str]]:
        rows = shown(capsys, "--as", role, "--to", "2026-04-01", command="plan")
        assert isinstance(rows, list)
        return [(row["milestone"], row["rule"], row["state"]) for row in rows]

    assert planned("track：首次报考，site：房山区，kind：审核") == planned("track:full,site:fangshan,kind:review")
    assert run(["plan", "--schedule", SCHEDULE, "--as", "kind:lunch"]) == 2
    assert "registration" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--site", "房山"), "是不是想写 房山区？"),
        (("--site", "海南"), "海淀区 (haidian)"),
        (("--as", "site:海南"), "海淀区 (haidian)"),
        (("--as", "房山区"), "track:ID,site:ID"),
    ],
)
def test_a_name_that_nothing_has_is_told_with_those_that_there_are(
    words: tuple[str, ...], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["show", "--schedule", SCHEDULE, *words]) == 2
    assert said in capsys.readouterr().err


def test_a_name_of_several_sites_asks_for_the_exam(two: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["show", "--schedule", two, "--site", "西区"]) == 2
    assert "west, xi" in capsys.readouterr().err
    assert shown(capsys, "--exam", "乙考试", "--site", "西区", schedule=two) == shown(
        capsys, "--exam", "b", "--site", "xi", schedule=two
    )


@pytest.mark.parametrize("command", [["show"], ["plan", "--from", "2026-03-01", "--to", "2026-03-10"]])
def test_the_terminal_shows_the_name_of_a_site(command: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert run([*command, "--schedule", SCHEDULE]) == 0
    out = capsys.readouterr().out
    assert "现场资格审核 @房山区" in out
    assert "@fangshan" not in out


def test_csv_is_for_programs_and_has_a_mark_for_excel_on_demand(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["show", "--schedule", SCHEDULE, "--format", "csv"]) == 0
    plain = capsys.readouterr().out
    assert plain.startswith("exam,milestone,site,")
    assert run(["show", "--schedule", SCHEDULE, "--excel"]) == 0
    assert capsys.readouterr().out == "\ufeff" + plain
    assert run(["plan", "--schedule", SCHEDULE, "--from", "2026-01-01", "--to", "2026-02-01", "--excel"]) == 0
    assert capsys.readouterr().out.startswith("\ufeffexam,milestone,")


def test_a_message_to_preview_is_known_by_its_sites_name(capsys: pytest.CaptureFixture[str]) -> None:
    with freeze_time("2026-01-20 02:00"):
        assert run(["preview", "--schedule", SCHEDULE, "onsite-review@fangshan"]) == 0
        by_id = capsys.readouterr().out
        assert run(["preview", "--schedule", SCHEDULE, "onsite-review@房山区"]) == 0
    assert capsys.readouterr().out == by_id
