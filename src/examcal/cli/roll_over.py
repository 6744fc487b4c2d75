"""Next year's schedule from last year's: the same milestones, all dates to be announced. Pure."""

from __future__ import annotations

import re
from typing import Any

import yaml

from examcal.errors import NoInputError
from examcal.schedule.model import Contact, Exam, Milestone, Occurrence, Schedule, Text


def rolled_over(schedule: Schedule, year: int) -> str:
    """Return the YAML of the exams whose id or name holds ``year``, one year later, with last year's dates as a hint.

    Raises NoInputError where there is none.
    """
    exams = [exam for exam in schedule.exams if str(year) in f"{exam.id} {exam.name}"]
    if not exams:
        raise NoInputError("the schedule has no exam of {year}", year=year)
    document: dict[str, Any] = {
        "version": 1,
        "timezone": schedule.zone,
        "language": schedule.language,
        "remind_at": f"{schedule.remind_at:%H:%M}",
    }
    if schedule.quiet_hours:
        document["quiet_hours"] = f"{schedule.quiet_hours.since:%H:%M}-{schedule.quiet_hours.until:%H:%M}"
    if schedule.workdays.calendar:
        document["workdays"] = {"calendar": schedule.workdays.calendar}
    document["exams"] = [_exam(exam, year) for exam in exams]
    head = f"# yaml-language-server: $schema=schedule.schema.json\n# {year} → {year + 1}\n"
    return head + yaml.safe_dump(document, allow_unicode=True, sort_keys=False, width=110)


def _exam(exam: Exam, year: int) -> dict[str, Any]:
    rolled = {
        "id": _next(exam.id, year),
        "name": _text(exam.name, year),
        "organizer": _text(exam.organizer, year),
        "url": exam.url,
        "contacts": [_contact(contact) for contact in exam.contacts],
        "sites": [
            {"id": site.id, "name": _text(site.name, year), "phones": list(site.phones),
             "address": _text(site.address, year), "url": site.url}
            for site in exam.sites
        ],
        "tracks": [{"id": _next(track.id, year), "name": _text(track.name, year)} for track in exam.tracks],
        "milestones": [_milestone(milestone, year) for milestone in exam.milestones],
    }  # fmt: skip
    return _filled(rolled)


def _milestone(milestone: Milestone, year: int) -> dict[str, Any]:
    area = milestone.area
    rolled = {
        "id": milestone.id,
        "kind": area.kind.value,
        "name": _text(area.name, year),
        "when": "tba",
        "expected": _hint(area, year),
        "audience": area.audience.value if area.audience.value != "candidate" else None,
        "tracks": [_next(track, year) for track in area.tracks],
        "requires": list(area.requires),
        "tasks": [_text(task, year) for task in area.tasks],
        "remind": [str(rule) for rule in area.rules],
    }
    return _filled(rolled)


def _hint(occurrence: Occurrence, year: int) -> str | None:
    edges = [edge.wall.replace("T", " ") for edge in (occurrence.opens, occurrence.closes) if edge]
    return f"{year}年为 {' 至 '.join(dict.fromkeys(edges))}" if edges else None


def _text(text: Text | None, year: int) -> str | dict[str, str] | None:
    if text is None:
        return None
    values = {language: _next(value, year) for language, value in text.values}
    return values if len(values) > 1 else next(iter(values.values()))


def _next(text: str, year: int) -> str:
    """Return a text with the year, and the one before it, moved on by one."""
    return re.sub(rf"(?<!\d)({year - 1}|{year})(?!\d)", lambda found: str(int(found[0]) + 1), text)


def _contact(contact: Contact) -> dict[str, Any]:
    return _filled({
        "name": str(contact.name), "phones": list(contact.phones), "hours": str(contact.hours or "") or None,
        "email": contact.email, "url": contact.url,
    })  # fmt: skip


def _filled(values: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in values.items() if value not in (None, [], "")}
