"""A command loads what it needs: ``check`` runs on every save, so neither pages, calendars, mail nor servers."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

HEAVY = {"jinja2", "icalendar", "sqlalchemy", "starlette", "httpx", "apscheduler", "aiosmtplib", "rich", "babel"}
SCHEDULE = """\
exams:
  - id: x
    name: X
    milestones:
      - {id: m, kind: exam, on: 2027-06-12, source: {title: 公告}}
"""
CODE = """
import sys
from examcal.__main__ import main
code = main()
print(code, *sorted({name.split(".")[0] for name in sys.modules}))
"""


@pytest.mark.parametrize("command", [("--version",), ("check", "--schedule", "s.yaml"), ("parse", "2026-12-01 10:00")])
def test_a_light_command_loads_nothing_heavy(command: tuple[str, ...], tmp_path: Path) -> None:
    (tmp_path / "s.yaml").write_text(SCHEDULE, "utf-8")
    done = subprocess.run(
        [sys.executable, "-c", CODE, *command], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    code, *loaded = done.stdout.splitlines()[-1].split()
    assert code == "0", done.stdout + done.stderr
    assert HEAVY & set(loaded) == set()
    assert "yaml" in loaded or "check" not in command
