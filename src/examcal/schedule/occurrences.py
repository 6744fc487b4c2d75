"""From drafts to occurrences: references resolved, windows narrowed to open hours, and what must agree checked."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta

from examcal.errors import Sentence
from examcal.schedule import dates
from examcal.schedule.dates import When, spoken
from examcal.schedule.document import Scalar
from examcal.schedule.drafts import Draft, ExamDraft
from examcal.schedule.edges import day_edge
from examcal.schedule.fields import Value
from examcal.schedule.model import (
    Anchor,
    Edge,
    Exam,
    Hours,
    Milestone,
    Occurrence,
    OpenDays,
    Rule,
    Session,
    Shape,
    Status,
)
from examcal.schedule.parts import Directory, directory, report_unknown
from examcal.schedule.references import Relative, in_dependency_order, resolve
from examcal.schedule.understood import UnreadableError
from examcal.schedule.workdays import Workdays

# Reminder rules that a milestone states itself, each with its place where a person wrote it for this occurrence.
Explicit = Sequence[tuple[Value | None, Rule]]
_ALL_DAY = (Hours(0, 1440),)
_SATURDAY = 5


@dataclass(frozen=True, slots=True)
class Resolved:
    """An occurrence, its draft, and its edges before they were narrowed to open hours."""

    occurrence: Occurrence
    draft: Draft
    opens: Edge | None
    closes: Edge | None


@dataclass(slots=True)
class Resolver:
    """Resolves the milestones of one exam, each after those it counts from."""

    exam: ExamDraft
    workdays: Workdays
    done: dict[tuple[str, str | None], Resolved] = field(default_factory=dict)
    broken: set[str] = field(default_factory=set)
    known: set[str] = field(default_factory=set)
    directory: Directory = field(init=False)

    def resolve(self) -> Exam:
        """Return the exam; everything that contradicts itself has been reported."""
        drafts = {draft.id: draft for draft in self.exam.milestones}
        self.known = set(drafts)
        self.directory = directory(self.exam.ids, ((key, draft.details["name"]) for key, draft in drafts.items()))
        self._check_requirements(drafts)
        self._check_renames(drafts)
        order, circles = in_dependency_order({key: _needs(draft) for key, draft in drafts.items()})
        self._report_circles(circles, drafts)
        for identifier in order:
            self._resolve_milestone(drafts[identifier])
        milestones = tuple(self._milestone(draft) for draft in self.exam.milestones if (draft.id, None) in self.done)
        exam = self.exam
        return Exam(
            exam.id,
            zone=exam.defaults.zone,
            milestones=milestones,
            contacts=exam.contacts,
            sites=exam.sites,
            tracks=exam.tracks,
            **exam.details,
        )

    def _milestone(self, draft: Draft) -> Milestone:
        sites = tuple(self.done[key].occurrence for site in draft.sites if (key := (draft.id, site.site)) in self.done)
        return Milestone(draft.id, self.done[draft.id, None].occurrence, sites)

    def _resolve_milestone(self, draft: Draft) -> None:
        area = None if draft.is_broken else self._occurrence(draft, draft.explicit)
        if area is None:
            self.broken.add(draft.id)
            return
        self.done[draft.id, None] = area
        for site in draft.sites:
            explicit = site.explicit if site.explicit is not None else _unplaced(draft.explicit)
            if not dates.states_when(site.fields):
                site.when = draft.when
                site.status = site.status or draft.status
            found = None if site.is_broken else self._occurrence(site, explicit)
            if found:
                _check_inside(found, area)
                self.done[draft.id, site.site] = found

    # References ---------------------------------------------------------------------------------------------------

    def _report_circles(self, circles: list[list[str]], drafts: dict[str, Draft]) -> None:
        for circle in circles:
            draft = drafts[circle[0]]
            place = draft.when.place if draft.when else draft.fields.value
            message = Sentence("these dates count from one another: {circle}", {"circle": " → ".join(circle)})
            place.report("circular-dates", message, Sentence("give one of them a date of its own"))
            self.broken.update(circle)

    def _check_requirements(self, drafts: dict[str, Draft]) -> None:
        for draft in drafts.values():
            for entry in draft.fields.entries("requires"):
                text = entry.text.strip()
                if isinstance(entry.node, Scalar) and text not in self.known:
                    report_unknown(entry, text, self.directory, "milestone")
        _, circles = in_dependency_order({key: draft.details["requires"] for key, draft in drafts.items()})
        for circle in circles:
            message = Sentence("these milestones require one another: {circle}", {"circle": " → ".join(circle)})
            drafts[circle[0]].fields.key("requires").report("circular-requires", message)

    def _check_renames(self, drafts: dict[str, Draft]) -> None:
        claimed: dict[str, Draft] = {}
        for draft in drafts.values():
            for entry in () if draft.fields.findings.is_full else draft.fields.entries("renamed_from"):
                old = entry.text.strip()
                if old in drafts:
                    message = Sentence('"{id}" is still the id of a milestone here', {"id": old})
                    entry.report("renamed-from-present", message, Sentence("remove the old milestone, or this line"))
                elif claimed.setdefault(old, draft) is not draft:
                    params = {"id": old, "other": claimed[old].id}
                    message = Sentence('"{other}" says already that it was renamed from "{id}"', params)
                    entry.report(
                        "renamed-from-present", message, Sentence("an old id can live on in one milestone only")
                    )

    def _edge(self, edge: Edge | Relative | None, draft: Draft, anchor: Anchor) -> Edge | None:
        """Return an edge with its reference resolved; None where the other milestone has no date yet."""
        if not isinstance(edge, Relative):
            return edge
        place = draft.when.place_of(anchor) if draft.when else draft.fields.value
        if edge.milestone not in self.known:
            report_unknown(place, edge.milestone, self.directory, "milestone")
            raise UnreadableError
        if edge.milestone in self.broken:
            raise UnreadableError
        found = self.done.get((edge.milestone, draft.site)) or self.done[edge.milestone, None]
        other = found.occurrence.edge(edge.anchor)
        if other is None and found.occurrence.is_dated:
            params = {"milestone": edge.milestone, "anchor": edge.anchor}
            place.report("missing-edge", Sentence('"{milestone}" has no "{anchor}"', params))
            raise UnreadableError
        return resolve(edge, other, draft.zone, self.workdays, closing=anchor is Anchor.CLOSES) if other else None

    # Occurrences --------------------------------------------------------------------------------------------------

    def _occurrence(self, draft: Draft, explicit: Explicit | None) -> Resolved | None:
        when = draft.when or When(Shape.TBA, draft.fields.value)
        try:
            opens = self._edge(when.opens, draft, Anchor.OPENS)
            closes = self._edge(when.closes, draft, Anchor.CLOSES)
        except UnreadableError:
            return None
        if opens and closes and closes.at <= opens.at:
            dates.report_order(when.place_of(Anchor.CLOSES), opens, closes)
            return None
        status = _status(draft, when, is_dated=bool(opens or closes))
        shape = when.shape if opens or closes else Shape.TBA
        days = when.days or ((opens.named_on,) if shape is Shape.DAY and opens else ())
        occurrence = Occurrence(
            self.exam.id,
            draft.id,
            shape=shape,
            status=status,
            zone=draft.zone,
            site=draft.site,
            opens=opens,
            closes=closes,
            days=days if opens else (),
            open_days=when.open_days,
            hours=when.hours,
            rules=(),
            **draft.details,
        )
        narrowed = self._narrowed(occurrence, when, draft)
        occurrence = replace(narrowed, rules=self._rules(narrowed, draft, when, explicit))
        _check_sessions(occurrence, draft)
        return Resolved(occurrence, draft, opens, closes)

    def _rules(self, occurrence: Occurrence, draft: Draft, when: When, explicit: Explicit | None) -> tuple[Rule, ...]:
        """Return the rules that apply: explicit ones must find their anchor, a kind's default ones may miss it.

        A misspelt key may have been the anchor; it is reported, and its consequences are not.
        """
        possible = _possible_anchors(occurrence, when)
        if explicit is None:
            rules = self.exam.defaults.reminders.get(occurrence.kind, ())
            return tuple(rule for rule in rules if rule.anchor in possible)
        for place, rule in explicit:
            if rule.anchor not in possible and place and not draft.fields.has_unknown:
                params = {"rule": str(rule), "anchor": rule.anchor}
                message = Sentence('"{rule}" counts from "{anchor}", which this milestone does not have', params)
                place.report("rule-without-anchor", message)
        return tuple(rule for _, rule in explicit if rule.anchor in possible)

    def _narrowed(self, occurrence: Occurrence, when: When, draft: Draft) -> Occurrence:
        """Move the edges to the first and last open hour where ``days`` or ``hours`` narrow the window."""
        is_narrow = when.hours or when.open_days is not OpenDays.ALL
        if not is_narrow or not occurrence.is_dated or occurrence.shape is Shape.INSTANT:
            return occurrence
        opens, closes = self._open_edges(occurrence)
        if (occurrence.opens and opens is None) or (occurrence.closes and closes is None):
            place = draft.fields.key("hours" if draft.fields.has("hours") else "days")
            place.report("never-open", Sentence("with these days and hours the window is never open"))
            return occurrence
        shape = Shape.WINDOW if occurrence.shape is Shape.DAY and when.hours else occurrence.shape
        return replace(
            occurrence, opens=opens, closes=closes, shape=shape, days=() if shape is Shape.WINDOW else occurrence.days
        )

    def _open_edges(self, occurrence: Occurrence) -> tuple[Edge | None, Edge | None]:
        first = next(self._open_hours(occurrence, forwards=True), None) if occurrence.opens else None
        last = next(self._open_hours(occurrence, forwards=False), None) if occurrence.closes else None
        return (first[0] if first else None), (last[1] if last else None)

    def _open_hours(self, occurrence: Occurrence, *, forwards: bool) -> Iterator[tuple[Edge, Edge]]:
        """Yield the open spells of a window, cut to its edges, from its start on or from its end back."""
        opens, closes = occurrence.opens, occurrence.closes
        for day in self._open_dates(occurrence, forwards=forwards):
            spells = occurrence.hours or _ALL_DAY
            for hours in spells if forwards else reversed(spells):
                since, until = _spell(day, hours, occurrence.zone)
                first = opens if opens and opens.at > since.at else since
                last = closes if closes and closes.at < until.at else until
                if first.at < last.at:
                    yield first, last

    def _open_dates(self, occurrence: Occurrence, *, forwards: bool) -> Iterator[date]:
        """Yield the days of a window that are open days, from its first one on or from its last one back."""
        open_days = occurrence.open_days
        if occurrence.days:
            days = occurrence.days if forwards else reversed(occurrence.days)
            yield from (day for day in days if self._is_open(day, open_days))
            return
        edge, other = (occurrence.opens, occurrence.closes) if forwards else (occurrence.closes, occurrence.opens)
        day, step = edge.named_on if edge else None, 1 if forwards else -1
        while day and (other is None or (other.named_on - day).days * step >= 0):
            if self._is_open(day, open_days):
                yield day
            day = self.workdays.shift(day, step) if open_days is OpenDays.WORKDAYS else day + timedelta(days=step)

    def _is_open(self, day: date, open_days: OpenDays) -> bool:
        if open_days is OpenDays.WORKDAYS:
            return self.workdays.is_working(day)
        return open_days is OpenDays.ALL or day.weekday() < _SATURDAY


def _spell(day: date, hours: Hours, zone: str) -> tuple[Edge, Edge]:
    if hours == _ALL_DAY[0]:
        return day_edge(day, None, zone, closing=False), day_edge(day, None, zone, closing=True)
    since, until = (f"{minutes // 60:02d}:{minutes % 60:02d}" for minutes in (hours.since, hours.until))
    return day_edge(day, since, zone, closing=False), day_edge(day, until, zone, closing=True)


def _needs(draft: Draft) -> set[str]:
    """Return the milestones whose dates must be known first."""
    whens = [draft.when, *(site.when for site in draft.sites)]
    return {relative.milestone for when in whens if when for relative in when.relatives()}


def _unplaced(explicit: Explicit | None) -> Explicit | None:
    """Return a milestone's own rules for a site, where a missing anchor is no mistake of anybody."""
    return [(None, rule) for _, rule in explicit] if explicit is not None else None


def _possible_anchors(occurrence: Occurrence, when: When) -> set[Anchor]:
    """Return the edges that the occurrence has, or may get once it is dated."""
    if when.shape is Shape.TBA:
        return set(Anchor)
    edges = {Anchor.OPENS: when.opens, Anchor.CLOSES: when.closes}
    return {anchor for anchor, edge in edges.items() if edge or occurrence.edge(anchor)}


def _status(draft: Draft, when: When, *, is_dated: bool) -> Status:
    """Return how sure the dates are: as stated, else as the phrase says, else expected where they are computed."""
    stated = draft.status
    if not is_dated:
        if stated is Status.CONFIRMED and not when.relatives():
            hint = Sentence("write status: tba, or give the date")
            draft.fields.key("status").report("status-disagrees", Sentence("no date is confirmed here"), hint)
        return stated if stated in {Status.CANCELLED, Status.POSTPONED} else Status.TBA
    if stated is Status.TBA:
        hint = Sentence("write status: expected for an estimated date")
        draft.fields.key("status").report("status-disagrees", Sentence("status tba, but there is a date"), hint)
    if stated:
        return stated
    if when.relatives():
        return Status.EXPECTED
    return when.status or Status.CONFIRMED


def _check_inside(site: Resolved, area: Resolved) -> None:
    """Report a site's window that reaches beyond the exam's own."""
    outer, when = area, site.draft.when
    if when is None:
        return
    if site.opens and outer.opens and site.opens.at < outer.opens.at:
        params = {"inner": spoken(site.opens), "outer": spoken(outer.opens)}
        message = Sentence("opens at {inner}, before the exam's own window ({outer})", params)
        when.place_of(Anchor.OPENS).report("site-outside-window", message)
    if site.closes and outer.closes and site.closes.at > outer.closes.at:
        params = {"inner": spoken(site.closes), "outer": spoken(outer.closes)}
        message = Sentence("closes at {inner}, after the exam's own window ({outer})", params)
        when.place_of(Anchor.CLOSES).report("site-outside-window", message)


def _check_sessions(occurrence: Occurrence, draft: Draft) -> None:
    for session, entry in zip(occurrence.sessions, draft.fields.entries("sessions"), strict=False):
        if not _holds(occurrence, session):
            place = entry.fields(frozenset({"name", "opens", "closes"}))
            params = {"name": str(session.name), "opens": spoken(session.opens)}
            message = Sentence('"{name}" ({opens}) lies outside the milestone', params)
            (place.get("opens") if place else None or entry).report("session-outside-window", message)  # type: ignore[union-attr]


def _holds(occurrence: Occurrence, session: Session) -> bool:
    if occurrence.days:
        return session.opens.named_on in occurrence.days
    last = session.closes or session.opens
    starts_after = occurrence.opens is None or session.opens.at >= occurrence.opens.at
    return starts_after and (occurrence.closes is None or last.at <= occurrence.closes.at)
