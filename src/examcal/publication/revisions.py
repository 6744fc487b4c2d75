"""What a new edition changes: revisions of events, removals, and the guards against losing dates by accident."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime

from examcal.errors import RefusedError
from examcal.feed.calendar import EventBook
from examcal.feed.event import Event
from examcal.feed.revision import Revision
from examcal.identity import occurrence_id
from examcal.publication.manifest import EventRecord, Manifest
from examcal.publication.tombstones import is_over, tombstone
from examcal.schedule.model import Schedule

# An edition may lose half of its coming events without a word, and always a few: moving dates is ordinary.
MOST_LOST = 0.5
ALWAYS_LOSABLE = 2
NAMED = 5  # removed ids that a refusal names


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
            ids=", ".join(removed[:NAMED]) + ("…" if len(removed) > NAMED else ""),
        )
    sites = removed_sites(schedule, past)
    if sites and not accept_shrink:
        raise RefusedError(
            "published sites with dates of their own are missing from the schedule: {ids}; "
            "put them back, or drop them with examcal publish --accept-shrink",
            ids=", ".join(sites[:NAMED]) + ("…" if len(sites) > NAMED else ""),
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
        tuple(sorted(_milestones(schedule))),
        _retired(past, records),
        tuple(sorted({*past.known, *_addressable(schedule)})),
    )


def removed_milestones(schedule: Schedule, previous: Manifest) -> tuple[str, ...]:
    """Return the published ids that ``schedule`` has neither as an id nor as an older name of one."""
    kept = set(_milestones(schedule))
    for occurrence in schedule.occurrences():
        kept.update(occurrence_id(occurrence.exam, old) for old in occurrence.renamed_from)
    return tuple(sorted(set(previous.milestones) - kept))


def new_name(removed: str, schedule: Schedule, previous: Manifest) -> str | None:
    """Return the id that a removed milestone seems to have now: the one new milestone of its exam with its name."""
    exam, _, _ = removed.partition("/")
    records = (r for r in previous.events.values() if r.id.partition("#")[0].partition("@")[0] == removed)
    names = {record.name.partition(" · ")[0] for record in records}  # an event's name ends with that of its exam
    found = [
        milestone.id
        for one in schedule.exams
        if one.id == exam
        for milestone in one.milestones
        if occurrence_id(exam, milestone.id) not in previous.milestones
        and not milestone.area.renamed_from
        and names & {text.partition(" · ")[0] for _, text in milestone.area.name.values}
    ]
    return found[0] if len(found) == 1 else None


def removed_sites(schedule: Schedule, previous: Manifest) -> tuple[str, ...]:
    """Return the sites, as ``exam@site``, with published dates of their own that their exam no longer has."""
    sites = {exam.id: {site.id for site in exam.sites} for exam in schedule.exams}
    found = set()
    for record in previous.events.values():
        milestone, _, site = record.id.partition("#")[0].partition("@")
        exam = milestone.partition("/")[0]
        if site and record.removed_on is None and exam in sites and site not in sites[exam]:
            found.add(f"{exam}@{site}")
    return tuple(sorted(found))


def _milestones(schedule: Schedule) -> Iterable[str]:
    return (occurrence_id(exam.id, milestone.id) for exam in schedule.exams for milestone in exam.milestones)


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
