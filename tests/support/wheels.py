"""Wheels, and environments of their own in which a wheel is installed with the sources out of reach."""

from __future__ import annotations

import fcntl
import os
import subprocess
import sys
import sysconfig
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def in_folder(folder: Path, command: Sequence[str | Path]) -> subprocess.CompletedProcess[str]:
    """Run a command where nothing of the sources is in reach."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("EXAMCAL_", "PYTHON"))}
    return subprocess.run(command, cwd=folder, env=kept, capture_output=True, text=True, timeout=300, check=False)


def fetched(done: subprocess.CompletedProcess[str], what: str) -> None:
    """Make sure that a command succeeded; without a network, skip (with CI=true fail)."""
    said = done.stdout + done.stderr
    signs = ("NewConnectionError", "No matching distribution", "Could not find a version")
    if done.returncode and any(sign in said for sign in signs) and os.environ.get("CI") != "true":
        pytest.skip(f"{what} cannot be fetched: no network")
    assert done.returncode == 0, said


def build_once(folder: Path) -> Path:
    """Return the wheel of the tree as it is; of the processes that ask with the same ``folder`` one builds it."""
    out = folder / "wheel"
    out.mkdir(exist_ok=True)
    with (folder / "wheel.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not list(out.glob("*.whl")):
            command = [sys.executable, "-m", "build", "--wheel", "--outdir", str(out), str(ROOT)]
            fetched(in_folder(out, command), "the build backend")
    (wheel,) = out.glob("*.whl")
    return wheel


def version_of(wheel: Path) -> str:
    return wheel.name.split("-")[1]


@dataclass(frozen=True)
class Environment:
    """A virtual environment in ``folder``; its libraries are those that run the tests, so nothing is downloaded."""

    folder: Path

    @property
    def python(self) -> Path:
        return self.folder / "bin" / "python"

    @property
    def examcal(self) -> Path:
        return self.folder / "bin" / "examcal"

    def make(self) -> None:
        done = in_folder(self.folder.parent, [sys.executable, "-m", "venv", "--without-pip", str(self.folder)])
        assert done.returncode == 0, done.stderr

    def install(self, wheel: Path) -> None:
        """Install a wheel in place of the one that is there."""
        pip = [sys.executable, "-m", "pip", "--python", str(self.python), "--disable-pip-version-check", "install"]
        options = ["--quiet", "--no-deps", "--no-index", "--upgrade", "--force-reinstall"]
        self._borrowed.unlink(missing_ok=True)  # pip must not see the examcal that runs the tests
        done = in_folder(self.folder, [*pip, *options, str(wheel)])
        assert done.returncode == 0, done.stderr
        # A plain path: its own .pth files, such as that of an editable examcal, are not read again.
        self._borrowed.write_text(sysconfig.get_path("purelib") + "\n", "utf-8")

    def ask(self, code: str) -> str:
        """Return what a line of Python prints there."""
        done = in_folder(self.folder, [self.python, "-c", code])
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    @property
    def _borrowed(self) -> Path:
        (library,) = self.folder.glob("lib/python3.*/site-packages")
        return library / "borrowed.pth"
