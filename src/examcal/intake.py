"""Reading schedule files: one file, or a directory of ``*.yaml``. Nothing here can hang or read without end.

Files are opened once, checked on the open descriptor and read up to a limit, so nothing can be swapped in between.
Symbolic links are followed, because deployments switch versions by them.
"""

from __future__ import annotations

import errno
import os
import stat
from dataclasses import dataclass
from pathlib import Path

from examcal.errors import NoInputError, PermissionDeniedError, StorageError, reason_of
from examcal.schedule.document import Limits, SourceText
from examcal.schedule.loader import digest

__all__ = ["Settle", "digest", "read"]

MOST_FILES = 500
SETTLE_SECONDS = 2.0


def read(path: Path | str) -> tuple[SourceText, ...]:
    """Return the files of a schedule: ``path`` itself, or the ``*.yaml`` files of the directory, by name.

    Raises NoInputError (missing, not a regular file, an empty directory), PermissionDeniedError or StorageError.
    """
    path = Path(path)
    if not os.path.isdir(path):  # noqa: PTH112  # Path.is_dir raises for names that are too long
        return (_read_file(path),)
    return tuple(_read_file(entry) for entry in _files(path))


def _files(folder: Path) -> list[Path]:
    try:
        entries = sorted(entry for entry in folder.iterdir() if _is_schedule_name(entry.name))
    except OSError as error:
        raise _explained(error, folder) from None
    if not entries:
        raise NoInputError("there is no *.yaml file in {path}", path=folder)
    if len(entries) > MOST_FILES:
        raise NoInputError("{path} has more than {limit} schedule files", path=folder, limit=MOST_FILES)
    return entries


def _is_schedule_name(name: str) -> bool:
    """Return whether a file is part of a schedule; what is hidden or begins with ``~`` or ``#`` are editors' copies."""
    return name.endswith((".yaml", ".yml")) and not name.startswith((".", "#", "~"))


def _read_file(path: Path) -> SourceText:
    """Return one file. O_NONBLOCK keeps the opening of a pipe from waiting for somebody to write."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    except (OSError, ValueError) as error:
        raise _explained(error, path) from None
    try:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise NoInputError("{path} is not a regular file", path=path)
        # One octet more than allowed is enough for the loader to refuse it, with the other problems.
        return SourceText(str(path), _read_up_to(descriptor, Limits().octets + 1))
    except OSError as error:
        if isinstance(error, (NoInputError, StorageError)):
            raise
        raise _explained(error, path) from None
    finally:
        os.close(descriptor)


def _read_up_to(descriptor: int, limit: int) -> bytes:
    pieces: list[bytes] = []
    left = limit
    while left and (piece := os.read(descriptor, min(left, 1 << 20))):
        pieces.append(piece)
        left -= len(piece)
    return b"".join(pieces)


_MISSING = {errno.ENOENT, errno.ENOTDIR, errno.ELOOP, errno.ENAMETOOLONG, errno.ENXIO}


def _explained(error: OSError | ValueError, path: Path) -> NoInputError | PermissionDeniedError | StorageError:
    """Return an operating system's refusal as a sentence with the path."""
    if isinstance(error, PermissionError):
        return PermissionDeniedError("{path} may not be read", path=path)
    if isinstance(error, ValueError) or error.errno in _MISSING:
        return NoInputError("{path} does not exist", path=path)
    return StorageError("{path} cannot be read: {reason}", path=path, reason=reason_of(error))


@dataclass(slots=True)
class Settle:
    """Waits until an edit has settled: an editor may truncate a file and write it slowly.

    ``observe`` is told the content's digest again and again; it answers True once, when the content is new and has
    not changed for ``seconds``. Pure: ``now`` is monotonic time in seconds.
    """

    seconds: float = SETTLE_SECONDS
    accepted: str | None = None
    candidate: str | None = None
    since: float = 0.0

    def observe(self, content: str | None, now: float) -> bool:
        """Return whether ``content`` (a digest; None while it cannot be read) should be taken now."""
        if content != self.candidate:
            self.candidate, self.since = content, now
        is_due = content is not None and content != self.accepted and now - self.since >= self.seconds
        if is_due:
            self.accepted = content
        return is_due

    def take(self, content: str) -> None:
        """Remember a content that was taken without waiting, at the start."""
        self.accepted = self.candidate = content
