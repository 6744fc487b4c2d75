"""From a milestone to its events: its edges, its days, its sessions, and the span as an option."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from examcal.feed.alarms import in_time, ringing
from examcal.feed.event import CLOSES, DAY, OPENS, SPAN, Event, Wording
from examcal.feed.wording import bare_title, categories, description, place, summary, web_address
from examcal.identity import event_id, event_uid
from examcal.schedule.model import Anchor, Edge, Exam, Kind, Occurrence, Schedule, Session, Shape, Status, Text
from examcal.schedule.spoken import KINDS
from examcal.schedule.workdays import Workdays
from examcal.texts import LANGUAGES

BLOCK = timedelta(minutes=30)
REMEMBERED = 16384  # occurrences
# The revision time of events whose source names no day. Any fixed instant does; a clock would change the bytes.
UNDATED_STAMP = datetime(2026, 1, 1, tzinfo=UTC)
STATUSES = {
    Status.CONFIRMED: "CONFIRMED",
    Status.EXPECTED: "TENTATIVE",
    Status.POSTPONED: "TENTATIVE",
    Status.TBA: "TENTATIVE",
    Status.CANCELLED: "CANCELLED",
}
Alarms = Mapping[Anchor, tuple[datetime, ...]]


@dataclass(frozen=True, slots=True)
class _Title:
    """The mark before the title, the word for it in brackets, and a session's own name."""

    mark: str
    role: str = ""
    session: Session | None = None

    def session_name(self, language: str) -> str:
        """Return the session's name, or an empty text."""
        return self.session.name.in_(language) if self.session else ""


class Expansion:
    """Makes the events of one schedule's occurrences. Pure; what was made before of equal values is made once."""

    def __init__(self, schedule: Schedule) -> None:
        # Everything but the exams: the zone, the language, the times that alarms follow.
        self._habits = replace(schedule, exams=(), digest="")
        self._settings: dict[str, _Setting] = {}

    def events(self, occurrence: Occurrence, exam: Exam) -> tuple[Event, ...]:
        """Return every event of ``occurrence``, the optional span last; none while it has no date."""
        if not occurrence.is_dated:
            return ()
        setting = self._settings.get(exam.id)
        if setting is None:
            setting = self._settings[exam.id] = _setting(replace(exam, milestones=()), self._habits)
        needed = (exam.milestone(one) for one in occurrence.requires)
        return _events(occurrence, setting, tuple(milestone.area.name for milestone in needed if milestone))


class _Setting:
    """What the events of an exam share besides its milestones. Compared by identity; equal values give one."""

    def __init__(self, exam: Exam, habits: Schedule) -> None:
        self.exam = exam
        self.habits = habits
        self.workdays = Workdays(habits.workdays)


@lru_cache(maxsize=1024)
def _setting(exam: Exam, habits: Schedule) -> _Setting:
    return _Setting(exam, habits)


@lru_cache(maxsize=REMEMBERED)
def _events(occurrence: Occurrence, setting: _Setting, needed: tuple[Text, ...]) -> tuple[Event, ...]:
    alarms = ringing(occurrence, setting.habits, setting.workdays)
    return tuple(_Occurring(occurrence, setting.exam, needed, alarms, setting.habits.language).events())


class _Occurring:
    """The events of one occurrence, which share their texts, status and stamp."""

    def __init__(
        self, occurrence: Occurrence, exam: Exam, needed: tuple[Text, ...], alarms: Alarms, language: str
    ) -> None:
        self._occurrence = occurrence
        self._exam = exam
        self._alarms = alarms
        self._language = language
        self._zone = ZoneInfo(occurrence.zone)
        self._bodies = {language: description(occurrence, exam, needed, language) for language in LANGUAGES}
        self._stamp = first_stamp(occurrence)
        self._url = _address(occurrence, exam)

    def events(self) -> Iterator[Event]:
        match self._occurrence.shape:
            case Shape.DAY | Shape.DAYS:
                yield from self._days()
            case Shape.INSTANT | Shape.WINDOW | Shape.TBA:
                yield from self._edges()
        for session in self._occurrence.sessions:
            yield self._session(session)
        if self._occurrence.shape is Shape.WINDOW and self._occurrence.opens and self._occurrence.closes:
            yield self._span(self._occurrence.opens, self._occurrence.closes)

    def _edges(self) -> Iterator[Event]:
        opens, closes = self._occurrence.opens, self._occurrence.closes
        if opens:
            block = opens.at.astimezone(UTC) + BLOCK
            ends = block if closes is None else min(block, closes.at.astimezone(UTC))
            yield self._event(
                OPENS, self._opening_title(), self._local(opens.at), self._local(ends), opens, self._due(Anchor.OPENS)
            )
        if closes:
            starts = self._local(closes.at.astimezone(UTC) - BLOCK)
            is_exam = self._occurrence.kind is Kind.EXAM
            title = _Title("[Ends]", "ends") if is_exam else _Title("[Closes]", "closes")
            yield self._event(CLOSES, title, starts, self._local(closes.at), closes, self._due(Anchor.CLOSES))

    def _opening_title(self) -> _Title:
        if self._occurrence.shape is Shape.INSTANT:
            return self._kind_title()
        return _Title("[Opens]", "opens")

    def _kind_title(self) -> _Title:
        return _Title(f"[{KINDS[self._occurrence.kind]}]")

    def _days(self) -> Iterator[Event]:
        days = self._occurrence.days or tuple(edge.named_on for edge in (self._occurrence.opens,) if edge)
        single = self._occurrence.shape is Shape.DAY
        for number, day in enumerate(days, 1):
            due = self._due(Anchor.OPENS) if number == 1 else ()
            due += self._due(Anchor.CLOSES) if number == len(days) else ()
            edge = Edge(datetime.combine(day, time(), self._zone), day)
            part = DAY if single else f"{DAY}-{number}"
            yield self._event(part, self._kind_title(), day, day + timedelta(days=1), edge, due)

    def _session(self, session: Session) -> Event:
        starts = session.opens.at
        ends = session.closes.at if session.closes and session.closes.at > starts else starts.astimezone(UTC) + BLOCK
        title = _Title(f"[{KINDS[self._occurrence.kind]}]", session=session)
        return self._event(
            f"session-{session.number}", title, self._local(starts), self._local(ends), session.opens, ()
        )

    def _span(self, opens: Edge, closes: Edge) -> Event:
        last = max(closes.named_on, opens.named_on)
        return self._event(SPAN, _Title("[Period]"), opens.named_on, last + timedelta(days=1), None, ())

    def _due(self, anchor: Anchor) -> tuple[datetime, ...]:
        return self._alarms[anchor]

    def _local(self, at: datetime) -> datetime:
        return at.astimezone(UTC).astimezone(self._zone)

    def _event(
        self, part: str, title: _Title, starts: date, ends: date, edge: Edge | None, due: tuple[datetime, ...]
    ) -> Event:
        occurrence = self._occurrence
        cancelled = occurrence.status is Status.CANCELLED
        begins = starts if isinstance(starts, datetime) else datetime.combine(starts, time(), self._zone)
        return Event(
            uid=event_uid(event_id(occurrence.origin_id, part)),
            id=event_id(occurrence.id, part),
            exam=occurrence.exam,
            milestone=occurrence.milestone,
            site=occurrence.site,
            part=part,
            kind=occurrence.kind,
            tracks=occurrence.tracks,
            name=bare_title(occurrence, self._exam, self._language, title.session_name(self._language)),
            starts=starts,
            ends=ends,
            zone=occurrence.zone,
            status=STATUSES[occurrence.status],
            stamp=self._stamp,
            wording={language: self._wording(title, language) for language in LANGUAGES},
            edge=edge,
            url=self._url,
            alarms=() if cancelled else in_time(due, begins),
        )

    def _wording(self, title: _Title, language: str) -> Wording:
        occurrence, exam = self._occurrence, self._exam
        return Wording(
            summary(occurrence, exam, title.mark, title.role, language, title.session_name(language)),
            self._bodies[language],
            categories(occurrence, exam, language),
            place(occurrence, exam, language),
        )


def first_stamp(occurrence: Occurrence) -> datetime:
    """Return the revision time of a milestone that was never changed: the day its source was checked, else published.

    Midnight UTC of that day, so that a first edition has the same octets whenever and wherever it is built.
    """
    checked = [source.checked for source in occurrence.sources if source.checked]
    published = [source.published for source in occurrence.sources if source.published]
    days = checked or published
    return datetime.combine(max(days), time(), UTC) if days else UNDATED_STAMP


def _address(occurrence: Occurrence, exam: Exam) -> str | None:
    candidates = (occurrence.url, *(source.url for source in occurrence.sources), exam.url)
    return next((address for address in map(web_address, candidates) if address), None)
