"""JSON Schema (draft 2020-12) of the schedule file, for editors: completion, descriptions and the plainest checks.

It is generous where only the loader can judge: dates are texts here. A schedule that loads is valid by it, if its lists
are written as lists.
"""

from __future__ import annotations

from collections.abc import Iterable

from examcal.schedule.drafts import EXAM_KEYS, MILESTONE_KEYS, SESSION_KEYS, SITE_WINDOW_KEYS
from examcal.schedule.loader import TOP_KEYS, WORKDAYS_KEYS
from examcal.schedule.model import Audience, Kind, OpenDays, Status
from examcal.schedule.parts import CONTACT_KEYS, SITE_KEYS, SOURCE_KEYS, TRACK_KEYS
from examcal.texts import DEFAULT_LANGUAGE, translate

Schema = dict[str, object]

DESCRIPTIONS = {
    "version": "The version of the format: 1.",
    "timezone": "The time zone by its IANA name, e.g. Asia/Shanghai; an exam or a milestone may override it.",
    "language": "The language of texts that name none, e.g. zh-CN.",
    "remind_at": 'The time of day of reminders that name none, e.g. "09:00".',
    "quiet_hours": "When no message is sent, e.g. 21:30-07:30; reminders move to the minute before.",
    "workdays": "Working days: the Chinese statutory calendar, plus corrections.",
    "calendar": "CN for the Chinese statutory calendar, none for Monday to Friday.",
    "holidays": "Further days off, e.g. 2027-01-01.",
    "working": "Further working days.",
    "reminders": "Default reminder rules by kind of milestone.",
    "exams": "The exams of this schedule.",
    "id": "An id of small letters, digits and hyphens. It goes into addresses and calendars; do not change it later.",
    "name": "The name that people read; one text, or one for each language.",
    "organizer": "Who holds the exam.",
    "url": "A web address, http or https.",
    "notes": "What else people should know; may have several lines.",
    "contacts": "Whom to ask.",
    "sites": "Sites of the exam; in a milestone: windows of their own, by the id of the site.",
    "tracks": "Routes of candidates through the exam; in a milestone: whom it concerns (none: all).",
    "milestones": "The dated things of the exam, in any order.",
    "kind": "What the milestone is about.",
    "on": "A whole day, or a list of days: 2026-09-19.",
    "at": "One moment: 2026-06-26 10:00.",
    "opens": "When the window opens; a date alone means from its start. Or relative: skills-exam.opens -10d.",
    "closes": "When the window closes; a date alone means to the end of the day, 24:00 belongs to the day named.",
    "window": "A window as the announcement writes it: 2026年1月29日10时至2026年2月11日24时.",
    "when": "tba: no date is known yet.",
    "expected": "When a date without announcement is expected, in words.",
    "status": "How sure the date is; confirmed means that an authority published it.",
    "days": "On which days inside the window the counter is open.",
    "hours": "Daily opening hours, e.g. 09:00-11:30, 13:30-17:00.",
    "location": "Where.",
    "source": "Who states the date; one or several.",
    "title": "The title of the source.",
    "quote": "The original wording.",
    "published": "When the source was published.",
    "checked": "When somebody last compared the date with the source.",
    "tasks": "What to do, step by step.",
    "remind": "Reminder rules that replace the kind's: closes -3d 09:00. An empty list means none.",
    "requires": "Ids of the milestones that must be passed first.",
    "audience": "Who acts on it: candidates or their institution.",
    "sessions": "The papers of the exam.",
    "renamed_from": "Former ids, the oldest first; calendars and reminders stay the same.",
    "phones": "Telephone numbers, in quotes.",
    "email": "One e-mail address.",
    "address": "The address of the site.",
}

_SCALAR: Schema = {"type": ["string", "number", "boolean", "null"]}


def json_schema(language: str = DEFAULT_LANGUAGE) -> Schema:
    """Return the JSON Schema with descriptions in ``language``."""
    return _Writer(language).schema()


class _Writer:
    def __init__(self, language: str) -> None:
        self.language = language

    def schema(self) -> Schema:
        return {
            "$schema": "https://json-schema.org/draft/2020-12/schema",
            "title": translate("Exam schedule", self.language),
            **self.mapping(
                TOP_KEYS, exams=_array(self.ref("exam")), workdays=self.ref("workdays"), reminders=self.ref("rules")
            ),
            "$defs": {
                "text": self.text(),
                "rules": self.rules_by_kind(),
                "workdays": self.mapping(WORKDAYS_KEYS, holidays=_list(_SCALAR), working=_list(_SCALAR)),
                "exam": self.exam(),
                "contact": self.mapping(CONTACT_KEYS, ["name"]),
                "site": self.mapping(SITE_KEYS, ["id", "name"]),
                "track": self.mapping(TRACK_KEYS, ["id", "name"]),
                "source": self.mapping(SOURCE_KEYS),
                "session": self.mapping(SESSION_KEYS, ["name", "opens"]),
                "milestone": self.milestone(),
                "site-window": self.mapping(SITE_WINDOW_KEYS, None, **self.window_keys()),
            },
        }

    def exam(self) -> Schema:
        parts = {"sites": "site", "tracks": "track", "milestones": "milestone"}
        lists = {key: _array(self.ref(part)) for key, part in parts.items()}
        return self.mapping(
            EXAM_KEYS, ["id", "name"], contacts=self.some("contact"), reminders=self.ref("rules"), **lists
        )

    def milestone(self) -> Schema:
        windows: Schema = {"type": ["object", "null"], "additionalProperties": self.ref("site-window")}
        return self.mapping(
            MILESTONE_KEYS,
            ["id", "kind"],
            kind={"enum": [str(kind) for kind in Kind]},
            audience={"enum": [str(audience) for audience in Audience]},
            sites=windows,
            tracks=_list(_SCALAR),
            requires=_list(_SCALAR),
            renamed_from=_list(_SCALAR),
            **self.window_keys(),
        )

    def window_keys(self) -> dict[str, Schema]:
        return {
            "on": _list(_SCALAR),
            "status": {"enum": [*(str(status) for status in Status), None]},
            "days": {"enum": [*(str(days) for days in OpenDays), None]},
            "hours": _list(_SCALAR),
            "remind": _list(_SCALAR),
            "tasks": _list(self.ref("text")),
            "source": self.some("source"),
            "contacts": self.some("contact"),
            "sessions": _array(self.ref("session")),
        }

    def rules_by_kind(self) -> Schema:
        rules = {str(kind): _list(_SCALAR) for kind in Kind}
        return {"type": ["object", "null"], "additionalProperties": False, "properties": rules}

    def text(self) -> Schema:
        by_language: Schema = {"type": "object", "additionalProperties": _SCALAR}
        return {"anyOf": [_SCALAR, by_language]}

    def mapping(self, keys: Iterable[str], required: list[str] | None = None, **special: Schema) -> Schema:
        """Return the schema of a mapping; keys without a special schema hold a text."""
        texts = {"name", "organizer", "notes", "title", "location", "address", "expected", "hours"}
        properties: dict[str, Schema] = {}
        for key in sorted(keys):
            plain = self.ref("text") if key in texts else _list(_SCALAR) if key == "phones" else _SCALAR
            properties[key] = {"description": translate(DESCRIPTIONS[key], self.language), **special.get(key, plain)}
        schema: Schema = {"type": "object", "additionalProperties": False, "properties": properties}
        return {**schema, "required": required} if required else schema

    def some(self, part: str) -> Schema:
        """Return the schema of one part or a list of them."""
        return _list(self.ref(part))

    def ref(self, part: str) -> Schema:
        return {"$ref": f"#/$defs/{part}"}


def _array(entry: Schema) -> Schema:
    """Return the schema of a list; one form only, so that an editor's messages point at the entry."""
    return {"type": ["array", "null"], "items": entry}


def _list(entry: Schema) -> Schema:
    """Return the schema of one entry, a list of them, or nothing."""
    return {"anyOf": [{"type": "array", "items": entry}, entry, {"type": "null"}]}
