"""An office for each test, and the wheel of the tree for all of them."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from support.office import Office
from support.wheels import build_once


@pytest.fixture
def office(tmp_path: Path) -> Office:
    return Office(tmp_path)


@pytest.fixture(scope="session")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the wheel that is built from the tree, once for all processes of a run."""
    folder = tmp_path_factory.getbasetemp()
    return build_once(folder.parent if "PYTEST_XDIST_WORKER" in os.environ else folder)
