"""Put a copy in place of a SQLite ledger; what was there before is kept, and comes back if the copy is not good."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from examcal.ledger.journal import Journal
from examcal.ledger.opening import open_ledger

_PARTS = ("", "-wal", "-shm")


@dataclass(frozen=True, slots=True)
class Restored:
    """What a restore found out: how many deliveries the journal says were sent since, and what it had to go by."""

    reconciled: int
    has_journal: bool
    kept: Path | None
    """Where the file that was there before lies now."""


def restore(source: Path, file: Path, state_dir: Path, now: datetime) -> Restored:
    """Put a copy of ``source`` at ``file`` and catch up with the journal; no daemon may run.

    Raises what ``open_ledger`` raises for the copy; then everything is as before.
    """
    had_file = file.exists()
    kept = file.with_name(f"{file.name}.before-restore-{now:%Y%m%dT%H%M%SZ}")
    staged = file.with_name(f".{file.name}.restoring")
    shutil.copyfile(source, staged)
    staged.chmod(0o600)
    _rename(file, kept)
    staged.replace(file)
    try:
        opened = open_ledger(f"sqlite:///{file}", state_dir, now, make=False)
        opened.ledger.close()
    except BaseException:
        for suffix in _PARTS:
            file.with_name(file.name + suffix).unlink(missing_ok=True)
        _rename(kept, file)
        raise
    return Restored(opened.reconciled, len(Journal(state_dir)) > 0, kept if had_file else None)


def _rename(old: Path, new: Path) -> None:
    """Rename a ledger with the files that SQLite keeps beside it."""
    for suffix in _PARTS:
        part = old.with_name(old.name + suffix)
        if part.exists():
            part.rename(new.with_name(new.name + suffix))
