"""What can go wrong with a ledger, told apart by what to do next: wait, make room, repair, or stop."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy.exc import DatabaseError, DBAPIError, InterfaceError, OperationalError

from examcal.errors import PermissionDeniedError, StorageError, UnavailableError


class LedgerBusyError(UnavailableError):
    """Another program holds the ledger's lock; the work is left for the next time."""


class LedgerUnreachableError(UnavailableError):
    """The database server cannot be reached or went away; reconnecting may help."""


class LedgerFullError(StorageError):
    """There is no room to write; nothing is sent until there is."""


class LedgerDamagedError(StorageError):
    """The ledger cannot be trusted: damaged pages, failed writes, or a file that was swapped or removed."""


_FULL = ("database or disk is full", "no space left on device", "could not extend file", "disk quota exceeded")
_BUSY = ("database is locked", "database table is locked", "lock timeout", "canceling statement due to lock timeout")
_READ_ONLY = ("attempt to write a readonly database", "readonly", "unable to open database file", "permission denied")
_REFUSED = ("password authentication failed", "permission denied", "no pg_hba.conf entry", "does not exist")


@contextmanager
def told_apart() -> Iterator[None]:
    """Turn the driver's errors into ours; neither statements, parameters nor database addresses are shown."""
    try:
        yield
    except (OperationalError, InterfaceError, DatabaseError) as error:
        raise _ours(error) from None


def _ours(error: DBAPIError) -> Exception:
    words = str(error.orig).lower()
    code = getattr(error.orig, "sqlite_errorname", "")
    if code:
        return _sqlite(code, words)
    if any(part in words for part in _FULL):
        return LedgerFullError("the disk of the ledger is full")
    if any(part in words for part in _BUSY):
        return LedgerBusyError("another program holds the ledger's lock")
    if any(part in words for part in _REFUSED):
        return PermissionDeniedError("the database refuses us: check the role, its password and its rights")
    if isinstance(error, OperationalError | InterfaceError):
        return LedgerUnreachableError("the database cannot be reached")
    return error


def _sqlite(code: str, words: str) -> Exception:
    if code.startswith(("SQLITE_BUSY", "SQLITE_LOCKED")):
        return LedgerBusyError("another program holds the ledger's lock")
    if code.startswith("SQLITE_FULL") or code == "SQLITE_IOERR_SHMSIZE" or any(part in words for part in _FULL):
        return LedgerFullError("the disk of the ledger is full")
    if code.startswith(("SQLITE_READONLY", "SQLITE_PERM", "SQLITE_CANTOPEN", "SQLITE_AUTH")):
        return PermissionDeniedError("the ledger cannot be written: check the rights of its file and folder")
    return LedgerDamagedError("the ledger cannot be read or written ({code})", code=code.lower())
