"""Schedules by version: the accepted documents of the ledger, loaded again when they are needed."""

from __future__ import annotations

from datetime import datetime

from examcal.ledger.port import Ledger
from examcal.ledger.rows import Document, Version
from examcal.schedule.document import SourceText
from examcal.schedule.loader import load
from examcal.schedule.model import Schedule

KEPT = 8


class Versions:
    """Loads accepted versions and keeps the last few. Blocks; call it where the ledger is called."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._by_id: dict[int, Schedule] = {}

    def schedule(self, version_id: int) -> Schedule:
        """Return an accepted schedule by its version's id."""
        if version_id not in self._by_id:
            self._keep(version_id, load_version(self._ledger.version(version_id)))
        return self._by_id[version_id]

    def with_digest(self, digest: str) -> Schedule | None:
        """Return the schedule of the latest version with this digest, or None."""
        version = self._ledger.version_with(digest)
        return self.schedule(version.id) if version else None

    def put(self, version_id: int, schedule: Schedule) -> None:
        """Keep a schedule that was loaded anyhow."""
        self._keep(version_id, schedule)

    def _keep(self, version_id: int, schedule: Schedule) -> None:
        self._by_id.pop(version_id, None)
        self._by_id[version_id] = schedule
        while len(self._by_id) > KEPT:
            del self._by_id[next(iter(self._by_id))]


def load_version(version: Version) -> Schedule:
    """Return the schedule that an accepted version's document writes; it was without errors when it was accepted."""
    texts = [SourceText(name, content) for name, content in version.document.texts]
    return load(texts, today=version.accepted_at.date()).schedule


def as_document(texts: list[SourceText] | tuple[SourceText, ...], schedule: Schedule) -> Document:
    """Return the document to store for a schedule and the texts it was loaded from."""
    return Document(tuple((text.name, text.content) for text in texts), schedule.digest)


def last_good(ledger: Ledger) -> tuple[Schedule, datetime] | None:
    """Return the schedule accepted last and when, or None on a new ledger."""
    version = ledger.current()
    return (load_version(version), version.accepted_at) if version else None
