"""Independent calendar parsers show the dates, statuses, alarms and texts of the schedule, not just something."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import vobject
from ical.calendar_stream import IcsCalendarStream
from icalendar import Calendar

from examcal.feed.calendar import EventBook
from examcal.feed.selection import Selection
from examcal.schedule.model import Schedule
from support.feed_truth import Shown, truth
from support.real_exams import real_exams
from support.schedules import everything, small

HERE = Path(__file__).parent
NODE_MODULES = HERE.parent / "node_modules"
SCHEDULES = {"everything": everything(), "small": small(), "real": real_exams()}


@dataclass(frozen=True)
class Read:
    """An event as a parser gives it."""

    summary: str
    description: str
    shown: Shown


Reader = Callable[[bytes, Path], dict[str, Read]]


def _utc(moment: date) -> date:
    return moment.astimezone(UTC) if isinstance(moment, datetime) else moment


def with_icalendar(octets: bytes, _folder: Path) -> dict[str, Read]:
    found = {}
    for event in Calendar.from_ical(octets).events:
        all_day = not isinstance(event.start, datetime)
        alarms: set[Any] = set()
        for alarm in event.walk("VALARM"):
            trigger = alarm.TRIGGER
            alarms.add(trigger if all_day or isinstance(trigger, datetime) else event.start.astimezone(UTC) + trigger)
        shown = Shown(_utc(event.start), _utc(event.end), str(event["STATUS"]), frozenset(alarms))
        found[str(event["UID"])] = Read(str(event["SUMMARY"]), str(event["DESCRIPTION"]), shown)
    return found


def with_ical(octets: bytes, _folder: Path) -> dict[str, Read]:
    found = {}
    for event in IcsCalendarStream.calendar_from_ics(octets.decode()).events:
        all_day = not isinstance(event.dtstart, datetime)
        alarms: set[Any] = set()
        for alarm in event.alarm:
            trigger = alarm.trigger
            is_distance = isinstance(trigger, timedelta)
            alarms.add(event.dtstart.astimezone(UTC) + trigger if is_distance and not all_day else trigger)
        shown = Shown(_utc(event.dtstart), _utc(event.end), event.status.value, frozenset(alarms))
        found[event.uid] = Read(event.summary, event.description, shown)
    return found


def with_vobject(octets: bytes, _folder: Path) -> dict[str, Read]:
    (calendar,) = vobject.readComponents(octets.decode())
    assert calendar.validate(raiseException=True)
    found = {}
    for event in calendar.vevent_list:
        starts = event.dtstart.value
        all_day = not isinstance(starts, datetime)
        alarms: set[Any] = set()
        for alarm in getattr(event, "valarm_list", []):
            trigger = alarm.trigger.value
            is_distance = isinstance(trigger, timedelta)
            alarms.add(starts.astimezone(UTC) + trigger if is_distance and not all_day else _as_instant(trigger))
        shown = Shown(_utc(starts), _utc(event.dtend.value), event.status.value, frozenset(alarms))
        found[event.uid.value] = Read(event.summary.value, event.description.value, shown)
    return found


def _as_instant(trigger: Any) -> Any:
    return trigger.astimezone(UTC) if isinstance(trigger, datetime) else trigger


def with_icaljs(octets: bytes, folder: Path) -> dict[str, Read]:
    return _read_json(json.loads(_run(["node", str(HERE / "icaljs.mjs"), str(NODE_MODULES)], octets, folder)))


def with_libical(octets: bytes, folder: Path) -> dict[str, Read]:
    answer = json.loads(_run(["/usr/bin/python3", str(HERE / "libical_reader.py")], octets, folder))
    assert answer["errors"] == []
    return _read_json(answer["events"])


def _run(command: list[str], octets: bytes, folder: Path) -> str:
    feed = folder / "feed.ics"
    feed.write_bytes(octets)
    done = subprocess.run([*command, str(feed)], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def _read_json(events: list[dict[str, Any]]) -> dict[str, Read]:
    found = {}
    for event in events:
        alarms = frozenset(
            timedelta(seconds=a) if isinstance(a, int) else datetime.fromisoformat(a) for a in event["alarms"]
        )
        shown = Shown(_moment(event["starts"]), _moment(event["ends"]), event["status"], alarms)
        found[event["uid"]] = Read(event["summary"], event["description"], shown)
    return found


def _moment(written: str) -> date:
    return datetime.fromisoformat(written) if "T" in written else date.fromisoformat(written)


READERS = [
    pytest.param(with_icalendar, id="icalendar"),
    pytest.param(with_ical, id="ical"),
    pytest.param(with_vobject, id="vobject"),
    pytest.param(with_icaljs, id="ical.js", marks=pytest.mark.needs("node-modules")),
    pytest.param(with_libical, id="libical", marks=pytest.mark.needs("libical")),
]


@pytest.mark.parametrize("reader", READERS)
@pytest.mark.parametrize("name", SCHEDULES)
def test_times_days_statuses_and_alarms_are_those_of_the_schedule(reader: Reader, name: str, tmp_path: Path) -> None:
    schedule = SCHEDULES[name]
    read = reader(EventBook(schedule).feed(), tmp_path)
    expected = truth(schedule)
    assert read.keys() == expected.keys()
    for uid, (shown, occurrence) in expected.items():
        assert read[uid].shown == shown, occurrence.id


@pytest.mark.parametrize("reader", READERS)
@pytest.mark.parametrize("name", SCHEDULES)
def test_texts_are_those_of_the_schedule(reader: Reader, name: str, tmp_path: Path) -> None:
    schedule = SCHEDULES[name]
    read = reader(EventBook(schedule).feed(), tmp_path)
    for uid, (_, occurrence) in truth(schedule).items():
        assert str(occurrence.name) in read[uid].summary
        description = read[uid].description
        for text in (*occurrence.tasks, *([occurrence.notes] if occurrence.notes else [])):
            assert text.in_("zh-CN").replace("\r\n", "\n") in description
        for source in occurrence.sources:
            assert str(source.title) in description
            assert source.checked is None or source.checked.isoformat() in description


@pytest.mark.parametrize("reader", READERS)
def test_a_sites_feed_shows_the_sites_own_window(reader: Reader, tmp_path: Path) -> None:
    schedule = everything()
    exam = schedule.exams[0].id
    read = reader(EventBook(schedule).feed(exam, "fangshan"), tmp_path)
    assert {uid: event.shown for uid, event in read.items()} == {
        uid: shown for uid, (shown, _) in truth(schedule, exam, "fangshan").items()
    }


@pytest.mark.parametrize("reader", READERS)
def test_spans_are_whole_days_to_the_named_closing_day(reader: Reader, tmp_path: Path) -> None:
    read = reader(EventBook(small()).feed(selection=Selection(views=("span",), alarms=())), tmp_path)
    spans = [event.shown for event in read.values() if event.summary.startswith("【期间】")]
    assert [(shown.starts, shown.ends) for shown in spans] == [(date(2026, 1, 9), date(2026, 1, 13))]


def test_the_schedules_of_these_tests_have_what_they_are_for() -> None:
    shown = [shown for schedule in SCHEDULES.values() for shown, _ in truth(schedule).values()]
    assert {one.status for one in shown} == {"CONFIRMED", "TENTATIVE", "CANCELLED"}
    assert any(one.alarms for one in shown)
    assert any(not isinstance(one.starts, datetime) for one in shown)
    assert isinstance(SCHEDULES["real"], Schedule)
