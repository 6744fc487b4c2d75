"""Copies of a SQLite ledger: made while it is in use, and when the last one was made."""

from __future__ import annotations

import errno
import os
import sqlite3
from datetime import datetime, timedelta
from pathlib import Path

from sqlalchemy import Engine

from examcal.errors import (
    ConfigurationError,
    ExamcalError,
    NoInputError,
    PermissionDeniedError,
    RefusedError,
    StorageError,
    reason_of,
)
from examcal.ledger.port import Ledger
from examcal.ledger.rows import instant, micros
from examcal.ledger.trouble import LedgerBusyError, LedgerDamagedError

LAST_BACKUP = "last_backup"
"""The ledger's note of when it was copied last, in microseconds since 1970. A copy knows of those before it only."""
OLD_AFTER = timedelta(days=2)
"""A nightly copy is missed once in peace; when the second one is missing, too, somebody is told."""


def backup(engine: Engine, target: Path) -> None:
    """Write a consistent copy of a SQLite ledger to ``target`` while it is in use; it appears whole or not at all.

    Raises NoInputError for a folder that is missing, RefusedError where ``target`` exists, and what keeps it from being
    written. See https://sqlite.org/lang_vacuum.html#vacuuminto.
    """
    if engine.dialect.name == "postgresql":
        raise ConfigurationError("back up PostgreSQL with its own tools: pg_dump --format=custom")
    if target.exists():
        raise RefusedError("{path} exists already", path=target)
    if not target.parent.is_dir():
        raise NoInputError("{path}: there is no such folder", path=target.parent)
    staged = target.with_name(f".{target.name}.new")
    staged.unlink(missing_ok=True)
    try:
        _copy(engine, staged)
        staged.replace(target)
    except sqlite3.Error as error:
        raise _ours(error, target) from None
    finally:
        staged.unlink(missing_ok=True)


def note_backup(ledger: Ledger, at: datetime) -> None:
    """Note that a copy of the ledger as it was ``at`` that instant lies somewhere."""
    ledger.set_note(LAST_BACKUP, str(micros(at)))


def last_backup(ledger: Ledger) -> datetime | None:
    """Return when the ledger was copied last; None where it never was, or where PostgreSQL's own tools do that."""
    noted = None if ledger.shared else ledger.note(LAST_BACKUP)
    return instant(int(noted)) if noted else None


def is_old(last: datetime | None, now: datetime) -> bool:
    """Return whether copies were made, and are not made any more."""
    return last is not None and now - last > OLD_AFTER


def _copy(engine: Engine, staged: Path) -> None:
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        raw = connection.connection.driver_connection
        if raw is None:
            raise ConfigurationError("the ledger is closed")
        raw.execute("VACUUM INTO ?", (str(staged),))
    staged.chmod(0o600)
    descriptor = os.open(staged, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _ours(error: sqlite3.Error, target: Path) -> ExamcalError:
    code = error.sqlite_errorname
    if code.startswith(("SQLITE_BUSY", "SQLITE_LOCKED")):
        return LedgerBusyError("another program holds the ledger's lock")
    if code.startswith(("SQLITE_CORRUPT", "SQLITE_NOTADB")):
        return LedgerDamagedError("the ledger cannot be read or written ({code})", code=code.lower())
    if code.startswith(("SQLITE_CANTOPEN", "SQLITE_PERM", "SQLITE_READONLY")):
        return PermissionDeniedError("no permission to write {path}", path=target)
    number = errno.ENOSPC if code.startswith("SQLITE_FULL") else errno.EIO
    reason = reason_of(OSError(number, os.strerror(number)))
    return StorageError("{path} cannot be written: {reason}", path=target, reason=reason)
