"""What a message says beyond its first line: when, who, what, where and who says so, as values for templates. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date

from examcal.delivery.wording import (
    day_text,
    edge_text,
    hours_text,
    instant_text,
    midnight_text,
    one_line,
    plain_day,
    span_text,
)
from examcal.schedule.model import (
    Audience,
    Contact,
    Exam,
    Kind,
    Occurrence,
    OpenDays,
    Schedule,
    Session,
    Shape,
    Site,
    Source,
    Status,
    Text,
)
from examcal.texts import translate

_TO_PASS = frozenset({Kind.REVIEW, Kind.EXAM, Kind.SCORE})
_CENTRAL = frozenset({Kind.EXAM, Kind.SCORE, Kind.ANNOUNCEMENT})  # what no site can answer for
_SITES_LISTED = 30
_OPEN_DAYS = {
    OpenDays.ALL: "every day",
    OpenDays.WEEKDAYS: "Monday to Friday",
    OpenDays.WORKDAYS: "working days",
}


@dataclass(frozen=True, slots=True)
class Row:
    """A labelled value of one or several lines; ``url`` makes the first line a link where that is possible."""

    label: str
    lines: tuple[str, ...]
    url: str | None = None


@dataclass(frozen=True, slots=True)
class Named:
    """Who states a date: title and address, the words quoted, and when they were published and checked."""

    title: str
    url: str | None
    quote: str
    dates: str


@dataclass(frozen=True, slots=True)
class View:
    """Everything a template may show. All texts are in the language of the message and hold no markup.

    ``tone`` is "due", "open", "news" or "off". ``late`` is empty unless the message is late. ``cautions`` qualify the
    dates, ``conditions`` say whom it concerns. ``notes`` are paragraphs. ``written`` is when the time left was counted.
    """

    lead: str
    tone: str
    exam: str = ""
    late: str = ""
    cautions: tuple[str, ...] = ()
    conditions: tuple[str, ...] = ()
    rows: tuple[Row, ...] = ()
    tasks: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    contacts: tuple[str, ...] = ()
    sources: tuple[Named, ...] = ()
    action_url: str | None = None
    written: str = ""
    has_calendar: bool = False


class Describer:
    """Puts one occurrence into words in one language."""

    def __init__(self, occurrence: Occurrence, exam: Exam, schedule: Schedule, language: str) -> None:
        self.occurrence = occurrence
        self.exam = exam
        self.schedule = schedule
        self.language = language
        self.expected = occurrence.status is Status.EXPECTED

    @property
    def site(self) -> Site | None:
        """The site of the occurrence, or None for the area-wide one."""
        return self.exam.site(self.occurrence.site) if self.occurrence.site else None

    def say(self, msgid: str, **params: object) -> str:
        """Translate into the language of the message."""
        return translate(msgid, self.language, **params)

    def read(self, text: Text | None) -> str:
        """Return an author's text as one line."""
        return one_line(text.in_(self.language)) if text else ""

    def cautions(self) -> tuple[str, ...]:
        """Return what qualifies the dates: expected, postponed, a release without an hour."""
        occurrence, found = self.occurrence, []
        if self.expected:
            found.append(self.say("This date is expected, not confirmed: check the official notice."))
        if occurrence.status is Status.POSTPONED:
            found.append(self.say("This was postponed: check the official notice for its date."))
        if occurrence.kind is Kind.REVIEW and not occurrence.site and self.exam.sites:
            found.append(self.say("Sites set their own times within this window: follow the notice of your site."))
        if occurrence.kind is Kind.SCORE and occurrence.shape in {Shape.DAY, Shape.DAYS}:
            found.append(self.say("The announcement names the day and no hour; if nothing shows yet, try again later."))
        return tuple(found)

    def conditions(self) -> tuple[str, ...]:
        """Return whom the milestone concerns: tracks, what must be done before, who acts."""
        occurrence, found = self.occurrence, []
        if occurrence.tracks and not {track.id for track in self.exam.tracks} <= {*occurrence.tracks}:
            names = [self._track(track) for track in occurrence.tracks]
            found.append(self.say("Only for: {tracks}", tracks=self._listed(names)))
        if occurrence.requires:
            names = [self._required(milestone) for milestone in occurrence.requires]
            found.append(self.say("Condition: {conditions}", conditions=self._listed(names)))
        if occurrence.audience is Audience.INSTITUTION:
            found.append(self.say("To be done by the institution, not by the candidate."))
        return tuple(found)

    def rows(self) -> tuple[Row, ...]:
        """Return the labelled facts: exam, site, time, sessions, hours, zone, place, official page."""
        return tuple(row for row in self._rows() if row.lines and row.lines[0])

    def tasks(self) -> tuple[str, ...]:
        """Return what is to be done, one line each."""
        return tuple(self.read(task) for task in self.occurrence.tasks)

    def notes(self) -> tuple[str, ...]:
        """Return the notes as the author's own paragraphs."""
        notes = self.occurrence.notes
        lines = notes.in_(self.language).splitlines() if notes else []
        return tuple(one_line(line) for line in lines if line.strip())

    def contacts(self) -> tuple[str, ...]:
        """Return whom to ask: the site first, then the milestone's contacts or the exam's, then the other sites."""
        site = self.site
        own = self.occurrence.contacts or self.exam.contacts
        lines = [self._site_line(site)] if site else []
        lines += [self._contact_line(contact) for contact in own if not site or contact.phones != site.phones]
        if not site and self.occurrence.kind not in _CENTRAL:
            lines.append(self._all_sites())
        return tuple(dict.fromkeys(line for line in lines if line))

    def sources(self) -> tuple[Named, ...]:
        """Return who states the dates."""
        return tuple(self._source(source) for source in self.occurrence.sources)

    def action_url(self, base_url: str) -> str | None:
        """Return the address of the entry on its page, or None without a ``base_url``; ids need no escaping."""
        if not base_url:
            return None
        language = self.language if self.language != self.schedule.language else None
        folder = "/".join(part for part in (language, self.exam.id, self.occurrence.site) if part)
        return f"{base_url.rstrip('/')}/{folder}/#m-{self.occurrence.milestone}"

    def _rows(self) -> Iterator[Row]:
        occurrence = self.occurrence
        yield Row(self.say("Exam"), (self.read(self.exam.name),))
        if self.site:
            yield Row(self.say("Site"), (self.read(self.site.name),))
        yield self.time_row()
        if occurrence.sessions:
            yield Row(self.say("Papers"), tuple(self._session(session) for session in occurrence.sessions))
        if occurrence.hours or occurrence.open_days is not OpenDays.ALL:
            days = self.say(_OPEN_DAYS[occurrence.open_days])
            yield Row(self.say("Opening hours"), (f"{days} {hours_text(occurrence.hours)}".strip(),))
        if occurrence.zone != self.schedule.zone:
            yield self._zone_row()
        address = self.site.address if self.site else None
        yield Row(self.say("Place"), (self.read(occurrence.location) or self.read(address),))
        url = occurrence.url or (self.site.url if self.site else None) or self.exam.url
        yield Row(self.say("Official page"), (url or "",), url)

    def time_row(self) -> Row:
        """Return when it is, both edges where there are two, and what 24:00 means."""
        occurrence, language = self.occurrence, self.language
        opens, closes = occurrence.opens, occurrence.closes
        if occurrence.shape in {Shape.DAY, Shape.DAYS} and opens:
            label, value = "Date", self._listed([self._day(day) for day in occurrence.days or (opens.named_on,)])
        elif opens and closes:
            label, value = "Time", span_text(opens, closes, language, expected=self.expected)
        elif opens:
            label = "Time" if occurrence.shape is Shape.INSTANT else "Opens"
            value = edge_text(opens, language, expected=self.expected)
        elif closes:
            label, value = "Closes", edge_text(closes, language, expected=self.expected)
        else:
            label, value = "Time", self.read(occurrence.expected) or self.say("to be announced")
        if occurrence.status is Status.CANCELLED:
            label = "Time before it was cancelled"
        remarks = [midnight_text(edge, language) for edge in (opens, closes) if edge]
        return Row(self.say(label), (self._remarked(value, self._listed(filter(None, remarks))),))

    def _zone_row(self) -> Row:
        edge = self.occurrence.closes or self.occurrence.opens
        if edge is None:
            return Row(self.say("Time zone"), (self.occurrence.zone,))
        there = instant_text(edge.at, self.schedule.zone, self.language)
        params = {"zone": self.occurrence.zone, "when": there, "home": self.say(self.schedule.zone)}
        return Row(self.say("Time zone"), (self.say("{zone}; in {home} it is {when}", **params),))

    def _day(self, day: date) -> str:
        text = day_text(day, self.language)
        return self.say("expected {when}", when=text) if self.expected else text

    def _session(self, session: Session) -> str:
        when = (
            span_text(session.opens, session.closes, self.language, expected=self.expected)
            if session.closes
            else edge_text(session.opens, self.language, expected=self.expected)
        )
        return self.say("{name}: {value}", name=self.read(session.name), value=when)

    def _track(self, track_id: str) -> str:
        track = self.exam.track(track_id)
        return self.read(track.name) if track else track_id

    def _required(self, milestone_id: str) -> str:
        milestone = self.exam.milestone(milestone_id)
        if milestone is None:
            return milestone_id
        name, kind = self.read(milestone.area.name), milestone.area.kind
        if kind is Kind.EXAM and self.occurrence.kind is Kind.SCORE:
            return self.say("“{name}” taken", name=name)
        return self.say("“{name}” passed", name=name) if kind in _TO_PASS else self.say("“{name}” done", name=name)

    def _listed(self, texts: Iterable[str]) -> str:
        return self.say(", ").join(texts)

    def _contact_line(self, contact: Contact) -> str:
        details = self._listed([detail for detail in (*contact.phones, contact.email, contact.url) if detail])
        line = self.say("{name}: {value}", name=self.read(contact.name), value=details)
        return self._remarked(line, self.read(contact.hours))

    def _remarked(self, line: str, remark: str) -> str:
        return self.say("{line} ({remark})", line=line, remark=remark) if remark else line

    def _site_line(self, site: Site) -> str:
        details = self._listed([*site.phones, *filter(None, (self.read(site.address),))])
        return self.say("{name}: {value}", name=self.read(site.name), value=details) if details else ""

    def _all_sites(self) -> str:
        with_phones = [site for site in self.exam.sites if site.phones]
        if not with_phones or len(with_phones) > _SITES_LISTED:
            return ""
        each = [f"{self.read(site.name)} {'/'.join(site.phones)}" for site in with_phones]
        return self.say("{name}: {value}", name=self.say("All sites"), value=self._listed(each))

    def _source(self, source: Source) -> Named:
        remark = self._dates(source.published, source.checked)
        title = self.read(source.title) or source.url or self.say("untitled source")
        return Named(title, source.url, one_line(source.quote or ""), remark)

    def _dates(self, published: date | None, checked: date | None) -> str:
        first = self.say("published {day}", day=plain_day(published, self.language)) if published else ""
        second = self.say("checked {day}", day=plain_day(checked, self.language)) if checked else ""
        return self.say("{first}; {second}", first=first, second=second) if first and second else first or second
