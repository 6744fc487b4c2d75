"""What puts messages into words, with attachments that agree with the published feeds."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING

from examcal.cli.shared_edition import EDITION_DIGEST_NOTE, keep, kept, newest
from examcal.delivery.message import Renderer
from examcal.errors import ExamcalError
from examcal.feed.calendar import milestone_calendar
from examcal.publication.published import Previous, current_folder, load_previous
from examcal.publication.removals import removed_milestones, removed_sites

if TYPE_CHECKING:
    from pathlib import Path

    from examcal.delivery.message_templates import TemplateFaultError
    from examcal.feed.revision import Revision
    from examcal.ledger.store import SqlLedger
    from examcal.publication.edition import Edition
    from examcal.publication.manifest import Manifest
    from examcal.schedule.model import Occurrence, Schedule
    from examcal.settings import Settings


class PublishedRevisions:
    """The revisions of published events, so that a mail's attachment agrees with the feeds.

    Whoever publishes, this process, another one beside it, or (with a shared ledger) one on another machine: a new
    edition is noticed when it is asked for.
    """

    def __init__(self, settings: Settings, ledger: SqlLedger | None = None) -> None:
        self._directory = settings.published
        self._shared = ledger if ledger is not None and ledger.shared else None
        self._manifest: Manifest | None = None
        self._seen: tuple[Path | None, str | None] = (None, None)
        self.renew()

    def renew(self) -> None:
        """Read the manifest of the present edition, unless it is known."""
        digest = self._shared.note(EDITION_DIGEST_NOTE) if self._shared else None
        seen = (current_folder(self._directory), digest)
        if seen != self._seen:
            self._manifest = self.previous().manifest
            self._seen = seen

    def previous(self) -> Previous:
        """Return what the next edition takes over. Raises StorageError for a damaged edition."""
        here = load_previous(self._directory)
        return newest(here, kept(self._shared)) if self._shared else here

    def published(self, edition: Edition) -> None:
        """Tell other machines of an edition; while the ledger is away they go on with the one before."""
        if self._shared is not None:
            with suppress(ExamcalError):
                keep(edition, self._shared)
        self.renew()

    def removed(self, schedule: Schedule) -> tuple[str, ...]:
        """Return the published ids that a schedule no longer has."""
        self._look()
        return removed_milestones(schedule, self._manifest) if self._manifest else ()

    def removed_sites(self, schedule: Schedule) -> tuple[str, ...]:
        """Return the sites with published dates of their own that a schedule no longer has."""
        return removed_sites(schedule, self._manifest) if self._manifest else ()

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

    Without a public address there are no links: 127.0.0.1 on a reader's telephone is the telephone.
    Without ``on_fault`` an office template that fails is raised.
    """
    return Renderer(settings.address_for_others, settings.templates_dir, calendar=revisions.calendar, on_fault=on_fault)
