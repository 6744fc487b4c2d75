"""Making an edition current: staged beside, synced, and switched by one rename. Readers see the old or the new, whole.

    DIR/editions/<name>/…    complete editions, never changed once they have their name
    DIR/current -> editions/<name>

A reader that follows ``current`` once per request never mixes editions. Killed at any point, the next publication
finds a complete edition under ``current`` and removes what was left unfinished.
"""

from __future__ import annotations

import errno
import fcntl
import gzip
import os
import shutil
import tempfile
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from examcal.errors import ExamcalError, PermissionDeniedError, RefusedError, StorageError, reason_of
from examcal.publication.edition import Edition
from examcal.publication.manifest import CURRENT, MANIFEST, Manifest, digest_of

EDITIONS = "editions"
KEPT = 2  # complete editions: the current one, and the one before it for readers that still have it open
NAME_LENGTH = 16
_UNFINISHED = ".unfinished-"
_LOCK = ".publishing"
_PACKED = frozenset({".ics", ".html", ".json", ".css", ".js", ".svg", ".atom", ".xml", ".txt", ".webmanifest"})
_FOLDER_MODE = 0o755
_FILE_MODE = 0o644


@dataclass(frozen=True, slots=True)
class _Published:
    """The edition whose files may be linked into the next one instead of being written again."""

    folder: Path
    digests: dict[str, str]


def publish(edition: Edition, directory: Path) -> bool:
    """Make ``edition`` the current one of ``directory``; return False, and write nothing, if it already is.

    Raises StorageError (a full disk leaves the old edition in place) or PermissionDeniedError, both with the path.
    """
    try:
        if _current_manifest(directory) == edition.octets:
            return False
        directory.parent.mkdir(parents=True, exist_ok=True)
        _make_folders(directory / EDITIONS)
        with _only_one(directory):
            return _publish(edition, directory)
    except ExamcalError:
        raise
    except PermissionError as error:
        refused = error.filename2 or error.filename or directory  # of a link: where it was to stand
        raise PermissionDeniedError("cannot write to {path}", path=str(refused)) from error
    except OSError as error:
        reason = reason_of(error)
        raise StorageError("cannot publish to {path}: {reason}", path=str(directory), reason=reason) from error


def is_current(digest: str, directory: Path) -> bool:
    """Return whether the edition with this digest is the current one of ``directory``."""
    octets = _current_manifest(directory)
    return octets is not None and digest_of(octets) == digest


def twin(octets: bytes) -> bytes:
    """Return the gzip twin of a file, the same octets on every machine (no name, no time)."""
    return gzip.compress(octets, compresslevel=9, mtime=0)


def is_packed(path: str) -> bool:
    """Return whether a file of this name gets a gzip twin: text does, pictures are packed already."""
    return PurePosixPath(path).suffix in _PACKED


def _publish(edition: Edition, directory: Path) -> bool:
    if _current_manifest(directory) == edition.octets:  # another publisher was first
        return False
    _sweep(directory / EDITIONS)
    name = edition.digest[:NAME_LENGTH]
    target = directory / EDITIONS / name
    if _manifest_octets(target) != edition.octets:
        _stage(edition, target, _published(directory))
    _switch(directory, name)
    _prune(directory / EDITIONS, name)
    return True


def _stage(edition: Edition, target: Path, published: _Published | None) -> None:
    """Write all files under a temporary name, sync them, and give the folder its name."""
    if target.exists():
        shutil.rmtree(target)  # it has the name but not the content: damaged from outside, and not current
    staging = Path(tempfile.mkdtemp(prefix=_UNFINISHED, dir=target.parent))
    try:
        staging.chmod(_FOLDER_MODE)
        written: list[Path] = []
        for path, octets in edition.files.items():
            written += _place(staging, path, octets, edition.manifest.files[path], published)
        written += _write(staging / MANIFEST, edition.octets)
        # Synced only now, so that the file system can commit many files at once.
        for file in written:
            _sync(file)
        for folder in _folders(staging):
            _sync(folder)
        staging.rename(target)
        _sync(target.parent)
    except BaseException:
        shutil.rmtree(staging, ignore_errors=True)
        raise


def _place(staging: Path, path: str, octets: bytes, digest: str, published: _Published | None) -> list[Path]:
    """Put one file and its twin into place; return those that were written and not linked."""
    target = staging / _safe(path)
    _make_folders(target.parent)
    if published and published.digests.get(path) == digest and _link(published.folder / path, target, octets):
        return []
    written = _write(target, octets)
    _date(written, published.folder / path if published else None)
    return written


def _link(source: Path, target: Path, octets: bytes) -> bool:
    """Link an unchanged file and its twin from the edition before, if both are what they should be."""
    try:
        if source.read_bytes() != octets:
            return False
        if is_packed(source.name):
            packed = _twin_path(source)
            if not _is_twin(packed, octets):
                return False
            os.link(packed, _twin_path(target))
        os.link(source, target)
    except OSError:  # gone, or a file system without links: written anew
        _twin_path(target).unlink(missing_ok=True)
        return False
    return True


def _is_twin(packed: Path, octets: bytes) -> bool:
    """Compare by gzip's own trailer: CRC-32 and length of what it unpacks to (RFC 1952 section 2.3.1)."""
    trailer = zlib.crc32(octets).to_bytes(4, "little") + (len(octets) & 0xFFFFFFFF).to_bytes(4, "little")
    return packed.read_bytes()[-8:] == trailer


def _switch(directory: Path, name: str) -> None:
    """Point ``current`` at the edition ``name`` by one rename."""
    link = directory / f".{CURRENT}-{name}"
    link.unlink(missing_ok=True)
    link.symlink_to(f"{EDITIONS}/{name}")
    link.replace(directory / CURRENT)
    _sync(directory)


def _prune(editions: Path, current: str) -> None:
    """Remove all but the newest complete editions; readers that have a file open keep it."""
    others = [folder for folder in editions.iterdir() if folder.name != current and folder.is_dir()]
    others.sort(key=lambda folder: folder.stat().st_mtime_ns, reverse=True)
    for folder in others[KEPT - 1 :]:
        doomed = folder.rename(editions / f"{_UNFINISHED}{folder.name}")
        shutil.rmtree(doomed, ignore_errors=True)


def _sweep(editions: Path) -> None:
    """Remove what publications that were killed have left."""
    for folder in editions.glob(f"{_UNFINISHED}*"):
        shutil.rmtree(folder, ignore_errors=True)


def _published(directory: Path) -> _Published | None:
    octets = _current_manifest(directory)
    if octets is None:
        return None
    try:
        return _Published((directory / CURRENT).resolve(), dict(Manifest.parse(octets).files))
    except StorageError:
        return None


def _current_manifest(directory: Path) -> bytes | None:
    return _manifest_octets(directory / CURRENT)


def _manifest_octets(folder: Path) -> bytes | None:
    try:
        return (folder / MANIFEST).read_bytes()
    except (FileNotFoundError, NotADirectoryError):
        return None


def _write(path: Path, octets: bytes) -> list[Path]:
    files = {path: octets, _twin_path(path): twin(octets)} if is_packed(path.name) else {path: octets}
    for target, content in files.items():
        target.write_bytes(content)
        target.chmod(_FILE_MODE)
    return list(files)


def _date(written: Sequence[Path], earlier: Path | None) -> None:
    """Give a file and its twin one time in whole seconds, later than that of the content before.

    Web servers make their ETag of time and length, and some calendars ask by time alone.
    """
    at = int(written[0].stat().st_mtime)
    if earlier is not None and earlier.exists():
        at = max(at, int(earlier.stat().st_mtime) + 1)
    for file in written:
        os.utime(file, (at, at))


def _make_folders(folder: Path) -> None:
    """Make a folder and those above it that are missing; a web server may read them, whatever the umask is."""
    if folder.is_dir():
        return
    _make_folders(folder.parent)
    folder.mkdir(exist_ok=True)
    folder.chmod(_FOLDER_MODE)


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    except OSError as error:
        if error.errno != errno.EINVAL:  # a file system that cannot sync this
            raise
    finally:
        os.close(descriptor)


def _folders(root: Path) -> Iterator[Path]:
    for folder, _, _ in os.walk(root, topdown=False):
        yield Path(folder)


def _twin_path(path: Path) -> Path:
    return path.with_name(f"{path.name}.gz")


def _safe(path: str) -> str:
    """Return ``path`` if it stays inside the edition."""
    parts = PurePosixPath(path).parts
    if not parts or path.startswith("/") or any(part in {"..", "."} for part in parts):
        raise RefusedError("{path} is not a path inside an edition", path=path)
    return path


@contextmanager
def _only_one(directory: Path) -> Iterator[None]:
    """Let one publisher at a time into ``directory``; the kernel frees the lock of a killed one."""
    with (directory / _LOCK).open("wb") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


__all__ = ["is_current", "is_packed", "publish", "twin"]
