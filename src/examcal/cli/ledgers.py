"""Open the ledger for a command: to look at it, or to change it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import TYPE_CHECKING

from examcal.dispatch.leadership import LOCK, AdvisoryLeadership, FileLeadership, Leadership
from examcal.errors import BusyError, ConfigurationError
from examcal.ledger.engine import make_engine, parse_url, sqlite_file
from examcal.ledger.opening import open_for_reading, open_ledger
from examcal.ledger.rows import Version
from examcal.ledger.trouble import told_apart
from examcal.schedule.document import SourceText

if TYPE_CHECKING:
    from examcal.ledger.store import SqlLedger
    from examcal.settings import Settings


@contextmanager
def looking(settings: Settings) -> Iterator[SqlLedger | None]:
    """Open the ledger read-only, beside a daemon or without one; None where there is none yet."""
    if not settings.state_dir.is_dir() and settings.database.startswith("sqlite"):
        yield None
        return
    ledger = open_for_reading(settings.database, settings.state_dir)
    try:
        yield ledger
    finally:
        if ledger is not None:
            ledger.engine.dispose()


@contextmanager
def changing(settings: Settings, now: datetime) -> Iterator[SqlLedger]:
    """Open an existing ledger to change it; every change is a transaction, so a daemon may run beside."""
    if not settings.state_dir.is_dir() and settings.database.startswith("sqlite"):
        raise ConfigurationError("there is no ledger yet; run examcal ledger init")
    opened = open_ledger(settings.database, settings.state_dir, now, make=False)
    try:
        yield opened.ledger
    finally:
        opened.ledger.close()


@contextmanager
def led_by_nobody(url: str, now: datetime) -> Iterator[None]:
    """Keep daemons off the ledger at ``url``, which need not be that of the settings.

    Raises BusyError while a daemon leads, UnavailableError where no server answers.
    """
    address = parse_url(url)
    file = sqlite_file(address)
    if file is not None:
        lock = FileLeadership(file.parent, now) if (file.parent / LOCK).exists() else None
        with _held(lock):
            yield
        return
    engine = make_engine(address)
    try:
        with told_apart(), engine.connect():
            pass
        with _held(AdvisoryLeadership(engine)):
            yield
    finally:
        engine.dispose()


@contextmanager
def _held(leadership: Leadership | None) -> Iterator[None]:
    if leadership is not None and not leadership.acquire():
        raise BusyError("a daemon leads on that ledger; stop all daemons and workers first")
    try:
        yield
    finally:
        if leadership is not None:
            leadership.release()


def texts_of(version: Version) -> tuple[SourceText, ...]:
    """Return the files of an accepted schedule version."""
    return tuple(SourceText(name, content) for name, content in version.document.texts)
