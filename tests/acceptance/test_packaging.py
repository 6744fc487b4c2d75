"""The wheel, installed into an empty environment with the sources out of reach, does the main job."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import zipfile
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from support.office import SHANGHAI, Office
from support.wheels import ROOT, fetched, in_folder

SOURCE = ROOT / "src" / "examcal"
SCHEDULE = """\
version: 1
timezone: Asia/Shanghai
exams:
  - id: demo-2026
    name: 演示考试2026
    milestones:
      - id: registration
        kind: registration
        name: 网上报名
        opens: {opens}
        closes: {closes}
        source: {{title: 公告, url: "https://example.cn", published: 2026-01-01, checked: 2026-01-02}}
        remind: [closes -5h]
"""

pytestmark = pytest.mark.timeout(400)  # building and installing take half a minute on an idle machine


@dataclass(frozen=True)
class Installed:
    """An environment that holds the wheel and what it asks for, and a folder to work in."""

    program: Path
    folder: Path

    def examcal(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return in_folder(self.folder, [self.program.with_name("examcal"), *arguments])

    def fine(self, *arguments: str) -> str:
        done = self.examcal(*arguments)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Installed:
    folder = tmp_path_factory.mktemp("installed")
    assert in_folder(folder, [sys.executable, "-m", "venv", "env"]).returncode == 0
    program = folder / "env" / "bin" / "python"
    pip = [program, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    done = in_folder(folder, [*pip, "--constraint", str(ROOT / "constraints.txt"), str(wheel)])
    fetched(done, "what the wheel asks for")
    return Installed(program, folder)


def test_the_wheel_holds_every_file_of_the_package_and_nothing_else(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = {name for name in archive.namelist() if ".dist-info/" not in name}
        metadata = next(archive.read(name).decode() for name in archive.namelist() if name.endswith("METADATA"))
    ours = {f"examcal/{path.relative_to(SOURCE)}" for path in SOURCE.rglob("*")
            if path.is_file() and path.suffix != ".pyc"}  # fmt: skip
    # Colleagues may save a file while this runs; what was built must be there all the same.
    assert {name for name in names if not name.startswith("examcal/")} == set()
    assert {name for name in ours if not name.endswith((".py", ".po", ".mo"))} <= names
    assert len(names & ours) > 0.97 * len(ours)
    assert "License-Expression: Apache-2.0" in metadata


def test_the_installed_program_does_the_main_job(installed: Installed) -> None:
    where = in_folder(installed.folder, [installed.program, "-c", "import examcal; print(examcal.__file__)"]).stdout
    assert str(ROOT) not in where
    assert installed.fine("--version").startswith("examcal 1.")
    office = Office(installed.folder / "office")
    installed.fine("init", "office")
    now = datetime.now(SHANGHAI)
    closes, opens = now + timedelta(hours=5) - timedelta(minutes=1), now - timedelta(days=2)
    text = SCHEDULE.format(opens=f"{opens:%Y-%m-%d %H:%M}", closes=f"{closes:%Y-%m-%d %H:%M}")
    office.write_schedule(text)
    work = Installed(installed.program, office.folder)
    problems = json.loads(work.fine("check", "--format", "json"))["problems"]
    assert [problem for problem in problems if problem["severity"] == "error"] == []
    assert json.loads(work.fine("show", "--format", "json"))[0]["name"] == "网上报名"
    work.fine("publish", "--out", "public")
    feed = (office.folder / "public" / "current" / "feeds" / "demo-2026.ics").read_bytes()
    assert feed.startswith(b"BEGIN:VCALENDAR\r\n")
    assert "网上报名" in feed.decode()
    assert "网上报名" in (office.folder / "public" / "current" / "index.html").read_text("utf-8")
    work.fine("run", "--once")
    (mail,) = (office.folder / "var" / "outbox").glob("*.eml")
    assert b"text/calendar" in mail.read_bytes()
    report = json.loads(work.fine("status", "--format", "json"))
    assert (report["planned"], report["sent"], report["open"]) == (1, 1, 0)
    assert json.loads(work.fine("ledger", "verify", "--format", "json"))["fine"] is True
    work.fine("run", "--once")
    assert len(list((office.folder / "var" / "outbox").glob("*.eml"))) == 1


def test_every_command_can_be_loaded_from_the_wheel(installed: Installed) -> None:
    code = (
        "import click\n"
        "from examcal.cli.main import COMMANDS, root\n"
        "group = root()\n"
        "for name in COMMANDS:\n"
        "    assert group.get_command(click.Context(group), name) is not None, name\n"
        "print(len(COMMANDS))\n"
    )
    done = in_folder(installed.folder, [installed.program, "-I", "-c", code])
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) > 15


def test_the_schema_is_the_one_in_the_repository(installed: Installed) -> None:
    published = (ROOT / "data" / "schedule.schema.json").read_text("utf-8")
    assert json.loads(installed.fine("schema")) == json.loads(published)


def test_a_missing_extra_is_a_sentence(installed: Installed) -> None:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("EXAMCAL_", "PYTHON"))}
    done = subprocess.run(
        [installed.program.with_name("examcal"), "worker", "--lang", "en"], cwd=installed.folder,
        env={**kept, "EXAMCAL_DATABASE_URL": "postgresql://x@127.0.0.1:1/x"}, capture_output=True, text=True,
        check=False,
    )  # fmt: skip
    assert done.returncode == 69
    assert "examcal[postgres]" in done.stderr
