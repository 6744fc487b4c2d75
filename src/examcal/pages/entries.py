"""What a page shows for one milestone, worked out before the template sees it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from examcal.pages.history import PublishedChange, Statement
from examcal.pages.words import Moment, Words
from examcal.schedule.model import Audience, Exam, Milestone, Occurrence, Shape, Status, in_order


@dataclass(frozen=True, slots=True)
class Moved:
    """An old date beside the present one, from the newest published change."""

    kind: str
    text: str
    published: str
    published_iso: str


@dataclass(frozen=True, slots=True)
class Entry:
    """One milestone as it is shown on one page. ``local`` are the sites' own windows below the area's."""

    anchor: str
    occurrence: Occurrence
    when: str
    label: str
    kind: str
    badge: str
    moments: tuple[Moment, ...]
    expected: str
    limits: str
    zone: str
    requires: tuple[tuple[str, str], ...]
    tracks: tuple[str, ...]
    for_institution: bool
    moved: Moved | None
    local: tuple[Entry, ...] = ()
    falls_back: bool = False

    @property
    def opens_epoch(self) -> int | None:
        """When it begins, in seconds since 1970, for the script."""
        return int(self.occurrence.opens.at.timestamp()) if self.occurrence.opens else None

    @property
    def closes_epoch(self) -> int | None:
        """When it ends, in seconds since 1970, for the script."""
        return int(self.occurrence.closes.at.timestamp()) if self.occurrence.closes else None

    @property
    def counts(self) -> bool:
        """Whether time can be counted to it: it has a date and was not called off."""
        return self.occurrence.is_dated and self.occurrence.status not in {Status.CANCELLED, Status.TBA}

    @property
    def is_moment(self) -> bool:
        """Whether it happens at one instant and is then over."""
        return self.occurrence.shape is Shape.INSTANT

    @property
    def is_range(self) -> bool:
        """Whether two moments are the two ends of one window."""
        return self.occurrence.shape is Shape.WINDOW and len(self.moments) > 1


def for_track(entries: Sequence[Entry], track: str | None) -> list[Entry]:
    """Return the entries that concern a track; all where it is None."""
    return [e for e in entries if track is None or not e.occurrence.tracks or track in e.occurrence.tracks]


def latest_moves(changes: Iterable[PublishedChange]) -> dict[str, PublishedChange]:
    """Return for each occurrence its newest change."""
    newest: dict[str, PublishedChange] = {}
    for change in sorted(changes, key=lambda change: change.published_at):
        newest[change.occurrence_id] = change
    return newest


def entries_of(exam: Exam, words: Words, moves: Mapping[str, PublishedChange], site: str | None = None) -> list[Entry]:
    """Return the entries of ``exam`` in order of their dates; with ``site`` as that site has them."""
    milestones = {milestone.at_site(site).id: milestone for milestone in exam.milestones}
    in_time = in_order(milestone.at_site(site) for milestone in exam.milestones)
    return [_entry(exam, milestones[occurrence.id], words, moves, site) for occurrence in in_time]


def _entry(
    exam: Exam, milestone: Milestone, words: Words, moves: Mapping[str, PublishedChange], site: str | None
) -> Entry:
    shown = milestone.at_site(site)
    local = [_shown(exam, occurrence, words, moves) for occurrence in milestone.sites] if site is None else []
    falls_back = bool(site) and bool(milestone.sites) and shown.site is None
    entry = _shown(exam, shown, words, moves)
    return replace(entry, anchor=f"m-{milestone.id}", local=tuple(local), falls_back=falls_back)


def _shown(exam: Exam, occurrence: Occurrence, words: Words, moves: Mapping[str, PublishedChange]) -> Entry:
    site = exam.site(occurrence.site) if occurrence.site else None
    moments = tuple(words.moments(occurrence))
    return Entry(
        anchor=f"m-{occurrence.milestone}.{occurrence.site}",
        occurrence=occurrence,
        when=words.when(occurrence),
        label=site.name.in_(words.language) if site else occurrence.site or "",
        kind=words.kind(occurrence.kind),
        badge=words.prefix(occurrence.status, dates=bool(moments)),
        moments=moments,
        expected=occurrence.expected.in_(words.language) if occurrence.expected else "",
        limits=words.limits(occurrence),
        zone=words.zone(occurrence.zone) if occurrence.zone != exam.zone else "",
        requires=tuple(_required(exam, occurrence, words)),
        tracks=track_names(exam, occurrence, words),
        for_institution=occurrence.audience is Audience.INSTITUTION,
        moved=_moved(moves.get(occurrence.id), occurrence, words),
    )


def track_names(exam: Exam, occurrence: Occurrence, words: Words) -> tuple[str, ...]:
    """Return whom a milestone is limited to; nothing where it concerns everybody."""
    if all(track.id in occurrence.tracks for track in exam.tracks):
        return ()
    return tuple(track.name.in_(words.language) for track in exam.tracks if track.id in occurrence.tracks)


def _required(exam: Exam, occurrence: Occurrence, words: Words) -> Iterable[tuple[str, str]]:
    for required in occurrence.requires:
        milestone = exam.milestone(required)
        if milestone:
            yield f"m-{required}", milestone.area.name.in_(words.language)


def _moved(change: PublishedChange | None, occurrence: Occurrence, words: Words) -> Moved | None:
    """Return the old date, if the newest change still describes what the schedule says now."""
    if change is None or change.old is None or change.new != Statement.of(occurrence):
        return None
    old = change.old
    place = old.location.in_(words.language) if change.kind == "moved-place" and old.location else ""
    text = place or words.dates(old) or words.status(Status.TBA)
    day = change.published_there.date()
    return Moved(words.change(change.kind), text, words.day(day), day.isoformat())
