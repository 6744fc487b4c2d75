"""Next year's schedule from last year's: the same milestones, all dates to be announced. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

import yaml

from examcal.errors import NoInputError
from examcal.schedule.model import Anchor, Contact, Edge, Exam, Kind, Occurrence, Rule, Schedule, Site, Text
from examcal.texts import translate

_SENTENCE = re.compile(r"(?:[^。！；\n.]|\.(?!\s))+[。！；\n.]*\s*|[。！；\n.]+\s*")
_ENGLISH = "(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)"
_DAY = re.compile(
    r"(?<!\d)(?:1[0-2]|0?[1-9]) ?月(?! ?内|龄)|(?<![个\d一二三四五六七八九十])十?[一二三四五六七八九十]月|"
    rf"\d{{4}}[-/.]\d{{1,2}}[-/.]\d{{1,2}}|\b{_ENGLISH}[a-z]*\.? \d|\d {_ENGLISH}"
)
"""A day or a part of a year; "6个月" and "15日内" are none."""


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
    document["exams"] = [_exam(exam, year, schedule) for exam in exams]
    head = f"# yaml-language-server: $schema=schedule.schema.json\n# {year} → {year + 1}\n"
    return head + yaml.safe_dump(document, allow_unicode=True, sort_keys=False, width=110)


def _exam(exam: Exam, year: int, schedule: Schedule) -> dict[str, Any]:
    defaults = _defaults(exam)
    milestones = [_milestone(exam, milestone.area, year, defaults, schedule.language) for milestone in exam.milestones]
    return _filled({
        "id": _next(exam.id, year),
        "name": _text(exam.name, year),
        "organizer": _text(exam.organizer, year),
        "url": _lasting(exam.url, year),
        "timezone": exam.zone if exam.zone != schedule.zone else None,
        "notes": _words(exam.notes, year),
        "contacts": _contacts(exam.contacts, year),
        "sites": [_site(site, year) for site in exam.sites],
        "tracks": [{"id": _next(track.id, year), "name": _text(track.name, year)} for track in exam.tracks],
        "reminders": {kind.value: [str(rule) for rule in rules] for kind, rules in defaults.items() if rules},
        "milestones": milestones,
    })  # fmt: skip


def _site(site: Site, year: int) -> dict[str, Any]:
    return _filled({
        "id": site.id, "name": _text(site.name, year), "phones": list(site.phones),
        "address": _text(site.address, year), "url": _lasting(site.url, year),
    })  # fmt: skip


def _defaults(exam: Exam) -> dict[Kind, tuple[Rule, ...]]:
    """Return for each kind the longest list of rules that one of its milestones has: the others may lack an edge."""
    longest: dict[Kind, tuple[Rule, ...]] = {}
    for area in (milestone.area for milestone in exam.milestones):
        longest[area.kind] = max(longest.get(area.kind, ()), area.rules, key=len)
    return longest


def _milestone(
    exam: Exam, area: Occurrence, year: int, defaults: Mapping[Kind, tuple[Rule, ...]], language: str
) -> dict[str, Any]:
    rolled = _filled({
        "id": area.milestone,
        "kind": area.kind.value,
        "name": _text(area.name, year),
        "when": "tba",
        "expected": _hint(area, language),
        "audience": area.audience.value if area.audience.value != "candidate" else None,
        "tracks": [_next(track, year) for track in area.tracks],
        "requires": list(area.requires),
        "location": _text(area.location, year),
        "url": _lasting(area.url, year) if area.url != exam.url else None,
        "contacts": _contacts(area.contacts, year) if area.contacts != exam.contacts else [],
        "tasks": [_words(task, year) for task in area.tasks],
        "notes": _words(area.notes, year),
    })  # fmt: skip
    if area.rules != _that_apply(defaults[area.kind], area):
        rolled["remind"] = [str(rule) for rule in area.rules]
    return rolled


def _that_apply(rules: tuple[Rule, ...], area: Occurrence) -> tuple[Rule, ...]:
    """Return the default rules whose edge a milestone has; one without any date keeps them all."""
    edges = {Anchor.OPENS: area.opens, Anchor.CLOSES: area.closes}
    return tuple(rule for rule in rules if edges[rule.anchor] or not area.is_dated)


def _hint(area: Occurrence, language: str) -> str | None:
    """Return last year's dates without their year: a hint for people, and no date that this year's could miss.

    Where there were none, what was expected holds again, unless it names a year.
    """
    edges = list(dict.fromkeys(_without_year(edge, language) for edge in (area.opens, area.closes) if edge))
    if not edges:
        told = str(area.expected or "")
        return None if re.search(r"\d{4}|去年|last year", told) else told or None
    if len(edges) == 1:
        return translate("last year: {day}", language, day=edges[0])
    return translate("last year: {opens} to {closes}", language, opens=edges[0], closes=edges[1])


def _without_year(edge: Edge, language: str) -> str:
    day = edge.named_on
    if language.startswith("zh"):
        return f"{day.month}月{day.day}日{edge.clock or ''}"
    return f"{day:%m-%d}" + (f" {edge.clock}" if edge.clock else "")


def _lasting(url: str | None, year: int) -> str | None:
    """Return an address, unless it names last year: then it leads to last year's page."""
    return url if url and str(year) not in url else None


def _text(text: Text | None, year: int) -> str | dict[str, str] | None:
    if text is None:
        return None
    values = {language: _next(value, year) for language, value in text.values}
    return values if len(values) > 1 else next(iter(values.values()))


def _words(text: Text | None, year: int) -> str | dict[str, str] | None:
    """Return a text for next year; a sentence that names a day tells of earlier years, and keeps its own."""
    if text is None:
        return None
    values = {
        language: "".join(_sentence(sentence, language, year) for sentence in _SENTENCE.findall(value))
        for language, value in text.values
    }
    return values if len(values) > 1 else next(iter(values.values()))


def _sentence(sentence: str, language: str, year: int) -> str:
    if not _DAY.search(sentence):
        return _next(sentence, year)
    told = translate("In earlier years: {sentence}", language, sentence="")
    stripped = sentence.lstrip()
    return sentence if stripped.startswith(told.strip()) else sentence[: -len(stripped)] + told + stripped


def _next(text: str, year: int) -> str:
    """Return a text with the year, and the one before it, moved on by one."""
    return re.sub(rf"(?<!\d)({year - 1}|{year})(?!\d)", lambda found: str(int(found[0]) + 1), text)


def _contacts(contacts: Iterable[Contact], year: int) -> list[dict[str, Any]]:
    return [
        _filled({
            "name": _text(contact.name, year), "phones": list(contact.phones), "hours": _text(contact.hours, year),
            "email": contact.email, "url": contact.url,
        })
        for contact in contacts
    ]  # fmt: skip


def _filled(values: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in values.items() if value not in (None, [], "", {})}
