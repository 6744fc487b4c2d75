"""Every kind of page in a real browser: quiet, narrow enough, accessible, and complete without JavaScript."""

from __future__ import annotations

import gzip
import json
import os
import re
import subprocess
from datetime import datetime
from pathlib import Path
from urllib.request import urlopen
from zoneinfo import ZoneInfo

import pytest
from playwright.sync_api import Browser, Locator

from browser.watching import Watched, watched
from examcal.schedule.model import Schedule
from unit.pages.sample import EXAM, changes

pytestmark = pytest.mark.needs("chromium")

FULL = bool(os.environ.get("FULL"))
MODULES = Path(__file__).parents[1] / "node_modules"
WIDTHS = (360, 768, 1280)
KIT = f"kits/{EXAM}/"
PATHS = (
    "",
    f"{EXAM}/",
    f"{EXAM}/fangshan/",
    f"{EXAM}/shunyi/track.full/",
    "changes/",
    f"posters/{EXAM}.html",
    KIT,
    f"{KIT}changes/{changes()[0].key}/notice.html",
    "404.html",
    "en/",
    f"en/{EXAM}/",
    "en/changes/",
)
LOOKS = [(width, scheme, script) for width in WIDTHS for scheme in ("light", "dark") for script in (True, False)]


@pytest.mark.parametrize(("width", "scheme", "script"), LOOKS)
def test_pages_are_quiet_and_fit(browser: Browser, sample_site: str, width: int, scheme: str, *, script: bool) -> None:
    with watched(browser, sample_site, width, scheme, java_script_enabled=script) as found:
        for path in PATHS:
            found.page.goto(f"{sample_site}/{path}")
            assert found.complaints == [], path
            assert found.overflow() <= 0, path
            assert found.page.locator("h1").count() == 1, path


@pytest.mark.parametrize(("width", "scheme"), [(360, "light"), (1280, "dark")])
def test_the_real_exam_is_quiet_and_fits(
    browser: Browser,
    real_site: str,
    real_schedule: Schedule,
    width: int,
    scheme: str,
) -> None:
    exam = real_schedule.exams[0]
    sites = [f"{exam.id}/{site.id}/" for site in exam.sites]
    with watched(browser, real_site, width, scheme) as found:
        for path in ("", f"{exam.id}/", f"en/{exam.id}/", *sites[:: 1 if FULL else 6]):
            found.page.goto(f"{real_site}/{path}")
            assert found.complaints == [], path
            assert found.overflow() <= 0, path


@pytest.mark.needs("node-modules")
@pytest.mark.parametrize(("width", "scheme"), [(360, "dark"), (1280, "light")])
def test_axe_finds_no_violation(browser: Browser, sample_site: str, width: int, scheme: str) -> None:
    axe = (MODULES / "axe-core" / "axe.min.js").read_text()
    with watched(browser, sample_site, width, scheme) as found:
        for path in PATHS if FULL or scheme == "dark" else PATHS[1::4]:
            found.page.goto(f"{sample_site}/{path}")
            found.page.evaluate(axe)
            result = found.page.evaluate("axe.run({resultTypes: ['violations']})")
            violations = [(v["id"], [n["html"][:160] for n in v["nodes"]][:4]) for v in result["violations"]]
            assert violations == [], path


def test_subscribing_needs_no_mouse(browser: Browser, sample_site: str) -> None:
    with watched(browser, sample_site) as found:
        page = found.page
        page.context.grant_permissions(["clipboard-read", "clipboard-write"])
        page.goto(f"{sample_site}/{EXAM}/")
        page.keyboard.press("Tab")
        assert page.evaluate("document.activeElement.getAttribute('href')") == "#main"
        _tab_to(found, "a[href='#subscribe']")
        page.keyboard.press("Enter")
        _tab_to(found, "a[href^='webcal://']")
        _tab_to(found, "a[href^='https://calendar.google.com/']")
        _tab_to(found, "a[href^='https://outlook.live.com/']")
        _tab_to(found, "#subscribe-address")
        _tab_to(found, ".address button")
        page.keyboard.press("Enter")
        page.locator(".address button", has_text="已复制").wait_for()
        assert page.evaluate("document.activeElement.matches('.address button')")
        assert page.evaluate("navigator.clipboard.readText()") == f"{sample_site}/feeds/{EXAM}.ics"


def _tab_to(found: Watched, selector: str) -> None:
    """Press Tab until ``selector`` has the focus, and see that the focus can be seen."""
    for _ in range(60):
        found.page.keyboard.press("Tab")
        if found.page.evaluate("selector => document.activeElement.matches(selector)", selector):
            outline = found.page.evaluate("parseFloat(getComputedStyle(document.activeElement).outlineWidth)")
            assert outline >= 2
            return
    pytest.fail(f"Tab does not reach {selector}")


def at(written: str) -> datetime:
    return datetime.fromisoformat(written).replace(tzinfo=ZoneInfo("Asia/Shanghai"))


@pytest.mark.parametrize(
    ("now", "zone", "left"),
    [
        ("2026-01-28 12:00", "Asia/Shanghai", "明天"),
        ("2026-01-29 09:30", "Asia/Shanghai", "今天"),
        ("2026-02-08 23:59", "Asia/Shanghai", "还剩 3 天"),
        ("2026-02-08 23:59", "America/New_York", "还剩 3 天"),
        ("2026-02-10 00:10", "Europe/London", "还剩 1 天"),
        ("2026-02-11 15:30", "Asia/Shanghai", "最后一天 · 还剩 8 小时"),
        ("2026-02-11 23:30", "Pacific/Auckland", "不到 1 小时"),
        ("2026-02-12 00:00", "Asia/Shanghai", "已结束"),
    ],
)
def test_time_left_counts_to_the_named_day_wherever_it_is_read(
    browser: Browser, sample_site: str, now: str, zone: str, left: str
) -> None:
    with watched(browser, sample_site, timezone_id=zone) as found:
        found.page.clock.set_fixed_time(at(now))
        found.page.goto(f"{sample_site}/{EXAM}/")
        assert found.page.locator("#m-registration > .dates [data-left]").inner_text() == left


def test_what_is_open_and_what_is_next_stand_first(browser: Browser, sample_site: str) -> None:
    with watched(browser, sample_site) as found:
        found.page.clock.set_fixed_time(at("2026-02-01 12:00"))
        found.page.goto(f"{sample_site}/{EXAM}/")
        assert "网上报名" in found.page.locator("[data-list=open] li").first.inner_text()
        assert "2026年2月11日" in found.page.locator("[data-list=open] li").first.inner_text()
        assert "现场审核" in found.page.locator("[data-list=next] li").first.inner_text()
        mark = found.page.locator(".timeline svg .today")
        assert mark.get_attribute("visibility") == "visible"
        assert "第二试" not in found.page.locator("[data-now]").inner_text()


def test_without_javascript_nothing_is_relative_and_nothing_is_missing(browser: Browser, sample_site: str) -> None:
    with watched(browser, sample_site, java_script_enabled=False) as found:
        found.page.goto(f"{sample_site}/{EXAM}/")
        text = found.page.locator("main").inner_text()
        assert "还剩" not in text
        assert "2026年2月11日" in text
        assert not found.page.locator("[data-now]").is_visible()
        assert found.page.locator("#m-registration .tasks").is_visible()


def test_what_is_past_is_folded_on_the_screen_and_whole_on_paper(browser: Browser, sample_site: str) -> None:
    with watched(browser, sample_site) as found:
        page = found.page
        page.clock.set_fixed_time("2026-11-26T10:00:00+08:00")
        page.goto(f"{sample_site}/{EXAM}/#m-registration%3A")
        folded = page.locator("[data-body]:not([open])")
        many = folded.count()
        assert many
        page.evaluate("dispatchEvent(new Event('beforeprint'))")
        assert folded.count() == 0
        page.evaluate("dispatchEvent(new Event('afterprint'))")
        assert folded.count() == many
        page.goto(f"{sample_site}/")
        page.goto(f"{sample_site}/{EXAM}/#m-registration")
        assert page.locator("#m-registration [data-body][open]").count() == 1
        assert folded.count() == many - 1


TRANSPARENT = "rgba(0, 0, 0, 0)"


def _ground(link: Locator) -> str:
    """Return the colour behind a link: what is chosen has one."""
    return str(link.evaluate("link => getComputedStyle(link).backgroundColor"))


def test_filters_are_plain_links(browser: Browser, sample_site: str) -> None:
    with watched(browser, sample_site, java_script_enabled=False) as found:
        page = found.page
        page.goto(f"{sample_site}/{EXAM}/")
        every = page.locator(".kinds a", has_text="全部")
        assert _ground(every) != TRANSPARENT
        page.locator(".kinds a[href='#kind-payment']").click()
        assert _ground(every) == TRANSPARENT
        assert _ground(page.locator(".kinds a[href='#kind-payment']")) != TRANSPARENT
        shown = page.locator(".entries > li:visible")
        assert [entry.get_attribute("id") for entry in shown.all()] == ["m-skills-fee"]
        page.get_by_role("link", name="2025年实践技能合格").first.click()
        assert page.locator("#m-skills-fee").count() == 0
        page.locator("summary", has_text="考点").first.click()
        page.locator(".chips a", has_text="顺义区").click()
        assert "/shunyi/track.skills-passed-2025/" in page.url


def test_the_index_can_be_searched(browser: Browser, sample_site: str) -> None:
    with watched(browser, sample_site) as found:
        found.page.goto(f"{sample_site}/")
        found.page.get_by_role("searchbox").fill("顺义 报名")
        assert found.page.locator(".exam:visible").count() == 1
        assert "找到 1 项考试" in found.page.locator("[data-search-count]").inner_text()
        found.page.get_by_role("searchbox").fill("没有这样的考试")
        assert found.page.locator(".exam:visible").count() == 0
    with watched(browser, sample_site, java_script_enabled=False) as found:
        found.page.goto(f"{sample_site}/")
        assert found.page.locator(".exam:visible").count() == 3
        assert not found.page.get_by_role("searchbox").is_visible()


def test_codes_stay_dark_on_light_in_dark_mode(browser: Browser, sample_site: str) -> None:
    with watched(browser, sample_site, scheme="dark") as found:
        found.page.goto(f"{sample_site}/{EXAM}/")
        code = found.page.locator("#subscribe .qr svg").first
        colours = code.evaluate(
            "e => [...e.querySelectorAll('path')].map(p => [p.getAttribute('fill'), p.getAttribute('stroke')])"
        )
        assert colours == [["#fff", None], [None, "#000"]]
        assert code.bounding_box()["width"] > 100


def test_nothing_moves_for_those_who_asked_for_that(browser: Browser, sample_site: str) -> None:
    with watched(browser, sample_site, reduced_motion="reduce") as found:
        found.page.goto(f"{sample_site}/{EXAM}/")
        assert found.page.evaluate("getComputedStyle(document.documentElement).scrollBehavior") == "auto"


@pytest.mark.parametrize("language", ["", "en/"])
def test_posters_print_on_one_sheet_with_everything_on_it(
    browser: Browser, sample_site: str, real_site: str, language: str
) -> None:
    paths = (f"posters/{EXAM}.html", f"posters/{EXAM}/fangshan.html")
    for url in [f"{site}/{language}{path}" for site in (sample_site, real_site) for path in paths]:
        with watched(browser, url.partition(f"/{language}posters")[0], width=794) as found:
            found.page.goto(url)
            assert _sheets(found.page.pdf(prefer_css_page_size=True)) == 1, url
            found.page.emulate_media(media="print")
            assert all(row.is_visible() for row in found.page.locator(".poster tbody tr").all())
            assert found.page.locator(".poster .qr").count() == 2


def _sheets(pdf: bytes) -> int:
    return len(re.findall(rb"/Type\s*/Page\b(?!s)", pdf))


def test_an_exam_page_is_light(real_site: str) -> None:
    paths = (f"{EXAM}/", "assets/examcal.css", "assets/examcal.js", "assets/favicon.svg")
    wire = 0
    for path in paths:
        with urlopen(f"{real_site}/{path}") as answer:
            wire += len(gzip.compress(answer.read(), 6)) + 600
    assert wire <= 100_000


def test_only_the_style_sheet_is_awaited_before_the_first_paint(browser: Browser, real_site: str) -> None:
    with watched(browser, real_site) as found:
        found.page.goto(f"{real_site}/{EXAM}/")
        blocking = found.page.evaluate(
            "performance.getEntriesByType('resource')"
            ".filter(entry => entry.renderBlockingStatus === 'blocking').map(entry => entry.name)"
        )
        assert [name.partition("?")[0].rpartition("/")[2] for name in blocking] == ["examcal.css"]


@pytest.mark.slow
@pytest.mark.needs("node-modules")
@pytest.mark.timeout(800)
def test_lighthouse_gives_95_or_more_in_each_category(real_site: str, tmp_path: Path) -> None:
    best: dict[str, float] = {}
    for _ in range(6):  # whatever else the machine does can only lower a score
        best = {name: max(score, best.get(name, 0)) for name, score in _lighthouse(real_site, tmp_path).items()}
        if min(best.values()) >= 0.95:
            break
    assert min(best.values()) >= 0.95, best


def _lighthouse(site: str, folder: Path) -> dict[str, float]:
    report = folder / "report.json"
    flags = "--headless=new --no-sandbox --disable-gpu --disable-background-networking"
    command = ["node", str(MODULES / "lighthouse" / "cli" / "index.js"), f"{site}/{EXAM}/", "--quiet"]
    command += ["--output=json", f"--output-path={report}", f"--chrome-flags={flags}"]
    command += ["--only-categories=performance,accessibility,best-practices,seo"]
    environment = {**os.environ, "CHROME_PATH": "/usr/bin/chromium"}
    if subprocess.run(command, check=False, env=environment, timeout=120, capture_output=True).returncode:
        return dict.fromkeys(("performance", "accessibility", "best-practices", "seo"), 0.0)  # no paint in time
    categories = json.loads(report.read_text())["categories"]
    return {name: category["score"] or 0.0 for name, category in categories.items()}
