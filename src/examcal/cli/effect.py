"""What an edit changes for people: dates, feeds, reminders, and how many will be told. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from examcal.cli.details import Detail, details
from examcal.delivery.notices import main_changes, matters
from examcal.feed.calendar import EventBook, feed_path
from examcal.plan.audience import Audience, Choice, concerns
from examcal.plan.planner import plan
from examcal.plan.reminder import Reminder
from examcal.publication.edition import build_edition
from examcal.publication.manifest import digest_of
from examcal.publication.published import Previous
from examcal.publication.removals import removed_sites as unpublished_sites
from examcal.schedule.changes import Change, compare, removed_occurrences, removed_sites, shrinks
from examcal.schedule.model import Schedule, Text

_HORIZON = timedelta(days=800)


@dataclass(frozen=True, slots=True)
class ReminderChange:
    """A reminder that an edit adds, moves or cancels; the instants are aware, None where there is none."""

    occurrence: str
    rule: str
    old: datetime | None
    new: datetime | None

    @property
    def kind(self) -> str:
        """``added``, ``cancelled`` or ``moved``."""
        if self.old is None:
            return "added"
        return "moved" if self.new else "cancelled"


@dataclass(frozen=True, slots=True)
class SiteLoss:
    """A site that an edit removes: how many dates of its own it had, and how many recipients chose it."""

    exam: str
    site: str
    name: Text | None
    windows: int
    recipients: int


@dataclass(frozen=True, slots=True)
class Effect:
    """Everything that an edit does. ``recipients`` hear of the changes; ``is_held``: a guard will ask first."""

    changes: tuple[Change, ...]
    added: tuple[str, ...]
    removed: tuple[str, ...]
    feeds: tuple[str, ...]
    reminders: tuple[ReminderChange, ...]
    recipients: int
    is_held: bool
    sites: tuple[SiteLoss, ...] = ()
    details: tuple[Detail, ...] = ()
    titles: Mapping[str, tuple[Text, ...]] = field(default_factory=dict)
    """By occurrence id, before and after the edit, what people call it: exam (where there are several), name, site."""

    @property
    def is_nothing(self) -> bool:
        """Whether nobody will notice the edit."""
        dates = self.changes or self.added or self.removed or self.sites
        return not (dates or self.details or self.feeds or self.reminders)


def effect_of(
    old: Schedule, new: Schedule, audiences: Sequence[Audience], now: datetime, chosen: Sequence[Choice] = ()
) -> Effect:
    """Return what replacing ``old`` by ``new`` does, as of ``now``; ``chosen`` is what recipients chose."""
    changes = compare(old, new)
    sites = tuple(_site_losses(old, new, chosen))
    return Effect(
        changes=changes,
        added=tuple(occurrence.id for occurrence in removed_occurrences(new, old)),
        removed=tuple(occurrence.id for occurrence in removed_occurrences(old, new)),
        feeds=tuple(_feeds(old, new)),
        reminders=tuple(_reminders(old, new, now)),
        recipients=_recipients(old, new, audiences, now),
        is_held=shrinks(old, new, now) is not None or any(one.windows or one.recipients for one in sites),
        sites=sites,
        details=details(old, new),
        titles=dict([*_titles(old), *_titles(new)]),
    )


def effect_on(
    previous: Previous, new: Schedule, audiences: Sequence[Audience], now: datetime, chosen: Sequence[Choice] = ()
) -> Effect:
    """Return what publishing ``new`` after ``previous`` does, as of ``now``.

    An edition knows dates and feeds but neither rules nor hours, so reminders and details are left out.
    """
    old = previous.history.as_schedule() if previous.history else Schedule(())
    edition = build_edition(new, now=now, previous=previous.manifest, history=previous.history, accept_shrink=True)
    before = previous.manifest.files if previous.manifest else {}
    after = {path: digest_of(octets) for path, octets in edition.files.items()}
    changes = compare(old, new)
    sites = tuple(_unpublished_sites(previous, new, chosen))
    return Effect(
        changes=changes,
        added=tuple(occurrence.id for occurrence in removed_occurrences(new, old)),
        removed=tuple(occurrence.id for occurrence in removed_occurrences(old, new)),
        feeds=tuple(
            path for path in sorted({*before, *after}) if _is_feed(path) and before.get(path) != after.get(path)
        ),
        reminders=(),
        recipients=_recipients(old, new, audiences, now),
        is_held=shrinks(old, new, now) is not None or bool(sites),
        sites=sites,
        titles=dict([*_titles(old), *_titles(new)]),
    )


def _titles(schedule: Schedule) -> Iterator[tuple[str, tuple[Text, ...]]]:
    for exam in schedule.exams:
        own = (exam.name,) if len(schedule.exams) > 1 and exam.name else ()
        sites = {site.id: site.name for site in exam.sites}
        for occurrence in exam.occurrences():
            place = (sites[occurrence.site],) if occurrence.site in sites else ()
            yield occurrence.id, (*own, occurrence.name, *place)


def _site_losses(old: Schedule, new: Schedule, chosen: Sequence[Choice]) -> Iterator[SiteLoss]:
    for exam, site in removed_sites(old, new):
        windows = sum(1 for occurrence in exam.occurrences() if occurrence.site == site.id)
        yield SiteLoss(exam.id, site.id, site.name, windows, _choosing(exam.id, site.id, chosen))


def _unpublished_sites(previous: Previous, new: Schedule, chosen: Sequence[Choice]) -> Iterator[SiteLoss]:
    """Yield the sites that only an edition still has: it knows their dates, and no names."""
    if previous.manifest is None:
        return
    published = {record.id.partition("#")[0] for record in previous.manifest.events.values()}
    for lost in unpublished_sites(new, previous.manifest):
        exam, _, site = lost.partition("@")
        windows = sum(1 for one in published if one.startswith(f"{exam}/") and one.endswith(f"@{site}"))
        yield SiteLoss(exam, site, None, windows, _choosing(exam, site, chosen))


def _choosing(exam: str, site: str, chosen: Sequence[Choice]) -> int:
    return sum(people for exams, sites, people in chosen if site in sites and (not exams or exam in exams))


def _is_feed(path: str) -> bool:
    return path.startswith("feeds/") and "/milestones/" not in path


def _feeds(old: Schedule, new: Schedule) -> Iterator[str]:
    """Yield the paths of the feeds whose octets differ."""
    before, after = EventBook(old), EventBook(new)
    paths: dict[str, tuple[str | None, str | None]] = {feed_path(): (None, None)}
    for schedule in (old, new):
        for exam in schedule.exams:
            paths[feed_path(exam.id)] = (exam.id, None)
            paths.update({feed_path(exam.id, site.id): (exam.id, site.id) for site in exam.sites})
    for path, (exam_id, site_id) in paths.items():
        if before.feed(exam_id, site_id) != after.feed(exam_id, site_id):
            yield path


def _reminders(old: Schedule, new: Schedule, now: datetime) -> Iterator[ReminderChange]:
    before, after = _due(old, now), _due(new, now)
    for key in sorted(before.keys() | after.keys()):
        earlier, later = before.get(key), after.get(key)
        if earlier is None or later is None or earlier.due_at != later.due_at:
            one = later or earlier
            if one is not None:
                due_before, due_after = (each.due_at if each else None for each in (earlier, later))
                yield ReminderChange(one.occurrence.id, str(one.rule), due_before, due_after)


def _due(schedule: Schedule, now: datetime) -> dict[tuple[str, str], Reminder]:
    found = plan(schedule, since=now, until=now + _HORIZON).reminders
    return {(reminder.occurrence.origin_id, str(reminder.rule)): reminder for reminder in found}


def _recipients(old: Schedule, new: Schedule, audiences: Sequence[Audience], now: datetime) -> int:
    """Return how many will get a notice, as the daemon decides it: not of what is past."""
    changes = [change for change in main_changes(old, new).values() if matters(change, now)]
    told: set[tuple[str, str]] = set()
    subscribed = 0
    for audience in audiences:
        if any(concerns(audience, change.occurrence, new.exam(change.occurrence.exam)) for change in changes):
            subscribed += audience.people
            told |= {(audience.channel, address) for address in audience.to or (() if audience.people else ("",))}
    return len(told) + subscribed
