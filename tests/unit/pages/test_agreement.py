"""Page, feed, ``show`` and ``schedule.json`` say the same of every date of the real exam."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from icalendar import Calendar

ROOT = Path(__file__).parents[3]
EXAM = "physician-2026-beijing"
SCHEDULE = ["--schedule", str(ROOT / "data" / "schedule.yaml")]
BASIC = ("exam", "milestone", "site", "kind", "opens_at", "closes_at", "named_opens", "named_closes", "status")


def examcal(*arguments: str, folder: Path) -> str:
    command = [sys.executable, "-m", "examcal", *arguments, *SCHEDULE]
    return subprocess.run(command, cwd=folder, check=True, capture_output=True, text=True).stdout


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("edition")
    examcal("publish", "--out", str(folder / "public"), folder=folder)
    return folder / "public" / "current"


@pytest.fixture(scope="module")
def shown(tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = json.loads(examcal("show", "--format", "json", folder=tmp_path_factory.mktemp("show")))
    return rows


def test_schedule_json_has_the_rows_of_show(published: Path, shown: list[dict[str, Any]]) -> None:
    document = json.loads((published / "schedule.json").read_text())
    rows = [row for exam in document["exams"] for row in exam["milestones"]]
    key = tuple[str, str, str]

    def by_id(of: list[dict[str, Any]]) -> dict[key, list[object]]:
        return {(r["exam"], r["milestone"], r["site"] or ""): [r[name] for name in BASIC] for r in of}

    assert by_id(rows) == by_id(shown)
    assert {r["name"]["zh-CN"] for r in rows} == {r["name"] for r in shown}


def test_the_page_has_the_days_of_show(published: Path, shown: list[dict[str, Any]]) -> None:
    page = (published / EXAM / "index.html").read_text()
    for row in shown:
        anchor = f"m-{row['milestone']}" + (f".{row['site']}" if row["site"] else "")
        entry = page[page.index(f'id="{anchor}"') :]
        entry = entry[: entry.index("</tr>" if row["site"] else '<div class="what">')]
        days = set(re.findall(r'<time datetime="([0-9-]+)">', entry))
        assert {row["named_opens"], row["named_closes"]} - {None} == days or row["status"] == "tba"
        word = {"expected": "预计", "tba": "待定", "cancelled": "取消"}.get(row["status"], "")
        assert word in entry


def test_the_feed_has_the_instants_of_show(published: Path, shown: list[dict[str, Any]]) -> None:
    calendar = Calendar.from_ical((published / "feeds" / f"{EXAM}.ics").read_bytes())
    edges = {str(event["X-EXAMCAL-ID"]): event for event in calendar.walk("VEVENT")}
    checked = 0
    for row in shown:
        name = f"{row['exam']}/{row['milestone']}" + (f"@{row['site']}" if row["site"] else "")
        for part, edge, field in (("opens", "opens_at", "DTSTART"), ("closes", "closes_at", "DTEND")):
            event = edges.get(f"{name}#{part}")
            if event is not None and row[edge]:
                assert event[field].dt == datetime.fromisoformat(row[edge])
                checked += 1
    assert checked >= 6
