"""Change notices: what an edit changes for people, against what they were last told, to be said after a while. Pure.

Each occurrence is compared with the version in which people last heard of it, so edits that cancel out say nothing,
and an edit that is taken back after its notice went out is a change of its own.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from examcal.identity import content_digest
from examcal.ledger.rows import ReminderEntry
from examcal.plan.due import wait_out
from examcal.plan.reminder import Purpose
from examcal.schedule.changes import Change, ChangeKind, ChangeSeverity, compare, removed_occurrences
from examcal.schedule.model import Anchor, Edge, Occurrence, QuietHours, Schedule, Status

DEBOUNCE = timedelta(minutes=10)
USEFUL_AT_LEAST = timedelta(days=1)
_RANK = {kind: rank for rank, kind in enumerate((ChangeKind.CANCELLED, ChangeKind.POSTPONED, ChangeKind.REVIVED))}


@dataclass(frozen=True, slots=True)
class Told:
    """What people know of an occurrence: as ``schedule`` has it, after ``notices`` change notices."""

    schedule: Schedule
    notices: int = 0


def main_changes(old: Schedule, new: Schedule) -> dict[str, Change]:
    """Return, by origin id, the one change of each occurrence that its notice is about.

    What a person let go without a word is cancelled for those who were told its date; the feeds say the same.
    """
    found: dict[str, list[Change]] = {}
    for change in compare(old, new):
        found.setdefault(change.occurrence.origin_id, []).append(change)
    main = {origin: min(changes, key=_weight) for origin, changes in found.items()}
    for gone in removed_occurrences(old, new):
        if gone.origin_id not in main and gone.is_dated and gone.status is not Status.CANCELLED:
            main[gone.origin_id] = _removed(gone)
    return main


def _removed(gone: Occurrence) -> Change:
    anchor = Anchor.CLOSES if gone.closes else Anchor.OPENS
    return Change(ChangeKind.CANCELLED, replace(gone, status=Status.CANCELLED), gone, anchor, gone.edge(anchor))


def put_back(old: Schedule, new: Schedule) -> dict[str, Change]:
    """Return, by origin id, the change of each occurrence that ``new`` has and ``old`` has not.

    It is one only for people who know ``old`` by a notice about that very occurrence: the notice said that it is
    cancelled, because a person had let it go. Whatever else is new speaks by its reminders.
    """
    came = removed_occurrences(new, old)
    return {one.origin_id: _back(one) for one in came if one.status is not Status.CANCELLED}


def _back(occurrence: Occurrence) -> Change:
    kind = ChangeKind.POSTPONED if occurrence.status is Status.POSTPONED else ChangeKind.REVIVED
    before = replace(occurrence, status=Status.CANCELLED)
    anchor = next((one for one in (Anchor.CLOSES, Anchor.OPENS) if occurrence.edge(one)), None)
    return Change(kind, occurrence, before, anchor, None, occurrence.edge(anchor) if anchor else None)


def notices(
    new: Schedule,
    baseline: Told,
    told: Mapping[str, Told],
    now: datetime,
    debounce: timedelta = DEBOUNCE,
) -> list[ReminderEntry]:
    """Return the notices that ``new`` asks for: against ``told`` by origin id, against ``baseline`` for the others."""
    entries = []
    for old in {id(one.schedule): one.schedule for one in (baseline, *told.values())}.values():
        back = {origin: change for origin, change in put_back(old, new).items() if origin in told}
        for origin, change in (back | main_changes(old, new)).items():
            known = told.get(origin, baseline)
            if known.schedule is old and matters(change, now):
                entries.append(_entry(origin, change, known, new.quiet_hours, now + debounce))
    return entries


def _entry(origin: str, change: Change, told: Told, quiet: QuietHours | None, leaves: datetime) -> ReminderEntry:
    occurrence = change.occurrence
    rule = f"{change.kind} {change.anchor or ''} {_wall(change.old)} > {_wall(change.new)}"
    if change.kind is ChangeKind.MOVED_PLACE:
        rule = f"{change.kind} {content_digest(str(change.before.location), str(occurrence.location))[:16]}"
    due = leaves if change.severity is ChangeSeverity.URGENT else _after_quiet(change, leaves, quiet)
    return ReminderEntry(
        key=content_digest("change-v1", origin, rule, told.schedule.digest, str(told.notices))[:32],
        purpose=Purpose.CHANGE.value,
        origin=origin,
        anchor=f"{told.schedule.digest[:16]}/{told.notices}",
        zone=occurrence.zone,
        rule=rule,
        occurrence=occurrence.id,
        due_at=due,
        useful_until=max([due + USEFUL_AT_LEAST, *(edge.at for edge in _edges(change))]),
        detail={"kind": change.kind.value, "told": told.schedule.digest},
    )


def _after_quiet(change: Change, leaves: datetime, quiet: QuietHours | None) -> datetime:
    """Return the end of the quiet hours, but ``leaves`` where a date that people know, or the new one, comes first."""
    morning = wait_out(leaves.astimezone(ZoneInfo(change.occurrence.zone)), quiet)
    return leaves if any(leaves < edge.at <= morning for edge in _edges(change)) else morning


def matters(change: Change, now: datetime) -> bool:
    """Return whether anything of it still lies ahead; history is corrected in silence."""
    edges = list(_edges(change))
    return not edges or any(edge.at > now for edge in edges)


def _edges(change: Change) -> Iterable[Edge]:
    both = (change.old, change.new, change.occurrence.opens, change.occurrence.closes)
    return (edge for edge in both if edge is not None)


def _weight(change: Change) -> tuple[int, bool, bool]:
    """Order changes of one occurrence: what calls it off, what comes earlier, then closing before opening."""
    return (
        _RANK.get(change.kind, len(_RANK)),
        change.severity is not ChangeSeverity.URGENT,
        change.anchor is Anchor.OPENS,
    )


def _wall(edge: Edge | None) -> str:
    return edge.wall if edge else "-"
