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
from examcal.schedule.model import Occurrence, Schedule, Status

CHANGES = "changes.json"
VERSION = 1
KEPT = 500  # changes; some years of them
STATED = "stated"


@dataclass(frozen=True, slots=True)
class History:
    """``changes`` newest first; ``stated`` what the edition says of every milestone, by the id it was first given."""

    changes: tuple[PublishedChange, ...] = ()
    stated: Mapping[str, PublishedChange] = field(default_factory=dict)

    @classmethod
    def of(cls, schedule: Schedule) -> History:
        """Return the history of a first edition: statements, and no changes."""
        return cls((), {occurrence.origin_id: _stated(occurrence) for occurrence in schedule.occurrences()})

    def following(self, schedule: Schedule, now: datetime) -> History:
        """Return the history of the edition of ``schedule`` that follows this one at ``now``."""
        if not self.stated:  # the edition before kept none
            return History(self.changes, History.of(schedule).stated)
        changed = [*self._changed(schedule.occurrences(), now), *self._gone(schedule, now)]
        return History((*changed, *self.changes)[:KEPT], History.of(schedule).stated)

    def octets(self) -> bytes:
        """Return the history as JSON, the same octets for the same content."""
        content = {
            "version": VERSION,
            "changes": [change.as_json() for change in self.changes],
            "stated": {key: self.stated[key].as_json() for key in sorted(self.stated)},
        }
        return (json.dumps(content, ensure_ascii=False, indent=0, separators=(",", ":")) + "\n").encode()

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

    def _changed(self, occurrences: Iterable[Occurrence], now: datetime) -> Iterator[PublishedChange]:
        for occurrence in occurrences:
            before = self.stated.get(occurrence.origin_id)
            old = before.new if before else None
            kind = change_kind(old, Statement.of(occurrence))
            if kind:
                yield _change(kind, _stated(occurrence), old, Statement.of(occurrence), now)

    def _gone(self, schedule: Schedule, now: datetime) -> Iterator[PublishedChange]:
        kept = {occurrence.origin_id for occurrence in schedule.occurrences()}
        for key, before in self.stated.items():
            # A site's own window that is gone falls back to the exam's; only a milestone can be called off.
            if key not in kept and before.site is None and before.new and before.new.status is not Status.CANCELLED:
                yield _change("cancelled", before, before.new, None, now)


def change_kind(old: Statement | None, new: Statement) -> str | None:
    """Return the word for a change of dates or place that people must hear of, or None."""
    if old is None:
        return "announced" if _is_dated(new) and new.status is not Status.CANCELLED else None
    if new.status is not old.status and new.status in {Status.CANCELLED, Status.POSTPONED}:
        return new.status.value
    if _is_dated(old) != _is_dated(new):
        return "announced" if _is_dated(new) else "postponed"
    moved = _moved(old, new)
    if moved:
        return moved
    if old.location != new.location and old.location is not None:
        return "moved-place"
    return "announced" if old.status is Status.EXPECTED and new.status is Status.CONFIRMED else None


def _moved(old: Statement, new: Statement) -> str | None:
    before, after = _instants(old), _instants(new)
    if before == after:
        return None
    return "earlier" if any(a < b for b, a in zip(before, after, strict=False)) else "later"


def _instants(statement: Statement) -> tuple[float, ...]:
    edges = (statement.closes, statement.opens)
    return tuple(edge.at.timestamp() for edge in edges if edge) + tuple(
        float(day.toordinal()) for day in statement.days
    )


def _is_dated(statement: Statement) -> bool:
    return statement.opens is not None or statement.closes is not None


def _stated(occurrence: Occurrence) -> PublishedChange:
    return PublishedChange.of(STATED, None, occurrence, first_stamp(occurrence))


def _change(
    kind: str, known: PublishedChange, old: Statement | None, new: Statement | None, now: datetime
) -> PublishedChange:
    at = now.replace(microsecond=0)
    return PublishedChange(kind, known.exam, known.milestone, known.name, at, known.site, old, new, known.source)
