"""The reference page on dates tells the truth: every row of its tables is what examcal does."""

from __future__ import annotations

import json
import re
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from examcal.schedule.when import PhraseError, as_json, read_edge, read_window

PAGE = (Path(__file__).parents[3] / "docs" / "reference" / "dates.md").read_text(encoding="utf-8")
ZONE = ZoneInfo("Asia/Shanghai")


def rows(heading: str) -> list[tuple[str, ...]]:
    section = PAGE.partition(f"## {heading}\n")[2].partition("\n## ")[0]
    cells = [
        tuple(cell.strip().strip("`") for cell in line.split("|")[1:-1])
        for line in section.splitlines()
        if line.startswith("|")
    ]
    return cells[2:]


@pytest.mark.parametrize(("written", "opening", "closing", "named_on"), rows("Edges and named days"))
def test_edge_of_the_page(written: str, opening: str, closing: str, named_on: str) -> None:
    edges = [read_edge(written, zone=ZONE, closing=closing) for closing in (False, True)]
    assert [edge.at.isoformat(timespec="minutes") for edge in edges] == [opening, closing]
    assert {str(edge.named_on) for edge in edges} == {named_on}


@pytest.mark.parametrize(("phrase", "canonical"), rows("Forms that are read"))
def test_form_of_the_page_is_read(phrase: str, canonical: str) -> None:
    reading = read_window(phrase, zone=ZONE, year=2026)
    assert reading.text == canonical
    assert read_window(canonical, zone=ZONE) == reading


@pytest.mark.parametrize(("phrase", "reason", "readings"), rows("Forms that are refused"))
def test_form_of_the_page_is_refused(phrase: str, reason: str, readings: str) -> None:
    with pytest.raises(PhraseError) as refused:
        read_window(phrase, zone=ZONE, year=2026)
    assert "; ".join(refused.value.readings) == readings, reason


def test_json_of_the_page() -> None:
    shown = re.search(r"```json\n(.*?)```", PAGE, re.DOTALL)
    assert shown is not None
    assert json.loads(shown[1]) == as_json(read_window("2026年2月27日至3月12日", zone=ZONE))
