"""Feeds: building events beside other libraries, and publishing an edit beside the first publication.

Every case builds the same number of events of the same content, each with one alarm, in the process's own CPU time.
The floor joins strings: no escapes, no folds, so no calendar could read it; nothing can be faster in Python.
"""

from __future__ import annotations

import importlib.util
import tempfile
import time
import warnings
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import icalendar
from ical.alarm import Alarm as IcalAlarm
from ical.calendar import Calendar as IcalCalendar
from ical.calendar_stream import IcsCalendarStream
from ical.event import Event as IcalEvent

from benchmarks.rows import Row, skipped
from examcal.feed import component, expansion
from examcal.feed.alarms import start_instant
from examcal.feed.calendar import EventBook
from examcal.feed.event import Event
from examcal.feed.selection import DEFAULT
from examcal.publication.edition import KNOWN_EVENTS, Edition, build_edition
from examcal.publication.published import load_previous
from examcal.publication.publisher import publish
from examcal.schedule.model import Schedule
from support.schedules import many

NOW = datetime(2026, 11, 25, tzinfo=UTC)
EVENTS = 10_000
MILESTONES = 5_000


def seconds(work: Callable[[], object]) -> float:
    """Return the CPU seconds that ``work`` takes in this process."""
    begin = time.process_time()
    work()
    return time.process_time() - begin


def with_icalendar(events: list[Event]) -> bytes:
    calendar = icalendar.Calendar()
    for event in events:
        words = event.wording["zh-CN"]
        made = icalendar.Event.new(
            uid=event.uid,
            stamp=NOW,
            start=event.starts,
            end=event.ends,
            summary=words.summary,
            description=words.description,
            status=event.status,
            sequence=0,
            url=event.url,
            categories=list(words.categories),
        )
        for alarm in event.alarms:
            made.add_component(_alarm(words.summary, alarm - start_instant(event)))
        calendar.add_component(made)
    return calendar.to_ical()  # type: ignore[no-any-return]


def _alarm(title: str, trigger: timedelta) -> icalendar.Alarm:
    alarm = icalendar.Alarm()
    alarm.add("action", "DISPLAY")
    alarm.add("description", title)
    alarm.add("trigger", trigger)
    return alarm


def with_ical(events: list[Event]) -> str:
    calendar = IcalCalendar()
    for event in events:
        words = event.wording["zh-CN"]
        calendar.events.append(
            IcalEvent(
                uid=event.uid,
                dtstamp=NOW,
                dtstart=event.starts,
                dtend=event.ends,
                summary=words.summary,
                description=words.description,
                sequence=0,
                categories=list(words.categories),
                alarm=[
                    IcalAlarm(action="DISPLAY", description=words.summary, trigger=alarm - start_instant(event))
                    for alarm in event.alarms
                ],
            )
        )
    return IcsCalendarStream.calendar_to_ics(calendar)


def with_ics(events: list[Event]) -> str:
    import ics  # noqa: PLC0415 - a peer of the benchmarks alone, not on every machine
    from ics.alarm import DisplayAlarm  # noqa: PLC0415

    calendar = ics.Calendar()
    for event in events:
        words = event.wording["zh-CN"]
        made = ics.Event(
            name=words.summary,
            begin=event.starts,
            end=event.ends,
            uid=event.uid,
            description=words.description,
            created=NOW,
            url=event.url,
            status=event.status,
            categories=set(words.categories),
        )
        made.alarms = [
            DisplayAlarm(trigger=alarm - start_instant(event), display_text=words.summary) for alarm in event.alarms
        ]
        calendar.events.add(made)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)  # of its own coming versions
        return calendar.serialize()  # type: ignore[no-any-return]


def with_join(events: list[Event]) -> str:
    lines = ["BEGIN:VCALENDAR"]
    for event in events:
        words = event.wording["zh-CN"]
        lines += [
            f"BEGIN:VEVENT\r\nUID:{event.uid}\r\nDTSTAMP:20261125T000000Z\r\nSEQUENCE:0",
            f"DTSTART;TZID={event.zone}:{event.starts:%Y%m%dT%H%M%S}\r\nDTEND;TZID={event.zone}:{event.ends:%Y%m%dT%H%M%S}",
            f"SUMMARY:{words.summary}\r\nDESCRIPTION:{words.description}\r\nCATEGORIES:{','.join(words.categories)}",
            f"STATUS:{event.status}\r\nURL:{event.url}",
        ]
        for alarm in event.alarms:
            minutes = int((start_instant(event) - alarm).total_seconds() // 60)
            lines.append(
                f"BEGIN:VALARM\r\nACTION:DISPLAY\r\nDESCRIPTION:{words.summary}\r\nTRIGGER:-PT{minutes}M\r\nEND:VALARM"
            )
        lines.append("END:VEVENT")
    return "\r\n".join([*lines, "END:VCALENDAR", ""])


def forget() -> None:
    """Empty what the feed remembers, as in a new process."""
    for remembered in (component._silent_octets, component._alarm_octets, expansion._events):  # noqa: SLF001
        remembered.cache_clear()
    KNOWN_EVENTS.forget()


def building(events: int) -> list[Row]:
    """Compare making the octets of ``events`` events, for the first time and once remembered."""
    forget()
    book = EventBook(many(events // 2))
    chosen = [event for event in book.events if DEFAULT.wants(event)]
    first = seconds(book.feed)
    again = seconds(book.feed)
    others = {
        "icalendar alone": seconds(lambda: with_icalendar(chosen)),
        "ical": seconds(lambda: with_ical(chosen)),
        "string join, unreadable": seconds(lambda: with_join(chosen)),
    }
    rows = []
    if importlib.util.find_spec("ics"):
        others["ics (converts to UTC, folds nothing)"] = seconds(lambda: with_ics(chosen))
    else:
        rows.append(skipped(f"{len(chosen)} events vs ics", "ics"))
    for name, taken in others.items():
        title = f"{len(chosen)} events vs {name}"
        rows.append(Row(f"{title}, first time", f"{first:.2f} s", f"{taken:.2f} s", first / taken, note="time"))
        rows.append(Row(f"{title}, remembered", f"{again:.3f} s", f"{taken:.2f} s", again / taken, note="time"))
    return rows


def republishing(milestones: int) -> Row:
    """Compare publishing one edit of ``milestones`` with publishing them first, files included."""
    forget()
    schedule = many(milestones, exams=max(1, milestones // 100))
    with tempfile.TemporaryDirectory() as folder:
        directory = Path(folder)
        first = seconds(lambda: publish(build_edition(schedule, now=NOW), directory))
        edited = _edit(schedule)
        again = seconds(lambda: publish(_next(edited, directory), directory))
    name = f"one edit in {milestones} milestones vs first publication"
    return Row(name, f"{again:.2f} s", f"{first:.2f} s", again / first, 0.2, at_most=True, note="CPU time")


def _next(schedule: Schedule, directory: Path) -> Edition:
    previous = load_previous(directory)
    later = NOW + timedelta(hours=1)
    return build_edition(schedule, now=later, previous=previous.manifest, history=previous.history)


def _edit(schedule: Schedule) -> Schedule:
    exam = schedule.exams[0]
    chosen = exam.milestones[0]
    closes = chosen.area.closes
    if closes is None:
        raise ValueError(chosen.id)
    moved = replace(closes, at=closes.at + timedelta(days=1), named_on=closes.named_on + timedelta(days=1))
    first = replace(chosen, area=replace(chosen.area, closes=moved))
    return replace(schedule, exams=(replace(exam, milestones=(first, *exam.milestones[1:])), *schedule.exams[1:]))


def run(scale: float = 1.0) -> list[Row]:
    """Return every comparison; the full sizes take about a minute."""
    milestones = max(20, round(MILESTONES * scale))
    return [*building(max(20, round(EVENTS * scale))), republishing(milestones)]
