"""The lint against one-defect feeds: each is caught by its own rule, and good feeds are clean."""

from __future__ import annotations

from pathlib import Path

import pytest

from examcal.errors import Severity
from examcal.feed.calendar import EventBook
from examcal.feed.lint import RULES, lint
from support.schedules import everything, small

CORPUS = Path(__file__).parents[2] / "corpus" / "feeds"
DEFECTS = sorted(path for path in CORPUS.glob("*.ics") if not path.name.startswith("good"))
# Defects that are, or leave behind, a second one.
COMPANIONS = {
    "B14-no-end": {"B14"},
    "C01-no-calendar": {"B15"},
    "C03-no-version": {"C03"},
    "C15-modified-local": {"C15"},
    "B07-cut-character": {"B07"},
    "Z07-no-zone-known": {"Z07"},
}


@pytest.mark.parametrize("path", DEFECTS, ids=lambda path: path.stem)
def test_a_defect_is_caught_by_its_own_rule_and_by_no_other(path: Path) -> None:
    rule = path.name[:3]
    found = {finding.rule for finding in lint(path.read_bytes())}
    assert rule in found
    assert found <= {rule} | COMPANIONS.get(path.stem, set())


@pytest.mark.parametrize("path", sorted(CORPUS.glob("good*.ics")), ids=lambda path: path.stem)
def test_a_good_feed_is_clean(path: Path) -> None:
    assert lint(path.read_bytes()) == ()


def test_the_corpus_has_at_least_forty_defects_and_one_for_nearly_every_rule() -> None:
    covered = {path.name[:3] for path in DEFECTS}
    assert len(DEFECTS) >= 40
    assert set(RULES) - covered == {"C16"}


def test_a_feed_that_clients_refuse_for_its_size_is_found() -> None:
    good = (CORPUS / "good-feed.ics").read_bytes()
    long = b"COMMENT:" + b"\r\n ".join([b"x" * 60] * 5000) + b"\r\n"
    octets = good.replace(b"STATUS:TENTATIVE\r\n", b"STATUS:TENTATIVE\r\n" + long * 3)
    assert [finding.rule for finding in lint(octets)] == ["C16"]


@pytest.mark.parametrize("schedule", [everything(), small()], ids=["everything", "small"])
def test_our_own_feeds_are_clean_in_every_language(schedule: object) -> None:
    from examcal.feed.selection import Selection  # noqa: PLC0415 - only here

    book = EventBook(schedule)  # type: ignore[arg-type]
    for language in ("zh-CN", "en"):
        for views in (("edges",), ("edges", "span"), ("span",)):
            assert lint(book.feed(selection=Selection(views=views, language=language))) == ()


def test_a_finding_names_line_section_and_says_it_in_both_languages() -> None:
    (finding,) = lint((CORPUS / "E07-hour-24.ics").read_bytes())
    assert finding.line == 27
    assert finding.section == "RFC 5545 3.3.5"
    assert finding.severity is Severity.ERROR
    assert finding.message.text("en") == "20260211T240000 is not a date or time that exists"
    assert finding.message.text("zh-CN") == "20260211T240000 不是存在的日期或时间"
    assert finding.as_json("en")["line"] == 27


def test_every_rule_has_a_section_and_words_in_chinese() -> None:
    from examcal.texts import translate  # noqa: PLC0415 - only here

    for rule in RULES.values():
        assert rule.section
        assert translate(rule.msgid, "zh-CN") != rule.msgid


@pytest.mark.parametrize(
    "octets",
    [b"\x00", b"\r\n" * 5, b"BEGIN:VCALENDAR", b":", b"END:X\r\n", b"<html>\r\n", "日历".encode() * 40, b" folded\r\n"],
)
def test_anything_at_all_gives_findings_and_no_exception(octets: bytes) -> None:
    assert lint(octets)
