"""What is published and an edited schedule has no more: milestones, and sites with dates of their own."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from examcal.identity import occurrence_id
from examcal.publication.manifest import Manifest
from examcal.schedule.model import Schedule

_NAMED = 5


def milestones_of(schedule: Schedule) -> Iterable[str]:
    """Return the ids of all milestones, as ``exam/milestone``."""
    return (occurrence_id(exam.id, milestone.id) for exam in schedule.exams for milestone in exam.milestones)


def removed_milestones(schedule: Schedule, previous: Manifest) -> tuple[str, ...]:
    """Return the published ids that ``schedule`` has neither as an id nor as an older name of one."""
    kept = set(milestones_of(schedule))
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


def some_of(ids: Sequence[str]) -> str:
    """Return ids for a sentence: the first few, and a sign that there are more."""
    return ", ".join(ids[:_NAMED]) + ("…" if len(ids) > _NAMED else "")
