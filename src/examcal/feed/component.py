"""A VEVENT's octets, built once per content.

``icalendar`` escapes, folds and orders. What it would write without a required VALUE parameter is passed with one, and
instants that readers place wrongly by zone are written in UTC.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from icalendar import Alarm
from icalendar import Event as Component

from examcal.feed.alarms import start_instant
from examcal.feed.event import Event
from examcal.feed.folding import whole_escapes
from examcal.feed.revision import Revision
from examcal.schedule.model import Kind

# The events of the largest schedule that is measured, in one language; older octets are forgotten first.
REMEMBERED = 32768
_END = b"END:VEVENT\r\n"


def event_octets(event: Event, revision: Revision, language: str) -> bytes:
    """Return the VEVENT with its alarms, as octets with CRLF line ends."""
    if not event.alarms:
        return _silent_octets(event, revision, language)
    silent = _silent_octets(event.silent, revision, language)
    title = event.wording[language].summary
    starts = start_instant(event)
    alarms = (_alarm_octets(*_trigger(event, starts, alarm), title) for alarm in event.alarms)
    return b"".join((silent.removesuffix(_END), *alarms, _END))


def zone_written(event: Event) -> str | None:
    """Return the zone whose VTIMEZONE the event's octets refer to; None for whole days and for UTC."""
    if not isinstance(event.starts, datetime) or not isinstance(event.ends, datetime):
        return None
    # "Etc/GMT+12" (anywhere on Earth) is unknown to several readers. Of two equal wall times RFC 5545 section 3.3.5
    # means the first; ical.js and libical take the second.
    if event.zone == "UTC" or event.zone.startswith("Etc/") or _is_twofold(event.starts) or _is_twofold(event.ends):
        return None
    return event.zone


def _is_twofold(moment: datetime) -> bool:
    """Return whether the clock shows this wall time twice."""
    return moment.replace(fold=0).utcoffset() != moment.replace(fold=1).utcoffset()


def _written(moment: date, zone: str | None) -> date:
    if not isinstance(moment, datetime):
        return moment
    return moment.astimezone(ZoneInfo(zone)) if zone else moment.astimezone(UTC)


@lru_cache(maxsize=REMEMBERED)
def _silent_octets(event: Event, revision: Revision, language: str) -> bytes:
    words = event.wording[language]
    zone = zone_written(event)
    component = Component()
    component.add("uid", event.uid)
    component.add("dtstamp", revision.modified_at)
    component.add("last-modified", revision.modified_at)
    component.add("sequence", revision.sequence)
    component.add("dtstart", _written(event.starts, zone))
    component.add("dtend", _written(event.ends, zone))
    component.add("summary", words.summary)
    component.add("description", words.description)
    component.add("status", event.status)
    component.add("transp", "OPAQUE" if _occupies(event) else "TRANSPARENT")
    if words.categories:
        component.add("categories", list(words.categories))
    if words.location:
        component.add("location", words.location)
    if event.url:
        component.add("url", event.url)
    component.add("x-examcal-id", event.id)
    return whole_escapes(component.to_ical())


def _occupies(event: Event) -> bool:
    """Whether people are busy: while they sit an exam, and at no deadline."""
    return event.kind is Kind.EXAM and not event.is_all_day and not event.is_cancelled


def _trigger(event: Event, starts: datetime, alarm: datetime) -> tuple[timedelta | None, datetime]:
    """Return the distance to the start, or None where readers would disagree about it, and the instant itself.

    Across a change of the clock some readers subtract wall time and some exact time; whole days ring by the reader's
    own zone on purpose.
    """
    local = alarm.astimezone(ZoneInfo(event.zone))
    if local.utcoffset() != starts.utcoffset():
        return None, alarm.astimezone(UTC)
    return alarm.astimezone(UTC) - starts.astimezone(UTC), alarm.astimezone(UTC)


@lru_cache(maxsize=REMEMBERED)
def _alarm_octets(distance: timedelta | None, instant: datetime, title: str) -> bytes:
    component = Alarm()
    component.add("action", "DISPLAY")
    component.add("description", title)
    if distance is None:
        component.add("trigger", instant, parameters={"VALUE": "DATE-TIME"})
    else:
        component.add("trigger", distance)
    return whole_escapes(component.to_ical())
