"""What holds for every schedule: clean feeds, equal dates, revisions that move with content, true subscribers."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from icalendar import Calendar
from icalendar import Event as Component

from examcal.errors import RefusedError
from examcal.feed.calendar import EventBook
from examcal.feed.lint import lint
from examcal.feed.selection import Offset, Selection
from examcal.feed.wording import clean
from examcal.publication.edition import Edition, build_edition
from examcal.publication.history import CHANGES, History
from examcal.publication.manifest import Manifest
from examcal.schedule.model import Schedule, Unit
from support.feed_truth import Shown, truth
from support.schedule_strategies import edits, schedules

NOW = datetime(2026, 1, 1, tzinfo=UTC)
FULL = bool(os.environ.get("FULL"))
TESTS = Path(__file__).parents[1]


def shown_in(octets: bytes) -> dict[str, Shown]:
    found = {}
    for event in Calendar.from_ical(octets).events:
        all_day = not isinstance(event.start, datetime)
        starts = event.start if all_day else event.start.astimezone(UTC)
        triggers = [alarm.TRIGGER for alarm in event.walk("VALARM")]
        alarms = frozenset(t if all_day or isinstance(t, datetime) else starts + t for t in triggers)
        ends = event.end if all_day else event.end.astimezone(UTC)
        found[str(event["UID"])] = Shown(starts, ends, str(event["STATUS"]), alarms)
    return found


def published(schedule: Schedule, now: datetime, before: Edition | None, *, accept: bool = True) -> Edition:
    previous = Manifest.parse(before.octets) if before else None
    history = History.parse(before.files[CHANGES]) if before else None
    return build_edition(schedule, now=now, previous=previous, history=history, accept_shrink=accept)


@settings(max_examples=1000 if FULL else 20)
@given(schedules())
def test_every_feed_of_a_valid_schedule_is_lint_clean(schedule: Schedule) -> None:
    book = EventBook(schedule)
    for language in ("zh-CN", "en"):
        for views in (("edges",), ("edges", "span")):
            assert lint(book.feed(selection=Selection(views=views, language=language))) == ()
    for exam in schedule.exams:
        assert lint(book.feed(exam.id, "shunyi", Selection(alarms=(Offset(3, Unit.DAY), Offset(2, Unit.HOUR))))) == ()


@settings(max_examples=1000 if FULL else 20)
@given(schedules())
def test_a_feed_read_back_shows_exactly_the_schedule(schedule: Schedule) -> None:
    book = EventBook(schedule)
    assert shown_in(book.feed()) == {uid: shown for uid, (shown, _) in truth(schedule).items()}
    for exam in schedule.exams:
        expected = {uid: shown for uid, (shown, _) in truth(schedule, exam.id, "shunyi").items()}
        assert shown_in(book.feed(exam.id, "shunyi")) == expected


@settings(max_examples=1000 if FULL else 20)
@given(schedules())
def test_texts_survive_the_round_trip(schedule: Schedule) -> None:
    read = {str(event["UID"]): event for event in Calendar.from_ical(EventBook(schedule).feed()).events}
    for uid, (_, occurrence) in truth(schedule).items():
        assert " ".join(clean(str(occurrence.name)).split()) in str(read[uid]["SUMMARY"])
        for text in (*occurrence.tasks, *([occurrence.notes] if occurrence.notes else [])):
            assert clean(text.in_("zh-CN")) in str(read[uid]["DESCRIPTION"])


@settings(max_examples=500 if FULL else 15)
@given(st.data())
def test_an_edit_moves_only_the_revisions_of_events_whose_content_moved(data: st.DataObject) -> None:
    schedule = data.draw(schedules())
    first = published(schedule, NOW, None)
    after = data.draw(edits(schedule))
    second = published(after, NOW + timedelta(days=1), first)
    old, new = _lines(first), _lines(second)
    for uid in old.keys() & new.keys():
        moved = (old[uid].sequence + 1, max(NOW + timedelta(days=1), old[uid].modified + timedelta(seconds=1)))
        unmoved = (old[uid].sequence, old[uid].modified)
        assert (new[uid].sequence, new[uid].modified) == (unmoved if old[uid].content == new[uid].content else moved)


@dataclass(frozen=True)
class Versioned:
    content: tuple[Any, ...]
    sequence: int
    modified: datetime


def _lines(edition: Edition) -> dict[str, Versioned]:
    """Return what the feeds say of every event, in both languages; ids and revisions are no content."""
    found: dict[str, Versioned] = {}
    feeds = [(exam.id, site) for exam in edition.book.schedule.exams for site in (None, "shunyi")]
    for exam, site in feeds:
        both = [edition.book.feed(exam, site, Selection(language=language)) for language in ("zh-CN", "en")]
        for pair in zip(*(Calendar.from_ical(octets).events for octets in both), strict=True):
            content = tuple(line for event in pair for line in _content(event))
            modified = pair[0].decoded("LAST-MODIFIED")
            assert modified == pair[0].decoded("DTSTAMP")
            found[str(pair[0]["UID"])] = Versioned(content, int(pair[0]["SEQUENCE"]), modified)
    return found


def _content(event: Component) -> list[bytes]:
    revisions = (b"SEQUENCE", b"DTSTAMP", b"LAST-MODIFIED", b"X-EXAMCAL-ID")
    return [line for line in event.to_ical().replace(b"\r\n ", b"").splitlines() if not line.startswith(revisions)]


@settings(max_examples=500 if FULL else 15)
@given(st.data())
def test_reordering_moves_no_uid_and_no_revision(data: st.DataObject) -> None:
    schedule = data.draw(schedules())
    exam = schedule.exams[0]
    shuffled = replace(exam, milestones=tuple(data.draw(st.permutations(exam.milestones))))
    first = published(schedule, NOW, None)
    second = published(replace(schedule, exams=(shuffled, *schedule.exams[1:])), NOW + timedelta(days=1), first)
    assert first.manifest.events == second.manifest.events
    assert second.changes == ()


@dataclass
class Keyed:
    """A subscriber that knows events by UID and takes a version only if SEQUENCE or LAST-MODIFIED grew."""

    events: dict[str, tuple[int, datetime, Shown]] = field(default_factory=dict)

    def fetch(self, octets: bytes) -> None:
        shown = shown_in(octets)
        for event in Calendar.from_ical(octets).events:
            uid, version = str(event["UID"]), (int(event["SEQUENCE"]), event.decoded("LAST-MODIFIED"))
            held = self.events.get(uid)
            if held is None or version[0] > held[0] or version[1] > held[1]:
                self.events[uid] = (*version, shown[uid])
        self.events = {uid: held for uid, held in self.events.items() if uid in shown}

    @property
    def shown(self) -> dict[str, Shown]:
        return {uid: held[2] for uid, held in self.events.items()}


@pytest.mark.slow
@settings(max_examples=100 if FULL else 6)
@given(st.data())
def test_subscribers_end_with_exactly_the_events_of_the_schedule(data: st.DataObject) -> None:
    """Through many edits: one subscriber is keyed by UID and SEQUENCE, one replaces everything."""
    schedule = data.draw(schedules())
    edition = published(schedule, NOW, None)
    keyed, replacing = Keyed(), {}
    for step in range(50 if FULL else 6):
        keyed.fetch(edition.files["feeds/all.ics"])
        replacing = shown_in(edition.files["feeds/all.ics"])
        schedule = data.draw(edits(schedule))
        edition = published(schedule, NOW + timedelta(hours=step + 1), edition)
        if data.draw(st.booleans()):
            continue
        keyed.fetch(edition.files["feeds/all.ics"])
    keyed.fetch(edition.files["feeds/all.ics"])
    replacing = shown_in(edition.files["feeds/all.ics"])
    expected = {uid: shown for uid, (shown, _) in truth(schedule).items()}
    assert keyed.shown == replacing == expected


@settings(max_examples=500 if FULL else 15)
@given(st.data())
def test_a_milestone_that_is_taken_out_is_refused_or_becomes_a_tombstone(data: st.DataObject) -> None:
    schedule = data.draw(schedules())
    exam = schedule.exams[0]
    first = published(schedule, NOW, None)
    less = replace(schedule, exams=(replace(exam, milestones=exam.milestones[1:]), *schedule.exams[1:]))
    with pytest.raises(RefusedError):
        published(less, NOW, first, accept=False)
    second = published(less, NOW + timedelta(days=1), first)
    before, after = shown_in(first.files["feeds/all.ics"]), shown_in(second.files["feeds/all.ics"])
    gone = truth(schedule).keys() - truth(less).keys()
    for uid in gone:
        assert after[uid] == replace(before[uid], status="CANCELLED", alarms=frozenset())
    third = published(schedule, NOW + timedelta(days=2), second)
    assert shown_in(third.files["feeds/all.ics"]) == before
    assert all(third.manifest.events[uid].sequence > first.manifest.events[uid].sequence for uid in gone)


BUILD = """
import hashlib, sys
from datetime import datetime, UTC
sys.path.insert(0, sys.argv[1])
from support.schedules import everything
from examcal.publication.edition import build_edition
print(hashlib.sha256(build_edition(everything(), now=datetime.now(UTC)).octets).hexdigest())
"""


@pytest.mark.parametrize(
    "environment",
    [{"PYTHONHASHSEED": "1", "TZ": "Asia/Kathmandu", "LANG": "C"}, {"PYTHONHASHSEED": "77", "TZ": "America/New_York"}],
    ids=["seed-1-kathmandu", "seed-77-new-york"],
)
def test_octets_are_the_same_for_every_hash_seed_and_machine_zone(environment: dict[str, str]) -> None:
    from support.schedules import everything  # noqa: PLC0415 - the others are random

    here = hashlib.sha256(build_edition(everything(), now=NOW).octets).hexdigest()
    command = [sys.executable, "-c", BUILD, str(TESTS)]
    done = subprocess.run(command, env=os.environ | environment, capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout.strip() == here
