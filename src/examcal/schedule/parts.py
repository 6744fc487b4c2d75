"""The parts of an exam as written: lists, names, contacts, sources, sites, tracks, reminder rules, ids."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from typing import TypeVar

from examcal.errors import Sentence
from examcal.schedule import formats
from examcal.schedule.document import Sequence
from examcal.schedule.fields import MOST_GUESSES, TEXT_LIMIT, Fields, Value
from examcal.schedule.model import Contact, Kind, Rule, Site, Source, Text, Track
from examcal.schedule.problems import SLIP, closest, expected_one_of
from examcal.schedule.rules import RuleError, is_rule, parse_rule, rule_in_words
from examcal.schedule.spelling import full_width_hint, list_hint

Part = TypeVar("Part")

CONTACT_KEYS = frozenset({"name", "phones", "hours", "email", "url"})
SOURCE_KEYS = frozenset({"title", "url", "quote", "published", "checked"})
SITE_KEYS = frozenset({"id", "name", "phones", "address", "url"})
TRACK_KEYS = frozenset({"id", "name"})
MOST_ENTRIES, MOST_RULES = 500, 50
MOST_IN_LISTS = 30_000


def few(value: Value | None, limit: int = MOST_ENTRIES) -> list[Value]:
    """Return the entries of a list; too long a one is a finding, and the rest of it is not read.

    All lists of a schedule together have at most ``MOST_IN_LISTS`` entries; past them lists are not read.
    """
    if value is None:
        return []
    findings, count = value.findings, len(value.node.entries) if isinstance(value.node, Sequence) else 1
    if not findings.spend("entries", MOST_IN_LISTS, count):
        if findings.spend("entries-reported", 1):
            value.report("too-many", Sentence("more than {limit} entries in all lists", {"limit": MOST_IN_LISTS}))
        return []
    if count > limit:
        value.report("too-many", Sentence("more than {limit} entries", {"limit": limit}))
    return value.entries()[:limit]


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


# A letter that looks like a digit and stands alone among digits.
_LETTER = re.compile(r"(?<=\d)[OoIl](?![A-Za-z])|(?<![A-Za-z])[OoIl](?=\d)", re.ASCII)
_STRAY_QUOTE = re.compile('["“”＂]')
_DIGITS = str.maketrans("OoIl", "0011")


def _phone(value: Value) -> str | None:
    text = value.line(60)
    if text is None:
        return None
    hint = list_hint(text, lambda part: _digits(part) >= 5, quoted=True, blanks=False)  # noqa: PLR2004  # e.g. 12320
    hint = hint or list_hint(text, lambda part: _digits(part) >= 7, quoted=True)  # noqa: PLR2004  # whole numbers
    letter = _LETTER.search(text)
    if letter:
        params = {"letter": letter[0], "number": _LETTER.sub(lambda found: found[0].translate(_DIGITS), text)}
        hint = Sentence('"{letter}" is a letter here; probably "{number}" is meant', params)
    if hint or _STRAY_QUOTE.search(text) or _digits(text) < 3:  # noqa: PLR2004  # the shortest numbers, such as 120
        value.report("bad-phone", Sentence('"{value}" is not a telephone number', {"value": text}), hint)
        return None
    return text


def _digits(text: str) -> int:
    return sum(character.isdigit() for character in text)


def _contact(value: Value, language: str) -> Contact | None:
    fields = value.fields(CONTACT_KEYS)
    if fields is None:
        return None
    name = name_of(fields, language)
    phones = listed(fields.get("phones"), _phone)
    hours = text_of(fields, "hours", language)
    email, url = optional(fields.get("email"), formats.email), optional(fields.get("url"), formats.url)
    return Contact(name, phones, hours, email, url) if name else None


def contacts_of(fields: Fields, language: str) -> tuple[Contact, ...]:
    """Return the contacts under ``contacts``, a mapping or a list of them."""
    return listed(fields.get("contacts"), lambda value: _contact(value, language))


def source_of(value: Value, language: str) -> Source | None:
    """Return one source of a date."""
    fields = value.fields(SOURCE_KEYS)
    if fields is None:
        return None
    title = text_of(fields, "title", language)
    quote = optional(fields.get("quote"), Value.words)
    url, published = optional(fields.get("url"), formats.url), optional(fields.get("published"), formats.day)
    checked = optional(fields.get("checked"), formats.day)
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
            _report_rule(entry, text, error)
    return rules


def _report_rule(entry: Value, text: str, error: RuleError) -> None:
    """Report a rule that cannot be read, with the list or the rule in words that it was probably meant to be."""
    if entry.findings.is_full:
        return
    several = list_hint(text, is_rule, blanks=False)
    if several:
        entry.findings.report("bad-rule", entry.place, entry.path, error.sentence, hint=several, value=text)
        return
    meant = rule_in_words(text)
    entry.report(
        "bad-rule", error.sentence, Sentence('did you mean "{near}"?', {"near": meant}) if meant else error.hint
    )


def read_reminders(value: Value | None) -> dict[Kind, tuple[Rule, ...]]:
    """Return the default rules by kind."""
    rules: dict[Kind, tuple[Rule, ...]] = {}
    for key, listed_rules in value.pairs() if value else []:
        kind = key.choice(Kind, "unknown-kind")
        if kind:
            rules[kind] = tuple(rule for _, rule in read_rules(listed_rules))
    return rules


class Ids:
    """The ids already used in one list, by which a second use is found.

    ``lost`` are texts that cannot be ids, or empty where an id is missing: what refers to them is no further mistake.
    """

    def __init__(self) -> None:
        self.first: dict[str, Value] = {}
        self.lost: set[str] = set()

    def claim(self, value: Value | None) -> str | None:
        """Return a valid id that nobody else has; another one is reported."""
        identifier = value.identifier() if value else None
        if value is None or identifier is None:
            self.lost.add(value.text.strip() if value else "")
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


_DEVICES = frozenset(
    {"aux", "con", "nul", "prn", *(f"{device}{number}" for device in ("com", "lpt") for number in range(1, 10))}
)
"""Windows stores no file or folder of such a name, whatever follows a dot (Microsoft: "Naming Files, Paths, …")."""


def file_name(value: Value | None, ids: Ids) -> str | None:
    """Return a new id by which files of an edition are called; the name of a device is a finding."""
    identifier = ids.claim(value)
    if value and identifier in _DEVICES:
        message = Sentence('"{id}" cannot be the name of a file on Windows', {"id": identifier})
        value.report("reserved-id", message, Sentence('choose a longer id, e.g. "{id}-2026"', {"id": identifier}))
    return identifier


def sites_of(fields: Fields, language: str, ids: Ids) -> tuple[Site, ...]:
    """Return the sites of an exam."""

    def read(value: Value) -> Site | None:
        site = value.fields(SITE_KEYS)
        if site is None:
            return None
        identifier, name = file_name(site.require("id"), ids), name_of(site, language)
        phones = listed(site.get("phones"), _phone)
        address, url = text_of(site, "address", language), optional(site.get("url"), formats.url)
        return Site(identifier, name, phones, address, url) if identifier and name else None

    return listed(fields.get("sites"), read)


def tracks_of(fields: Fields, language: str, ids: Ids) -> tuple[Track, ...]:
    """Return the tracks of an exam."""

    def read(value: Value) -> Track | None:
        track = value.fields(TRACK_KEYS)
        if track is None:
            return None
        identifier, name = ids.claim(track.require("id")), name_of(track, language)
        return Track(identifier, name) if identifier and name else None

    return listed(fields.get("tracks"), read)


_UNKNOWN = {
    "site": Sentence("the exam has no such site"),
    "track": Sentence("the exam has no such track"),
    "milestone": Sentence("the exam has no such milestone"),
}


@dataclass(frozen=True, slots=True)
class Directory:
    """What can be referred to by id: the ids of one list, and whose name each is."""

    ids: Ids
    names: Mapping[str, str] = field(default_factory=dict)

    @property
    def known(self) -> AbstractSet[str]:
        """The ids, also of what has another fault."""
        return self.ids.first.keys()

    def nearest(self, text: str) -> str | None:
        """Return the id that was probably meant, by its spelling or by the name of what it stands for."""
        near = closest(text, {*self.known, *self.names})
        return self.names.get(near or "", near)

    def is_lost(self, text: str) -> bool:
        """Return whether ``text`` may refer to an id that could not be read, so that it is no further mistake."""
        lost = self.ids.lost
        return bool(lost) and (closest(text, {*self.known, *lost}) in lost or not closest(text, self.known, SLIP))


def directory(ids: Ids, named: Iterable[tuple[str, Text]]) -> Directory:
    """Return where to look up ids, with the names in any language that people may write for them."""
    return Directory(ids, {name: identifier for identifier, text in named for _, name in text.values})


def report_unknown(value: Value, text: str, where: Directory, what: str) -> None:
    """Report an id that is not in the exam, unless it probably refers to one that could not be read."""
    can_guess = len(where.known) <= MOST_ENTRIES and value.findings.spend("guesses", MOST_GUESSES)
    if where.ids.lost and (not can_guess or where.is_lost(text)):
        return
    message = Sentence('"{id}": {reason}', {"id": text[:60], "reason": _UNKNOWN[what]})
    hint = (_list_of(text, where) or _nearest(text, where)) if can_guess else None
    value.findings.report(f"unknown-{what}", value.place, value.path, message, hint=hint, value=value.text or None)


def _list_of(text: str, where: Directory) -> Sentence | None:
    """Return the hint for several ids in one text."""
    return list_hint(text, where.known.__contains__) or full_width_hint(text)


def _nearest(text: str, where: Directory) -> Sentence | None:
    if not where.known:
        return None
    near = where.nearest(text)
    listed_ids = sorted(where.known)[:20]
    return expected_one_of([near, *(i for i in listed_ids if i != near)] if near else listed_ids, near=near)
