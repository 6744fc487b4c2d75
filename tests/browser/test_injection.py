"""What a schedule says is text, whatever it says: every text field carries every payload, and a browser reads it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import fields, is_dataclass, replace
from datetime import datetime
from typing import Any
from urllib.request import urlopen
from xml.etree import ElementTree as ET
from zoneinfo import ZoneInfo

import pytest
from playwright.sync_api import Browser

from browser.site_server import Edition, serve
from browser.watching import watched
from examcal.pages.history import PublishedChange
from examcal.pages.render import render
from examcal.schedule.model import Schedule, Text
from support import schedules
from unit.pages.sample import EXAM

pytestmark = pytest.mark.needs("chromium")

PAYLOADS = (
    "<script>window.hit=1;alert(1)</script>",
    '"><img src=x onerror="window.hit=1">',
    "' autofocus onfocus='window.hit=1' x='",
    "</title></style></textarea></script><script>window.hit=1</script>",
    "<svg onload=window.hit=1><a xlink:href=javascript:window.hit=1>x</a></svg>",
    "<style>*{background:url(http://evil.example/)}</style><link rel=stylesheet href=//evil.example/x.css>",
    "<base href=http://evil.example/><meta http-equiv=refresh content='0;url=http://evil.example/'>",
    "{{ 7*7 }}{% for x in ().__class__.__mro__ %}{{ x }}{% endfor %}{n} {0} %s %(name)s",
    "]]><!--<![CDATA[ & &amp; &#60;script&#62;window.hit=1&#60;/script&#62;",
    "\u202e\u2066右到左\u2069\u202c 零宽\u200b\ufeff",
    "<iframe srcdoc='<script>parent.hit=1</script>'></iframe><form action=http://evil.example><button>",
    "<details open ontoggle=window.hit=1><noscript><p title='</noscript><img src=x onerror=window.hit=1>'>",
)
URLS = (
    "javascript:window.hit=1",
    "JaVaScRiPt:window.hit=1//https://x.example",
    "data:text/html,<script>1</script>",
    'https://evil.example/" onclick="window.hit=1',
    "vbscript:msgbox(1)",
    "http://[::1",
    "//evil.example/x",
)


def infected(part: Any, payload: str, url: str, field: str = "") -> Any:
    """Return a copy of a schedule (or a part of it) whose every text is ``payload`` and every address ``url``."""
    if isinstance(part, Text):
        return Text((("zh-CN", payload), ("en", payload)))
    if isinstance(part, str) and field in {"phones", "quote", "email"}:
        return payload
    if field == "url":
        return url
    if is_dataclass(part) and not isinstance(part, type):
        changed = {f.name: infected(getattr(part, f.name), payload, url, f.name) for f in fields(part)}
        return replace(part, **changed)
    if isinstance(part, tuple):
        return tuple(infected(one, payload, url, field) for one in part)
    return part


def _changes(schedule: Schedule) -> Iterator[PublishedChange]:
    at = datetime(2026, 2, 1, tzinfo=ZoneInfo("Asia/Shanghai"))
    for occurrence in schedule.exams[0].occurrences():
        if occurrence.is_dated:
            yield PublishedChange.of("later", replace(occurrence, closes=occurrence.opens), occurrence, at)


@pytest.fixture(scope="module")
def edition() -> Iterator[tuple[Edition, str]]:
    found = Edition()
    with serve(found) as address:
        yield found, address


@pytest.mark.parametrize("number", range(len(PAYLOADS)))
def test_no_text_becomes_markup(browser: Browser, edition: tuple[Edition, str], number: int) -> None:
    files, site = edition
    payload, url = PAYLOADS[number], URLS[number % len(URLS)]
    schedule = infected(schedules.everything(), payload, url)
    changes = tuple(_changes(schedule))
    files.files = render(schedule, base_url=site, changes=changes)
    paths = ["", f"{EXAM}/", f"{EXAM}/fangshan/", "changes/", f"posters/{EXAM}.html", f"kits/{EXAM}/", "en/"]
    paths.append(f"kits/{EXAM}/changes/{changes[0].key}/notice.html")
    with watched(browser, site, width=360) as found:
        for path in paths:
            found.page.goto(f"{site}/{path}")
            found.page.evaluate("document.querySelectorAll('details').forEach(d => { d.open = true; })")
            assert found.complaints == [], path
            assert found.page.evaluate("window.hit") is None, path
            assert _strangers(found.page) == [], path
            assert found.overflow() <= 0, path


def _strangers(page: Any) -> list[str]:
    """Return elements and attributes that no template of ours makes."""
    return page.evaluate("""() => [...document.querySelectorAll('*')].filter(e =>
        ['IFRAME', 'BASE', 'IMG', 'STYLE', 'NOSCRIPT', 'OBJECT'].includes(e.tagName)
        || (e.tagName === 'SCRIPT' && !e.src.startsWith(location.origin + '/assets/'))
        || (e.tagName === 'META' && e.httpEquiv)
        || [...e.attributes].some(a => a.name.startsWith('on') || a.name === 'style')
        || (e.hasAttribute('href') && !/^(https?|webcal|tel|mailto):$/.test(new URL(e.href, location).protocol))
    ).map(e => e.outerHTML.slice(0, 200))""")


@pytest.mark.parametrize("payload", PAYLOADS)
def test_feeds_for_programs_stay_well_formed(edition: tuple[Edition, str], payload: str) -> None:
    files, site = edition
    schedule = infected(schedules.everything(), payload, URLS[0])
    files.files = render(schedule, base_url=site, changes=tuple(_changes(schedule)))
    with urlopen(f"{site}/changes.atom") as answer:
        titles = [
            element.text or "" for element in ET.fromstring(answer.read()).iter("{http://www.w3.org/2005/Atom}title")
        ]
    assert any(payload in title for title in titles)
    with urlopen(f"{site}/schedule.json") as answer:
        exam = json.loads(answer.read())["exams"][0]
    assert exam["name"]["zh-CN"] == payload
    assert exam["url"] is None


def test_a_page_cannot_be_framed_or_sniffed(edition: tuple[Edition, str]) -> None:
    files, site = edition
    files.files = render(schedules.small(), base_url=site)
    for path in ("", "schedule.json", "assets/examcal.js"):
        with urlopen(f"{site}/{path}") as answer:
            assert "frame-ancestors 'none'" in answer.headers["Content-Security-Policy"]
            assert answer.headers["X-Content-Type-Options"] == "nosniff"
            assert answer.headers["Set-Cookie"] is None
