"""What the pages are as files: complete, the same every time, escaped, and pointing at each other."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from dataclasses import replace
from datetime import UTC, datetime
from html.parser import HTMLParser
from pathlib import PurePosixPath
from posixpath import join, normpath
from urllib.parse import unquote, urlsplit
from xml.etree import ElementTree as ET

import pytest

from examcal.pages.headers import SECURITY_HEADERS
from examcal.pages.history import PublishedChange
from examcal.pages.links import web_url
from examcal.pages.render import render
from examcal.schedule.model import Schedule, Status
from support import schedules
from unit.pages.sample import BASE, EXAM, changes

ATOM = "{http://www.w3.org/2005/Atom}"


class Reader(HTMLParser):
    """The attributes and the text of a page."""

    def __init__(self, page: bytes) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str]]] = []
        self.text = ""
        self.feed(page.decode())

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, {name: value or "" for name, value in attrs}))

    def handle_data(self, data: str) -> None:
        self.text += data

    def references(self) -> list[str]:
        return [found[key] for _, found in self.tags for key in ("href", "src") if key in found]

    @property
    def words(self) -> str:
        return " ".join(self.text.split())


@pytest.fixture(scope="module")
def files() -> dict[str, bytes]:
    return render(schedules.everything(), base_url=BASE, changes=changes())


def html_paths(files: dict[str, bytes]) -> list[str]:
    return [path for path in files if path.endswith(".html")]


def test_every_public_path_is_there(files: dict[str, bytes]) -> None:
    wanted = ["index.html", f"{EXAM}/index.html", f"{EXAM}/shunyi/index.html", "changes/index.html", "changes.atom"]
    wanted += [f"posters/{EXAM}.html", f"posters/{EXAM}/shunyi.html", f"kits/{EXAM}/index.html"]
    wanted += [f"{EXAM}/track.full/index.html", f"{EXAM}/shunyi/track.full/index.html"]
    for path in wanted:
        assert path in files
        assert f"en/{path}" in files
    for path in ("schedule.json", "404.html", "robots.txt", "favicon.ico", "assets/examcal.css", "assets/examcal.js"):
        assert path in files


def test_the_same_arguments_give_the_same_bytes_whatever_the_machine() -> None:
    code = (
        "import hashlib; from examcal.pages.render import render\n"
        "from support import schedules; from unit.pages import sample\n"
        "files = render(schedules.everything(), base_url=sample.BASE, changes=sample.changes())\n"
        "print(hashlib.sha256(repr(sorted(files.items())).encode()).hexdigest())"
    )
    digests = set()
    for seed, zone in (("1", "Asia/Shanghai"), ("2", "America/New_York")):
        environment = {**os.environ, "PYTHONHASHSEED": seed, "TZ": zone, "PYTHONPATH": "tests"}
        run = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
        digests.add(run.stdout)
    assert len(digests) == 1


def test_every_row_of_the_schedule_is_on_its_page_with_its_days_in_full(files: dict[str, bytes]) -> None:
    for exam in schedules.everything().exams:
        page = Reader(files[f"{exam.id}/index.html"])
        days = {found["datetime"] for tag, found in page.tags if tag == "time"}
        for occurrence in exam.occurrences():
            assert " ".join(occurrence.name.in_().split()) in page.words
            for edge in (occurrence.opens, occurrence.closes):
                if edge and not occurrence.days:
                    assert edge.named_on.isoformat() in days
                    assert f"{edge.named_on.year}年{edge.named_on.month}月{edge.named_on.day}日" in page.words
            assert {day.isoformat() for day in occurrence.days} <= days


def test_uncertain_dates_are_marked(files: dict[str, bytes]) -> None:
    page = files[f"{EXAM}/index.html"].decode()
    for milestone, word in (
        ("skills-ticket", "预计"),
        ("skills-fee", "待定"),
        ("second-sitting", "已取消"),
        ("certificate", "已推迟"),
    ):
        entry = page[page.index(f'id="m-{milestone}"') :]
        assert word in entry[: entry.index("</h3>")]


def test_a_moved_date_shows_old_and_new(files: dict[str, bytes]) -> None:
    page = files[f"{EXAM}/index.html"].decode()
    entry = page[page.index('id="m-registration"') : page.index('id="m-onsite-review"')]
    assert "<del>2026年1月29日 周四 10:00 至 2026年2月9日 周一 24:00（当晚12点）</del>" in entry
    assert '<time datetime="2026-02-11">2026年2月11日 周三</time> <b class="clock">24:00</b>' in entry
    assert "已延后" in entry


def test_a_change_that_was_itself_changed_again_is_not_shown_as_the_present_one() -> None:
    older = [change for change in changes() if change.kind == "announced"]
    page = render(schedules.everything(), changes=older)[f"{EXAM}/index.html"].decode()
    assert "2026年2月9日" not in page


def test_a_site_page_has_the_sites_window_and_says_where_it_has_none(files: dict[str, bytes]) -> None:
    fangshan = Reader(files[f"{EXAM}/fangshan/index.html"]).words
    shunyi = Reader(files[f"{EXAM}/shunyi/index.html"]).words
    assert "2026年3月11日 周三 16:30" in fangshan
    assert "仅周一至周五、09:00–11:00、14:00–16:30" in fangshan
    assert "以本考点通知为准" not in fangshan
    assert "以本考点通知为准" in shunyi
    assert "89453181" in shunyi
    assert "89453182" in shunyi


def test_a_track_page_leaves_out_what_does_not_concern_it(files: dict[str, bytes]) -> None:
    page = files[f"{EXAM}/track.skills-passed-2025/index.html"].decode()
    assert 'id="m-skills-fee"' not in page
    assert 'id="m-written-exam"' in page
    assert f"{BASE}/feeds/{EXAM}.ics?track=skills-passed-2025" in page


def test_links_between_pages_lead_somewhere(files: dict[str, bytes]) -> None:
    pages = {path: Reader(files[path]) for path in html_paths(files)}
    ids = {path: [found["id"] for _, found in page.tags if "id" in found] for path, page in pages.items()}
    for path, page in pages.items():
        assert len(ids[path]) == len(set(ids[path])), path
        for reference in page.references():
            parts = urlsplit(reference)
            if parts.scheme or parts.netloc or path == "404.html":
                continue
            target = _target(path, unquote(parts.path))
            assert target in files or target.startswith("feeds/"), f"{path}: {reference}"
            assert not parts.fragment or parts.fragment in ids[target], f"{path}: {reference}"


def test_the_page_for_wrong_addresses_leads_on_in_every_language(files: dict[str, bytes]) -> None:
    page = Reader(files["404.html"])
    leads = [urlsplit(found["href"]).path for tag, found in page.tags if tag == "a"]
    assert leads == ["/rili/", "/rili/en/"]
    assert "Page not found" in files["404.html"].decode()


def _target(page: str, reference: str) -> str:
    if not reference:
        return page
    found = normpath(join(str(PurePosixPath(page).parent), reference))
    return f"{found}/index.html".removeprefix("./") if reference.endswith("/") else found


def test_absolute_addresses_come_from_the_base_address_alone(files: dict[str, bytes]) -> None:
    page = Reader(files[f"{EXAM}/shunyi/index.html"])
    feed = f"{BASE}/feeds/{EXAM}/shunyi.ics"
    assert f"webcal://kaoshi.example.org/rili/feeds/{EXAM}/shunyi.ics" in page.references()
    assert any(found.get("value") == feed for tag, found in page.tags if tag == "input")
    assert any(found.get("rel") == "canonical" and found["href"] == f"{BASE}/{EXAM}/shunyi/" for _, found in page.tags)


def test_without_a_base_address_nothing_absolute_is_invented() -> None:
    files = render(schedules.small())
    page = Reader(files["teacher-2026/index.html"])
    assert not [r for r in page.references() if r.startswith(("webcal:", "https://calendar.google.com"))]
    assert "../feeds/teacher-2026.ics" in page.references()
    assert "BASE_URL" in page.text
    assert json.loads(files["schedule.json"])["feed"] is None


def test_no_page_has_inline_style_script_or_anything_from_elsewhere(files: dict[str, bytes]) -> None:
    for path in html_paths(files):
        for tag, found in Reader(files[path]).tags:
            assert "style" not in found, path
            assert not [name for name in found if name.startswith("on")], path
            assert tag != "style"
            assert tag != "script" or found["src"].partition("?")[0].endswith("assets/examcal.js")
            assert tag not in {"img", "iframe", "object", "embed", "base"}


NO_LINKS = (
    "javascript:alert(1)",
    "JAVASCRIPT:alert(1)",
    "data:text/html,x",
    "//evil.example",
    "http:",
    "ftp://x.example",
    " https://x.example",
    "https://a\nb.example",
    "http://[",
    "vbscript:x",
)


@pytest.mark.parametrize("url", NO_LINKS)
def test_only_web_addresses_become_links(url: str) -> None:
    assert web_url(url) is None


def test_the_policy_starts_from_nothing() -> None:
    policy = SECURITY_HEADERS["Content-Security-Policy"]
    assert policy.startswith("default-src 'none'")
    assert "unsafe" not in policy
    assert "frame-ancestors 'none'" in policy
    assert SECURITY_HEADERS["X-Content-Type-Options"] == "nosniff"
    assert SECURITY_HEADERS["Referrer-Policy"] == "no-referrer"


def test_the_atom_feed_tells_old_new_and_source(files: dict[str, bytes]) -> None:
    feed = ET.fromstring(files["changes.atom"])
    entries = feed.findall(f"{ATOM}entry")
    assert len(entries) == 4
    assert feed.findtext(f"{ATOM}updated") == entries[0].findtext(f"{ATOM}updated") == "2026-02-01T03:30:00Z"
    moved = next(e for e in entries if "已延后" in (e.findtext(f"{ATOM}title") or ""))
    content = moved.findtext(f"{ATOM}content") or ""
    assert "2月9日" in content
    assert "→" in content
    assert "http://www.bjwsrc.cn/notice?id=1&part=2" in content
    assert len({entry.findtext(f"{ATOM}id") for entry in entries}) == 4


def test_the_changes_page_tells_old_new_and_source(files: dict[str, bytes]) -> None:
    page = Reader(files["changes/index.html"]).words
    assert "原为2026年1月29日 周四 10:00 至 2026年2月9日 周一 24:00" in page
    assert "旧址" in page
    assert "北京市卫生健康委员会关于2026年医师资格考试报名的公告" in page


def test_schedule_json_has_every_row_with_the_names_of_show(files: dict[str, bytes]) -> None:
    document = json.loads(files["schedule.json"])
    rows = [row for exam in document["exams"] for row in exam["milestones"]]
    occurrences = list(schedules.everything().occurrences())
    assert len(rows) == len(occurrences)
    for row, occurrence in zip(rows, occurrences, strict=True):
        assert row["opens_at"] == (occurrence.opens.at.isoformat() if occurrence.opens else None)
        assert row["closes_at"] == (occurrence.closes.at.isoformat() if occurrence.closes else None)
        assert row["named_closes"] == (occurrence.closes.named_on.isoformat() if occurrence.closes else None)
        assert {"exam", "milestone", "site", "kind", "name", "named_opens", "status", "source"} <= set(row)


def test_the_office_kit_agrees_with_the_page(files: dict[str, bytes]) -> None:
    change = next(change for change in changes() if change.kind == "later")
    folder = f"kits/{EXAM}/changes/{change.key}"
    for name in ("wecom.txt", "mail.txt", "notice.html"):
        text = files[f"{folder}/{name}"].decode()
        assert "2026年2月9日 周一 24:00" in text
        assert "2026年2月11日 周三 24:00" in text
        assert BASE in text
    overview = files[f"kits/{EXAM}/wecom.txt"].decode()
    assert "写明“预计”“待定”的，官方尚未公布" in overview
    assert "网上报名：2026年1月29日 周四 10:00 至 2026年2月11日 周三 24:00" in overview
    for part in re.split(r"\n\n——.*——\n\n", overview):
        assert len(part.encode()) <= 2048


def test_a_change_is_dated_by_the_clock_of_the_exam() -> None:
    known = [replace(change, published_at=datetime(2026, 2, 1, 16, 40, tzinfo=UTC)) for change in changes()]
    files = render(schedules.everything(), base_url=BASE, changes=known)
    change = next(change for change in known if change.kind == "later")
    for path in ("changes/index.html", f"kits/{EXAM}/changes/{change.key}/mail.txt"):
        text = files[path].decode()
        assert "2026年2月2日 周一 00:40" in text
        assert "2026年2月1日" not in text
    assert 'datetime="2026-02-02"' in files[f"{EXAM}/index.html"].decode()


def test_changes_survive_being_stored() -> None:
    for change in changes():
        assert PublishedChange.from_json(json.loads(json.dumps(change.as_json()))) == change


def test_robots_may_fetch_feeds(files: dict[str, bytes]) -> None:
    assert b"Disallow" not in files["robots.txt"]


def test_an_english_schedule_has_english_at_the_root() -> None:
    schedule = Schedule(schedules.small().exams, language="en")
    files = render(schedule)
    assert b'<html lang="en">' in files["index.html"]
    assert b'<html lang="zh-CN">' in files["zh-CN/index.html"]


def test_a_schedule_of_undated_milestones_has_a_page_without_a_drawing() -> None:
    tba = schedules.occurrence("later", "exam", name=schedules.text("考试"))
    exam = schedules.small().exams[0]
    waiting = type(exam)("later", schedules.text("将来的考试"), exam.zone, (schedules.milestone(tba),))
    page = render(Schedule((waiting,)), base_url=BASE)["later/index.html"].decode()
    assert tba.status is Status.TBA
    assert "<figure" not in page.partition('id="list"')[0]
    assert "待定" in page


def test_nothing_links_to_a_feed_that_is_left_out_and_the_pages_say_what_to_subscribe_to_instead() -> None:
    absent = ("feeds/all.ics", f"feeds/{EXAM}.ics", f"feeds/{EXAM}/milestones/registration.ics")
    for base in (BASE, None):
        made = render(schedules.everything(), base_url=base, changes=changes(), left_out=absent)
        for path, octets in made.items():
            for feed in (*absent, absent[1].replace("/", "%2F")):
                assert feed not in octets.decode("latin-1"), f"{path} links to {feed}"
        assert "全部考试的日历太大" in made["index.html"].decode()
        assert "calendar of the whole exam is too large" in made[f"en/{EXAM}/index.html"].decode()
        assert "Put the dates that concern you" not in made[f"en/{EXAM}/shunyi/index.html"].decode()
    made = render(schedules.everything(), base_url=BASE, left_out=[f"feeds/{EXAM}/shunyi.ics"])
    assert "Put the dates that concern you" in made[f"en/{EXAM}/shunyi/index.html"].decode()
    assert f"feeds/{EXAM}.ics" in made[f"{EXAM}/index.html"].decode()
    assert json.loads(made["schedule.json"])["feed"] == f"{BASE}/feeds/all.ics"
