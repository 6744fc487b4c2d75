"""Who plans: the one daemon that holds the lock. On SQLite a second one is refused, on PostgreSQL it stands by.

Leadership saves work and is not needed for correctness, except that on SQLite it says whose claims are orphans.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import re
import socket
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Protocol

from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import SQLAlchemyError

from examcal.errors import BusyError, ExamcalError, PermissionDeniedError, Sentence, StorageError, reason_of
from examcal.ledger.trouble import LedgerUnreachableError, told_apart

LOCK = "daemon.lock"
_HOLDER = re.compile(r"pid (?P<pid>\d+), since (?P<since>[\d: -]+)")
ADVISORY_KEY = 0x6578616D63616C  # "examcal"
LEADER_NOTE = "leader"
"""Under which the ledger knows the last one that led, by ``own_name``; whether it still does, the lock says."""


class Leadership(Protocol):
    """The right to plan, held until it is given back or lost."""

    def acquire(self) -> bool:
        """Try to get it; return whether we lead. Raises BusyError where standing by makes no sense."""

    def holds(self) -> bool:
        """Return whether we still lead; to be asked every few seconds."""

    def release(self) -> None:
        """Give it back."""


class FileLeadership:
    """An exclusive lock on a file of the state directory; the kernel drops it when the process ends, however it ends.

    The file is never removed; what it says is for people.
    """

    def __init__(self, state_dir: Path, now: datetime) -> None:
        self._path = state_dir / LOCK
        self._since = now
        self._descriptor: int | None = None

    def acquire(self) -> bool:
        """Take the lock. Raises BusyError with the other one's number, or an error about the directory."""
        try:
            self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except PermissionError:
            raise PermissionDeniedError("no permission to write {path}", path=self._path) from None
        except OSError as error:
            raise StorageError("{path} cannot be used: {reason}", path=self._path, reason=reason_of(error)) from None
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            holder = _holder(os.read(descriptor, 200).decode("utf-8", "replace").strip())
            os.close(descriptor)
            raise BusyError("another examcal daemon ({holder}) holds {path}", holder=holder, path=self._path) from None
        self._descriptor = descriptor
        self._sign(descriptor)
        return True

    def holds(self) -> bool:
        """Return whether the lock is ours."""
        return self._descriptor is not None

    def release(self) -> None:
        """Drop the lock."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None

    def _sign(self, descriptor: int) -> None:
        try:
            os.ftruncate(descriptor, 0)
            os.pwrite(descriptor, f"pid {os.getpid()}, since {self._since:%Y-%m-%d %H:%M}\n".encode(), 0)
        except OSError:  # a full disk must not keep us from leading
            return


def _holder(signed: str) -> Sentence:
    """Return what a daemon wrote of itself in the lock's file, as a sentence."""
    found = _HOLDER.fullmatch(signed)
    return Sentence("pid {pid}, since {since}", found.groupdict()) if found else Sentence(signed or "?")


class AdvisoryLeadership:
    """A session lock in PostgreSQL, on a connection of its own whose loss the server notices within half a minute."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._connection: Connection | None = None

    def acquire(self) -> bool:
        """Try to lead; return False while another daemon does. Raises an ExamcalError while the server is away."""
        self.release()
        with _reached():
            connection = self._engine.connect().execution_options(isolation_level="AUTOCOMMIT")
        try:
            with _reached():
                connection.execute(_KEEPALIVE)
                leads = bool(connection.execute(_TRY, {"key": ADVISORY_KEY}).scalar_one())
        except ExamcalError:
            self._drop(connection)
            raise
        if leads:
            self._connection = connection
        else:
            connection.close()
        return leads

    def holds(self) -> bool:
        """Return whether the session that holds the lock is alive."""
        if self._connection is None:
            return False
        try:
            self._connection.execute(text("SELECT 1"))
        except SQLAlchemyError:
            self._drop(self._connection)
            return False
        return True

    def release(self) -> None:
        """End the session, and with it the lock."""
        if self._connection is not None:
            self._drop(self._connection)

    def _drop(self, connection: Connection) -> None:
        """End a session for good, so that no pool keeps it and its lock alive."""
        self._connection = None
        with contextlib.suppress(SQLAlchemyError):
            connection.invalidate()
        with contextlib.suppress(SQLAlchemyError):
            connection.close()


@contextlib.contextmanager
def _reached() -> Iterator[None]:
    """Turn whatever keeps us from asking the server into an error of ours."""
    try:
        with told_apart():
            yield
    except SQLAlchemyError:
        raise LedgerUnreachableError("the database cannot be reached") from None


def is_led_here(state_dir: Path) -> bool:
    """Return whether the daemon that signed the lock file is alive; looking takes no lock, so it keeps nobody out."""
    try:
        signed = _SIGNATURE.match((state_dir / LOCK).read_text("utf-8"))
        if signed is None:
            return False
        os.kill(int(signed[1]), 0)
    except PermissionError:  # another user's process is alive, too
        return True
    except (OSError, OverflowError):
        return False
    return True


def is_led(connection: Connection) -> bool:
    """Return whether a daemon leads on a shared ledger."""
    return bool(connection.execute(_HELD, {"high": ADVISORY_KEY >> 32, "low": ADVISORY_KEY & 0xFFFFFFFF}).scalar_one())


def own_name() -> str:
    """Return how this process is called in the ledger: host and number."""
    return f"{socket.gethostname()}:{os.getpid()}"


_KEEPALIVE = text(
    "SELECT set_config('tcp_keepalives_idle', '5', false), set_config('tcp_keepalives_interval', '2', false),"
    " set_config('tcp_keepalives_count', '3', false), set_config('tcp_user_timeout', '10000', false)"
)
_SIGNATURE = re.compile(r"pid (\d+),")
_HELD = text(  # pg_locks shows a key of 64 bits in two halves
    "SELECT count(*) FROM pg_locks JOIN pg_database ON pg_database.oid = pg_locks.database WHERE locktype = 'advisory'"
    " AND granted AND datname = current_database() AND classid = :high AND objid = :low AND objsubid = 1"
)
_TRY = text("SELECT pg_try_advisory_lock(:key)")
