"""What was published, kept in a shared ledger for the other machines.

So a standby goes on with the sequences of the daemon before it, and a worker's attachments agree with feeds that lie
elsewhere.
"""

from __future__ import annotations

import json
from contextlib import suppress
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from examcal.errors import ExamcalError
from examcal.publication.history import CHANGES, History
from examcal.publication.manifest import Manifest
from examcal.publication.published import Previous

if TYPE_CHECKING:
    from examcal.ledger.store import SqlLedger
    from examcal.publication.edition import Edition

EDITION_NOTE = "edition"
EDITION_DIGEST_NOTE = "edition_digest"
_NEVER = datetime.min.replace(tzinfo=UTC)


def keep(edition: Edition, ledger: SqlLedger) -> None:
    """Keep what the next publisher must know of an edition."""
    if ledger.note(EDITION_DIGEST_NOTE) == edition.digest:
        return
    known = {"manifest": edition.octets.decode(), "changes": edition.files[CHANGES].decode()}
    ledger.set_note(EDITION_NOTE, json.dumps(known, ensure_ascii=False))
    ledger.set_note(EDITION_DIGEST_NOTE, edition.digest)


def kept(ledger: SqlLedger) -> Previous:
    """Return what was kept; nothing where no daemon has published yet, or while the ledger is away."""
    with suppress(ExamcalError):
        known = json.loads(ledger.note(EDITION_NOTE) or "null")
        if known:
            manifest = Manifest.parse(known["manifest"].encode())
            return Previous(manifest, History.parse(known["changes"].encode()))
    return Previous()


def newest(*found: Previous) -> Previous:
    """Return the one whose events changed last; the first of equal ones."""
    return max(found, key=lambda one: (one.manifest and one.manifest.newest_at) or _NEVER)
