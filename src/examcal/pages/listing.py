"""``schedule.json``: the resolved schedule for programs. Documented in docs/reference/schedule-json.md."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection
from typing import Any

from examcal.feed.calendar import feed_path
from examcal.pages.links import Layout, Origin, web_url
from examcal.schedule.model import Contact, Edge, Exam, Occurrence, Schedule, Source, Text


def schedule_json(schedule: Schedule, origin: Origin, left_out: Collection[str] = ()) -> bytes:
    """Return the whole schedule as JSON: the rows of ``examcal show`` with everything the pages know.

    A feed that the edition leaves out has no address.
    """
    layout = Layout(schedule.language)

    def feed(*place: str) -> str | None:
        path = feed_path(*place)
        return None if path in left_out else origin.of(path)

    document = {
        "version": 1,
        "timezone": schedule.zone,
        "language": schedule.language,
        "feed": feed(),
        "exams": [_exam(exam, origin, layout, feed) for exam in schedule.exams],
    }
    return json.dumps(document, ensure_ascii=False).encode() + b"\n"


def _exam(exam: Exam, origin: Origin, layout: Layout, feed: Callable[..., str | None]) -> dict[str, Any]:
    return {
        "id": exam.id,
        "name": _text(exam.name),
        "timezone": exam.zone,
        "organizer": _text(exam.organizer),
        "url": web_url(exam.url),
        "notes": _text(exam.notes),
        "page": origin.of(layout.exam(exam.id)),
        "feed": feed(exam.id),
        "contacts": [_contact(contact) for contact in exam.contacts],
        "sites": [
            {
                "id": site.id,
                "name": _text(site.name),
                "phones": list(site.phones),
                "address": _text(site.address),
                "url": web_url(site.url),
                "page": origin.of(layout.exam(exam.id, site.id)),
                "feed": feed(exam.id, site.id),
            }
            for site in exam.sites
        ],
        "tracks": [{"id": track.id, "name": _text(track.name)} for track in exam.tracks],
        "milestones": [_row(occurrence) for occurrence in exam.occurrences()],
    }


def _row(occurrence: Occurrence) -> dict[str, Any]:
    """Return one occurrence; the first eleven keys are those of ``examcal show --format json``."""
    opens, closes = occurrence.opens, occurrence.closes
    return {
        "exam": occurrence.exam,
        "milestone": occurrence.milestone,
        "site": occurrence.site,
        "kind": occurrence.kind.value,
        "name": _text(occurrence.name),
        "opens_at": _at(opens),
        "closes_at": _at(closes),
        "named_opens": _day(opens),
        "named_closes": _day(closes),
        "status": occurrence.status.value,
        "source": next((_source(source) for source in occurrence.sources), None),
        "further_sources": [_source(source) for source in occurrence.sources[1:]],
        "shape": occurrence.shape.value,
        "timezone": occurrence.zone,
        "opens_clock": opens.clock if opens else None,
        "closes_clock": closes.clock if closes else None,
        "days": [day.isoformat() for day in occurrence.days],
        "sessions": [
            {
                "number": session.number,
                "name": _text(session.name),
                "opens_at": _at(session.opens),
                "closes_at": _at(session.closes),
            }
            for session in occurrence.sessions
        ],
        "open_days": occurrence.open_days.value,
        "hours": [{"since": _clock(h.since), "until": _clock(h.until)} for h in occurrence.hours],
        "audience": occurrence.audience.value,
        "tracks": list(occurrence.tracks),
        "requires": list(occurrence.requires),
        "expected": _text(occurrence.expected),
        "tasks": [_text(task) for task in occurrence.tasks],
        "notes": _text(occurrence.notes),
        "location": _text(occurrence.location),
        "url": web_url(occurrence.url),
        "contacts": [_contact(contact) for contact in occurrence.contacts],
    }


def _text(text: Text | None) -> dict[str, str] | None:
    return dict(text.values) if text else None


def _at(edge: Edge | None) -> str | None:
    return edge.at.isoformat() if edge else None


def _day(edge: Edge | None) -> str | None:
    return edge.named_on.isoformat() if edge else None


def _clock(minutes: int) -> str:
    return f"{minutes // 60:02}:{minutes % 60:02}"


def _contact(contact: Contact) -> dict[str, Any]:
    return {
        "name": _text(contact.name),
        "phones": list(contact.phones),
        "hours": _text(contact.hours),
        "email": contact.email,
        "url": web_url(contact.url),
    }


def _source(source: Source) -> dict[str, Any]:
    return {
        "title": _text(source.title),
        "url": web_url(source.url),
        "quote": source.quote,
        "published": source.published.isoformat() if source.published else None,
        "checked": source.checked.isoformat() if source.checked else None,
    }
