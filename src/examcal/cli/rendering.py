"""What puts messages into words, with attachments that agree with the published feeds."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING

from examcal.delivery.message import Renderer
from examcal.errors import ExamcalError
from examcal.feed.calendar import milestone_calendar
from examcal.publication.published import current_folder, load_previous
from examcal.publication.revisions import removed_milestones

if TYPE_CHECKING:
    from pathlib import Path

    from examcal.delivery.message_templates import TemplateFaultError
    from examcal.feed.revision import Revision
    from examcal.publication.manifest import Manifest
    from examcal.schedule.model import Occurrence, Schedule
    from examcal.settings import Settings


class PublishedRevisions:
    """The revisions of published events, so that a mail's attachment agrees with the feeds.

    Whoever publishes, this process or another one beside it: a new edition is noticed when it is asked for.
    """

    def __init__(self, settings: Settings) -> None:
        self._directory = settings.published
        self._manifest: Manifest | None = None
        self._folder: Path | None = None
        self.renew()

    def renew(self) -> None:
        """Read the manifest of the present edition, unless it is known."""
        folder = current_folder(self._directory)
        if folder != self._folder:
            self._folder, self._manifest = folder, load_previous(self._directory).manifest

    def removed(self, schedule: Schedule) -> tuple[str, ...]:
        """Return the published ids that a schedule no longer has."""
        self._look()
        return removed_milestones(schedule, self._manifest) if self._manifest else ()

    def calendar(self, occurrence: Occurrence, schedule: Schedule, language: str) -> bytes | None:
        """Return the calendar file of an occurrence; None where it has no date."""
        if not occurrence.is_dated:
            return None
        self._look()
        events = self._manifest.events if self._manifest else {}
        revisions: dict[str, Revision] = {uid: record.revision for uid, record in events.items()}
        return milestone_calendar(occurrence, schedule, revisions, language)

    def _look(self) -> None:
        """Notice a new edition; one that cannot be read keeps no message back."""
        with suppress(ExamcalError):
            self.renew()


def make_renderer(
    settings: Settings,
    revisions: PublishedRevisions,
    *,
    on_fault: Callable[[TemplateFaultError], None] | None = None,
) -> Renderer:
    """Return what puts messages into words; links lead to the public address, attachments have the feeds' revisions.

    Without ``on_fault`` an office template that fails is raised.
    """
    return Renderer(settings.site_address, settings.templates_dir, calendar=revisions.calendar, on_fault=on_fault)
