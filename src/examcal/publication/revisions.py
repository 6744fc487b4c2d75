"""What a new edition changes: revisions of events, and the guards against losing dates by accident."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime

from examcal.errors import RefusedError
from examcal.feed.calendar import EventBook
from examcal.feed.event import Event
from examcal.feed.revision import Revision
from examcal.publication.manifest import EventRecord, Manifest
from examcal.publication.removals import milestones_of, removed_milestones, removed_sites, some_of
from examcal.publication.tombstones import is_over, tombstone
from examcal.schedule.model import Schedule

# An edition may lose half of its coming events without a word, and always a few: moving dates is ordinary.
MOST_LOST = 0.5
ALWAYS_LOSABLE = 2


@dataclass(frozen=True, slots=True)
class Revised:
    """The events of a new edition: the book to make feeds from, and the manifest's part about events."""

    book: EventBook
    events: Mapping[str, EventRecord]
    milestones: tuple[str, ...]
    retired: Mapping[str, Revision]
    known: tuple[str, ...]


def revise(schedule: Schedule, previous: Manifest | None, now: datetime, *, accept_shrink: bool = False) -> Revised:
    """Compare ``schedule`` with what was published and give every event its revision.

    Raises RefusedError, unless ``accept_shrink``, where a published id is gone or too many coming events are.
    """
    book = EventBook(schedule)
    past = previous or Manifest({}, {})
    removed = removed_milestones(schedule, past)
    if removed and not accept_shrink:
        raise RefusedError(
            "published milestones are missing from the schedule: {ids}; put them back with status: cancelled, "
            "write renamed_from: where only the id changed, or drop them with examcal publish --accept-shrink",
            ids=some_of(removed),
        )
    sites = removed_sites(schedule, past)
    if sites and not accept_shrink:
        raise RefusedError(
            "published sites with dates of their own are missing from the schedule: {ids}; "
            "put them back, or drop them with examcal publish --accept-shrink",
            ids=some_of(sites),
        )
    records = {event.uid: _record(event, past, now) for event in book.events}
    if not accept_shrink:
        _refuse_shrunken(past, records, now)
    graves = dict(_graves(past, records, removed, now))
    tombstones = {uid: tombstone(uid, record) for uid, record in graves.items()}
    for uid, event in tombstones.items():
        records[uid] = _record(event, past, now, graves[uid].removed_on)
    return Revised(
        book.revised({uid: record.revision for uid, record in records.items()}, tombstones.values(), past.known),
        records,
        tuple(sorted(milestones_of(schedule))),
        _retired(past, records),
        tuple(sorted({*past.known, *_addressable(schedule)})),
    )


def _addressable(schedule: Schedule) -> Iterable[str]:
    for exam in schedule.exams:
        yield from (track.id for track in exam.tracks)
        yield from (site.id for site in exam.sites)


def _record(event: Event, past: Manifest, now: datetime, removed_on: date | None = None) -> EventRecord:
    digest = event.digest
    before = past.events.get(event.uid)
    if before is not None and before.digest == digest:
        return EventRecord.of(event, digest, before.revision, removed_on)
    last = past.revision(event.uid)
    return EventRecord.of(event, digest, last.following(now) if last else Revision(0, event.stamp), removed_on)


def _graves(
    past: Manifest, records: Mapping[str, EventRecord], removed: Iterable[str], now: datetime
) -> Iterable[tuple[str, EventRecord]]:
    """Yield the published events to keep as tombstones: of milestones removed now, or less than a season ago."""
    gone = set(removed)
    for uid, record in sorted(past.events.items(), key=lambda entry: (entry[1].id.partition("#")[0], entry[1].starts)):
        if uid in records or record.is_optional:
            continue
        if record.removed_on is not None and not is_over(record.removed_on, now):
            yield uid, record
        elif record.removed_on is None and record.milestone_id in gone:
            yield uid, _buried(record, now.date())


def _buried(record: EventRecord, removed_on: date) -> EventRecord:
    return EventRecord(
        record.digest,
        record.sequence,
        record.last_modified,
        record.id,
        record.name,
        record.starts,
        record.ends,
        record.zone,
        "CANCELLED",
        record.wall,
        removed_on,
    )


def _retired(past: Manifest, records: Mapping[str, EventRecord]) -> dict[str, Revision]:
    """Return the last revisions of every UID that is no longer published, in case it comes back."""
    gone = {uid: record.revision for uid, record in past.events.items()}
    return {uid: revision for uid, revision in {**past.retired, **gone}.items() if uid not in records}


def _refuse_shrunken(past: Manifest, records: Mapping[str, EventRecord], now: datetime) -> None:
    standing = {uid: one for uid, one in past.events.items() if not one.is_cancelled and not one.is_optional}
    coming = {uid for uid, record in standing.items() if _ends_at(record) > now}
    # One that the file calls cancelled is not lost: a person said so, and calendars show it.
    lost = sum(1 for uid in coming if uid not in records)
    if lost > ALWAYS_LOSABLE and lost > MOST_LOST * len(coming):
        raise RefusedError(
            "the new edition would lose {lost} of {total} coming events; accept the loss if that is meant",
            lost=lost,
            total=len(coming),
        )


def _ends_at(record: EventRecord) -> datetime:
    if "T" in record.ends:
        return datetime.fromisoformat(record.ends)
    return datetime.fromisoformat(record.ends).replace(tzinfo=UTC)
