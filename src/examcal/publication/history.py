"""What the published dates were, and how they changed from edition to edition: kept beside the manifest as JSON.

An edition states every milestone; the next one is compared with those statements, so that changes can be shown by a
machine that has never seen the older schedule.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from examcal.errors import StorageError
from examcal.feed.expansion import first_stamp
from examcal.pages.history import PublishedChange, Statement
from examcal.publication.lines import written
from examcal.schedule.changes import Change, ChangeKind, compare
from examcal.schedule.model import Exam, Kind, Milestone, Occurrence, Schedule, Status, Text

CHANGES = "changes.json"
VERSION = 1
KEPT = 500  # changes; some years of them
STATED = "stated"
ANNOUNCED = "announced"
_NAMELESS = Text((("und", ""),))


@dataclass(frozen=True, slots=True)
class History:
    """``changes`` newest first; ``stated`` what the edition says of every milestone, by the id it was first given."""

    changes: tuple[PublishedChange, ...] = ()
    stated: Mapping[str, PublishedChange] = field(default_factory=dict)

    @classmethod
    def of(cls, schedule: Schedule) -> History:
        """Return the history of a first edition: statements, and no changes."""
        return cls((), {occurrence.origin_id: _stated(occurrence) for occurrence in schedule.occurrences()})

    def as_schedule(self) -> Schedule:
        """Return what the edition stated as a schedule of dates, places and names: enough to compare with."""
        return _schedule_of(self.stated.values())

    def following(self, schedule: Schedule, now: datetime) -> History:
        """Return the history of the edition of ``schedule`` that follows this one at ``now``."""
        if not self.stated:  # the edition before kept none
            return History(self.changes, History.of(schedule).stated)
        at = now.replace(microsecond=0)
        changed = (*self._changed(schedule, at), *self._added(schedule, at), *self._gone(schedule, at))
        return History((*changed, *self.changes)[:KEPT], History.of(schedule).stated)

    def octets(self) -> bytes:
        """Return the history as JSON, the same octets for the same content."""
        content = {
            "version": VERSION,
            "changes": [change.as_json() for change in self.changes],
            "stated": {key: self.stated[key].as_json() for key in sorted(self.stated)},
        }
        return written(content)

    @classmethod
    def parse(cls, octets: bytes) -> History:
        """Read what ``octets`` wrote. Raises StorageError for anything else."""
        try:
            content = json.loads(octets)
            return cls(
                tuple(PublishedChange.from_json(values) for values in content["changes"]),
                {key: PublishedChange.from_json(values) for key, values in content["stated"].items()},
            )
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise StorageError("the history of the published edition is damaged") from error

    def _changed(self, schedule: Schedule, now: datetime) -> Iterator[PublishedChange]:
        """Yield the first change of each occurrence; compare() lists what is said loudest first."""
        found: dict[str, Change] = {}
        for change in compare(self.as_schedule(), schedule):
            found.setdefault(change.occurrence.origin_id, change)
        for change in found.values():
            yield PublishedChange.of(change.kind, change.before, change.occurrence, now)

    def _added(self, schedule: Schedule, now: datetime) -> Iterator[PublishedChange]:
        for occurrence in schedule.occurrences():
            is_new = occurrence.site is None and occurrence.origin_id not in self.stated
            if is_new and occurrence.is_dated and occurrence.status is not Status.CANCELLED:
                yield PublishedChange.of(ANNOUNCED, None, occurrence, now)

    def _gone(self, schedule: Schedule, now: datetime) -> Iterator[PublishedChange]:
        kept = {occurrence.origin_id for occurrence in schedule.occurrences()}
        for key, before in self.stated.items():
            # A site's own window that is gone falls back to the exam's; only a milestone can be called off.
            if key not in kept and before.site is None and before.new and before.new.status is not Status.CANCELLED:
                yield PublishedChange.of(ChangeKind.CANCELLED, _occurrence(before, before.new), None, now)


def _stated(occurrence: Occurrence) -> PublishedChange:
    return PublishedChange.of(STATED, None, occurrence, first_stamp(occurrence))


def _schedule_of(statements: Iterable[PublishedChange]) -> Schedule:
    milestones: dict[str, list[Milestone]] = {}
    for statement in statements:
        if statement.new is not None:
            occurrence = _occurrence(statement, statement.new)
            milestones.setdefault(occurrence.exam, []).append(Milestone(occurrence.milestone, occurrence))
    return Schedule(tuple(Exam(exam, _NAMELESS, "UTC", tuple(found)) for exam, found in milestones.items()))


def _occurrence(statement: PublishedChange, said: Statement) -> Occurrence:
    return Occurrence(
        statement.exam,
        statement.milestone,
        Kind.OTHER,
        statement.name,
        said.shape,
        said.status,
        said.zone,
        site=statement.site,
        opens=said.opens,
        closes=said.closes,
        days=said.days,
        sessions=said.sessions,
        location=said.location,
        expected=said.expected,
        sources=(statement.source,) if statement.source else (),
    )
