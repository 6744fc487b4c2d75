"""One Chromium for all browser tests, the system's own, and the editions that they look at."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest
from playwright.sync_api import Browser, sync_playwright

from browser.site_server import Edition, serve
from examcal.pages.render import render
from examcal.schedule.loader import SourceText, load
from examcal.schedule.model import Schedule
from support import schedules
from unit.pages.sample import changes

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """A Chromium for one file: while Playwright runs, no other test of the process can have an event loop."""
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(
            executable_path="/usr/bin/chromium",
            args=["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--hide-scrollbars"],
        )
        yield chromium
        chromium.close()


@pytest.fixture(scope="session")
def real_schedule() -> Schedule:
    content = (ROOT / "data" / "schedule.yaml").read_bytes()
    return load([SourceText("schedule.yaml", content)], today=date(2026, 11, 25)).schedule


@pytest.fixture(scope="session")
def real_site(real_schedule: Schedule) -> Iterator[str]:
    """The address of the real exam's pages."""
    edition = Edition()
    with serve(edition) as address:
        edition.files = render(real_schedule, base_url=address)
        yield address


@pytest.fixture(scope="session")
def sample_site() -> Iterator[str]:
    """The address of the pages of the schedule that has every feature, with changes."""
    edition = Edition()
    with serve(edition) as address:
        edition.files = render(schedules.everything(), base_url=address, changes=changes())
        yield address
