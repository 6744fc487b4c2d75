"""What became of an edit is told to the admins once for its content, whoever tells it: this run, a later one, or cron.

The ledger keeps digests of what was told and when, in one note that daemons and rounds of ``run --once`` share.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime

from examcal.identity import content_digest
from examcal.ledger.port import Ledger
from examcal.ledger.rows import instant, micros

TOLD_NOTE = "admins_told"
"""Under which the ledger keeps it."""
EDIT = "edit "
"""Begins what is told once for a content, until an edit is accepted."""


def read_told(ledger: Ledger) -> dict[str, datetime]:
    """Return what was told, and when."""
    return {key: instant(at) for key, at in json.loads(ledger.note(TOLD_NOTE) or "{}").items()}


def write_told(ledger: Ledger, told: Mapping[str, datetime]) -> None:
    """Keep what was told; nothing is written where that is known."""
    written = json.dumps({key: micros(at) for key, at in told.items()}, sort_keys=True)
    if written != (ledger.note(TOLD_NOTE) or "{}"):
        ledger.set_note(TOLD_NOTE, written)


def edit_key(content: str) -> str:
    """Return under what an edit is kept; ``content`` says what became of it, with its digest."""
    return EDIT + content_digest(content)[:32]


def without_edits(told: Mapping[str, datetime]) -> dict[str, datetime]:
    """Return what was told of anything but edits: one that returns after another was accepted is told of again."""
    return {key: at for key, at in told.items() if not key.startswith(EDIT)}


def knows_edit(ledger: Ledger, content: str) -> bool:
    """Return whether the admins heard what became of this edit."""
    return edit_key(content) in read_told(ledger)


def remember_edit(ledger: Ledger, content: str, now: datetime) -> None:
    """Keep that the admins heard what became of this edit."""
    write_told(ledger, {**read_told(ledger), edit_key(content): now})


def forget_edits(ledger: Ledger) -> None:
    """Forget the edits that were told of, because one was accepted."""
    write_told(ledger, without_edits(read_told(ledger)))
