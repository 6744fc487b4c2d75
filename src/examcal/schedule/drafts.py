"""Exams, sites, tracks and milestones as written, before references are resolved."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, TypeVar

from examcal.errors import Sentence
from examcal.schedule import dates
from examcal.schedule.dates import UnreadableError, When, read_when
from examcal.schedule.fields import TEXT_LIMIT, Fields, Value
from examcal.schedule.model import (
    Audience,
    Contact,
    Kind,
    Rule,
    Session,
    Site,
    Source,
    Status,
    Text,
    Track,
)
from examcal.schedule.problems import closest, expected_one_of
from examcal.schedule.rules import RuleError, parse_rule
from examcal.schedule.workdays import Workdays
from examcal.texts import LANGUAGES, translate

Part = TypeVar("Part")

_SHARED = frozenset({"location", "url", "contacts", "source", "tasks", "notes", "remind", "sessions"})
SITE_WINDOW_KEYS = dates.KEYS | _SHARED
MILESTONE_KEYS = SITE_WINDOW_KEYS | {
    *("id", "kind", "name", "requires", "tracks", "sites", "audience", "timezone", "renamed_from")
}
EXAM_KEYS = frozenset(
    {"id", "name", "organizer", "url", "notes", "contacts", "timezone", "sites", "tracks", "reminders", "milestones"}
)
CONTACT_KEYS = frozenset({"name", "phones", "hours", "email", "url"})
SITE_KEYS = frozenset({"id", "name", "phones", "address", "url"})
TRACK_KEYS = frozenset({"id", "name"})
SOURCE_KEYS = frozenset({"title", "url", "quote", "published", "checked"})
SESSION_KEYS = frozenset({"name", "opens", "closes"})
MOST_WINDOWS = 8000
"""Milestones and sites' own windows in one schedule."""
MOST_TASKS, MOST_ENTRIES, MOST_RULES = 100, 500, 50

# Names of published files and addresses (an exam's pages are at /ID/), and what Windows cannot store.
RESERVED_IDS = frozenset(
    {
        *("all", "assets", "calendar", "changes", "confirm", "feeds", "healthz", "index", "me", "metrics", "posters"),
        *("readyz", "schedule", "static", "subscribe", "unsubscribe"),
        *("aux", "con", "nul", "prn"),
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
    milestones: list[Draft] = field(default_factory=list)


# Parts ------------------------------------------------------------------------------------------------------------


def few(value: Value | None, limit: int = MOST_ENTRIES) -> list[Value]:
    """Return the entries of a list; too long a one is a finding, and the rest of it is not read."""
    entries = value.entries() if value else []
    if value and len(entries) > limit:
        value.report("too-many", Sentence("more than {limit} entries", {"limit": limit}))
    return entries[:limit]


def optional(value: Value | None, read: Callable[[Value], Part | None]) -> Part | None:
    """Return what ``read`` makes of a value, or None where there is none."""
    return read(value) if value else None


def listed(value: Value | None, read: Callable[[Value], Part | None], limit: int = MOST_ENTRIES) -> tuple[Part, ...]:
    """Return what ``read`` makes of each entry, without those that cannot be read."""
    return tuple(part for part in map(read, few(value, limit)) if part is not None)


def name_of(fields: Fields, language: str) -> Text | None:
    """Return the required name of a part."""
    return optional(fields.require("name"), lambda value: value.texts(default_language=language))


def text_of(fields: Fields, key: str, language: str, *, one_line: bool = True) -> Text | None:
    """Return an optional text."""
    return optional(
        fields.get(key), lambda value: value.texts(TEXT_LIMIT, one_line=one_line, default_language=language)
    )


def _phone(value: Value) -> str | None:
    text = value.line(40)
    if text is None or sum(c.isdigit() for c in text) >= 3:  # noqa: PLR2004  # the shortest numbers, such as 120
        return text
    value.report("bad-phone", Sentence('"{value}" is not a telephone number', {"value": text}))
    return None


def _contact(value: Value, language: str) -> Contact | None:
    fields = value.fields(CONTACT_KEYS)
    if fields is None:
        return None
    name = name_of(fields, language)
    phones = listed(fields.get("phones"), _phone)
    hours = text_of(fields, "hours", language)
    email, url = optional(fields.get("email"), Value.email), optional(fields.get("url"), Value.url)
    return Contact(name, phones, hours, email, url) if name else None


def contacts_of(fields: Fields, language: str) -> tuple[Contact, ...]:
    """Return the contacts under ``contacts``, a mapping or a list of them."""
    return listed(fields.get("contacts"), lambda value: _contact(value, language))


def _source(value: Value, language: str) -> Source | None:
    fields = value.fields(SOURCE_KEYS)
    if fields is None:
        return None
    title = text_of(fields, "title", language)
    quote = optional(fields.get("quote"), Value.words)
    url, published = optional(fields.get("url"), Value.url), optional(fields.get("published"), Value.day)
    checked = optional(fields.get("checked"), Value.day)
    return Source(title, url, quote, published, checked)


def read_rules(value: Value) -> list[tuple[Value, Rule]]:
    """Return the reminder rules of a list with their places; those that cannot be read are reported."""
    rules: list[tuple[Value, Rule]] = []
    for entry in few(value, MOST_RULES):
        text = entry.scalar()
        if text is None:
            continue
        try:
            rules.append((entry, parse_rule(text)))
        except RuleError as error:
            entry.report("bad-rule", error.sentence, error.hint)
    return rules


def read_reminders(value: Value | None) -> dict[Kind, tuple[Rule, ...]]:
    """Return the default rules by kind."""
    rules: dict[Kind, tuple[Rule, ...]] = {}
    for key, listed_rules in value.pairs() if value else []:
        kind = key.choice(Kind, "unknown-kind")
        if kind:
            rules[kind] = tuple(rule for _, rule in read_rules(listed_rules))
    return rules


# Exams ------------------------------------------------------------------------------------------------------------


class Ids:
    """The ids already used in one list, by which a second use is found."""

    def __init__(self) -> None:
        self.first: dict[str, Value] = {}

    def claim(self, value: Value | None) -> str | None:
        """Return a valid id that nobody else has; another one is reported."""
        identifier = value.identifier() if value else None
        if value is None or identifier is None:
            return None
        first = self.first.setdefault(identifier, value)
        if first is value:
            return identifier
        place = first.place
        params = {"id": identifier, "file": place.file, "line": place.line}
        is_here = place.file == value.file
        message = Sentence('the id "{id}" is already used at line {line}', params)
        if not is_here:
            message = Sentence('the id "{id}" is already used in {file}, line {line}', params)
        value.report("duplicate-id", message, Sentence("ids must differ; calendars and reminders know things by them"))
        return None


def read_exam(value: Value, defaults: Defaults, ids: Ids) -> ExamDraft | None:
    """Return an exam as written, or None where it cannot be known by an id."""
    fields = value.fields(EXAM_KEYS)
    if fields is None:
        return None
    identifier = _exam_id(fields, ids)
    zone = optional(fields.get("timezone"), Value.zone) or defaults.zone
    reminders = {**defaults.reminders, **read_reminders(fields.get("reminders"))}
    own = Defaults(zone, defaults.language, reminders, defaults.workdays)
    details = {
        "name": name_of(fields, own.language),
        "organizer": text_of(fields, "organizer", own.language),
        "url": optional(fields.get("url"), Value.url),
        "notes": text_of(fields, "notes", own.language, one_line=False),
    }
    exam = ExamDraft(
        identifier or "",
        fields,
        own,
        details,
        _sites(fields, own.language),
        _tracks(fields, own.language),
        contacts_of(fields, own.language),
    )
    milestone_ids = Ids()
    for entry in fields.entries("milestones"):
        milestone = _milestone(entry, exam, milestone_ids)
        if milestone:
            exam.milestones.append(milestone)
    return exam if identifier else None


def _exam_id(fields: Fields, ids: Ids) -> str | None:
    value = fields.require("id")
    identifier = ids.claim(value)
    if value and identifier in RESERVED_IDS:
        message = Sentence('"{id}" is kept for pages and files of examcal', {"id": identifier})
        value.report("reserved-id", message, Sentence("choose an id such as physician-2026-beijing"))
    return identifier


def _sites(fields: Fields, language: str) -> tuple[Site, ...]:
    ids = Ids()

    def read(value: Value) -> Site | None:
        site = value.fields(SITE_KEYS)
        if site is None:
            return None
        identifier, name = ids.claim(site.require("id")), name_of(site, language)
        phones = listed(site.get("phones"), _phone)
        address, url = text_of(site, "address", language), optional(site.get("url"), Value.url)
        return Site(identifier, name, phones, address, url) if identifier and name else None

    return listed(fields.get("sites"), read)


def _tracks(fields: Fields, language: str) -> tuple[Track, ...]:
    ids = Ids()

    def read(value: Value) -> Track | None:
        track = value.fields(TRACK_KEYS)
        if track is None:
            return None
        identifier, name = ids.claim(track.require("id")), name_of(track, language)
        return Track(identifier, name) if identifier and name else None

    return listed(fields.get("tracks"), read)


# Milestones -------------------------------------------------------------------------------------------------------


def _afford(value: Value) -> bool:
    """Count a milestone or a site's window; return False past the limit, which is reported once."""
    if value.findings.spend("windows", MOST_WINDOWS):
        return True
    if value.findings.spend("windows-reported", 1):
        value.report("too-many", Sentence("more than {limit} milestones", {"limit": MOST_WINDOWS}))
    return False


def _milestone(value: Value, exam: ExamDraft, ids: Ids) -> Draft | None:
    if not _afford(value):
        return None
    fields = value.fields(MILESTONE_KEYS)
    if fields is None:
        return None
    identifier = ids.claim(fields.require("id"))
    kind = optional(fields.require("kind"), lambda kind: kind.choice(Kind, "unknown-kind"))
    language = exam.defaults.language
    zone = optional(fields.get("timezone"), Value.zone) or exam.defaults.zone
    draft = _draft(fields, identifier or "", zone, exam.defaults)
    name = text_of(fields, "name", language)
    draft.details |= {
        "kind": kind or Kind.OTHER,
        "name": name or _default_name(kind or Kind.OTHER, language),
        "audience": optional(fields.get("audience"), lambda audience: audience.choice(Audience)) or Audience.CANDIDATE,
        "tracks": _known(fields.get("tracks"), {track.id for track in exam.tracks}, "track"),
        "requires": listed(fields.get("requires"), Value.identifier),
        "renamed_from": listed(fields.get("renamed_from"), Value.identifier),
    }
    draft.details.setdefault("contacts", exam.contacts)
    if draft.when is None and not draft.is_broken and draft.status is not Status.CANCELLED:
        message = Sentence("the milestone does not say when")
        hint = Sentence("write on, at, opens and closes, or window; when: tba where no date is known yet")
        fields.value.report("no-date", message, hint)
        draft.is_broken = True
    sites = fields.get("sites")
    draft.sites = _site_windows(sites, draft, exam) if sites else []
    return draft if identifier else None


def _default_name(kind: Kind, language: str) -> Text:
    languages = [language, *(other for other in LANGUAGES if other != language)]
    return Text(tuple((key, translate(KIND_NAMES[kind], key)) for key in languages))


def _known(value: Value | None, known: set[str], what: str) -> tuple[str, ...]:
    """Return the ids of a list; unknown ones are reported."""

    def read(entry: Value) -> str | None:
        text = entry.scalar()
        return text if text in known or text is None else report_unknown(entry, text, known, what)

    return listed(value, read)


_UNKNOWN = {
    "site": Sentence("the exam has no such site"),
    "track": Sentence("the exam has no such track"),
    "milestone": Sentence("the exam has no such milestone"),
}


def report_unknown(value: Value, text: str, known: set[str], what: str) -> None:
    """Report an id that is not in the exam."""
    message = Sentence('"{id}": {reason}', {"id": text[:60], "reason": _UNKNOWN[what]})
    value.findings.report(
        f"unknown-{what}", value.place, value.path, message, hint=_nearest(text, known), value=value.text or None
    )


def _nearest(text: str, known: set[str]) -> Sentence | None:
    if not known or len(known) > MOST_ENTRIES:
        return None
    near = closest(text, known)
    listed_ids = sorted(known)[:20]
    return expected_one_of([near, *(i for i in listed_ids if i != near)] if near else listed_ids, text)


def _site_windows(value: Value, area: Draft, exam: ExamDraft) -> list[Draft]:
    known = {site.id: site for site in exam.sites}
    drafts: list[Draft] = []
    for key, window in value.pairs():
        fields = window.fields(SITE_WINDOW_KEYS) if _afford(window) else None
        if fields is None:
            continue
        site = known.get(key.text)
        if site is None:
            report_unknown(key, key.text, set(known), "site")
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
        "url": optional(fields.get("url"), Value.url),
        "expected": text_of(fields, "expected", language),
        "notes": text_of(fields, "notes", language, one_line=False),
        "sources": listed(fields.get("source"), lambda value: _source(value, language), 50),
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
    fields = value.fields(SESSION_KEYS)
    if fields is None:
        return None
    name, opens = name_of(fields, language), fields.require("opens")
    closes = fields.get("closes")
    only_day = when.days[0] if when and len(when.days) == 1 else None
    try:
        first = dates.session_edge(opens, zone, only_day, closing=False) if opens else None
        day = first.named_on if first else only_day
        last = dates.session_edge(closes, zone, day, closing=True) if closes else None
    except UnreadableError:
        return None
    if closes and first and last and last.at <= first.at:
        dates.report_order(closes, first, last)
        return None
    return Session(number, name, first, last) if name and first else None
