"""The runbook names only commands, options, settings and files that exist."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

from support.deploy import command_of, settings_named

ROOT = Path(__file__).parents[2]
RUNBOOK = (ROOT / "deploy" / "README.md").read_text("utf-8")


def console_commands() -> list[str]:
    """Return the examcal commands of all console blocks."""
    blocks = re.findall(r"^```console\n(.*?)^```", RUNBOOK, re.MULTILINE | re.DOTALL)
    lines = [line for block in blocks for line in block.splitlines()]
    assert all(line.startswith(("$ ", "# ")) for line in lines)
    return [line[2:] for line in lines if line.startswith("$ ")]


@pytest.mark.parametrize("line", console_commands())
def test_a_command_of_the_runbook_exists_with_its_options(line: str) -> None:
    words = shlex.split(line)
    assert words[0] == "examcal"
    command_of(words[1:])


@pytest.mark.parametrize("line", sorted(set(re.findall(r"`examcal ([^`]+)`", RUNBOOK))))
def test_a_command_named_in_a_sentence_exists(line: str) -> None:
    words = shlex.split(line)
    if words != ["plan"]:  # named without the dates that it needs
        command_of(words)


def test_every_setting_that_is_named_exists() -> None:
    assert settings_named(sorted(set(re.findall(r"\bEXAMCAL_[A-Z_]+[A-Z]", RUNBOOK)))) == []


def test_every_file_of_ours_that_is_named_exists() -> None:
    named = set(re.findall(r"\b((?:deploy|docs)/[\w./@*-]+[\w*/])", RUNBOOK))
    assert named
    for pattern in named:
        assert list(ROOT.glob(pattern.rstrip("/"))), pattern


def test_it_covers_what_goes_wrong() -> None:
    headings = re.findall(r"^## (.+)$", RUNBOOK, re.MULTILINE)
    assert headings == [
        "First start", "Upgrade", "Backup", "Restore", "Move to PostgreSQL", "Mail did not arrive", "Date was wrong",
        "Leaked key", "Lost machine", "What the alerts mean",
    ]  # fmt: skip
