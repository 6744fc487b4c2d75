"""Feeds: a header, the octets of the selected events, a footer. Same schedule and history, same octets."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from copy import copy
from datetime import UTC, datetime, timedelta
from functools import lru_cache

from icalendar import Calendar, vText

from examcal import __version__
from examcal.feed.alarms import from_address, start_instant
from examcal.feed.component import REMEMBERED, event_octets, zone_written
from examcal.feed.event import CLOSES, Event
from examcal.feed.expansion import Expansion
from examcal.feed.folding import folded
from examcal.feed.revision import Revision
from examcal.feed.selection import DEFAULT, NOTHING_THERE, Selection, UnknownSelectionError
from examcal.feed.wording import one_line
from examcal.feed.zones import timezone_octets
from examcal.schedule.model import Anchor, Exam, Occurrence, Schedule
from examcal.schedule.workdays import Workdays
from examcal.texts import translate

REFRESH = timedelta(hours=4)
FEED_LIMIT = 900_000  # octets; Google Calendar reads at most a megabyte
_FOOTER = b"END:VCALENDAR\r\n"


def feed_path(exam: str | None = None, site: str | None = None) -> str:
    """Return where a feed lies in an edition: that of all exams, of one exam, or of one of its sites."""
    if exam is None:
        return "feeds/all.ics"
    return f"feeds/{exam}/{site}.ics" if site else f"feeds/{exam}.ics"


def milestone_path(exam: str, milestone: str) -> str:
    """Return where one milestone's own calendar file lies in an edition."""
    return f"feeds/{exam}/milestones/{milestone}.ics"


class EventBook:
    """Every event of a schedule with its revision, from which any feed is put together. Immutable once made.

    ``revisions`` are by UID; an event without one was never changed. ``tombstones`` are the events of milestones
    that were taken out of the schedule. ``known_tracks`` and ``known_sites`` were published once and stay addressable.
    """

    def __init__(
        self,
        schedule: Schedule,
        revisions: Mapping[str, Revision] | None = None,
        tombstones: Iterable[Event] = (),
        known: Iterable[str] = (),
    ) -> None:
        self.schedule = schedule
        self._revisions = revisions or {}
        self._tombstones = tuple(tombstones)
        self._known = frozenset(known)
        self._workdays = Workdays(schedule.workdays)
        self._milestones = {
            (exam.id, milestone.id): milestone for exam in schedule.exams for milestone in exam.milestones
        }
        expansion = Expansion(schedule)
        self._events = {
            occurrence.id: expansion.events(occurrence, exam)
            for exam in schedule.exams
            for occurrence in exam.occurrences()
        }

    def revised(
        self, revisions: Mapping[str, Revision], tombstones: Iterable[Event], known: Iterable[str]
    ) -> EventBook:
        """Return the same events with their revisions, and with what past editions left behind."""
        book = copy(self)
        book.__dict__.update(_revisions=revisions, _tombstones=tuple(tombstones), _known=frozenset(known))
        return book

    @property
    def events(self) -> Iterator[Event]:
        """All events in the order of the file, optional spans included, then the tombstones."""
        for events in self._events.values():
            yield from events
        yield from self._tombstones

    def revision(self, event: Event) -> Revision:
        """Return which version of ``event`` is current."""
        return self._revisions.get(event.uid) or Revision(0, event.stamp)

    def selected(
        self, exam: str | None = None, site: str | None = None, selection: Selection = DEFAULT
    ) -> tuple[Event, ...]:
        """Return the events of a feed, with the alarms that are asked for."""
        self._check(exam, selection)
        sites = (site,) if site else selection.sites
        found = (event for event in self._of_feed(exam, sites) if selection.wants(event))
        return tuple(self._ringing(event, selection) for event in found)

    def feed(self, exam: str | None = None, site: str | None = None, selection: Selection = DEFAULT) -> bytes:
        """Return the octets of a feed. Raises UnknownSelectionError for a track or site that never existed."""
        language = selection.language or self.schedule.language
        events = self.selected(exam, site, selection)
        return self.calendar(events, self.title(exam, site, language), language)

    def of_milestone(self, exam: str, milestone: str) -> tuple[Event, ...]:
        """Return the events of one milestone, its sites' windows included; of a removed one its tombstones."""
        found = self._milestones.get((exam, milestone))
        occurrences = (found.area, *found.sites) if found else ()
        mine = [event for one in occurrences for event in self._events[one.id] if DEFAULT.wants(event)]
        dead = [event for event in self._tombstones if (event.exam, event.milestone) == (exam, milestone)]
        return (*mine, *dead)

    def milestone(self, exam: str, milestone: str, language: str | None = None) -> bytes:
        """Return the calendar file of one milestone. Raises UnknownSelectionError where there is none."""
        if (exam, milestone) not in self._milestones:
            raise UnknownSelectionError(NOTHING_THERE, value=milestone)
        language = language or self.schedule.language
        return self.calendar(self.of_milestone(exam, milestone), self.title(exam, None, language, milestone), language)

    def calendar(self, events: Iterable[Event], title: str, language: str) -> bytes:
        """Return a VCALENDAR of ``events`` with the zones that they need."""
        chosen = tuple(events)
        octets = (event_octets(event, self.revision(event), language) for event in chosen)
        return b"".join(
            (header(title, self.schedule.zone, language), *_zones(chosen, self.schedule.zone), *octets, _FOOTER)
        )

    def _of_feed(self, exam: str | None, sites: tuple[str, ...]) -> Iterator[Event]:
        for one in self.schedule.exams:
            if exam in {None, one.id}:
                for occurrence in _occurrences(one, sites):
                    yield from self._events[occurrence.id]
        for event in self._tombstones:
            if exam in {None, event.exam} and (event.site is None or event.site in sites):
                yield event

    def _ringing(self, event: Event, selection: Selection) -> Event:
        if selection.alarms is None:
            return event
        anchor = Anchor.CLOSES if event.part == CLOSES else Anchor.OPENS
        rules = [offset.rule(anchor) for offset in selection.alarms]
        return event.ringing_at(from_address(event, rules, self.schedule, self._workdays))

    def _check(self, exam: str | None, selection: Selection) -> None:
        exams = [one for one in self.schedule.exams if exam in {None, one.id}]
        known = {track.id for one in exams for track in one.tracks} | {site.id for one in exams for site in one.sites}
        unknown = next(
            (value for value in (*selection.tracks, *selection.sites) if value not in known | self._known), None
        )
        if unknown is not None:
            raise UnknownSelectionError(NOTHING_THERE, value=unknown)

    def title(self, exam_id: str | None, site_id: str | None, language: str, milestone_id: str | None = None) -> str:
        """Return a feed's name: of its exam, site or milestone; an id where the schedule knows it no more."""
        if exam_id is None:
            return translate("Exam calendar", language)
        exam = self.schedule.exam(exam_id)
        names = [exam.name.in_(language) if exam else exam_id]
        if site_id:
            site = exam.site(site_id) if exam else None
            names.append(site.name.in_(language) if site else site_id)
        if milestone_id:
            milestone = self._milestones.get((exam_id, milestone_id))
            names.insert(0, milestone.area.name.in_(language) if milestone else milestone_id)
        return one_line(" · ".join(names))


def milestone_calendar(
    occurrence: Occurrence,
    schedule: Schedule,
    revisions: Mapping[str, Revision] | None = None,
    language: str | None = None,
) -> bytes:
    """Return the calendar file of one occurrence, as a mail carries it: the same UIDs as in the feeds, no METHOD.

    The occurrence may be an older or newer one than the schedule's own. One without a date gives a calendar
    that has a time zone and no event.
    """
    exam = schedule.exam(occurrence.exam)
    known = revisions or {}
    words = language or schedule.language
    events = Expansion(schedule).events(occurrence, exam or Exam(occurrence.exam, occurrence.name, occurrence.zone, ()))
    chosen = tuple(event for event in events if DEFAULT.wants(event))
    octets = (event_octets(event, known.get(event.uid) or Revision(0, event.stamp), words) for event in chosen)
    title = one_line(occurrence.name.in_(words))
    return b"".join((header(title, schedule.zone, words), *_zones(chosen, schedule.zone), *octets, _FOOTER))


@lru_cache(maxsize=REMEMBERED)
def header(title: str, zone: str, language: str) -> bytes:
    """Return the calendar's own properties (RFC 5545 section 3.7, RFC 7986 section 5), without UID and METHOD."""
    return _frame(zone, language) + _line("NAME", title) + _line("X-WR-CALNAME", title)


@lru_cache(maxsize=64)
def _frame(zone: str, language: str) -> bytes:
    calendar = Calendar()
    calendar.add("version", "2.0")
    calendar.add("prodid", f"-//examcal//examcal {__version__.partition('.')[0]}//{language.partition('-')[0].upper()}")
    calendar.add("calscale", "GREGORIAN")
    calendar.add("x-wr-timezone", zone)
    calendar.add("color", "crimson")
    calendar.add("x-apple-calendar-color", "#DC143C")
    calendar.add("refresh-interval", REFRESH, parameters={"VALUE": "DURATION"})
    calendar.add("x-published-ttl", "PT4H")
    octets: bytes = calendar.to_ical()
    return octets.removesuffix(_FOOTER)


def _line(name: str, text: str) -> bytes:
    """Return a content line of a TEXT, escaped and folded."""
    return folded(name.encode() + b":" + vText(text).to_ical())


def _occurrences(exam: Exam, sites: tuple[str, ...]) -> Iterator[Occurrence]:
    for milestone in exam.milestones:
        chosen = {occurrence.id: occurrence for occurrence in (milestone.at_site(site) for site in sites or (None,))}
        yield from chosen.values()


def _zones(events: tuple[Event, ...], fallback: str) -> Iterator[bytes]:
    """Yield a VTIMEZONE for each zone that is used; for a calendar without events one all the same.

    RFC 5545 section 3.6 wants at least one component.
    """
    years: dict[str, list[int]] = {}
    for event in events:
        zone = zone_written(event)
        if zone:
            years.setdefault(zone, []).extend(_years(event))
    for zone in sorted(years):
        yield timezone_octets(zone, min(years[zone]), max(years[zone]))
    if not events:
        yield timezone_octets(fallback, 2026, 2026)


def _years(event: Event) -> tuple[int, int]:
    starts = start_instant(event).astimezone(UTC)
    ends = event.ends.astimezone(UTC) if isinstance(event.ends, datetime) else starts
    return starts.year, ends.year
