"""What may be doubted about a schedule that is otherwise fine: warnings, as of a given day.

They never keep a file from being accepted; each says what a person should look at again.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from examcal.errors import Sentence
from examcal.schedule.checks import office_hours
from examcal.schedule.dates import spoken
from examcal.schedule.document import Mapping
from examcal.schedule.expectation import Season, expected_since
from examcal.schedule.fields import Fields, Value
from examcal.schedule.last_call import look_for_reminders
from examcal.schedule.model import (
    Anchor,
    Audience,
    Edge,
    Kind,
    Occurrence,
    OpenDays,
    Rule,
    Schedule,
    Shape,
    Source,
    Status,
    Unit,
)
from examcal.schedule.moments import meant_year
from examcal.schedule.occurrences import Resolved, Resolver
from examcal.schedule.spoken import KINDS
from examcal.schedule.understood import can_afford
from examcal.schedule.workdays import Workdays

UNVERIFIED_AFTER = 90
"""Days after which the comparison with the source should be repeated."""
LONGEST_WINDOW = 366
"""Days; the windows of an exam are shorter, for it is held every year."""
_YEARS_BACK, _YEARS_AHEAD = 10, 5
_AT_THE_COUNTER = frozenset({Kind.REGISTRATION, Kind.REVIEW, Kind.PAYMENT, Kind.TICKET, Kind.CERTIFICATE})
_BY_PHONE = frozenset({Kind.REGISTRATION, Kind.REVIEW, Kind.PAYMENT})
_SETTLED = frozenset({Status.CANCELLED, Status.POSTPONED})


def look_again(resolver: Resolver, schedule: Schedule, today: date) -> None:
    """Report what a person should look at again in one exam."""
    findings = resolver.exam.fields.findings
    season = _season(resolver)
    for resolved in resolver.done.values():
        if findings.is_full_of_warnings:
            return
        _Caution(resolved, schedule, resolver.workdays, today, season).look()
    _tracks(resolver)


def _season(resolver: Resolver) -> Season:
    exam = resolver.exam
    areas = [found.occurrence for draft in exam.milestones if (found := resolver.done.get((draft.id, None)))]
    return Season.of((exam.id, str(exam.details["name"])), areas)


@dataclass(frozen=True, slots=True)
class _Caution:
    """The doubts about one occurrence."""

    resolved: Resolved
    schedule: Schedule
    workdays: Workdays
    today: date
    season: Season

    @property
    def occurrence(self) -> Occurrence:
        return self.resolved.occurrence

    @property
    def fields(self) -> Fields:
        return self.resolved.draft.fields

    @property
    def place(self) -> Value:
        when = self.resolved.draft.when
        return when.place if when else self.fields.value

    @property
    def is_ahead(self) -> bool:
        """Whether the occurrence is not over, as far as is known."""
        last = self.occurrence.closes or self.occurrence.opens
        return last is None or last.named_on >= self.today

    def look(self) -> None:
        if self.occurrence.status is Status.CANCELLED:
            return
        self._dates()
        self._source()
        self._tba_due()
        if self.occurrence.status not in _SETTLED:
            self._weekend_only()
            self._office_closed()
            self._unknown_workdays()
            self._equal_reminders()
            if self.is_ahead:
                look_for_reminders(self.resolved, self.workdays, self.today)

    def _dates(self) -> None:
        """Report a year that is probably a slip: far from today, or a window longer than anybody waits."""
        if not self._far_date():
            self._long_window()

    def _far_date(self) -> bool:
        when = self.resolved.draft.when
        near = range(self.today.year - _YEARS_BACK, self.today.year + _YEARS_AHEAD + 1)
        for anchor in Anchor:
            edge = self.occurrence.edge(anchor)
            if edge and when and edge.named_on.year not in near:
                meant = meant_year(edge.named_on.year, near)
                hint = Sentence("Did you mean {year}?", {"year": meant}) if meant else Sentence("check the year")
                message = Sentence("{date} is far from today", {"date": spoken(edge)})
                when.place_of(anchor).report("far-date", message, hint)
                return True
        return False

    def _long_window(self) -> None:
        opens, closes = self.occurrence.opens, self.occurrence.closes
        when = self.resolved.draft.when
        if opens and closes and when and self.occurrence.shape is Shape.WINDOW:
            days = (closes.named_on - opens.named_on).days
            if days > LONGEST_WINDOW:
                params = {"opens": spoken(opens), "closes": spoken(closes), "days": days}
                message = Sentence("the window is {days} days long, from {opens} to {closes}", params)
                when.place_of(Anchor.CLOSES).report("long-window", message, Sentence("check the year of both"))

    # Sources ------------------------------------------------------------------------------------------------------

    def _source(self) -> None:
        occurrence = self.occurrence
        if (occurrence.site and not self.fields.has("source")) or self._is_source_broken():
            return
        named = [source for source in occurrence.sources if source.title or source.url]
        if not named and occurrence.is_dated and occurrence.status is Status.CONFIRMED:
            message = Sentence('"{name}" names no source for its date', {"name": str(occurrence.name)})
            hint = Sentence("add source: with title, url, quote and checked; or status: expected")
            self.fields.value.report("no-source", message, hint)
        elif named and self.is_ahead:
            self._unverified(named)

    def _is_source_broken(self) -> bool:
        """Whether a source is written in a way that cannot be read, which is reported already."""
        return any(not isinstance(entry.node, Mapping) for entry in self.fields.entries("source"))

    def _unverified(self, sources: list[Source]) -> None:
        """Report a comparison with the source that is long ago, still to come, or was never made at its address."""
        name, place = str(self.occurrence.name), self.fields.key("source")
        checked = max((day for source in sources if (day := source.checked or source.published)), default=None)
        if checked is None:
            if self.occurrence.is_dated and any(source.url for source in sources):
                message = Sentence('"{name}" does not say when it was compared with its source', {"name": name})
                place.report("unverified", message, Sentence("compare it and write the day into checked:"))
        elif checked > self.today:
            params = {"name": name, "day": checked.isoformat()}
            message = Sentence('the source of "{name}" bears a day that is still to come: {day}', params)
            place.report("unverified", message, Sentence("check the year"))
        elif (age := (self.today - checked).days) > UNVERIFIED_AFTER:
            message = Sentence(
                '"{name}" was last compared with its source {days} days ago', {"name": name, "days": age}
            )
            place.report("unverified", message, Sentence("compare it again and write the day into checked:"))

    def _tba_due(self) -> None:
        occurrence, text = self.occurrence, self.occurrence.expected
        if not text or occurrence.is_dated or (occurrence.site and not self.fields.has("expected")):
            return
        if not can_afford(self.fields.findings, str(text)):
            return
        since = expected_since(str(text), occurrence, self.season, self.today)
        if since and since <= self.today:
            params = {"name": str(occurrence.name), "expected": str(text)}
            message = Sentence('"{name}" was expected {expected} and still has no date', params)
            self.fields.key("expected").report("tba-due", message, Sentence("look whether the date is published"))

    # Days and hours -----------------------------------------------------------------------------------------------

    def _weekend_only(self) -> None:
        occurrence = self.occurrence
        opens, closes = occurrence.opens, occurrence.closes
        if (
            occurrence.kind not in _AT_THE_COUNTER
            or not opens
            or not closes
            or occurrence.open_days is not OpenDays.ALL
        ):
            return
        length = (closes.named_on - opens.named_on).days
        days = occurrence.days or (opens.named_on + timedelta(days=n) for n in range(min(length, 10) + 1))
        if not any(self.workdays.is_working(day) for day in days):
            message = Sentence('"{name}" is open on days off only', {"name": str(occurrence.name)})
            self.place.report("weekend-window", message, Sentence("check the dates against the announcement"))

    def _office_closed(self) -> None:
        closes = self.occurrence.closes
        is_concerned = self.occurrence.kind in _BY_PHONE and self.occurrence.audience is Audience.CANDIDATE
        if closes is None or self.occurrence.site or not is_concerned or self.occurrence.shape is not Shape.WINDOW:
            return
        contact = next((c for c in self.occurrence.contacts if c.hours and office_hours(str(c.hours))), None)
        if contact is None or contact.hours is None:
            return
        last = self._last_help(closes, str(contact.hours))
        is_early = last is not None and (last < closes.at if closes.clock else last.date() < closes.named_on)
        if last and is_early:
            params = {"closes": spoken(closes), "contact": str(contact.name), "last": f"{last:%Y-%m-%d %H:%M}"}
            message = Sentence("closes at {closes}, when {contact} is closed; it last answers at {last}", params)
            when = self.resolved.draft.when
            place = when.place_of(Anchor.CLOSES) if when else self.place
            place.report("office-closed", message, Sentence("remind people before that"))

    def _last_help(self, closes: Edge, hours: str) -> datetime | None:
        """Return the last instant before ``closes`` at which the office answers, unless it is open until then."""
        spells = office_hours(hours)
        only_workdays = any(word in hours for word in ("工作日", "周一", "星期一", "weekday", "Mon"))
        for back in range(20):
            day = closes.named_on - timedelta(days=back)
            if only_workdays and not self.workdays.is_working(day):
                continue
            midnight = datetime(day.year, day.month, day.day, tzinfo=ZoneInfo(self.occurrence.zone))
            for spell in reversed(spells):
                since, until = (midnight + timedelta(minutes=minutes) for minutes in (spell.since, spell.until))
                if since < closes.at:
                    return min(until, closes.at)
        return None

    def _unknown_workdays(self) -> None:
        known_until = self.workdays.known_until
        place = self._beyond(known_until)
        if place and known_until < date.max:
            params = {"year": known_until.year}
            message = Sentence("working days after {year} are not published yet; Monday to Friday is assumed", params)
            hint = Sentence("when the arrangement is published, update examcal or list the days under workdays:")
            place.report("unknown-workdays", message, hint)

    def _beyond(self, known_until: date) -> Value | None:
        """Return the place of something that counts working days in a year whose arrangement is not published."""
        edges = [edge for edge in (self.occurrence.opens, self.occurrence.closes) if edge]
        if self.occurrence.open_days is OpenDays.WORKDAYS and any(edge.named_on > known_until for edge in edges):
            return self.place
        for rule in self.occurrence.rules:
            edge = self.occurrence.edge(rule.anchor)
            if rule.unit is Unit.WORKDAY and edge and self._reaches(rule, edge) > known_until:
                return self.fields.key("remind") if self.fields.has("remind") else self.place
        return None

    def _reaches(self, rule: Rule, edge: Edge) -> date:
        """Return the last day that a rule in working days looks at, counting back from its anchor or ahead."""
        return max(edge.named_on, self.workdays.shift(edge.named_on, rule.amount))

    # Reminders ----------------------------------------------------------------------------------------------------

    def _equal_reminders(self) -> None:
        explicit = self.resolved.draft.explicit
        seen: dict[datetime, Rule] = {}
        for place, rule in explicit or ():
            instant = self._due(rule)
            if instant is None:
                continue
            first = seen.setdefault(instant, rule)
            if first is not rule:
                params = {"one": str(first), "other": str(rule), "at": f"{instant:%Y-%m-%d %H:%M}"}
                message = Sentence('"{one}" and "{other}" fall on the same time ({at}); one message is sent', params)
                place.report("equal-reminders", message)

    def _due(self, rule: Rule) -> datetime | None:
        """Return when a rule falls due, quiet hours aside."""
        edge = self.occurrence.edge(rule.anchor)
        if edge is None:
            return None
        zone = ZoneInfo(self.occurrence.zone)
        if rule.unit in {Unit.MINUTE, Unit.HOUR}:
            minutes = rule.amount * (60 if rule.unit is Unit.HOUR else 1)
            return (edge.at.astimezone(UTC) + timedelta(minutes=minutes)).astimezone(zone)
        if rule.unit is None and rule.at is None:
            return edge.at
        day = edge.named_on
        if rule.unit is Unit.WORKDAY:
            day = self.workdays.shift(day, rule.amount)
        else:
            day += timedelta(days=rule.amount * (7 if rule.unit is Unit.WEEK else 1))
        return datetime.combine(day, rule.at or self.schedule.remind_at, zone)


# Tracks -----------------------------------------------------------------------------------------------------------


def _tracks(resolver: Resolver) -> None:
    """Report a track on which a candidate could not get from registration to a score, where others can."""
    exam = resolver.exam
    milestones = [draft.details for draft in exam.milestones]
    wanted = [kind for kind in (Kind.REGISTRATION, Kind.SCORE) if any(m["kind"] is kind for m in milestones)]
    for entry, track in zip(exam.fields.entries("tracks"), exam.tracks, strict=False):
        own = {m["kind"] for m in milestones if not m["tracks"] or track.id in m["tracks"]}
        for kind in _missing(wanted, own):
            params = {"name": str(track.name), "kind": Sentence(KINDS[kind])}
            message = Sentence('track "{name}" has no milestone of kind {kind}', params)
            entry.report("track-without-path", message, Sentence("check the tracks: of the milestones"))


def _missing(wanted: list[Kind], own: set[Kind]) -> Iterator[Kind]:
    return (kind for kind in wanted if kind not in own)
