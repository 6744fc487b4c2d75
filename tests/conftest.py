"""What every test shares: system parts reported by name, and how much is sampled."""

import importlib.util
import os
import shutil
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

FULL = bool(os.environ.get("FULL"))
IN_CI = os.environ.get("CI") == "true"
NODE_MODULES = Path(__file__).parent / "node_modules"

settings.register_profile(
    "sample", max_examples=40, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow]
)
settings.register_profile("full", max_examples=1000, deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("full" if FULL else "sample")


def _has_postgresql() -> bool:
    return bool(shutil.which("initdb") or list(Path("/usr/lib/postgresql").glob("*/bin/initdb")))


def _has_libical() -> bool:
    system_python = Path("/usr/bin/python3")
    return system_python.exists() and bool(list(Path("/usr/lib").glob("*/girepository-1.0/ICal-3.0.typelib")))


_PRESENT = {
    "chromium": lambda: Path("/usr/bin/chromium").exists(),
    "faketime": lambda: bool(list(Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1"))),
    "libical": _has_libical,
    "node-modules": lambda: bool(shutil.which("node")) and NODE_MODULES.is_dir(),
    "postgresql": _has_postgresql,
    "procrastinate": lambda: importlib.util.find_spec("procrastinate") is not None,
    "apprise": lambda: importlib.util.find_spec("apprise") is not None,
    "root": lambda: os.geteuid() == 0,
}
# Not required by CI: a download of 310 MB for one test, and a platform that containers may not have.
_OPTIONAL = {"thunderbird", "root", "tmpfs"}


def missing_part(part: str) -> bool:
    """Return whether a system part (a command, unless listed above) is not on this machine."""
    present = _PRESENT.get(part)
    return not (present() if present else shutil.which(part) or Path("/usr/sbin", part).exists())


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    """Skip a test whose parts are missing, by name; with CI=true a missing part is a failure."""
    for marker in item.iter_markers("needs"):
        absent = [part for part in marker.args if missing_part(part)]
        if not absent:
            continue
        reason = f"missing on this machine: {', '.join(absent)}; `make test` installs them where apt and npm can"
        if IN_CI and set(absent) - _OPTIONAL:
            pytest.fail(reason, pytrace=False)
        pytest.skip(reason)


@pytest.fixture(scope="session")
def full() -> bool:
    """Return whether everything is to be run (FULL=1) instead of a sample."""
    return FULL
