"""Progress is for people at a terminal, and for nobody else."""

from __future__ import annotations

import os
import pty
import subprocess
import sys

import pytest

from examcal.cli.progress import working

SCRIPT = (
    "import time\n"
    "from examcal.cli.progress import working\n"
    "with working('Moving the ledger') as advance:\n"
    "    advance(1, 4); time.sleep(0.3)\n"
    "print('done')\n"
)


def test_nothing_is_shown_where_nobody_watches(capsys: pytest.CaptureFixture[str]) -> None:
    with working("Moving the ledger") as advance:
        advance(1, 2)
    assert capsys.readouterr() == ("", "")


def test_a_terminal_shows_what_is_done_and_how_far() -> None:
    ours, theirs = pty.openpty()
    process = subprocess.run([sys.executable, "-c", SCRIPT], stdout=subprocess.PIPE, stderr=theirs, check=True)
    os.close(theirs)
    shown = os.read(ours, 100_000).decode("utf-8", "replace")
    os.close(ours)
    assert process.stdout == b"done\n"
    assert "Moving the ledger" in shown
    assert "25%" in shown
