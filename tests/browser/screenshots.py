"""``make screenshots``: the pictures of README and docs, of the real exam, as small as they can be read.

The clock of the browser stands at a day on which something is open, so that the pictures are the same every time.
"""

from __future__ import annotations

import sys
from datetime import date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from playwright.sync_api import Browser, sync_playwright
from site_server import Edition, serve  # beside this script, which is run by its path

from examcal.pages.render import render
from examcal.schedule.loader import SourceText, load

ROOT = Path(__file__).parents[2]
IMAGES = ROOT / "docs" / "images"
NOW = datetime(2026, 2, 9, 10, 0, tzinfo=ZoneInfo("Asia/Shanghai"))
EXAM = "physician-2026-beijing"
# name, path, width, height, light or dark
PICTURES = (
    ("exam-desktop", f"{EXAM}/", 1280, 1000, "light"),
    ("exam-phone", f"{EXAM}/", 390, 1100, "light"),
    ("exam-phone-dark", f"en/{EXAM}/", 390, 1100, "dark"),
    ("site-dark", f"{EXAM}/fangshan/", 1280, 900, "dark"),
    ("poster", f"posters/{EXAM}.html", 794, 1123, "light"),
)


def main() -> int:
    """Write the pictures to docs/images."""
    IMAGES.mkdir(parents=True, exist_ok=True)
    content = (ROOT / "data" / "schedule.yaml").read_bytes()
    schedule = load([SourceText("schedule.yaml", content)], today=date(2026, 11, 25)).schedule
    # The codes on the pictures lead to the documentation's example host.
    edition = Edition(render(schedule, base_url="https://exam.example.org"))
    with serve(edition) as address, sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path="/usr/bin/chromium", args=["--no-sandbox", "--disable-gpu", "--hide-scrollbars"]
        )
        for name, path, width, height, scheme in PICTURES:
            _picture(browser, f"{address}/{path}", IMAGES / f"{name}.png", (width, height), scheme)
        browser.close()
    return 0


def _picture(browser: Browser, url: str, target: Path, size: tuple[int, int], scheme: str) -> None:
    context = browser.new_context(viewport={"width": size[0], "height": size[1]}, color_scheme=scheme)
    page = context.new_page()
    page.clock.set_fixed_time(NOW)
    page.goto(url)
    page.screenshot(path=target)
    context.close()


if __name__ == "__main__":
    sys.exit(main())
