"""The office kit (发布包): the words for WeCom, mail and a notice, made from the same facts as page and feed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from examcal.feed.calendar import feed_path
from examcal.pages.book import Book
from examcal.pages.entries import Entry
from examcal.pages.history import PublishedChange, Statement
from examcal.pages.links import web_url
from examcal.pages.words import Words
from examcal.schedule.model import Exam, Schedule, Session, Status

WECOM_LIMIT = 2048  # bytes of UTF-8 in one text message of a WeCom group robot


@dataclass(frozen=True, slots=True)
class Told:
    """A published change in words."""

    change: PublishedChange
    exam: str
    site: str
    name: str
    what: str
    old: str
    new: str
    published: str
    source: str
    source_url: str | None


@dataclass(frozen=True, slots=True)
class Line:
    """One row of a notice: what, when, and a remark."""

    what: str
    when: str
    remark: str = ""


@dataclass(frozen=True, slots=True)
class Sheet:
    """One thing to post: an overview of the exam, or one change. ``folder`` is where its files lie in the kit."""

    folder: str
    title: str
    lead: str
    lines: tuple[Line, ...]
    closing: tuple[str, ...]
    wecom: str
    mail: str


def statement_words(statement: Statement | None, words: Words, *, place: bool = False) -> str:
    """Return when (or with ``place`` also where) a statement says, in one line."""
    if statement is None:
        return words.t("not announced")
    if statement.status is Status.CANCELLED:
        return words.status(Status.CANCELLED)
    dates = words.dates(statement)
    parts = [words.prefix(statement.status, dates=bool(dates)), dates]
    if place and statement.location:
        parts.append(statement.location.in_(words.language))
    return " ".join(part for part in parts if part)


def session_words(old: Statement | None, new: Statement | None, words: Words) -> tuple[str, str]:
    """Return the papers that one statement times otherwise than the other, as old and new lines."""
    before = {session.number: session for session in old.sessions} if old else {}
    after = {session.number: session for session in new.sessions} if new else {}
    numbers = [n for n in sorted({*before, *after}) if before.get(n) != after.get(n)]
    return _papers(before, numbers, words), _papers(after, numbers, words)


def _papers(sessions: Mapping[int, Session], numbers: Sequence[int], words: Words) -> str:
    found = [sessions[number] for number in numbers if number in sessions]
    return words.t("; ").join(f"{s.name.in_(words.language)} {words.moment(s.opens).text}" for s in found)


def told(schedule: Schedule, change: PublishedChange, words: Words) -> Told:
    """Return a change in words: what, old, new, source."""
    exam = schedule.exam(change.exam)
    site = exam.site(change.site) if exam and change.site else None
    place = change.kind == "moved-place"
    title = change.source.title if change.source else None
    old = statement_words(change.old, words, place=place)
    new = statement_words(change.new, words, place=place) if change.new else words.t("withdrawn")
    if old == new:
        old, new = session_words(change.old, change.new, words)
    return Told(
        change,
        exam.name.in_(words.language) if exam else change.exam,
        site.name.in_(words.language) if site else change.site or "",
        change.name.in_(words.language),
        words.change(change.kind),
        old,
        new,
        words.instant(change.published_there),
        title.in_(words.language) if title else "",
        web_url(change.source.url) if change.source else None,
    )


def sheets(book: Book, exam: Exam) -> list[Sheet]:
    """Return the overview of ``exam`` and one sheet for each of its changes, newest first."""
    closing, words = tuple(_closing(book, exam)), book.words
    found = [_overview(exam, book.entries(exam), closing, words)]
    found += [_change(told(book.schedule, one, words), closing, words) for one in book.changes if one.exam == exam.id]
    return found


def _overview(exam: Exam, entries: Sequence[Entry], closing: tuple[str, ...], words: Words) -> Sheet:
    lines = tuple(Line(e.occurrence.name.in_(words.language), e.when, _condition(e, words)) for e in entries)
    title = words.t("Timetable: {exam}", exam=exam.name.in_(words.language))
    lead = words.t("All dates as they stand. What is expected or to be announced is not official yet.")
    return _sheet("", title, lead, lines, closing, words)


def _condition(entry: Entry, words: Words) -> str:
    return words.t("only for: {tracks}", tracks=words.t(", ").join(entry.tracks)) if entry.tracks else ""


def _change(change: Told, closing: tuple[str, ...], words: Words) -> Sheet:
    place = f" ({change.site})" if change.site else ""
    title = words.t("{what}: {name}", what=change.what, name=change.name + place)
    lines = [Line(words.t("Before"), change.old), Line(words.t("Now"), change.new)]
    source = change.source or change.source_url
    if source:
        lines.append(Line(words.t("Source"), source, change.source_url or ""))
    folder = f"changes/{change.change.key}/"
    lead = words.t("{exam}, published {date}", exam=change.exam, date=change.published)
    return _sheet(folder, title, lead, tuple(lines), closing, words)


def _closing(book: Book, exam: Exam) -> Iterator[str]:
    words, feed = book.words, book.there(feed_path(exam.id))
    page, subscription = book.origin.of(book.layout.exam(exam.id)), book.origin.of(feed) if feed else None
    if page:
        yield words.t("Details and sources: {url}", url=page)
    if subscription:
        yield words.t("Calendar subscription: {url}", url=subscription)
    for contact in exam.contacts:
        phones = words.t(", ").join(contact.phones)
        hours = contact.hours.in_(words.language) if contact.hours else ""
        yield " ".join(part for part in (contact.name.in_(words.language), phones, hours) if part)


def _sheet(
    folder: str, title: str, lead: str, lines: tuple[Line, ...], closing: tuple[str, ...], words: Words
) -> Sheet:
    rows = [f"{line.what}{words.t(': ')}{line.when}" + (f" [{line.remark}]" if line.remark else "") for line in lines]
    flat = [" ".join(row.split()) for row in rows]
    end = [" ".join(line.split()) for line in closing]
    wecom = parts([f"【{title}】", lead, *flat, *end], words)
    mail = "\n".join([f"{words.t('Subject')}{words.t(': ')}{title}", "", lead, "", *flat, "", *end, ""])
    return Sheet(folder, title, lead, lines, closing, wecom, mail)


def parts(lines: Sequence[str], words: Words, limit: int = WECOM_LIMIT) -> str:
    """Return lines as one text, or as numbered parts of at most ``limit`` bytes each, cut between lines."""
    room = limit - 40
    groups: list[list[str]] = [[]]
    for line in (piece for whole in lines for piece in _pieces(whole, room)):
        if groups[-1] and len("\n".join([*groups[-1], line]).encode()) > room:
            groups.append([])
        groups[-1].append(line)
    if len(groups) == 1:
        return "\n".join(groups[0]) + "\n"
    total = len(groups)
    blocks = ["\n".join([*group, f"({number}/{total})"]) for number, group in enumerate(groups, 1)]
    rule = words.t("— send the next part as a message of its own —")
    return f"\n\n{rule}\n\n".join(blocks) + "\n"


def _pieces(line: str, limit: int) -> Iterator[str]:
    """Yield a line whole, or cut between letters where it alone is over the limit."""
    piece = ""
    for letter in line:
        if len((piece + letter).encode()) > limit:
            yield piece
            piece = ""
        piece += letter
    yield piece
