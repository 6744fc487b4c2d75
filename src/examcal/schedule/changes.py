"""What an edit changes for people: dates moved, announced, withdrawn or cancelled, and places moved. Pure.

Occurrences are matched by the id under which they were first published, so a rename is no change; wording is silent,
and so is a milestone that was not there before (its reminders speak for it). Two schedules that differ only by an edit
and its reversal give nothing.
"""

from __future__ import annotations

import enum
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime

from examcal.identity import occurrence_id
from examcal.schedule.model import Anchor, Edge, Exam, Occurrence, Schedule, Site, Source, Status

_CALLED_OFF = frozenset({Status.CANCELLED, Status.POSTPONED})
_SHRINK_AT_LEAST = 3
_SHRINK_SHARE = 0.2


class ChangeKind(enum.StrEnum):
    """What happened to an occurrence."""

    EARLIER = "earlier"
    LATER = "later"
    ANNOUNCED = "announced"  # a date became known, or an estimated one became official
    POSTPONED = "postponed"  # put off, with or without a new date
    CANCELLED = "cancelled"
    REVIVED = "revived"  # takes place after all
    MOVED_PLACE = "moved-place"


class ChangeSeverity(enum.StrEnum):
    """How loudly to say it: urgent changes ignore quiet hours."""

    URGENT = "urgent"
    NOTICE = "notice"


@dataclass(frozen=True, slots=True)
class Change:
    """One difference that people must hear of. ``occurrence`` is the new one, ``before`` the old one.

    ``old`` and ``new`` are the edges that ``anchor`` names; None where there was or is no date. ``session`` is the
    number of the paper that moved, if it was one.
    """

    kind: ChangeKind
    occurrence: Occurrence
    before: Occurrence
    anchor: Anchor | None = None
    old: Edge | None = None
    new: Edge | None = None
    session: int | None = None

    @property
    def severity(self) -> ChangeSeverity:
        """Urgent where people would come too late: something is earlier or called off."""
        is_urgent = self.kind in {ChangeKind.EARLIER, ChangeKind.CANCELLED}
        is_earlier = bool(self.old and self.new and self.new.at < self.old.at)
        return ChangeSeverity.URGENT if is_urgent or is_earlier else ChangeSeverity.NOTICE

    @property
    def source(self) -> Source | None:
        """Who states the new date."""
        return self.occurrence.sources[0] if self.occurrence.sources else None


def compare(old: Schedule, new: Schedule) -> tuple[Change, ...]:
    """Return what people must hear of, in the order of the new schedule."""
    known = _by_origin(old)
    changes: list[Change] = []
    for occurrence in new.occurrences():
        before = _before(occurrence, known)
        if before is not None:
            changes += _changes(before, occurrence)
    for gone, area in _withdrawn_sites(old, new):
        changes += _changes(gone, area)
    return tuple(changes)


def removed_occurrences(old: Schedule, new: Schedule) -> tuple[Occurrence, ...]:
    """Return the occurrences of ``old`` that ``new`` no longer has under any of their ids."""
    kept = {name for occurrence in new.occurrences() for name in _names(occurrence)}
    return tuple(occurrence for occurrence in old.occurrences() if kept.isdisjoint(_names(occurrence)))


def removed_sites(old: Schedule, new: Schedule) -> tuple[tuple[Exam, Site], ...]:
    """Return the sites that exams of ``old`` lost, with those exams; an exam that is gone lost none."""
    kept = {exam.id: {site.id for site in exam.sites} for exam in new.exams}
    return tuple(
        (exam, site) for exam in old.exams if exam.id in kept for site in exam.sites if site.id not in kept[exam.id]
    )


# Matching ---------------------------------------------------------------------------------------------------------


def _names(occurrence: Occurrence) -> tuple[str, ...]:
    """Return all ids that an occurrence has or had, the first one first."""
    ids = (*occurrence.renamed_from, occurrence.milestone)
    return tuple(occurrence_id(occurrence.exam, identifier, occurrence.site) for identifier in ids)


def _by_origin(schedule: Schedule) -> dict[str, Occurrence]:
    """Return the occurrences by every id they have or had; present ids win over former ones."""
    occurrences = list(schedule.occurrences())
    former = {name: occurrence for occurrence in occurrences for name in _names(occurrence)}
    return former | {occurrence.id: occurrence for occurrence in occurrences}


def _before(occurrence: Occurrence, known: dict[str, Occurrence]) -> Occurrence | None:
    """Return what held before: the same occurrence, or the area-wide window for a site that had none of its own."""
    found = next((known[name] for name in reversed(_names(occurrence)) if name in known), None)
    if found is not None or occurrence.site is None:
        return found
    area = _before(replace(occurrence, site=None), known)
    return replace(area, site=occurrence.site, opens=None, closes=None, sessions=(), location=None) if area else None


def _withdrawn_sites(old: Schedule, new: Schedule) -> Iterator[tuple[Occurrence, Occurrence]]:
    """Yield the sites' own windows that are gone, each with the area-wide one that holds there now."""
    known = _by_origin(new)
    for gone in removed_occurrences(old, new):
        area = _before(replace(gone, site=None), known) if gone.site else None
        if area:
            yield gone, replace(area, site=gone.site)


# Comparing --------------------------------------------------------------------------------------------------------


def _changes(old: Occurrence, new: Occurrence) -> Iterator[Change]:
    called_off = _called_off(old, new)
    if called_off:
        yield called_off
        return
    if new.status in _CALLED_OFF and not new.is_dated:
        return
    is_moved = False
    for change in (*_moved_edges(old, new), *_moved_sessions(old, new)):
        is_moved = True
        yield change
    if not is_moved and (old.status, new.status) == (Status.EXPECTED, Status.CONFIRMED):
        yield _of(ChangeKind.ANNOUNCED, old, new)
    if old.location and new.location and old.location != new.location:
        yield Change(ChangeKind.MOVED_PLACE, new, old)


def _called_off(old: Occurrence, new: Occurrence) -> Change | None:
    """Return the change of a status that says more than any date: cancelled, postponed, or neither any longer."""
    if old.status is new.status:
        return None
    if new.status is Status.CANCELLED:
        return _of(ChangeKind.CANCELLED, old, new)
    if new.status is Status.POSTPONED:
        return _of(ChangeKind.POSTPONED, old, new)
    return _of(ChangeKind.REVIVED, old, new) if old.status in _CALLED_OFF else None


def _of(kind: ChangeKind, old: Occurrence, new: Occurrence) -> Change:
    """Return one change for the whole occurrence, shown by the edge that people act on."""
    anchor = next((a for a in (Anchor.CLOSES, Anchor.OPENS) if old.edge(a) or new.edge(a)), None)
    if anchor is Anchor.CLOSES and (old.days or new.days):
        anchor = Anchor.OPENS
    if anchor is None:
        return Change(kind, new, old)
    return Change(kind, new, old, anchor, old.edge(anchor), new.edge(anchor))


def _moved_edges(old: Occurrence, new: Occurrence) -> Iterator[Change]:
    if old.days and new.days:
        yield from _moved_days(old, new)
        return
    for anchor in Anchor:
        kind = _move(old.edge(anchor), new.edge(anchor), withdrawn=not new.is_dated)
        if kind:
            yield Change(kind, new, old, anchor, old.edge(anchor), new.edge(anchor))


def _move(old: Edge | None, new: Edge | None, *, withdrawn: bool) -> ChangeKind | None:
    """Return how an edge moved. A date that is withdrawn is postponed; an edge dropped beside another is silent."""
    if old and new:
        if old.at == new.at:
            return None
        return ChangeKind.EARLIER if new.at < old.at else ChangeKind.LATER
    if new:
        return ChangeKind.ANNOUNCED
    return ChangeKind.POSTPONED if old and withdrawn else None


def _moved_days(old: Occurrence, new: Occurrence) -> Iterator[Change]:
    """Whole days have one edge for people, their first; a later day of several that moved counts as well."""
    if old.days == new.days or old.opens is None or new.opens is None:
        return
    gone = [day for day in old.days if day not in new.days] or list(old.days[-1:])
    come = [day for day in new.days if day not in old.days] or list(new.days[-1:])
    kind = ChangeKind.EARLIER if come[0] < gone[0] else ChangeKind.LATER
    yield Change(kind, new, old, Anchor.OPENS, _at_day(old.opens, gone[0]), _at_day(new.opens, come[0]))


def _at_day(edge: Edge, day: date) -> Edge:
    """Return the start of another day in the zone of an edge."""
    return Edge(datetime(day.year, day.month, day.day, tzinfo=edge.at.tzinfo), day)


def _moved_sessions(old: Occurrence, new: Occurrence) -> Iterator[Change]:
    """Yield the papers that moved, unless the whole exam moved along with them."""
    if old.days != new.days or (old.opens and new.opens and old.opens.at != new.opens.at):
        return
    known = {session.number: session for session in old.sessions}
    for session in new.sessions:
        before = known.get(session.number)
        kind = _move(before.opens, session.opens, withdrawn=False) if before else None
        if before and kind:
            yield Change(kind, new, old, Anchor.OPENS, before.opens, session.opens, session.number)


# How much an edit takes away --------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Shrink:
    """How much of what was still ahead an edit removes or moves: more than an ordinary edit does."""

    ahead: int
    removed: tuple[Occurrence, ...]
    moved: tuple[Occurrence, ...]


def shrinks(old: Schedule, new: Schedule, now: datetime) -> Shrink | None:
    """Return what an edit takes away where that is suspicious, else None.

    Suspicious is more than three and more than a fifth of the dated occurrences ahead of ``now``, or all of them.
    Cancelling is explicit and estimates move by themselves, so neither counts.
    """
    ahead = [occurrence for occurrence in old.occurrences() if _is_ahead(occurrence, now)]
    names = {occurrence.id for occurrence in removed_occurrences(old, new)}
    removed = tuple(occurrence for occurrence in ahead if occurrence.id in names)
    known = _by_origin(new)
    kept = ((occurrence, _before(occurrence, known)) for occurrence in ahead if occurrence.id not in names)
    moved = tuple(occurrence for occurrence, after in kept if after and _is_moved(occurrence, after))
    taken = len(removed) + len(moved)
    is_emptied = len(removed) == len(ahead) > 1
    if is_emptied or taken > max(_SHRINK_AT_LEAST, _SHRINK_SHARE * len(ahead)):
        return Shrink(len(ahead), removed, moved)
    return None


def _is_ahead(occurrence: Occurrence, now: datetime) -> bool:
    last = occurrence.closes or occurrence.opens
    return last is not None and last.at > now and occurrence.status is not Status.CANCELLED


def _is_moved(old: Occurrence, new: Occurrence) -> bool:
    if new.status in _CALLED_OFF or old.status is Status.EXPECTED:
        return False
    before, after = ([edge and edge.at for edge in (o.opens, o.closes)] for o in (old, new))
    return before != after
