"""Events of milestones that were taken out of the schedule: shown as cancelled for a season, then let go.

Calendars differ in what they do when an event is gone, and a person who planned around it should read why.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from examcal.feed.event import Event, Wording
from examcal.publication.manifest import EventRecord
from examcal.schedule.model import Kind
from examcal.texts import LANGUAGES, translate

SEASON = timedelta(days=180)
GONE = "This entry was taken out of the schedule; please check the official notice."


def is_over(removed_on: date, now: datetime) -> bool:
    """Return whether the season of a tombstone has passed."""
    return now.date() >= removed_on + SEASON


def tombstone(uid: str, record: EventRecord) -> Event:
    """Return the cancelled event that takes the place of a removed one: same UID, same time, no alarms."""
    occurrence, _, part = record.id.partition("#")
    ids, _, site = occurrence.partition("@")
    exam, _, milestone = ids.partition("/")
    return Event(
        uid=uid,
        id=record.id,
        exam=exam,
        milestone=milestone,
        site=site or None,
        part=part,
        kind=Kind.OTHER,
        tracks=(),
        name=record.name,
        starts=_moment(record.starts, record.zone),
        ends=_moment(record.ends, record.zone),
        zone=record.zone,
        status="CANCELLED",
        stamp=record.last_modified,
        wording={language: _wording(record, part, language) for language in LANGUAGES},
    )


def _wording(record: EventRecord, part: str, language: str) -> Wording:
    role = translate(" ({role})", language, role=translate(part, language)) if part in {"opens", "closes"} else ""
    mark = translate("[Cancelled]", language) + ("" if language.startswith("zh") else " ")
    return Wording(f"{mark}{record.name}{role}", translate(GONE, language))


def _moment(written: str, zone: str) -> date:
    if "T" not in written:
        return date.fromisoformat(written)
    return datetime.fromisoformat(written).astimezone(ZoneInfo(zone))
