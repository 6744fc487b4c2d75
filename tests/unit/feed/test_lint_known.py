"""Remembering clean events changes how long the lint takes, never what it says."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from examcal.feed.calendar import EventBook
from examcal.feed.lint import known as known_module
from examcal.feed.lint import lint
from examcal.feed.lint.known import KnownEvents
from support import schedules

CORPUS = sorted((Path(__file__).parents[2] / "corpus" / "feeds").glob("*.ics"))
NOW = datetime(2026, 11, 25, tzinfo=UTC)
BEGIN, END, FOOTER = b"BEGIN:VEVENT\r\n", b"END:VEVENT\r\n", b"END:VCALENDAR\r\n"


@pytest.fixture
def feed() -> bytes:
    return EventBook(schedules.everything()).feed()


@pytest.fixture
def known(feed: bytes) -> KnownEvents:
    known = KnownEvents()
    assert known.lint(feed) == lint(feed) == ()
    return known


def parts(feed: bytes) -> tuple[bytes, list[bytes]]:
    head, *events = feed.removesuffix(FOOTER).split(BEGIN)
    return head, [BEGIN + event for event in events]


@pytest.mark.parametrize("path", CORPUS, ids=lambda path: path.stem)
def test_a_feed_of_the_corpus_has_the_same_findings(path: Path, known: KnownEvents) -> None:
    octets = path.read_bytes()
    for _ in range(2):
        assert known.lint(octets) == lint(octets)


def test_the_second_time_only_one_event_is_read(
    feed: bytes, known: KnownEvents, monkeypatch: pytest.MonkeyPatch
) -> None:
    read: list[bytes] = []
    examine = known_module.examine
    monkeypatch.setattr(known_module, "examine", lambda octets, uses: (read.append(octets), examine(octets, uses))[1])
    assert known.lint(feed) == ()
    assert [octets.count(BEGIN) for octets in read] == [1]


def test_every_known_feed_with_one_event_spoiled_is_found_out(feed: bytes, known: KnownEvents) -> None:
    head, events = parts(feed)
    for number, event in enumerate(events):
        spoiled = event.replace(b"STATUS:", b"STATUS:X")
        octets = head + b"".join((*events[:number], spoiled, *events[number + 1 :])) + FOOTER
        assert known.lint(octets) == lint(octets) != ()
    assert known.lint(feed) == ()


def test_a_known_event_that_stands_twice_is_found(feed: bytes, known: KnownEvents) -> None:
    head, events = parts(feed)
    again = events[1].replace(b"SEQUENCE:0", b"SEQUENCE:1")
    for twice in (events[1], again):
        octets = head + b"".join((*events, twice)) + FOOTER
        assert "E05" in {finding.rule for finding in known.lint(octets)}
        assert known.lint(octets) == lint(octets)


def test_a_known_event_without_its_zone_is_found(feed: bytes, known: KnownEvents) -> None:
    _, events = parts(feed)
    bare = feed[: feed.index(b"BEGIN:VTIMEZONE")]
    octets = bare + b"".join(events) + FOOTER
    assert "Z07" in {finding.rule for finding in known.lint(octets)}
    assert known.lint(octets) == lint(octets)


def test_what_is_hidden_inside_a_known_event_is_found(feed: bytes, known: KnownEvents) -> None:
    head, events = parts(feed)
    for smuggled in (b"BEGIN:VTODO\r\nEND:VTODO\r\n", b"X:\x00\r\n", b"no content line\r\n"):
        octets = head + b"".join((*events[:2], smuggled, *events[2:])) + FOOTER
        assert known.lint(octets) == lint(octets)


def test_memory_is_bounded(feed: bytes, known: KnownEvents, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(known_module, "MOST_KNOWN", 3)
    assert known.lint(EventBook(schedules.many(40)).feed()) == ()
    assert len(known._clean) <= 100
    assert known.lint(feed) == ()
