"""Exams, sites, tracks and milestones as written, before references are resolved."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from examcal.errors import Sentence
from examcal.schedule import dates, formats
from examcal.schedule.dates import When, read_when
from examcal.schedule.fields import Fields, Value, is_id
from examcal.schedule.model import (
    Audience,
    Contact,
    Kind,
    Rule,
    Session,
    Site,
    Status,
    Text,
    Track,
)
from examcal.schedule.parts import (
    Directory,
    Ids,
    contacts_of,
    directory,
    few,
    file_name,
    listed,
    name_of,
    optional,
    read_reminders,
    read_rules,
    report_unknown,
    sites_of,
    source_of,
    text_of,
    tracks_of,
)
from examcal.schedule.understood import UnreadableError
from examcal.schedule.workdays import Workdays
from examcal.texts import LANGUAGES, translate

_SHARED = frozenset({"location", "url", "contacts", "source", "tasks", "notes", "remind", "sessions"})
SITE_WINDOW_KEYS = dates.KEYS | _SHARED
MILESTONE_KEYS = SITE_WINDOW_KEYS | {
    *("id", "kind", "name", "requires", "tracks", "sites", "audience", "timezone", "renamed_from")
}
EXAM_KEYS = frozenset(
    {"id", "name", "organizer", "url", "notes", "contacts", "timezone", "sites", "tracks", "reminders", "milestones"}
)
SESSION_KEYS = frozenset({"name", "opens", "closes"})
MOST_WINDOWS = 5000
"""Milestones, sites' own windows and sessions in one schedule."""
MOST_TASKS = 100

# Names of published files and addresses (an exam's pages are at /ID/).
RESERVED_IDS = frozenset(
    {
        *("all", "assets", "calendar", "changes", "confirm", "feeds", "healthz", "index", "me", "metrics"),
        *("en", "kits", "posters", "readyz", "schedule", "static", "subscribe", "unsubscribe"),
    }
)
KIND_NAMES = {
    Kind.ANNOUNCEMENT: "Announcement",
    Kind.REGISTRATION: "Registration",
    Kind.REVIEW: "Review of documents",
    Kind.PAYMENT: "Payment",
    Kind.TICKET: "Admission ticket",
    Kind.EXAM: "Examination",
    Kind.SCORE: "Results",
    Kind.CERTIFICATE: "Certificate",
    Kind.OTHER: "Other",
}


@dataclass(frozen=True, slots=True)
class Defaults:
    """What holds where an exam or a milestone says nothing itself."""

    zone: str
    language: str
    reminders: dict[Kind, tuple[Rule, ...]]
    workdays: Workdays


@dataclass(slots=True)
class Draft:
    """A milestone, or its window at one site, as written. ``details`` are fields of the occurrence to be made.

    ``explicit`` are the reminder rules that stand here with their places; None where the kind's default holds.
    """

    id: str
    fields: Fields
    zone: str
    when: When | None
    is_broken: bool
    status: Status | None
    details: dict[str, Any]
    explicit: list[tuple[Value, Rule]] | None
    site: str | None = None
    sites: list[Draft] = field(default_factory=list)


@dataclass(slots=True)
class ExamDraft:
    """An exam as written."""

    id: str
    fields: Fields
    defaults: Defaults
    details: dict[str, Any]
    sites: tuple[Site, ...]
    tracks: tuple[Track, ...]
    contacts: tuple[Contact, ...]
    ids: Ids
    site_ids: Directory
    track_ids: Directory
    milestones: list[Draft] = field(default_factory=list)


# Exams ------------------------------------------------------------------------------------------------------------


def read_exam(value: Value, defaults: Defaults, ids: Ids) -> ExamDraft | None:
    """Return an exam as written, or None where it cannot be known by an id."""
    fields = value.fields(EXAM_KEYS)
    if fields is None:
        return None
    identifier = _exam_id(fields, ids)
    zone = optional(fields.get("timezone"), formats.zone) or defaults.zone
    reminders = {**defaults.reminders, **read_reminders(fields.get("reminders"))}
    own = Defaults(zone, defaults.language, reminders, defaults.workdays)
    details = {
        "name": name_of(fields, own.language),
        "organizer": text_of(fields, "organizer", own.language),
        "url": optional(fields.get("url"), formats.url),
        "notes": text_of(fields, "notes", own.language, one_line=False),
    }
    site_ids, track_ids = Ids(), Ids()
    sites = sites_of(fields, own.language, site_ids)
    tracks = tracks_of(fields, own.language, track_ids)
    exam = ExamDraft(
        identifier or "",
        fields,
        own,
        details,
        sites,
        tracks,
        contacts_of(fields, own.language),
        Ids(),
        directory(site_ids, ((site.id, site.name) for site in sites)),
        directory(track_ids, ((track.id, track.name) for track in tracks)),
    )
    for entry in fields.entries("milestones"):
        milestone = _milestone(entry, exam)
        if milestone:
            exam.milestones.append(milestone)
    return exam if identifier else None


def _exam_id(fields: Fields, ids: Ids) -> str | None:
    value = fields.require("id")
    identifier = file_name(value, ids)
    if value and identifier in RESERVED_IDS:
        message = Sentence('"{id}" is kept for pages and files of examcal', {"id": identifier})
        value.report("reserved-id", message, Sentence("choose an id such as physician-2026-beijing"))
    return identifier


def _afford(value: Value) -> bool:
    """Count a milestone, a site's window or a session; return False past the limit, which is reported once."""
    if value.findings.spend("windows", MOST_WINDOWS):
        return True
    if value.findings.spend("windows-reported", 1):
        value.report("too-many", Sentence("more than {limit} milestones", {"limit": MOST_WINDOWS}))
    return False


def _milestone(value: Value, exam: ExamDraft) -> Draft | None:
    if not _afford(value):
        return None
    fields = value.fields(MILESTONE_KEYS)
    if fields is None:
        return None
    identifier = exam.ids.claim(fields.require("id"))
    kind = optional(fields.require("kind"), lambda kind: kind.choice(Kind, "unknown-kind"))
    language = exam.defaults.language
    zone = optional(fields.get("timezone"), formats.zone) or exam.defaults.zone
    draft = _draft(fields, identifier or "", zone, exam.defaults)
    name = text_of(fields, "name", language)
    draft.details |= {
        "kind": kind or Kind.OTHER,
        "name": name or _default_name(kind or Kind.OTHER, language),
        "audience": optional(fields.get("audience"), lambda audience: audience.choice(Audience)) or Audience.CANDIDATE,
        "tracks": _known(fields.get("tracks"), exam.track_ids, "track"),
        "requires": listed(fields.get("requires"), _reference),
        "renamed_from": listed(fields.get("renamed_from"), Value.identifier),
    }
    draft.details.setdefault("contacts", exam.contacts)
    if draft.when is None and not draft.is_broken and draft.status is not Status.CANCELLED:
        message = Sentence("the milestone does not say when")
        hint = Sentence("write on, at, opens and closes, or window; when: tba where no date is known yet")
        if fields.misspelt.isdisjoint((*dates.WAYS, *dates.EDGES)):
            fields.value.report("no-date", message, hint)
        draft.is_broken = True
    sites = fields.get("sites")
    draft.sites = _site_windows(sites, draft, exam) if sites else []
    return draft if identifier else None


@lru_cache(maxsize=64)
def _default_name(kind: Kind, language: str) -> Text:
    languages = [language, *(other for other in LANGUAGES if other != language)]
    return Text(tuple((key, translate(KIND_NAMES[kind], key)) for key in languages))


def _reference(value: Value) -> str | None:
    """Return the id of a milestone; what is none is reported later, with what it may refer to."""
    text = value.scalar()
    return text if text and is_id(text) else None


def _known(value: Value | None, where: Directory, what: str) -> tuple[str, ...]:
    """Return the ids of a list; unknown ones are reported."""

    def read(entry: Value) -> str | None:
        text = entry.scalar()
        if text is None or text in where.known:
            return text
        report_unknown(entry, text, where, what)
        return None

    return listed(value, read)


def _site_windows(value: Value, area: Draft, exam: ExamDraft) -> list[Draft]:
    known = {site.id: site for site in exam.sites}
    drafts: list[Draft] = []
    for key, window in value.pairs():
        fields = window.fields(SITE_WINDOW_KEYS) if _afford(window) else None
        if fields is None:
            continue
        site = known.get(key.text)
        if key.text not in exam.site_ids.known:
            report_unknown(key, key.text, exam.site_ids, "site")
        draft = _draft(fields, area.id, area.zone, exam.defaults)
        contacts = draft.details.pop("contacts", area.details["contacts"])
        if site and site.phones:
            contacts = (Contact(site.name, site.phones, url=site.url), *contacts)
        draft.details = area.details | draft.details | {"contacts": contacts}
        if site and site.address and "location" not in draft.details:
            draft.details["location"] = site.address
        draft.site = key.text
        if site:
            drafts.append(draft)
    return drafts


def _draft(fields: Fields, identifier: str, zone: str, defaults: Defaults) -> Draft:
    """Return what a milestone and a site's window have in common; absent keys are left out of the details."""
    when, is_broken, language = None, False, defaults.language
    try:
        when = read_when(fields, zone, defaults.workdays)
    except UnreadableError:
        is_broken = True
    remind = fields.get("remind")
    details: dict[str, Any] = {
        "location": text_of(fields, "location", language),
        "url": optional(fields.get("url"), formats.url),
        "expected": text_of(fields, "expected", language),
        "notes": text_of(fields, "notes", language, one_line=False),
        "sources": listed(fields.get("source"), lambda value: source_of(value, language), 50),
        "tasks": _tasks(fields, language),
        "contacts": contacts_of(fields, language),
        "sessions": _sessions(fields, when, zone, language),
    }
    return Draft(
        identifier,
        fields,
        zone,
        when,
        is_broken,
        optional(fields.get("status"), lambda value: value.choice(Status)),
        {key: detail for key, detail in details.items() if detail},
        read_rules(remind) if remind else None,
    )


def _tasks(fields: Fields, language: str) -> tuple[Text, ...]:
    value = fields.get("tasks")
    if value:
        value.join_cut_texts()
    return listed(value, lambda task: task.texts(1000, one_line=False, default_language=language), MOST_TASKS)


# Sessions ---------------------------------------------------------------------------------------------------------


def _sessions(fields: Fields, when: When | None, zone: str, language: str) -> tuple[Session, ...]:
    """Return the papers of an exam, numbered from 1 in the order of the file."""
    sessions: list[Session] = []
    for value in few(fields.get("sessions"), 100):
        session = _session(value, when, zone, language, len(sessions) + 1)
        if session:
            sessions.append(session)
    return tuple(sessions)


def _session(value: Value, when: When | None, zone: str, language: str, number: int) -> Session | None:
    fields = value.fields(SESSION_KEYS) if _afford(value) else None
    if fields is None:
        return None
    name, opens = name_of(fields, language), fields.require("opens")
    closes = fields.get("closes")
    only_day = when.days[0] if when and len(when.days) == 1 else None
    try:
        dates.refuse_empty(fields, "closes")
        first = dates.session_edge(opens, zone, only_day, closing=False) if opens else None
        day = first.named_on if first else only_day
        last = dates.session_edge(closes, zone, day, closing=True) if closes else None
    except UnreadableError:
        return None
    if closes and first and last and last.at <= first.at:
        dates.report_order(closes, first, last)
        return None
    return Session(number, name, first, last) if name and first else None
