"""All pages of a schedule as files: a pure function of the schedule, its history of changes and the base address."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence

from examcal.feed.calendar import feed_path
from examcal.pages import atom, kit, links, listing
from examcal.pages.book import Book, MailForm, assets
from examcal.pages.entries import for_track, latest_moves
from examcal.pages.history import PublishedChange
from examcal.pages.links import Layout, Origin
from examcal.pages.poster import fit
from examcal.pages.subscribe import instead, panel
from examcal.pages.timeline import draw
from examcal.pages.words import Words
from examcal.schedule.model import Exam, Kind, Schedule, Text
from examcal.texts import LANGUAGES

ROBOTS = b"User-agent: *\nAllow: /\n"
LISTED = 100  # milestones of an exam that the index lists; it only links to longer exams


def render(
    schedule: Schedule,
    *,
    base_url: str | None = None,
    changes: Sequence[PublishedChange] = (),
    languages: Sequence[str] = LANGUAGES,
    mail_form: MailForm | None = None,
    left_out: Collection[str] = (),
) -> dict[str, bytes]:
    """Return every page and asset as path → bytes: the same bytes for the same arguments.

    The schedule's own language is at the root, every other one of ``languages`` below its tag. ``base_url`` is where
    the edition is served; without it pages offer no subscription addresses and no QR codes, because a relative address
    is none that a calendar program could use. ``changes`` are all changes ever published, in any order.
    ``mail_form`` makes the form for reminders by e-mail, where the server that answers it runs. ``left_out`` are the
    paths of feeds that the edition lacks for their size: nothing links to them, and the pages say what to subscribe to
    instead.
    """
    order = [schedule.language, *(language for language in languages if language != schedule.language)]
    layouts = {language: Layout(language, default=language == order[0]) for language in order}
    origin = Origin(links.web_url(base_url))
    newest_first = sorted(changes, key=lambda change: (change.published_at, change.key), reverse=True)
    moves = latest_moves(changes)
    result = {**assets(), "robots.txt": ROBOTS, "schedule.json": listing.schedule_json(schedule, origin, left_out)}
    for language in order:
        words, layout = Words(language), layouts[language]
        result.update(_pages(Book(schedule, origin, newest_first, moves, layouts, words, layout, mail_form, left_out)))
    return result


def _pages(book: Book) -> Iterator[tuple[str, bytes]]:
    yield _index(book)
    yield _changes(book)
    yield book.layout.atom, atom.feed(book.schedule, book.changes, book.origin, book.layout, book.words)
    if book.layout.default:
        yield _missing(book)
    for exam in book.schedule.exams:
        for place in (None, *(site.id for site in exam.sites)):
            yield _exam(book, exam, place)
            yield _poster(book, exam, place)
            for track in exam.tracks:
                yield _exam(book, exam, place, track.id)
        yield from _kit(book, exam)


def _index(book: Book) -> tuple[str, bytes]:
    path = book.layout.index
    exams = [(exam, book.entries(exam)) for exam in book.schedule.exams]
    feed = book.there(feed_path())
    page = book.page(
        "index.html",
        path,
        book.twins("within", "index.html"),
        exams=exams,
        listed=LISTED,
        panel=panel(book, path, book.words.t("All exams"), feed),
        feed=feed,
        instead=instead(book, None),
        mail=book.mail(path, None),
    )
    return path, page


def _exam(book: Book, exam: Exam, place: str | None, track: str | None = None) -> tuple[str, bytes]:
    path = book.layout.exam(exam.id, place, track)
    entries = for_track(book.entries(exam, place), track)
    anchors = frozenset(entry.anchor for entry in entries)
    here = exam.site(place) if place else None
    route = exam.track(track) if track else None
    feed = book.there(feed_path(exam.id, place))
    name = _name(book.words, exam.name, here.name if here else None, route.name if route else None)
    kinds = [kind for kind in Kind if any(entry.occurrence.kind is kind for entry in entries)]
    page = book.page(
        "exam.html",
        path,
        book.twins("exam", exam.id, place, track),
        exam=exam,
        place=here,
        route=route,
        name=name,
        cards=[book.card(exam, entry, path, anchors) for entry in entries],
        timeline=draw(entries, book.words),
        kinds=kinds,
        panel=panel(book, path, name, feed, track),
        feed=feed,
        instead=instead(book, exam, place),
        mail=book.mail(path, exam, place, track),
        checked=_last_checked(exam),
    )
    return path, page


def _name(words: Words, *texts: Text | None) -> str:
    return " ".join(text.in_(words.language) for text in texts if text)


def _last_checked(exam: Exam) -> str | None:
    days = [source.checked for o in exam.occurrences() for source in o.sources if source.checked]
    return max(days).isoformat() if days else None


def _changes(book: Book) -> tuple[str, bytes]:
    path = book.layout.changes
    rows = [kit.told(book.schedule, change, book.words) for change in book.changes]
    return path, book.page("changes.html", path, book.twins("within", "changes/index.html"), rows=rows)


def _missing(book: Book) -> tuple[str, bytes]:
    path = "404.html"
    others = [(Words(language), layout.index) for language, layout in book.layouts.items() if layout != book.layout]
    page = book.page("missing.html", path, {}, rooted=book.origin.rooted, others=others)
    return path, page


def _poster(book: Book, exam: Exam, place: str | None) -> tuple[str, bytes]:
    path = book.layout.poster(exam.id, place)
    here = exam.site(place) if place else None
    target = book.layout.exam(exam.id, place)
    name = _name(book.words, exam.name, here.name if here else None)
    entries = book.entries(exam, place)
    page = book.page(
        "poster.html",
        path,
        book.twins("poster", exam.id, place),
        exam=exam,
        place=here,
        entries=entries,
        panel=panel(book, target, name, book.there(feed_path(exam.id, place))),
        target=target,
        fit=fit(entries, exam.name.in_(book.words.language), book.words.language),
        checked=_last_checked(exam),
    )
    return path, page


def _kit(book: Book, exam: Exam) -> Iterator[tuple[str, bytes]]:
    """Yield the office kit of an exam: what an office posts by hand, from the same facts as everything else."""
    sheets = kit.sheets(book, exam)
    for sheet in sheets:
        for name, text in (("wecom.txt", sheet.wecom), ("mail.txt", sheet.mail)):
            yield book.layout.kit(exam.id, sheet.folder + name), text.encode()
        path = book.layout.kit(exam.id, sheet.folder + "notice.html")
        twins = book.twins("kit", exam.id, sheet.folder + "notice.html")
        yield path, book.page("notice.html", path, twins, exam=exam, sheet=sheet)
    path = book.layout.kit(exam.id)
    yield path, book.page("kit.html", path, book.twins("kit", exam.id), exam=exam, sheets=sheets)
