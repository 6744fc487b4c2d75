"""What an event says, by language: the point first, then what to do, then who says so."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date
from functools import lru_cache
from urllib.parse import quote, urlsplit

from examcal.schedule.model import Contact, Edge, Exam, Occurrence, OpenDays, Site, Source, Status, Text
from examcal.schedule.spoken import KINDS, clock_range, weekday
from examcal.texts import translate

OPEN_DAYS = {OpenDays.WEEKDAYS: "Monday to Friday", OpenDays.WORKDAYS: "working days"}
MARKS = {Status.CANCELLED: "[Cancelled]", Status.POSTPONED: "[Postponed]", Status.EXPECTED: "[Expected]"}

# Line separators that some readers split at (RFC 5545 knows only "\n" in a text), then controls and the marks that
# turn the direction of writing, which could make a title read as something else.
_LINE_ENDS = re.compile("\r\n|[\r\x85\u2028\u2029\x0b\x0c]")
_UNWANTED = re.compile("[\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f\u202a-\u202e\u2066-\u2069\ufeff]|[\ud800-\udfff]")


def clean(text: str) -> str:
    """Return ``text`` with LF as its only line end, without control characters and direction overrides."""
    return _UNWANTED.sub("", _LINE_ENDS.sub("\n", text))


def one_line(text: str) -> str:
    """Return ``text`` cleaned and on one line."""
    return " ".join(clean(text).split())


@lru_cache(maxsize=4096)
def web_address(url: str | None) -> str | None:
    """Return ``url`` as an ASCII http(s) URI, or None for anything else (RFC 5545 section 3.3.13)."""
    if not url:
        return None
    try:
        parts = urlsplit(url.strip())
        host = parts.hostname
    except ValueError:
        return None
    if parts.scheme.lower() not in {"http", "https"} or not host:
        return None
    return quote(parts.geturl(), safe="!#$%&'()*+,/:;=?@[]~-._")


def day_text(day: date, language: str) -> str:
    """Return a civil date with its weekday."""
    return translate("{day} ({weekday})", language, day=day.isoformat(), weekday=weekday(day, language))


def edge_text(edge: Edge, language: str) -> str:
    """Return an edge as people write it: its named day, weekday and time, 24:00 included."""
    return day_text(edge.named_on, language) + (f" {edge.clock}" if edge.clock else "")


def summary(occurrence: Occurrence, exam: Exam, prefix: str, role: str, language: str, name: str = "") -> str:
    """Return the title: a mark of five characters at most, the milestone, its place, its exam.

    ``prefix`` is the mark of a plain event ("[Closes]"); ``role`` says the same in brackets where the status takes
    the mark's place; ``name`` is put before the milestone's own (a session's).
    """
    title = " ".join(part for part in (one_line(name), one_line(occurrence.name.in_(language))) if part)
    mark = MARKS.get(occurrence.status, prefix)
    said = translate(mark, language) + ("" if language.startswith("zh") else " ") + title
    if mark is not prefix and role:
        said += translate(" ({role})", language, role=translate(role, language))
    return " · ".join((said, *_whose(occurrence, exam, language)))


def bare_title(occurrence: Occurrence, exam: Exam, language: str, name: str = "") -> str:
    """Return the title without its mark."""
    title = " ".join(part for part in (one_line(name), one_line(occurrence.name.in_(language))) if part)
    return " · ".join((title, *_whose(occurrence, exam, language)))


def _whose(occurrence: Occurrence, exam: Exam, language: str) -> Iterator[str]:
    site = exam.site(occurrence.site) if occurrence.site else None
    if site:
        yield one_line(site.name.in_(language))
    yield one_line(exam.name.in_(language))


def description(occurrence: Occurrence, exam: Exam, needed: tuple[Text, ...], language: str) -> str:
    """Return the body: dates, what to do, all notes, conditions, place, then source, check date and contacts.

    ``needed`` are the names of the milestones that come before this one.
    """
    blocks = (
        _dates(occurrence, language),
        _tasks(occurrence, language),
        _remarks(occurrence, exam, language),
        _conditions(occurrence, exam, needed, language),
        _place(occurrence, exam, language),
        _sources(occurrence, language),
        _contacts(occurrence, exam, language),
    )
    return clean("\n\n".join("\n".join(block) for block in (list(lines) for lines in blocks) if block))


def categories(occurrence: Occurrence, exam: Exam, language: str) -> tuple[str, ...]:
    """Return what an event is filed under: its kind and its exam."""
    return (translate(KINDS[occurrence.kind], language), one_line(exam.name.in_(language)))


def place(occurrence: Occurrence, exam: Exam, language: str) -> str:
    """Return where to go, or an empty text."""
    site = exam.site(occurrence.site) if occurrence.site else None
    found = occurrence.location or (site.address if site else None)
    return one_line(found.in_(language)) if found else ""


def _dates(occurrence: Occurrence, language: str) -> Iterator[str]:
    if occurrence.status in MARKS:
        yield translate(_STATUS_NOTES[occurrence.status], language)
    if occurrence.days:
        days = translate("; ", language).join(day_text(day, language) for day in occurrence.days)
        yield translate("Date: {days}", language, days=days)
    else:
        if occurrence.opens:
            yield translate("Opens: {when}", language, when=edge_text(occurrence.opens, language))
        if occurrence.closes:
            yield translate("Closes: {when}", language, when=edge_text(occurrence.closes, language))
    for session in occurrence.sessions:
        ends = f"–{session.closes.clock}" if session.closes and session.closes.clock else ""
        yield f"{one_line(session.name.in_(language))}: {edge_text(session.opens, language)}{ends}"
    limits = [translate(OPEN_DAYS[occurrence.open_days], language)] if occurrence.open_days in OPEN_DAYS else []
    limits += [clock_range(span, dash="-") for span in occurrence.hours]
    if limits:
        yield translate("Open: {hours}", language, hours=translate(", ", language).join(limits))


def _tasks(occurrence: Occurrence, language: str) -> Iterator[str]:
    if occurrence.tasks:
        yield translate("To do:", language)
    for task in occurrence.tasks:
        yield f"- {task.in_(language)}"


def _remarks(occurrence: Occurrence, exam: Exam, language: str) -> Iterator[str]:
    for notes in (occurrence.notes, exam.notes):
        if notes:
            yield translate("Note: {notes}", language, notes=notes.in_(language))


def _conditions(occurrence: Occurrence, exam: Exam, needed: tuple[Text, ...], language: str) -> Iterator[str]:
    if occurrence.audience == "institution":
        yield translate("For institutions, not for candidates.", language)
    if needed:
        names = translate(", ", language).join(one_line(name.in_(language)) for name in needed)
        yield translate("After: {names}", language, names=names)
    if occurrence.tracks:
        tracks = (exam.track(track) for track in occurrence.tracks)
        names = translate(", ", language).join(one_line(track.name.in_(language)) for track in tracks if track)
        yield translate("For: {names}", language, names=names)


def _place(occurrence: Occurrence, exam: Exam, language: str) -> Iterator[str]:
    where = place(occurrence, exam, language)
    if where:
        yield translate("Place: {where}", language, where=where)


def _sources(occurrence: Occurrence, language: str) -> Iterator[str]:
    for source in occurrence.sources:
        yield translate("Source: {source}", language, source=_source(source, language))
    published = max((source.published for source in occurrence.sources if source.published), default=None)
    checked = max((source.checked for source in occurrence.sources if source.checked), default=None)
    if published:
        yield translate("Published: {day}", language, day=published.isoformat())
    if checked:
        yield translate("Checked: {day}", language, day=checked.isoformat())
    if not occurrence.sources:
        yield translate("Source: not stated; please check the official notice.", language)


def _source(source: Source, language: str) -> str:
    title = one_line(source.title.in_(language)) if source.title else ""
    said = " ".join(part for part in (title, source.url) if part)
    return said or one_line(source.quote or "") or translate("not named", language)


def _contacts(occurrence: Occurrence, exam: Exam, language: str) -> Iterator[str]:
    site = exam.site(occurrence.site) if occurrence.site else None
    lines = [_contact(contact, language) for contact in occurrence.contacts or exam.contacts]
    if site:
        lines.insert(0, _site_contact(site, language))
    for line in dict.fromkeys(lines):
        yield translate("Contact: {contact}", language, contact=line)


def _contact(contact: Contact, language: str) -> str:
    hours = translate(" ({role})", language, role=contact.hours.in_(language)) if contact.hours else ""
    parts = (one_line(contact.name.in_(language)), *contact.phones, contact.email, contact.url)
    return " ".join(part for part in parts if part) + hours


def _site_contact(site: Site, language: str) -> str:
    address = site.address.in_(language) if site.address else None
    return " ".join(part for part in (one_line(site.name.in_(language)), *site.phones, address, site.url) if part)


_STATUS_NOTES = {
    Status.CANCELLED: "Called off.",
    Status.POSTPONED: "Postponed: please check the official notice for the new date.",
    Status.EXPECTED: "Expected, not confirmed: please check the official notice.",
}
