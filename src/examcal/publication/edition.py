"""An edition: every published file as octets, and the manifest. A function of schedule, history and nothing else."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import ClassVar

from examcal.errors import ExamcalError, ExitCode, Sentence, Severity
from examcal.feed.calendar import FEED_LIMIT, EventBook, feed_path, milestone_path
from examcal.feed.lint import Finding
from examcal.feed.lint.known import KnownEvents
from examcal.feed.selection import DEFAULT
from examcal.pages.history import PublishedChange
from examcal.publication.history import CHANGES, History
from examcal.publication.manifest import MANIFEST, Manifest, digest_of
from examcal.publication.revisions import Revised, revise
from examcal.publication.window import WHOLE, Window
from examcal.schedule.model import Schedule

Pages = Callable[[Sequence[PublishedChange], Collection[str]], Mapping[str, bytes]]
"""Makes all other files: from the changes so far, and the paths of feeds that are left out (nothing may link there)."""
FEEDS = "feeds/"
KNOWN_EVENTS = KnownEvents()


class FeedRejectedError(ExamcalError):
    """A feed breaks a rule of the lint; all findings are in ``findings``. Nothing is published."""

    exit_code: ClassVar[ExitCode] = ExitCode.BAD_DATA

    def __init__(self, path: str, findings: Sequence[Finding]) -> None:
        self.findings = tuple(findings)
        first = self.findings[0]
        super().__init__(
            "{path} breaks {count} rule(s) of calendar feeds, first {rule} in line {line}: {message}",
            path=path,
            count=len(self.findings),
            rule=first.rule,
            line=first.line,
            message=first.message,
        )


@dataclass(frozen=True, slots=True)
class Edition:
    """``files`` are all files but the manifest and the compressed twins. ``book`` makes any selection of the feeds."""

    files: Mapping[str, bytes]
    manifest: Manifest
    book: EventBook
    changes: tuple[PublishedChange, ...] = ()
    warnings: tuple[Sentence, ...] = ()
    octets: bytes = field(default=b"", compare=False)

    @property
    def digest(self) -> str:
        """The name of the edition: a digest of its manifest, and so of everything in it."""
        return hashlib.sha256(self.octets).hexdigest()


def no_pages(_changes: Sequence[PublishedChange], _left_out: Collection[str]) -> Mapping[str, bytes]:
    """Return no pages: an edition of feeds alone."""
    return {}


def build_edition(
    schedule: Schedule,
    *,
    now: datetime,
    previous: Manifest | None = None,
    history: History | None = None,
    pages: Pages = no_pages,
    window: Window = WHOLE,
    feed_limit: int = FEED_LIMIT,
    accept_shrink: bool = False,
) -> Edition:
    """Return the edition that follows from ``schedule`` and from what was published before.

    ``previous`` and ``history`` are those of the published edition, ``pages`` makes the other files from the changes so
    far and the feeds that are left out for their size. Raises RefusedError for a shrunken schedule and
    FeedRejectedError for a feed that breaks a rule.
    """
    revised = revise(schedule, previous, now, accept_shrink=accept_shrink)
    past = history or History()
    ahead = past.following(schedule, now) if previous is not None else History.of(schedule)
    feeds = dict(_feeds(schedule, revised, previous, window, now))
    too_large = _too_large(feeds, feed_limit)
    for path in too_large:
        del feeds[path]
    check_feeds(feeds, previous)
    files = {**pages(ahead.changes, too_large), **feeds, CHANGES: ahead.octets()}
    manifest = Manifest(
        {path: digest_of(octets) for path, octets in files.items()},
        revised.events,
        revised.milestones,
        revised.retired,
        revised.known,
    )
    warnings = tuple(
        Sentence(
            "{path} is larger than {limit} octets, which calendars refuse; it is left out",
            {"path": path, "limit": feed_limit},
        )
        for path in too_large
    )
    return Edition(files, manifest, revised.book, ahead.changes, warnings, manifest.octets())


def left_out(
    schedule: Schedule,
    *,
    now: datetime,
    previous: Manifest | None = None,
    window: Window = WHOLE,
    feed_limit: int = FEED_LIMIT,
) -> tuple[str, ...]:
    """Return the paths of the feeds that an edition of ``schedule`` leaves out for their size."""
    revised = revise(schedule, previous, now, accept_shrink=True)
    return _too_large(dict(_feeds(schedule, revised, previous, window, now)), feed_limit)


def _too_large(feeds: Mapping[str, bytes], limit: int) -> tuple[str, ...]:
    return tuple(sorted(path for path, octets in feeds.items() if len(octets) > limit))


def check_feeds(feeds: Mapping[str, bytes], previous: Manifest | None) -> None:
    """Lint every feed that is not already published octet by octet. Raises FeedRejectedError for the first bad one."""
    published = previous.files if previous else {}
    for path, octets in feeds.items():
        if published.get(path) == digest_of(octets):
            continue
        broken = [finding for finding in KNOWN_EVENTS.lint(octets) if finding.severity is Severity.ERROR]
        if broken:
            raise FeedRejectedError(path, broken)


def _feeds(
    schedule: Schedule, revised: Revised, previous: Manifest | None, window: Window, now: datetime
) -> Iterator[tuple[str, bytes]]:
    """Yield every feed of the schedule, then those that were once published, so that no address ever goes dead."""
    made = set()
    for path, exam, site, milestone in (*_current(schedule), *_former(previous)):
        if path in made:
            continue
        made.add(path)
        yield path, _feed(revised.book, window, now, exam=exam, site=site, milestone=milestone)


def _feed(
    book: EventBook, window: Window, now: datetime, *, exam: str | None, site: str | None, milestone: str | None
) -> bytes:
    language = book.schedule.language
    if milestone is not None and exam is not None:
        return book.calendar(book.of_milestone(exam, milestone), book.title(exam, None, language, milestone), language)
    events = window.select(book.selected(exam, site, DEFAULT), now)
    return book.calendar(events, book.title(exam, site, language), language)


def _current(schedule: Schedule) -> Iterator[tuple[str, str | None, str | None, str | None]]:
    yield feed_path(), None, None, None
    for exam in schedule.exams:
        yield feed_path(exam.id), exam.id, None, None
        for site in exam.sites:
            yield feed_path(exam.id, site.id), exam.id, site.id, None
        for milestone in exam.milestones:
            yield milestone_path(exam.id, milestone.id), exam.id, None, milestone.id


def _former(previous: Manifest | None) -> Iterator[tuple[str, str | None, str | None, str | None]]:
    for path in sorted(previous.files if previous else ()):
        if path.startswith(FEEDS) and path.endswith(".ics"):
            names = path.removeprefix(FEEDS).removesuffix(".ics").split("/")
            match names:
                case ["all"]:
                    yield path, None, None, None
                case [exam]:
                    yield path, exam, None, None
                case [exam, site]:
                    yield path, exam, site, None
                case [exam, "milestones", milestone]:
                    yield path, exam, None, milestone
                case _:
                    continue


__all__ = [
    "MANIFEST",
    "Edition",
    "FeedRejectedError",
    "Pages",
    "build_edition",
    "check_feeds",
    "digest_of",
    "left_out",
    "no_pages",
]
