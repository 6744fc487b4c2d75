"""The schedule: exams, sites, tracks, and milestones resolved to occurrences. Immutable, pure, zone-aware.

All instants are aware datetimes in the zone of their exam or milestone. Intervals are half-open. An edge
keeps both its instant and the *named day*, the civil date by which people call it: ``2026-02-11 24:00`` is
the instant 2026-02-12T00:00 whose named day is 2026-02-11.
"""

from __future__ import annotations

import enum
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, time

from typing_extensions import override

from examcal.identity import occurrence_id
from examcal.texts import DEFAULT_LANGUAGE, text_in


class Kind(enum.StrEnum):
    """What a milestone is about."""

    ANNOUNCEMENT = "announcement"
    REGISTRATION = "registration"
    REVIEW = "review"
    PAYMENT = "payment"
    TICKET = "ticket"
    EXAM = "exam"
    SCORE = "score"
    CERTIFICATE = "certificate"
    OTHER = "other"


class Status(enum.StrEnum):
    """How sure a date is; ``confirmed`` means that an authority published it."""

    CONFIRMED = "confirmed"
    EXPECTED = "expected"
    TBA = "tba"
    POSTPONED = "postponed"
    CANCELLED = "cancelled"


class Audience(enum.StrEnum):
    """Who acts on a milestone."""

    CANDIDATE = "candidate"
    INSTITUTION = "institution"


class Shape(enum.StrEnum):
    """In which of the ways a milestone says when."""

    WINDOW = "window"  # opens and/or closes
    DAY = "day"  # one whole day
    DAYS = "days"  # a list of whole days
    INSTANT = "instant"  # one moment (``at``): only ``opens`` is set
    TBA = "tba"  # no date yet


class Anchor(enum.StrEnum):
    """The edge a reminder rule counts from."""

    OPENS = "opens"
    CLOSES = "closes"


class Unit(enum.StrEnum):
    """Units of an offset: minutes and hours are exact, the others count named days."""

    MINUTE = "m"
    HOUR = "h"
    DAY = "d"
    WEEK = "w"
    WORKDAY = "wd"


class OpenDays(enum.StrEnum):
    """On which days inside a window the counter is open."""

    ALL = "all"
    WEEKDAYS = "weekdays"
    WORKDAYS = "workdays"


@dataclass(frozen=True, slots=True)
class Text:
    """A text in one or several languages; the first is the default."""

    values: tuple[tuple[str, str], ...]

    def in_(self, language: str = DEFAULT_LANGUAGE) -> str:
        """Return the text in ``language``, else in the nearest language there is."""
        return text_in(dict(self.values), language)

    @override
    def __str__(self) -> str:
        return self.values[0][1]


@dataclass(frozen=True, slots=True)
class Source:
    """Who states a date. ``quote`` is the original wording; ``checked`` the day somebody last compared it."""

    title: Text | None = None
    url: str | None = None
    quote: str | None = None
    published: date | None = None
    checked: date | None = None


@dataclass(frozen=True, slots=True)
class Contact:
    """Whom to ask."""

    name: Text
    phones: tuple[str, ...] = ()
    hours: Text | None = None
    email: str | None = None
    url: str | None = None


@dataclass(frozen=True, slots=True)
class Site:
    """A place inside the exam's area with contacts of its own."""

    id: str
    name: Text
    phones: tuple[str, ...] = ()
    address: Text | None = None
    url: str | None = None


@dataclass(frozen=True, slots=True)
class Track:
    """A candidate's route through the exam."""

    id: str
    name: Text


@dataclass(frozen=True, slots=True)
class Edge:
    """One end of a window: the instant, its named day, and the time of day as written.

    ``clock`` is "HH:MM" as people write it ("24:00" on the named day), or None where only a date was given.
    """

    at: datetime
    named_on: date
    clock: str | None = None

    @property
    def wall(self) -> str:
        """The wall time as written, e.g. ``2026-02-11T24:00`` or ``2026-02-11``: part of a reminder's identity."""
        return f"{self.named_on}T{self.clock}" if self.clock else self.named_on.isoformat()

    @property
    def precision(self) -> str:
        """``"day"`` where only a date was given, else ``"minute"``."""
        return "minute" if self.clock else "day"


@dataclass(frozen=True, slots=True)
class Session:
    """One paper of an exam. ``number`` counts from 1."""

    number: int
    name: Text
    opens: Edge
    closes: Edge | None = None


@dataclass(frozen=True, slots=True)
class Hours:
    """A range of daily opening hours as minutes since midnight; 24:00 is 1440."""

    since: int
    until: int


@dataclass(frozen=True, slots=True)
class Rule:
    """When to remind: ``ANCHOR [±N UNIT] [HH:MM]``. ``amount`` is negative before the anchor."""

    anchor: Anchor
    amount: int = 0
    unit: Unit | None = None
    at: time | None = None

    @override
    def __str__(self) -> str:
        offset = f" {self.amount:+d}{self.unit}" if self.unit and self.amount else f" 0{self.unit}" if self.unit else ""
        return f"{self.anchor}{offset}" + (f" {self.at:%H:%M}" if self.at else "")


@dataclass(frozen=True, slots=True)
class Occurrence:
    """A milestone resolved for one site (``site`` is None for the exam's own, area-wide one)."""

    exam: str
    milestone: str
    kind: Kind
    name: Text
    shape: Shape
    status: Status
    zone: str
    site: str | None = None
    opens: Edge | None = None
    closes: Edge | None = None
    days: tuple[date, ...] = ()
    sessions: tuple[Session, ...] = ()
    open_days: OpenDays = OpenDays.ALL
    hours: tuple[Hours, ...] = ()
    audience: Audience = Audience.CANDIDATE
    tracks: tuple[str, ...] = ()
    requires: tuple[str, ...] = ()
    sources: tuple[Source, ...] = ()
    tasks: tuple[Text, ...] = ()
    notes: Text | None = None
    location: Text | None = None
    url: str | None = None
    contacts: tuple[Contact, ...] = ()
    expected: Text | None = None
    rules: tuple[Rule, ...] = ()
    renamed_from: tuple[str, ...] = ()

    @property
    def id(self) -> str:
        """The occurrence's present id, ``{exam}/{milestone}[@site]``."""
        return occurrence_id(self.exam, self.milestone, self.site)

    @property
    def origin_id(self) -> str:
        """The id under which the milestone was first published; UIDs and reminders are made of this one."""
        origin = self.renamed_from[0] if self.renamed_from else self.milestone
        return occurrence_id(self.exam, origin, self.site)

    @property
    def is_dated(self) -> bool:
        """Whether at least one edge is known."""
        return self.opens is not None or self.closes is not None

    def edge(self, anchor: Anchor) -> Edge | None:
        """Return the edge that ``anchor`` names, or None where the milestone has none."""
        return self.opens if anchor is Anchor.OPENS else self.closes


@dataclass(frozen=True, slots=True)
class Milestone:
    """One dated thing of an exam: its area-wide occurrence, and one for every site that has its own window."""

    id: str
    area: Occurrence
    sites: tuple[Occurrence, ...] = ()

    def at_site(self, site: str | None) -> Occurrence:
        """Return the site's own occurrence, else the area-wide one."""
        return next((o for o in self.sites if o.site == site), self.area)


@dataclass(frozen=True, slots=True)
class Exam:
    """One sitting of an examination in one area."""

    id: str
    name: Text
    zone: str
    milestones: tuple[Milestone, ...]
    organizer: Text | None = None
    url: str | None = None
    notes: Text | None = None
    contacts: tuple[Contact, ...] = ()
    sites: tuple[Site, ...] = ()
    tracks: tuple[Track, ...] = ()

    def site(self, site_id: str) -> Site | None:
        """Return the site with this id, or None."""
        return next((site for site in self.sites if site.id == site_id), None)

    def track(self, track_id: str) -> Track | None:
        """Return the track with this id, or None."""
        return next((track for track in self.tracks if track.id == track_id), None)

    def milestone(self, milestone_id: str) -> Milestone | None:
        """Return the milestone with this id, or None."""
        return next((m for m in self.milestones if m.id == milestone_id), None)

    def occurrences(self) -> Iterator[Occurrence]:
        """Yield every occurrence: for each milestone the area-wide one, then the sites' own."""
        for milestone in self.milestones:
            yield milestone.area
            yield from milestone.sites


@dataclass(frozen=True, slots=True)
class QuietHours:
    """The times of day without messages, ``[since, until)``; they may span midnight."""

    since: time
    until: time

    def cover(self, moment: time) -> bool:
        """Return whether ``moment`` is quiet."""
        if self.since <= self.until:
            return self.since <= moment < self.until
        return moment >= self.since or moment < self.until


@dataclass(frozen=True, slots=True)
class WorkdayCorrections:
    """Days that differ from the statutory calendar ``calendar`` ("CN", or None for Monday to Friday)."""

    calendar: str | None = None
    holidays: frozenset[date] = frozenset()
    working: frozenset[date] = frozenset()


@dataclass(frozen=True, slots=True)
class Schedule:
    """The validated meaning of a schedule file; ``digest`` identifies the exact text it came from."""

    exams: tuple[Exam, ...]
    zone: str = "Asia/Shanghai"
    language: str = DEFAULT_LANGUAGE
    remind_at: time = time(9, 0)
    quiet_hours: QuietHours | None = None
    workdays: WorkdayCorrections = WorkdayCorrections()
    digest: str = ""

    def exam(self, exam_id: str) -> Exam | None:
        """Return the exam with this id, or None."""
        return next((exam for exam in self.exams if exam.id == exam_id), None)

    def occurrences(self) -> Iterator[Occurrence]:
        """Yield every occurrence of every exam, in the order of the file."""
        for exam in self.exams:
            yield from exam.occurrences()

    def occurrence(self, occurrence_id: str) -> Occurrence | None:
        """Return the occurrence with this id, or None."""
        return next((o for o in self.occurrences() if o.id == occurrence_id), None)


def in_order(occurrences: Iterable[Occurrence]) -> list[Occurrence]:
    """Sort by the first known edge; undated ones keep their place after the dated one written before them."""
    ordered: list[tuple[float, int, Occurrence]] = []
    latest = float("-inf")
    for position, occurrence in enumerate(occurrences):
        edge = occurrence.opens or occurrence.closes
        latest = edge.at.timestamp() if edge else latest
        ordered.append((latest, position, occurrence))
    return [occurrence for _, _, occurrence in sorted(ordered, key=lambda row: row[:2])]
