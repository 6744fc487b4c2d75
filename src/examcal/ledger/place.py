"""The ledger's place on disk: its marker, its journal, its file's identity, and the room that is kept free.

A missing or empty SQLite file is a valid empty database, and a daemon that opened it would send everything again. So
``ledger.marker`` in the state directory says that a ledger existed, and a lost one is never silently replaced.
"""

from __future__ import annotations

import contextlib
import errno
import json
import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from examcal.errors import ConfigurationError, PermissionDeniedError, StorageError, reason_of
from examcal.ledger.journal import Journal
from examcal.ledger.trouble import LedgerDamagedError, LedgerFullError

MARKER = "ledger.marker"
BALLAST = "ledger.ballast"
MIN_FREE = 64 << 20
BALLAST_SIZE = 4 << 20
SHARE_FREE = 32
"""On a small disk only this fraction is kept free, and half of that as ballast."""
NETWORK_FILE_SYSTEMS = frozenset({"nfs", "nfs4", "cifs", "smb3", "smbfs", "fuse.sshfs", "9p", "afs"})
MACHINE_ID = Path("/etc/machine-id")


@dataclass(frozen=True, slots=True)
class Marker:
    """That a ledger was made here, and which one."""

    ledger_id: str
    made_at: str


class Place:
    """A state directory with, for SQLite, the ledger's file. Raises PermissionDeniedError or StorageError."""

    def __init__(self, folder: Path, file: Path | None) -> None:
        self.folder = folder
        self.file = file
        self.journal = Journal(folder)
        self._identity: tuple[int, int] | None = None
        self.min_free = MIN_FREE

    def prepare(self) -> None:
        """Make the folders, private to us, and find out how much room to keep."""
        with _in_words(self.folder):
            for folder in {self.folder, *([self.file.parent] if self.file else [])}:
                folder.mkdir(mode=0o700, parents=True, exist_ok=True)
                if not os.access(folder, os.W_OK | os.X_OK):
                    raise PermissionError(folder)
            self.min_free = min(MIN_FREE, shutil.disk_usage(self.folder).total // SHARE_FREE)
        if self.file is not None and file_system(self.file.parent) in NETWORK_FILE_SYSTEMS:
            raise ConfigurationError(
                "the ledger lies on a network file system ({path}); use PostgreSQL", path=self.file
            )

    def read_marker(self) -> Marker | None:
        """Return the marker, or None where no ledger was ever finished."""
        path = self.folder / MARKER
        if not path.exists():
            return None
        with _in_words(path):
            try:
                known = json.loads(path.read_text(encoding="utf-8"))
                return Marker(known["ledger_id"], known["made_at"])
            except (ValueError, KeyError, TypeError):
                return Marker("", "")

    def write_marker(self, ledger_id: str, now: datetime) -> None:
        """Note durably that this ledger exists, and lay the ballast."""
        path = self.folder / MARKER
        words = json.dumps({"ledger_id": ledger_id, "made_at": now.isoformat()}) + "\n"
        with _in_words(path):
            _write_durably(path, words.encode())

    def lay_ballast(self) -> None:
        """Keep some room for the outcomes of what is already on its way when the disk fills up."""
        path, size = self.folder / BALLAST, min(BALLAST_SIZE, self.min_free // 2)
        if path.exists() or shutil.disk_usage(self.folder).free < self.min_free + size:
            return
        with contextlib.suppress(OSError):
            _write_durably(path, os.urandom(size))

    def drop_ballast(self) -> bool:
        """Give the ballast's room back; return whether there was any."""
        try:
            (self.folder / BALLAST).unlink()
        except OSError:
            return False
        return True

    def remember_identity(self) -> None:
        """Take note of which file is open, so that ``check`` notices another one."""
        if self.file is not None:
            found = self.file.stat()
            self._identity = (found.st_dev, found.st_ino)

    def check(self) -> None:
        """Raise LedgerDamagedError if the open file lost its name to another one, LedgerFullError without room."""
        if self._identity is not None and self.file is not None:
            try:
                found = self.file.stat()
            except OSError:
                raise LedgerDamagedError("the ledger {path} was removed while in use", path=self.file) from None
            if (found.st_dev, found.st_ino) != self._identity:
                raise LedgerDamagedError("the ledger {path} was replaced while in use", path=self.file)
        if shutil.disk_usage(self.folder).free < self.min_free:
            raise LedgerFullError("the disk of the ledger is full")


def machine_id(path: Path = MACHINE_ID) -> str:
    """Return this machine's id, or an empty string where it has none (containers)."""
    try:
        return path.read_text(encoding="ascii").strip()
    except (OSError, UnicodeDecodeError):
        return ""


def file_system(folder: Path) -> str:
    """Return the type of the file system that ``folder`` lies on, as the kernel names it; empty if unknown."""
    try:
        mounts = Path("/proc/self/mounts").read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return ""
    resolved, best, kind = str(folder.resolve()), "", ""
    for line in mounts:
        _, point, found, *_ = line.split(" ")
        point = point.replace("\\040", " ")
        inside = resolved == point or resolved.startswith(point.rstrip("/") + "/")
        if inside and len(point) >= len(best):
            best, kind = point, found
    return kind


@contextlib.contextmanager
def _in_words(path: Path) -> Iterator[None]:
    try:
        yield
    except PermissionError:
        raise PermissionDeniedError("no permission to write {path}", path=path) from None
    except OSError as error:
        if error.errno == errno.EROFS:
            raise PermissionDeniedError("{path} is on a read-only file system", path=path) from None
        raise StorageError("{path} cannot be used: {reason}", path=path, reason=reason_of(error)) from None


def _write_durably(path: Path, content: bytes) -> None:
    staged = path.with_name(f".{path.name}.new")
    descriptor = os.open(staged, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
    try:
        os.write(descriptor, content)
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
    staged.replace(path)
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
