"""Published milestones that an edited schedule has no more: a problem until they are put back as cancelled."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from examcal.errors import Problem, Sentence, Severity
from examcal.plan.audience import Audience, choices_of, unserved, unserved_words
from examcal.publication.published import load_previous
from examcal.publication.removals import new_name, removed_milestones
from examcal.publication.removals import removed_sites as unpublished_sites
from examcal.schedule.document import SourceText
from examcal.schedule.model import Schedule


def removed_ids(schedule: Schedule, texts: Sequence[SourceText], public: Path) -> Iterator[Problem]:
    """Yield one problem per milestone that the edition in ``public`` has and ``schedule`` has not.

    A schedule that shares no milestone with the edition is another one, and nothing was removed from it. Raises
    StorageError where the published manifest is damaged.
    """
    manifest = load_previous(public).manifest
    removed = removed_milestones(schedule, manifest) if manifest else ()
    if manifest is None or len(removed) == len(manifest.milestones):
        return
    for published in removed:
        exam, _, milestone = published.partition("/")
        file, line, column = _place_of(exam, texts)
        yield Problem(
            "removed-id",
            Severity.ERROR,
            file,
            line,
            column,
            published,
            Sentence('"{id}" is published and is no longer in the schedule', {"id": published}),
            _remedy(milestone, new_name(published, schedule, manifest)),
            milestone,
        )


def _remedy(milestone: str, new: str | None) -> Sentence:
    if new:
        return Sentence(
            'is it "{new}" now? Write "renamed_from: {milestone}" there: calendars and reminders then go on with it',
            {"new": new, "milestone": milestone},
        )
    return Sentence(
        'put it back with "status: cancelled" for a season; if only the id changed, write '
        '"renamed_from: {milestone}"; to drop it: examcal publish --accept-shrink',
        {"milestone": milestone},
    )


def removed_sites(schedule: Schedule, texts: Sequence[SourceText], public: Path) -> Iterator[Problem]:
    """Yield one problem per site with published dates of its own that ``schedule`` has not."""
    manifest = load_previous(public).manifest
    for published in unpublished_sites(schedule, manifest) if manifest else ():
        exam, _, site = published.partition("@")
        yield Problem(
            "removed-id",
            Severity.ERROR,
            *_place_of(exam, texts),
            published,
            Sentence('the site "{id}" has published dates of its own and is no longer in the schedule', {"id": site}),
            Sentence("put the site back; to drop it: examcal publish --accept-shrink"),
            site,
        )


def unserved_sites(schedule: Schedule, texts: Sequence[SourceText], audiences: Sequence[Audience]) -> Iterator[Problem]:
    """Yield a warning per site that an audience of the settings names and no exam has."""
    for site, people in unserved(choices_of(audiences), schedule).items():
        yield Problem(
            "unserved-site",
            Severity.WARNING,
            texts[0].name,
            1,
            1,
            "audiences",
            unserved_words(site, people),
            Sentence("correct the audience's sites in the settings, or put the site back"),
            site,
        )


def _place_of(exam: str, texts: Sequence[SourceText]) -> tuple[str, int, int]:
    """Return file, line and column of the exam's id; the start of the first file where the exam itself is gone."""
    written = re.compile(rf"\bid:\s*[\"']?({re.escape(exam)})(?![a-z0-9-])")
    for text in texts:
        for number, line in enumerate(text.content.decode("utf-8-sig", "replace").splitlines(), 1):
            if found := written.search(line):
                return text.name, number, found.start(1) + 1
    return texts[0].name, 1, 1
