"""Dates, statuses and kinds in words, by language. Babel formats; 24:00 is kept, which Babel cannot."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from functools import lru_cache
from typing import Protocol

from babel import Locale
from babel.dates import format_date
from markupsafe import Markup, escape

from examcal.schedule.model import Edge, Kind, Occurrence, OpenDays, Shape, Status, Text
from examcal.schedule.spoken import KINDS, clock_range
from examcal.texts import translate

# Year, month, day, weekday: in the order in which each language writes them on a notice.
DAY_PATTERNS = {"zh": "y年M月d日 EEE", "en": "EEE d MMM y"}
SHORT_PATTERNS = {"zh": "M月d日", "en": "d MMM"}
MONTH_PATTERNS = {"zh": "M月", "en": "MMM"}

STATUSES = {
    Status.CONFIRMED: "Published",
    Status.EXPECTED: "Expected",
    Status.TBA: "To be announced",
    Status.POSTPONED: "Postponed",
    Status.CANCELLED: "Cancelled",
}
OPEN_DAYS = {
    OpenDays.WEEKDAYS: "Monday to Friday only",
    OpenDays.WORKDAYS: "working days only",
}
CHANGES = {
    "earlier": "Moved forward",
    "later": "Moved back",
    "announced": "Announced",
    "postponed": "Postponed",
    "cancelled": "Cancelled",
    "revived": "Takes place after all",
    "moved-place": "New place",
}
ZONES = {"Asia/Shanghai": "Beijing time"}


@lru_cache(maxsize=8)
def locale(language: str) -> Locale:
    """Return Babel's locale for a language tag."""
    return Locale.parse(language.replace("-", "_"))


@lru_cache(maxsize=4096)
def _sentence(msgid: str, language: str) -> str:
    return translate(msgid, language)


@lru_cache(maxsize=65536)
def _format(day: date, patterns: str, language: str) -> str:
    table = {"day": DAY_PATTERNS, "short": SHORT_PATTERNS, "month": MONTH_PATTERNS}[patterns]
    pattern = table.get(language.partition("-")[0], table["en"])
    return format_date(day, pattern, locale=locale(language))


@dataclass(frozen=True, slots=True)
class Moment:
    """One edge or day, ready to be shown: what it is, its named day, its time of day."""

    label: str
    iso: str
    day: str
    clock: str = ""
    note: str = ""

    @property
    def text(self) -> str:
        """The moment in one line of plain text."""
        note = self.note if self.note.startswith("（") else f" {self.note}" if self.note else ""
        return " ".join(part for part in (self.day, self.clock) if part) + note


class Dated(Protocol):
    """What says when: an occurrence, or what an edition once stated of one."""

    @property
    def shape(self) -> Shape:
        """In which way it says when."""

    @property
    def opens(self) -> Edge | None:
        """The first edge, if known."""

    @property
    def closes(self) -> Edge | None:
        """The last edge, if known."""

    @property
    def days(self) -> tuple[date, ...]:
        """Single days."""


@dataclass(frozen=True, slots=True)
class Words:
    """How one language says what the pages need."""

    language: str

    def t(self, msgid: str, **params: object) -> str:
        """Return ``msgid`` in this language with its parameters filled in."""
        sentence = _sentence(msgid, self.language)
        return sentence.format(**params) if params else sentence

    def day(self, day: date) -> str:
        """Return a civil date in full, with its weekday."""
        return _format(day, "day", self.language)

    def short(self, day: date) -> str:
        """Return month and day."""
        return _format(day, "short", self.language)

    def month(self, day: date) -> str:
        """Return the month's short name."""
        return _format(day, "month", self.language)

    def instant(self, at: datetime) -> str:
        """Return an instant in its own zone, to the minute."""
        return f"{self.day(at.date())} {at:%H:%M}"

    def said(self, text: Text) -> Markup:
        """Return a text of the schedule, escaped, marked where it is in another language than the page."""
        values = dict(text.values)
        base = self.language.partition("-")[0]
        if any(key.partition("-")[0] == base for key in values):
            return escape(text.in_(self.language))
        return Markup('<span lang="{}">{}</span>').format(text.values[0][0], text.in_(self.language))

    def kind(self, kind: Kind) -> str:
        """Return a kind's name."""
        return self.t(KINDS[kind])

    def status(self, status: Status) -> str:
        """Return a status's name."""
        return self.t(STATUSES[status])

    def change(self, kind: str) -> str:
        """Return the name of a kind of change."""
        return self.t(CHANGES[kind]) if kind in CHANGES else self.t("Changed")

    def zone(self, zone: str) -> str:
        """Return a time zone's name as people call it, else its identifier."""
        return self.t(ZONES[zone]) if zone in ZONES else zone

    def moment(self, edge: Edge, label: str = "") -> Moment:
        """Return an edge in words. ``24:00`` stays on its named day and says which night that is."""
        note = self.t("(midnight at the end of the day)") if edge.clock == "24:00" else ""
        return Moment(label, edge.named_on.isoformat(), self.day(edge.named_on), edge.clock or "", note)

    def moments(self, dated: Dated) -> list[Moment]:
        """Return the days and edges of a milestone in the order in which they come; none for one without a date."""
        match dated.shape:
            case Shape.TBA:
                return []
            case Shape.DAY | Shape.DAYS:
                return [Moment("", day.isoformat(), self.day(day)) for day in dated.days]
            case Shape.INSTANT:
                return [self.moment(dated.opens)] if dated.opens else []
            case Shape.WINDOW:
                edges = ((dated.opens, self.t("Opens")), (dated.closes, self.t("Closes")))
                return [self.moment(edge, label) for edge, label in edges if edge]

    def limits(self, occurrence: Occurrence) -> str:
        """Return on which days and hours inside a window the counter is open, or nothing."""
        days = self.t(OPEN_DAYS[occurrence.open_days]) if occurrence.open_days in OPEN_DAYS else ""
        hours = self.t(", ").join(clock_range(span) for span in occurrence.hours)
        return self.t(", ").join(part for part in (days, hours) if part)

    def dates(self, dated: Dated) -> str:
        """Return days and edges in one line of plain text; nothing for a milestone without a date."""
        moments = self.moments(dated)
        if dated.shape is Shape.WINDOW and len(moments) > 1:
            return self.t(" to ").join(moment.text for moment in moments)
        return self.t("; ").join(" ".join(part for part in (m.label, m.text) if part) for m in moments)

    def when(self, occurrence: Occurrence) -> str:
        """Return when in one line of plain text, with 预计, 待定 or 取消 where it belongs."""
        dates = self.dates(occurrence)
        expected = occurrence.expected.in_(self.language) if occurrence.expected and not dates else ""
        parts = [self.prefix(occurrence.status, dates=bool(dates)), dates, expected]
        limits = self.limits(occurrence)
        return " ".join(part for part in parts if part) + (self.t(" ({limits})", limits=limits) if limits else "")

    def prefix(self, status: Status, *, dates: bool) -> str:
        """Return the word that must stand beside a date that is not plainly confirmed."""
        if status is Status.CONFIRMED:
            return "" if dates else self.status(Status.TBA)
        return self.status(status)
